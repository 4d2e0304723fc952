import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Fd } from '../sys/fd.js';
import { nativeProgram } from '../sys/native-program.js';
import { Poller } from '../sys/poller.js';
import { hasSeccompNotify } from '../sys/seccomp-notify.js';
import { encodeAddress } from '../sys/sockaddr.js';
import { getsockname, getsockopt, IPPROTO_TCP, sendTo, socket, SOL_SOCKET, SO_KEEPALIVE, TCP_NODELAY } from '../sys/socket.js';
import { socketUnit } from '../unit/testing/load-text.js';
import { Adoption, type AdoptableSocket } from './adopt.js';
import { openChannel } from './adopt-channel.js';
import { targetsOf, type WantedBind } from './adopt-match.js';
import { HeldSockets } from './held-sockets.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-adopt-'));
const poller = new Poller((error) => {
  throw error;
});
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  poller.close();
  rmSync(folder, { recursive: true });
});
const context = { resolveUser: () => ({ uid: 0, gid: 0 }), resolveGroup: () => ({ gid: 0 }) };

interface Run {
  readonly held: HeldSockets;
  readonly adoption: Adoption;
  readonly output: Promise<string>;
  readonly strangers: WantedBind[];
  readonly troubles: string[];
  served: boolean;
  end(): Promise<string>;
}

/** Runs a program of Node with the sockets of a unit held for it. `$1`, `$2` … in the unit's lines are ports that nobody has. */
function run(lines: string, program: string, argv: readonly string[] = [process.execPath, '-e', program]): Run {
  const config = socketUnit(lines);
  const held = new HeldSockets(poller);
  held.open(config, context);
  const targets = targetsOf(config.listen, config.adopt);
  const adoptable = (): AdoptableSocket[] =>
    held.entries.flatMap(({ fd, listen }) => {
      const target = targets[config.listen.indexOf(listen)];
      return target === 'none' ? [] : [{ fd, listen, target }];
    });
  const strangers: WantedBind[] = [];
  const troubles: string[] = [];
  const hooks = {
    onServing: () => void (result.served = true),
    onAdopted: () => undefined,
    onChosen: () => undefined,
    onFilterGone: () => undefined,
    onStranger: (bound: WantedBind) => void strangers.push(bound),
    onTrouble: (message: string) => void troubles.push(message),
  };
  const adoption = new Adoption(poller, adoptable, hooks, { sharesFiles: true });
  const asks = openChannel(poller, {
    onNotify: (notify) => adoption.serve(notify),
    onNoNewPrivileges: () => undefined,
    onFailure: (what, errno) => void troubles.push(`${what} ${errno}`),
  });
  const child = spawn(nativeProgram('rouse-adopt'), ['3', argv[0] ?? '', ...argv], { stdio: ['ignore', 'pipe', 'inherit', asks.number] });
  asks.close();
  children.push(child);
  if (child.stdout === null) throw new Error('It has no output');
  const output = text(child.stdout);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = async (): Promise<string> => {
    await ended;
    adoption.close();
    held.close(config);
    return (await output).trim();
  };
  const result: Run = { held, adoption, output, strangers, troubles, served: false, end };
  return result;
}

const portOf = (fd: Fd | undefined): number => {
  const address = fd === undefined ? undefined : getsockname(fd);
  if (address === undefined || !('port' in address)) throw new Error('It has no port');
  return address.port;
};

let nextPort = 21_000 + Math.floor(Math.random() * 20_000);
const freePort = (): number => nextPort++;

/** What a client of this port is told. */
function ask(where: { readonly port: number; readonly host?: string } | { readonly path: string }): Promise<string> {
  const client = connectTo('port' in where ? { host: '127.0.0.1', ...where } : where);
  return text(client);
}

/** Answers one client, and ends. */
const ONE = "const s = require('net').createServer((c) => { c.end(`from ${c.remoteAddress} at ${JSON.stringify(s.address())}`); s.close(); });";

