import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type AddressInfo, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Poller } from '../sys/poller.js';
import { encodeAddress, type SocketAddress } from '../sys/sockaddr.js';
import { accept4, bind, getsockname, socket } from '../sys/socket.js';
import { connect as connectCall } from '../sys/libc.js';
import type { Fd } from '../sys/fd.js';
import { socketUnit } from '../unit/testing/load-text.js';
import { identifyClient, type Client } from './accepted.js';
import { openListen } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-accepted-'));
const poller = new Poller((error) => {
  throw error;
});
afterAll(() => {
  poller.close();
  rmSync(folder, { recursive: true });
});
const path = (name: string): string => join(folder, name);
const uid = process.getuid?.() ?? 0;

interface Listening {
  readonly fd: Fd;
  identify(): Client;
}

function listening(line: string): Listening {
  const config = socketUnit(`${line}\nAccept=yes`);
  const [listen] = config.listen;
  if (listen === undefined) return expect.unreachable();
  const { fd } = openListen(listen, config, { resolveUser: () => ({ uid, gid: 0 }), resolveGroup: () => ({ gid: 0 }) });
  const identify = (): Client => {
    const accepted = accept4(fd)?.fd ?? expect.unreachable();
    try {
      return identifyClient(accepted, listen);
    } finally {
      accepted.close();
    }
  };
  return { fd, identify };
}

async function connected(options: NetConnectOpts): Promise<Socket> {
  const client = createConnection(options);
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('connect', resolve));
  return client;
}

function connectedTo(address: SocketAddress, own?: SocketAddress): Fd {
  const client = socket('unix', 'stream');
  if (own !== undefined) bind(client, own);
  const to = encodeAddress(address);
  expect(connectCall(client.number, to, to.length)).toBe(0);
  return client;
}

async function identifiedOver(line: string, host: string): Promise<{ readonly client: Client; readonly local: number; readonly remote: number }> {
  const server = listening(line);
  const name = getsockname(server.fd);
  const port = name !== undefined && 'port' in name ? name.port : 0;
  const socket = await connected({ host, port });
  const { localPort = 0 } = socket;
  const client = server.identify();
  socket.destroy();
  server.fd.close();
  return { client, local: port, remote: localPort };
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a client', () => {
  it('over IPv4 is named by both addresses', async () => {
    const { client, local, remote } = await identifiedOver(`ListenStream=127.0.0.1:${await freePort()}`, '127.0.0.1');
    expect(client).toEqual({
      instance: `127.0.0.1:${local}-127.0.0.1:${remote}`,
      description: `127.0.0.1:${remote}`,
      source: '127.0.0.1',
      address: '127.0.0.1',
      port: remote,
    });
  });

  it.runIf(existsSync('/proc/net/if_inet6'))('over IPv6 too, and over IPv4 to a socket for both as what it is', async () => {
    const port = await freePort();
    const { client, remote } = await identifiedOver(`ListenStream=[::1]:${port}`, '::1');
    expect(client).toEqual({ instance: `::1:${port}-::1:${remote}`, description: `[::1]:${remote}`, source: '::1', address: '::1', port: remote });
    const mapped = await identifiedOver(`ListenStream=[::]:${port}\nBindIPv6Only=both`, '127.0.0.1');
    expect(mapped.client.instance).toBe(`127.0.0.1:${port}-127.0.0.1:${mapped.remote}`);
    expect(mapped.client.source).toBe('127.0.0.1');
  });

  it.each([
    ['in the file system', `ListenStream=${path('s')}`, { family: 'unix', path: path('s') }],
    ['with an abstract name', `ListenStream=@rouse-accepted-${process.pid}`, { family: 'abstract', name: `rouse-accepted-${process.pid}` }],
  ] as const)('of a Unix socket %s is named by process and user', (_, line, to) => {
    const server = listening(line);
    const client = connectedTo(to);
    expect(server.identify()).toEqual({
      instance: `${process.pid}-${uid}`,
      description: `PID ${process.pid}/UID ${uid}`,
      source: `UID ${uid}`,
      address: undefined,
      port: undefined,
    });
    client.close();
    server.fd.close();
  });

  it.each([
    ['a path', { family: 'unix', path: path('client') } as const, path('client')],
    ['an abstract name', { family: 'abstract', name: `rouse-client-${process.pid}` } as const, `@rouse-client-${process.pid}`],
  ])('with %s of its own is known by it', (_, own, address) => {
    const server = listening(`ListenStream=${path('named')}`);
    const client = connectedTo({ family: 'unix', path: path('named') }, own);
    expect(server.identify().address).toBe(address);
    client.close();
    server.fd.close();
  });
});
