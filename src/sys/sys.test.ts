import { mkdtempSync, readFileSync, readdirSync, rmSync, openSync, closeSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { SysError } from './errno.js';
import type { Fd } from './fd.js';
import { signalName, signalNumber, waitExited, sendSignal, type ExitInfo } from './pidfd.js';
import { pipe } from './pipe.js';
import { Poller } from './poller.js';
import { decodeAddress, encodeAddress, type SocketAddress } from './sockaddr.js';
import { accept4, bind, getsockname, listen, receiveMessage, setsockopt, socket, SO_PASSCRED, SOL_SOCKET } from './socket.js';
import { spawn, type ExecSetup, type SpawnedProcess } from './spawn.js';

const poller = new Poller((error) => {
  throw error;
});
const folder = mkdtempSync(join(tmpdir(), 'rouse-sys-'));
const nothing = openSync('/dev/null', 'r+');
afterAll(() => {
  poller.close();
  closeSync(nothing);
  rmSync(folder, { recursive: true });
});

function readable(fd: Fd): Promise<void> {
  return new Promise((resolve) => {
    const watch = poller.watch(fd, { read: true, oneShot: true }, () => {
      watch.close();
      resolve();
    });
  });
}

async function exitOf(child: SpawnedProcess): Promise<ExitInfo | undefined> {
  await readable(child.pidfd);
  const exit = waitExited(child.pidfd);
  child.pidfd.close();
  return exit;
}

/** Runs a shell script in a process that was set up so, and returns what it printed. */
async function printed(script: string, setup: ExecSetup, env: readonly string[] = [], fds: readonly number[] = []): Promise<string> {
  const output = pipe();
  const child = spawn({
    path: '/bin/sh',
    argv: ['sh', '-c', script],
    env: ['PATH=/usr/bin:/bin', ...env],
    fds: [nothing, output.write.number, output.write.number, ...fds],
    setup,
  });
  output.write.close();
  const pid = child.pid;
  await exitOf(child);
  const text = readFileSync(output.read.number, 'utf8').trim();
  output.read.close();
  return text.replaceAll(String(pid), 'PID');
}

describe('addresses', () => {
  it.each<SocketAddress>([
    { family: 'inet', host: '127.0.0.1', port: 3000 },
    { family: 'inet6', host: '::1', port: 3000, scopeId: 0 },
    { family: 'inet6', host: 'fe80::1:0:0:2', port: 80, scopeId: 3 },
    { family: 'unix', path: '/run/x.sock' },
    { family: 'abstract', name: 'x' },
    { family: 'vsock', cid: 4294967295, port: 3000 },
  ])('come back from bytes: %j', (address) => {
    expect(decodeAddress(encodeAddress(address))).toEqual(address);
  });

  it('refuses a path that no Unix socket can have', () => {
    expect(() => encodeAddress({ family: 'unix', path: `/${'x'.repeat(107)}` })).toThrow('at most 107 bytes');
  });
});

describe('a listening socket', () => {
  it('is readable when someone connects, and nobody has accepted', async () => {
    const fd = socket('inet', 'stream');
    bind(fd, { family: 'inet', host: '127.0.0.1', port: 0 });
    listen(fd, 16);
    const address = getsockname(fd);
    const client: Socket = createConnection(address?.family === 'inet' ? address.port : 0, '127.0.0.1');
    await readable(fd);
    const accepted = accept4(fd);
    expect(accepted).toBeDefined();
    expect(accept4(fd)).toBeUndefined();
    accepted?.fd.close();
    client.destroy();
    fd.close();
  });

  it('says which call failed and why', () => {
    const fd = socket('inet', 'stream');
    expect(() => bind(fd, { family: 'inet', host: '192.0.2.1', port: 1 })).toThrow(expect.objectContaining({ syscall: 'bind', code: 'EADDRNOTAVAIL' }) as SysError);
    fd.close();
  });

  it('fires once for a one-shot watch until it is armed again', async () => {
    const { read, write } = pipe();
    let fired = 0;
    const watch = poller.watch(read, { read: true, oneShot: true }, () => fired++);
    write.close();
    await readable(read.dup());
    expect(fired).toBe(1);
    watch.rearm();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fired).toBe(2);
    watch.close();
    read.close();
  });

  it('serves those first where a client waits', async () => {
    const [others, client] = [pipe(), pipe()];
    const order: string[] = [];
    const watches = [
      poller.watch(others.read, { read: true, oneShot: true }, () => order.push('another')),
      poller.watch(client.read, { read: true, oneShot: true, first: true }, () => order.push('client')),
    ];
    others.write.close();
    client.write.close();
    await vi.waitFor(() => expect(order).toEqual(['client', 'another']));
    for (const watch of watches) watch.close();
    for (const { read } of [others, client]) read.close();
  });
});

