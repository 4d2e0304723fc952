import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dial, hold, type Held } from '../sd-daemon/testing/activate.js';
import type { Fd } from '../sys/fd.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import { accept4, receive, send, type SocketType } from '../sys/socket.js';
import { inetConnections, TCP } from '../sys/sock-diag.js';
import { presenceOf, procConnections } from './connections.js';
import { IdleWatch } from './idle.js';

let folder: string;
const open: Fd[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rouse-idle-'));
});
afterEach(() => {
  for (const fd of open.splice(0)) fd.close();
  rmSync(folder, { recursive: true });
});

const keep = <T extends Fd>(fd: T): T => {
  open.push(fd);
  return fd;
};

function listening(type: SocketType, address: SocketAddress): Held {
  const held = hold(type, address);
  keep(held.fd);
  return held;
}

const client = (held: Held, type: SocketType = 'stream'): Fd => keep(dial(type, held.address));

function accept(held: Held): Fd {
  const accepted = accept4(held.fd);
  if (accepted === undefined) throw new Error('Nobody waits');
  return keep(accepted.fd);
}

const STREAMS: readonly (readonly [string, SocketType, () => SocketAddress])[] = [
  ['IPv4', 'stream', () => ({ family: 'inet', host: '127.0.0.1', port: 0 })],
  ['IPv6', 'stream', () => ({ family: 'inet6', host: '::1', port: 0 })],
  ['Unix', 'stream', () => ({ family: 'unix', path: join(folder, 'a  b.sock') })],
  ['Unix packet', 'seqpacket', () => ({ family: 'unix', path: join(folder, 'a.sock') })],
  ['abstract', 'stream', () => ({ family: 'abstract', name: `rouse-idle-${process.pid}` })],
];

describe.each(STREAMS)('a listening %s socket', (_, type, address) => {
  test('is in use while somebody is connected, before and after that is accepted', () => {
    const held = listening(type, address());
    const ask = presenceOf(held.fd);
    expect(ask?.()).toEqual({ goneMs: Infinity });
    const connected = client(held, type);
    expect(ask?.()).toBe('busy');
    const accepted = accept(held);
    expect(ask?.()).toBe('busy');
    accepted.close();
    connected.close();
    expect(ask?.()).not.toBe('busy');
  });

  test('is idle when nobody was connected for so long, and not before', async () => {
    const held = listening(type, address());
    const connected = client(held, type);
    const accepted = accept(held);
    let idle = false;
    const over = new Promise<void>((resolve) => {
      const watch = new IdleWatch([held.fd], { idleMs: 100 }, () => {
        idle = true;
        watch.close();
        resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(idle).toBe(false);
    connected.close();
    accepted.close();
    // Nothing else keeps the event loop going.
    const alive = setInterval(() => undefined, 1000);
    await over;
    clearInterval(alive);
  });
});

test('an IPv4 client of a socket for both families is seen', () => {
  const held = listening('stream', { family: 'inet6', host: '::', port: 0 });
  const { port } = held.address as { port: number };
  const connected = keep(dial('stream', { family: 'inet', host: '127.0.0.1', port }));
  expect(presenceOf(held.fd)?.()).toBe('busy');
  connected.close();
});

test('the clients of another socket with the same port are not ours', () => {
  const held = listening('stream', { family: 'inet', host: '127.0.0.1', port: 0 });
  const { port } = held.address as { port: number };
  const other = listening('stream', { family: 'inet', host: '127.0.0.2', port });
  client(other);
  expect(presenceOf(other.fd)?.()).toBe('busy');
  expect(presenceOf(held.fd)?.()).toEqual({ goneMs: Infinity });
});

test.each(['client', 'server'])('a TCP connection that the %s closed between two looks is remembered', (first) => {
  const held = listening('stream', { family: 'inet', host: '127.0.0.1', port: 0 });
  const connected = client(held);
  const accepted = accept(held);
  for (const fd of first === 'client' ? [connected, accepted] : [accepted, connected]) fd.close();
  const presence = presenceOf(held.fd)?.();
  expect(presence).toEqual({ goneMs: expect.any(Number) });
  expect((presence as { goneMs: number }).goneMs).toBeLessThan(60_000);
});

test('many short connections keep a socket in use', async () => {
  const held = listening('stream', { family: 'unix', path: join(folder, 'a.sock') });
  let idle = false;
  const watch = new IdleWatch([held.fd], { idleMs: 1000 }, () => (idle = true));
  for (let i = 0; i < 60; i++) {
    const connected = client(held);
    await new Promise((resolve) => setTimeout(resolve, 10));
    accept(held).close();
    connected.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(idle).toBe(false);
  watch.close();
});

describe.each([
  ['UDP', (): SocketAddress => ({ family: 'inet', host: '127.0.0.1', port: 0 })],
  ['Unix', (): SocketAddress => ({ family: 'unix', path: join(folder, 'a.sock') })],
])('a %s datagram socket', (_, address) => {
  test('is in use while datagrams arrive, although they are read at once', async () => {
    const held = listening('datagram', address());
    const sender = client(held, 'datagram');
    let idle = false;
    const over = new Promise<void>((resolve) => {
      new IdleWatch([held.fd], { idleMs: 1000 }, () => {
        idle = true;
        resolve();
      });
    });
    for (let i = 0; i < 10; i++) {
      send(sender, Buffer.from('x'));
      expect(receive(held.fd, Buffer.alloc(10))).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(idle).toBe(false);
    const alive = setInterval(() => undefined, 1000);
    await over;
    clearInterval(alive);
  });
});

test('a VSOCK listener is in use as far as the kernel does not tell otherwise', () => {
  const held = listening('stream', { family: 'vsock', cid: 0xffffffff, port: 0xffffffff });
  expect(['unknown', { goneMs: Infinity }]).toContainEqual(presenceOf(held.fd)?.());
});

test('/proc/net/tcp tells the same as netlink', () => {
  const held = listening('stream', { family: 'inet', host: '127.0.0.1', port: 0 });
  const { port } = held.address as { port: number };
  client(held);
  accept(held);
  const fromProc = procConnections('inet').filter(({ localPort, state }) => localPort === port && state === TCP.established);
  const fromNetlink = inetConnections('inet', 'local', port, [TCP.established]);
  expect(fromProc).toHaveLength(1);
  expect(fromNetlink).toEqual([{ ...fromProc[0], expiresMs: expect.any(Number) }]);
});
