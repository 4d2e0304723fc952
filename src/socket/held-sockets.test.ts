import { existsSync, mkdtempSync, readdirSync, readlinkSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { shutdown } from '../sys/libc.js';
import { encodeAddress } from '../sys/sockaddr.js';
import { Poller } from '../sys/poller.js';
import { accept4, receiveMessage, sendTo, socket } from '../sys/socket.js';
import type { SocketConfig } from '../unit/config.js';
import { socketUnit } from '../unit/testing/load-text.js';
import { HeldSockets, type Ready } from './held-sockets.js';
import { ListenError, type OpenContext } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-held-'));
const poller = new Poller((error) => {
  throw error;
});
const clients: Socket[] = [];
afterAll(() => {
  for (const client of clients) client.destroy();
  poller.close();
  rmSync(folder, { recursive: true });
});
const context: OpenContext = { resolveUser: () => ({ uid: 0, gid: 0 }), resolveGroup: () => ({ gid: 0 }) };
const path = (name: string): string => join(folder, name);

function hold(lines: string): { readonly held: HeldSockets; readonly config: SocketConfig; readonly warnings: readonly string[] } {
  const config = socketUnit(lines);
  const held = new HeldSockets(poller);
  return { held, config, warnings: held.open(config, context) };
}

/** Connects, and is there when the kernel has taken the connection in: nobody has to accept it. */
async function connect(to: string): Promise<Socket> {
  const client = createConnection(to);
  clients.push(client);
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('connect', resolve));
  return client;
}

async function connectTo(host: string, port: number): Promise<void> {
  const client = createConnection({ host, port });
  clients.push(client);
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
}

function send(to: string, text: string): void {
  const fd = socket('unix', 'datagram');
  sendTo(fd, Buffer.from(text), encodeAddress({ family: 'unix', path: to }));
  fd.close();
}

/** Long enough for what is readable to have been told. */
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('held sockets', () => {
  it('are handed over in the order of the file, by the name of the unit or their own', () => {
    const { held, config } = hold(`ListenStream=${path('a')}\nListenDatagram=${path('b')}`);
    expect(held.listens.map(({ text }) => text)).toEqual([path('a'), path('b')]);
    expect(held.handOver(config).map(({ name }) => name)).toEqual(['web.socket', 'web.socket']);
    held.close(config);
    const named = hold(`ListenStream=${path('a')}\nFileDescriptorName=mine`);
    expect(named.held.handOver(named.config).map(({ name }) => name)).toEqual(['mine']);
    named.held.close(named.config);
    expect(held.listens).toEqual([]);
  });

  it('are all open, or none', () => {
    writeFileSync(path('file'), '');
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    expect(() => hold(`ListenStream=${path('a')}\nListenStream=${path('file')}`)).toThrow(ListenError);
    expect(count()).toBe(before);
  });

  it.each([
    ['yes', false],
    ['no', true],
  ])('leave their node with RemoveOnStop=%s: %s', (key, left) => {
    const { held, config } = hold(`ListenStream=${path('node')}\nSymlinks=${path('link')}\nRemoveOnStop=${key}`);
    expect(readlinkSync(path('link'))).toBe(path('node'));
    held.close(config);
    expect([existsSync(path('node')), existsSync(path('link'))]).toEqual([left, left]);
  });

  it('have their links where nothing else is', () => {
    const first = hold(`ListenStream=${path('one')}\nSymlinks=${path('sub/link')}`);
    first.held.close(first.config);
    const second = hold(`ListenStream=${path('two')}\nSymlinks=${path('sub/link')}`);
    expect([readlinkSync(path('sub/link')), second.warnings]).toEqual([path('two'), []]);
    second.held.close(second.config);
    const third = hold(`ListenStream=${path('three')}\nSymlinks=${path('file')}`);
    expect(third.warnings).toEqual([expect.stringMatching(/^Failed to make the symlink '.*\/file', ignoring: EEXIST/)]);
    third.held.close(third.config);
  });
});

describe('a watch', () => {
  it('tells of an arrival once, until it is set again', async () => {
    const { held, config } = hold(`ListenStream=${path('w')}`);
    let told = 0;
    held.watch(() => told++);
    await connect(path('w'));
    await vi.waitFor(() => expect(told).toBe(1), { interval: 2 });
    await connect(path('w'));
    await soon();
    expect(told).toBe(1);
    // The clients wait still, so that it tells at once.
    held.watch(() => told++);
    await vi.waitFor(() => expect(told).toBe(2), { interval: 2 });
    held.close(config);
  });

  it('tells once for all sockets of a unit', async () => {
    const { held, config } = hold(`ListenStream=${path('x')}\nListenDatagram=${path('y')}`);
    let told = 0;
    held.watch(() => told++);
    await connect(path('x'));
    send(path('y'), 'x');
    await vi.waitFor(() => expect(told).toBe(1), { interval: 2 });
    await soon();
    expect(told).toBe(1);
    held.close(config);
  });

  it('tells nothing after it was given up, and all when it is taken up again', async () => {
    const { held, config } = hold(`ListenStream=${path('z')}`);
    let told = 0;
    held.watch(() => told++);
    held.unwatch();
    await connect(path('z'));
    await soon();
    expect(told).toBe(0);
    held.watch(() => told++);
    await vi.waitFor(() => expect(told).toBe(1), { interval: 2 });
    held.close(config);
  });

  it('tells nothing of a connection that was taken', async () => {
    const { held, config } = hold(`ListenStream=${path('t')}`);
    let told = 0;
    held.watch(() => told++);
    await connect(path('t'));
    await vi.waitFor(() => expect(told).toBe(1), { interval: 2 });
    const [handed] = held.handOver(config);
    accept4(handed?.fd ?? expect.unreachable())?.fd.close();
    held.watch(() => told++);
    await soon();
    expect(told).toBe(1);
    held.close(config);
  });

  it('ends with the sockets', async () => {
    const { held, config } = hold(`ListenStream=${path('e')}`);
    held.watch(() => expect.unreachable());
    held.close(config);
    held.unwatch();
    await soon();
  });
});