describe.skipIf(!hasSeccompNotify())('an adopted socket', () => {
  it('takes the place of the one that the program binds on another port', async () => {
    const port = freePort();
    const { end, ...rest } = run(`ListenStream=127.0.0.1:${port}\n[X-Rouse]\nAdopt=4999`, `${ONE} s.listen(4999, '127.0.0.1')`);
    expect(await ask({ port })).toBe(`from 127.0.0.1 at {"address":"127.0.0.1","family":"IPv4","port":${port}}`);
    await end();
    expect({ strangers: rest.strangers, troubles: rest.troubles }).toEqual({ strangers: [], troubles: [] });
  });

  it('is told to serve when the program listens, and not before', async () => {
    const port = freePort();
    const program = run(`ListenStream=127.0.0.1:${port}\n[X-Rouse]\nAdopt=yes`, `${ONE} setTimeout(() => s.listen(${port}, '127.0.0.1'), 100)`);
    expect(program.served).toBe(false);
    await ask({ port });
    expect(program.served).toBe(true);
    await program.end();
  });

  it('keeps the address of the client, and gives IPv4 to a program that asks for it', async () => {
    const port = freePort();
    const program = run(`ListenStream=${port}\n[X-Rouse]\nAdopt=80`, `${ONE} s.listen({ port: 80, host: '0.0.0.0' })`);
    expect(program.held.entries).toHaveLength(2);
    expect(await ask({ port })).toContain('from 127.0.0.1 ');
    await program.end();
  });

  it('serves both families to a program that binds one socket for both', async () => {
    const port = freePort();
    const program = run(`ListenStream=[::]:${port}\nBindIPv6Only=both\n[X-Rouse]\nAdopt=80`, `${ONE.replace('s.close()', 'if (++n === 2) s.close()')} let n = 0; s.listen(80)`);
    expect(await ask({ port })).toContain('from ::ffff:127.0.0.1');
    expect(await ask({ port, host: '::1' })).toContain('from ::1');
    await program.end();
  });

  it('is adopted again when the program closes it and binds anew', async () => {
    const port = freePort();
    const again = `const net = require('net'); const serve = (left) => { const s = net.createServer((c) => { c.end('left ' + left); s.close(() => left > 0 && serve(left - 1)); }); s.listen(80, '127.0.0.1'); }; serve(2);`;
    const program = run(`ListenStream=127.0.0.1:${port}\n[X-Rouse]\nAdopt=80`, again);
    expect([await ask({ port }), await ask({ port }), await ask({ port })]).toEqual(['left 2', 'left 1', 'left 0']);
    await program.end();
  });

  it('goes to every process that binds, and to children that inherit it', async () => {
    const port = freePort();
    const forks = `
import os, socket, sys
for i in range(2):
    if os.fork() == 0:
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.bind(('', 80)); s.listen(1)
        if os.fork() == 0:
            c = s.accept()[0]; c.sendall(b'served'); c.close(); os._exit(0)
        os.wait(); os._exit(0)
os.wait(); os.wait()
`;
    if (!existsSync('/usr/bin/python3')) return;
    const program = run(`ListenStream=0.0.0.0:${port}\n[X-Rouse]\nAdopt=80`, '', ['/usr/bin/python3', '-c', forks]);
    expect([await ask({ port }), await ask({ port })]).toEqual(['served', 'served']);
    await program.end();
  });

  it('gets the options that the program set, and has its own again for the next program', async () => {
    if (!existsSync('/usr/bin/python3')) return;
    const port = freePort();
    const options = `
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1); s.setblocking(False); s.bind(('', 80))
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), s.getblocking(), s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), s.get_inheritable())
`;
    const first = run(`ListenStream=0.0.0.0:${port}\n[X-Rouse]\nAdopt=80`, '', ['/usr/bin/python3', '-c', options]);
    const fd = first.held.entries[0]?.fd;
    expect(await first.output).toBe('1 1 False 1 False\n');
    if (fd === undefined) throw new Error('Nothing is held');
    expect([getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE), getsockopt(fd, IPPROTO_TCP, TCP_NODELAY), fd.isNonblocking]).toEqual([1, 1, true]);
    await first.end();
  });

  it('serves datagrams to a program that binds another port', async () => {
    const port = freePort();
    const program = run(
      `ListenDatagram=127.0.0.1:${port}\n[X-Rouse]\nAdopt=53`,
      `const s = require('dgram').createSocket('udp4'); s.on('message', (m) => { console.log('got', String(m), s.address().port); s.close(); }); s.bind(53, '127.0.0.1')`,
    );
    const client = socket('inet', 'datagram');
    sendTo(client, Buffer.from('hello'), encodeAddress({ family: 'inet', host: '127.0.0.1', port }));
    client.close();
    expect(await program.end()).toBe(`got hello ${port}`);
    expect(program.served).toBe(true);
  });

  it('serves a Unix socket under the path outside, while the program has its own', async () => {
    const [outside, inside] = [join(folder, 'outside.sock'), join(folder, 'inside.sock')];
    const program = run(`ListenStream=${outside}\n[X-Rouse]\nAdopt=${inside}`, `${ONE} s.listen('${inside}', () => require('fs').chmodSync('${inside}', 0o600))`);
    expect(await ask({ path: outside })).toContain('from');
    await program.end();
  });

  it('leaves alone whatever else the program binds, and tells of it', async () => {
    const port = freePort();
    const other = freePort();
    const program = run(`ListenStream=127.0.0.1:${port}\n[X-Rouse]\nAdopt=80`, `${ONE} s.listen(${other}, '127.0.0.1')`);
    // Nobody holds this one: it is refused until the program has it.
    expect(await vi.waitFor(() => ask({ port: other }))).toContain(`"port":${other}`);
    await program.end();
    expect(program.strangers.map(({ address }) => address)).toEqual([{ family: 'inet', host: '127.0.0.1', port: other }]);
    expect(program.served).toBe(false);
  });

  it('says that there is no such program', async () => {
    const program = run(`ListenStream=127.0.0.1:${freePort()}`, '', ['/nowhere/at/all']);
    await vi.waitFor(() => expect(program.troubles).toEqual(['program 2']));
    await program.end();
  });

  it('holds one socket a family for a port alone', () => {
    const program = run(`ListenStream=${freePort()}\n[X-Rouse]\nAdopt=80`, '');
    expect(program.held.entries.map(({ fd }) => getsockname(fd)?.family)).toEqual(['inet', 'inet6']);
    expect(new Set(program.held.entries.map(({ fd }) => portOf(fd))).size).toBe(1);
    return program.end();
  });
});
