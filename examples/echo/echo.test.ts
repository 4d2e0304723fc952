import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { activate, hasProgram, hold, socat, type Activated, type Held } from '../../src/sd-daemon/testing/activate.js';
import { SysError } from '../../src/sys/errno.js';
import { collect } from './build-image.mjs';
import { bundle } from './bundle.mjs';

const folder = mkdtempSync(join(tmpdir(), 'rouse-echo-'));
const program = join(folder, 'echo.cjs');
beforeAll(() => bundle(folder));
afterAll(() => rmSync(folder, { recursive: true }));

const portOf = (held: Held | undefined): number => (held !== undefined && 'port' in held.address ? held.address.port : 0);
/** socat does not see an end of datagrams: after so long without one it leaves. */
const datagram = ['-t', '0.3'];

/** The sockets of echo.socket, in its order, with ports and paths of this test's own. */
interface Sockets {
  readonly all: readonly Held[];
  /** A client and an address for socat, for each that can be reached here. */
  readonly clients: readonly (readonly [string, ...string[]])[];
  readonly path: string;
  close(): void;
}

function vsock(): readonly Held[] {
  try {
    return [hold('stream', { family: 'vsock', cid: 0xffffffff, port: 0xffffffff })];
  } catch (error) {
    if (error instanceof SysError && error.syscall === 'socket') return [];
    throw error;
  }
}

let made = 0;
function makeSockets(): Sockets {
  const path = join(folder, `sock${made++}`);
  const tcp = hold('stream', { family: 'inet', host: '127.0.0.1', port: 0 });
  const udp = hold('datagram', { family: 'inet', host: '127.0.0.1', port: 0 });
  const tcp6 = hold('stream', { family: 'inet6', host: '::1', port: 0 });
  const udp6 = hold('datagram', { family: 'inet6', host: '::1', port: 0 });
  const all = [tcp, udp, tcp6, udp6, hold('stream', { family: 'unix', path }), ...vsock()];
  const clients = [
    [`TCP4:127.0.0.1:${portOf(tcp)}`],
    [`TCP6:[::1]:${portOf(tcp6)}`],
    [`UNIX-CONNECT:${path}`],
    [`UDP4:127.0.0.1:${portOf(udp)}`, ...datagram],
    [`UDP6:[::1]:${portOf(udp6)}`, ...datagram],
  ] as const;
  return { all, clients, path, close: () => all.forEach(({ fd }) => fd.close()) };
}

const names = (count: number): readonly string[] => Array.from({ length: count }, () => 'echo.socket');

async function expectEcho({ clients }: Sockets): Promise<void> {
  for (const [address, ...options] of clients) expect(await socat(address, 'hello\n', ...options)).toBe('hello\n');
}

describe('the echo server', () => {
  let sockets: Sockets;
  let server: Activated;
  beforeEach(() => {
    sockets = makeSockets();
    server = activate({ argv: [process.execPath, program], sockets: sockets.all, names: names(sockets.all.length) });
  });
  afterEach(async () => {
    server.kill('SIGTERM');
    expect(await server.exit).toEqual({ code: 'exited', status: 0 });
    sockets.close();
  });

  it('sends everything back, on every socket', () => expectEcho(sockets));

  it('says what it listens on', async () => {
    for (const { address } of sockets.all) {
      if (address.family === 'inet') await server.printed(`Listening on ${address.host}:${address.port} (inet `);
      if (address.family === 'inet6') await server.printed(`Listening on [${address.host}]:${address.port} (inet6 `);
      if (address.family === 'unix') await server.printed(`Listening on ${address.path} (unix stream, from echo.socket)`);
      if (address.family === 'vsock') await server.printed(`Listening on vsock:${address.cid}:${address.port} (vsock stream, from echo.socket)`);
    }
  });

  it('sends back what came before a client sent its end, all of it', async () => {
    const sent = Buffer.alloc(10_000_000, 'rouse ');
    const client = connect({ port: portOf(sockets.all[0]), host: '127.0.0.1', allowHalfOpen: true });
    client.end(sent);
    expect((await buffer(client)).equals(sent)).toBe(true);
  });

  it('serves many clients side by side, and is not disturbed by those that break off', async () => {
    const port = portOf(sockets.all[0]);
    const rude = Array.from({ length: 50 }, () => connect(port, '127.0.0.1'));
    for (const client of rude) client.write(Buffer.alloc(1_000_000), () => client.resetAndDestroy());
    const clients = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'));
    clients.forEach((client, i) => client.write(String(i)));
    const answers = await Promise.all(clients.map(async (client) => String((await once(client, 'data'))[0])));
    expect(answers).toEqual(clients.map((_, i) => String(i)));
    for (const client of clients) client.destroy();
  });

  it('answers each sender of datagrams its own', async () => {
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = createSocket('udp6').bind(0, '::1');
        await once(client, 'listening');
        return client;
      }),
    );
    const answers = clients.map(async (client) => String((await once(client, 'message'))[0]));
    clients.forEach((client, i) => client.send(`${i}`, portOf(sockets.all[3]), '::1'));
    expect(await Promise.all(answers)).toEqual(clients.map((_, i) => `${i}`));
    for (const client of clients) client.close();
  });
});

describe('the program', () => {
  it('says how to start it when no socket was passed', async () => {
    const started = activate({ argv: [process.execPath, program], sockets: [] });
    expect(await started.output).toBe("No socket was passed: start it by a socket unit, or with 'systemd-socket-activate -l 3000 node echo.cjs'\n");
    expect(await started.exit).toEqual({ code: 'exited', status: 1 });
  });

  it('serves the client who woke it under systemd-socket-activate', async ({ skip }) => {
    if (!(await hasProgram('systemd-socket-activate'))) skip('systemd-socket-activate is not installed');
    const path = join(folder, 'activate');
    const started = activate({ argv: ['/usr/bin/systemd-socket-activate', '-l', path, process.execPath, program], sockets: [] });
    await started.printed('Listening on');
    expect(await socat(`UNIX-CONNECT:${path}`, 'hello\n')).toBe('hello\n');
    started.kill('SIGTERM');
    await started.exit;
  });
});

describe('the image', () => {
  it('has in it all that the server needs, and nothing else is there to help', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('needs root to change the root directory');
    const { folder: image } = await collect({ cache: join(folder, 'cache') });
    const { execFileSync } = await import('node:child_process');
    // What podman does with the two folders: COPY base/ / and COPY app/ /app/.
    execFileSync('cp', ['--recursive', '--link', join(image, 'app'), join(image, 'base', 'app')]);
    const sockets = makeSockets();
    const argv = ['/usr/bin/unshare', '--net', `--root=${join(image, 'base')}`, '/usr/bin/node', '/app/echo.cjs'];
    const started = activate({ argv, sockets: sockets.all, names: names(sockets.all.length) });
    await expectEcho(sockets);
    started.kill('SIGTERM');
    expect(await started.exit).toEqual({ code: 'exited', status: 0 });
    expect((await started.output).trim().split('\n')).toHaveLength(sockets.all.length);
    sockets.close();
  });

  it('is collected again only when something has changed', async () => {
    const lines: string[] = [];
    const collected = (): ReturnType<typeof collect> => collect({ cache: join(folder, 'again'), onProgress: (line) => lines.push(line) });
    const first = await collected();
    expect(await collected()).toEqual(first);
    expect(lines.filter((line) => line.startsWith('Collecting'))).toHaveLength(1);
    expect(readFileSync(join(first.folder, 'app/echo.cjs')).equals(readFileSync(program))).toBe(true);
  });
});