describe('messages', () => {
  it('bring the sender and what it passed along', async () => {
    const fd = socket('unix', 'datagram');
    bind(fd, { family: 'unix', path: join(folder, 'n') });
    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, 1);
    const child = spawn({
      path: '/bin/sh',
      argv: ['sh', '-c', `printf READY=1 | socat - UNIX-SENDTO:${join(folder, 'n')} || exit 9`],
      env: ['PATH=/usr/bin:/bin'],
      fds: [nothing, nothing, nothing],
      setup: {},
    });
    const exit = await exitOf(child);
    if (exit?.status === 9) return expect.unreachable('socat is missing');
    const message = receiveMessage(fd, { maxBytes: 100 });
    expect(message?.data.toString()).toBe('READY=1');
    expect(message?.pid).toBeGreaterThan(1);
    expect(receiveMessage(fd, { maxBytes: 100 })).toBeUndefined();
    fd.close();
  });
});

describe('a spawned process', () => {
  it('knows its own pid as LISTEN_PID', async () => {
    expect(await printed('echo $LISTEN_PID $$', { listenPid: true }, ['LISTEN_PID=', 'LISTEN_FDS=1'])).toBe('PID PID');
  });

  it('gets its descriptors in order, whatever their numbers were, and no other', async () => {
    const a = pipe();
    const b = pipe();
    const listing = await printed(
      'for fd in 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e /proc/$$/fd/$fd ] && echo more: $fd; done; readlink /proc/$$/fd/3 /proc/$$/fd/4',
      {},
      [],
      [b.read.number, a.read.number],
    );
    const inode = (fd: Fd): string => readFileSync(`/proc/self/fdinfo/${fd.number}`, 'utf8').match(/ino:\s*(\d+)/)?.[1] ?? '';
    expect(listing.split('\n')).toEqual([`pipe:[${inode(b.read)}]`, `pipe:[${inode(a.read)}]`]);
    for (const fd of [a.read, a.write, b.read, b.write]) fd.close();
  });

  it('has the working directory, umask and limits that it was given', async () => {
    expect(await printed('pwd; umask; ulimit -n; ulimit -Hn', { workingDirectory: folder, umask: 0o027, limits: [{ resource: 7, soft: 100, hard: 200 }] })).toBe(
      `${folder}\n0027\n100\n200`,
    );
  });

  it('has the user and group that it was given', async () => {
    expect(await printed('id -u; id -g; id -G', { uid: 1234, gid: 2345, supplementaryGroups: [2345, 3456] })).toBe('1234\n2345\n2345 3456');
  });

  it('tells the stage that failed, and ends with its exit code', async () => {
    const request = (setup: ExecSetup, path = '/bin/true'): SpawnedProcess => spawn({ path, argv: ['x'], env: [], fds: [nothing, nothing, nothing], setup });
    const missing = request({}, '/no/such/program');
    expect(missing.failure).toEqual({ stage: 'x', errno: 2 });
    expect(await exitOf(missing)).toEqual({ code: 'exited', status: 203 });
    const folderless = request({ workingDirectory: '/no/such/folder' });
    expect(folderless.failure).toEqual({ stage: 'd', errno: 2 });
    expect(await exitOf(folderless)).toEqual({ code: 'exited', status: 200 });
    const fine = request({ workingDirectory: '/no/such/folder', workingDirectoryOptional: true });
    expect(fine.failure).toBeUndefined();
    expect(await exitOf(fine)).toEqual({ code: 'exited', status: 0 });
  });

  it('can be ended by a signal, whose name is seen', async () => {
    const child = spawn({ path: '/bin/sleep', argv: ['sleep', '100'], env: [], fds: [nothing, nothing, nothing], setup: {} });
    sendSignal(child.pidfd, 'SIGTERM');
    expect(await exitOf(child)).toEqual({ code: 'killed', status: 15, signal: 'SIGTERM' });
  });

  it('leaves no descriptor behind in us', async () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    await printed('true', {});
    const before = count();
    for (let i = 0; i < 5; i++) await printed('true', {});
    expect(count()).toBe(before);
  });
});

describe('signals', () => {
  it('have names and numbers', () => {
    expect(signalNumber('SIGTERM')).toBe(15);
    expect(signalNumber('SIGRTMIN+3')).toBe(37);
    expect(signalName(9)).toBe('SIGKILL');
    expect(() => signalNumber('SIGNONE')).toThrow(RangeError);
  });
});