describe('a flush', () => {
  it('lets waiting clients go, and keeps listening', async () => {
    const { held, config } = hold(`ListenStream=${path('f')}`);
    const client = await connect(path('f'));
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.resume();
    held.flush();
    await closed;
    expect(accept4(held.handOver(config)[0]?.fd ?? expect.unreachable())).toBeUndefined();
    await connect(path('f'));
    held.close(config);
  });

  it('throws waiting datagrams away', () => {
    const { held, config } = hold(`ListenDatagram=${path('d')}`);
    send(path('d'), 'one');
    send(path('d'), 'two');
    held.flush();
    const fd = held.handOver(config)[0]?.fd ?? expect.unreachable();
    expect(receiveMessage(fd, { maxBytes: 10 })).toBeUndefined();
    send(path('d'), 'three');
    expect(receiveMessage(fd, { maxBytes: 10 })?.data.toString()).toBe('three');
    held.close(config);
  });
});

describe('what is no socket with an address', () => {
  const queue = `/rouse-held-${process.pid}`;

  it.runIf(existsSync('/proc/sys/fs/mqueue/msg_max'))('is flushed, told of and removed as sockets are: a FIFO and a message queue', async () => {
    const { held, config } = hold(`ListenFIFO=${path('fifo')}\nListenMessageQueue=${queue}\nRemoveOnStop=yes\nFileDescriptorName=both`);
    const [fifo, messages] = held.handOver(config);
    if (fifo === undefined || messages === undefined) return expect.unreachable();
    let ready: Ready | undefined;
    held.watch((each) => (ready = each));
    writeSync(fifo.fd.number, 'words');
    await vi.waitFor(() => expect(ready?.listen.kind).toBe('fifo'), { interval: 2 });
    held.flush();
    expect(() => readSync(fifo.fd.number, Buffer.alloc(5))).toThrow('EAGAIN');
    expect([existsSync(path('fifo')), existsSync(`/dev/mqueue${queue}`) || !existsSync('/dev/mqueue')]).toEqual([true, true]);
    held.close(config);
    expect([existsSync(path('fifo')), existsSync(`/dev/mqueue${queue}`)]).toEqual([false, false]);
  });

  it('has its link, if it is a FIFO', () => {
    const { held, config, warnings } = hold(`ListenFIFO=${path('linked')}\nSymlinks=${path('to-fifo')}\nRemoveOnStop=yes`);
    expect([readlinkSync(path('to-fifo')), warnings]).toEqual([path('linked'), []]);
    held.close(config);
    expect(existsSync(path('to-fifo'))).toBe(false);
  });

  it('cannot be an ordinary file, which is always readable', () => {
    writeFileSync(path('ordinary'), 'x');
    expect(() => hold(`ListenSpecial=${path('ordinary')}`)).toThrow(`Failed to listen on '${path('ordinary')}': epoll_ctl: Operation not permitted (EPERM)`);
    const { held, config } = hold('ListenSpecial=/proc/self/mounts');
    held.close(config);
  });
});

describe('a descriptor', () => {
  it('that is paused is left alone until it is over, and the others are not', async () => {
    const { held, config } = hold(`ListenStream=${path('p1')}\nListenStream=${path('p2')}`);
    const [first] = held.handOver(config);
    const told: string[] = [];
    let over = false;
    const watch = (): void =>
      held.watch(({ listen }) => {
        told.push(listen.text);
        watch();
      });
    held.pause(first?.fd ?? expect.unreachable(), 60, () => (over = true));
    watch();
    await connect(path('p1'));
    await connect(path('p2'));
    await vi.waitFor(() => expect(told).toContain(path('p2')), { interval: 2 });
    expect([told.includes(path('p1')), over]).toEqual([false, false]);
    await vi.waitFor(() => expect(told).toContain(path('p1')), { interval: 2 });
    expect(over).toBe(true);
    held.close(config);
  });

  it('that a service has shut down says so', async () => {
    const { held, config } = hold(`ListenStream=${path('shut')}`);
    const [handed] = held.handOver(config);
    let ready: Ready | undefined;
    expect(shutdown(handed?.fd.number ?? -1, 2)).toBe(0);
    held.watch((each) => (ready = each));
    await vi.waitFor(() => expect(ready?.hungUp).toBe(true), { interval: 2 });
    held.flush();
    held.close(config);
  });

  it('that an adopting program has shut down listens again, and has its next client', async () => {
    const { held, config } = hold('ListenStream=127.0.0.77:48123\n[X-Rouse]\nAdopt=yes\n');
    const [handed] = held.handOver(config);
    expect(shutdown(handed?.fd.number ?? -1, 2)).toBe(0);
    const told: Ready[] = [];
    held.watch((each) => told.push(each));
    await vi.waitFor(async () => await connectTo('127.0.0.77', 48_123), { interval: 2 });
    await vi.waitFor(() => expect(told.map(({ hungUp }) => hungUp)).toEqual([false]), { interval: 2 });
    held.close(config);
  });
});
