import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildVerb, freePort, type BuiltVerb, type VerbProcess } from '../cli/testing/verb-process.js';
import { dial, hold } from '../sd-daemon/testing/activate.js';
import type { Fd } from '../sys/fd.js';
import { accept4, receive, receiveFrom, send, sendTo } from '../sys/socket.js';

let verb: BuiltVerb;
let folder: string;
/** Undone after each test, the last first. */
const undo: (() => unknown)[] = [];

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

beforeAll(async () => {
  verb = await buildVerb('proxy');
});
afterAll(() => {
  vi.resetConfig();
  verb.remove();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rouse-proxy-'));
});
afterEach(async () => {
  for (const action of undo.splice(0).toReversed()) await action();
  rmSync(folder, { recursive: true });
});

function start(args: readonly string[], options?: Parameters<BuiltVerb['run']>[1]): VerbProcess {
  const process = verb.run(args, options);
  undo.push(() => process.end());
  return process;
}

/** The proxy between a new Unix socket and these targets, ready for clients. */
async function proxyTo(targets: readonly string[], options: readonly string[] = []): Promise<{ process: VerbProcess; path: string }> {
  const path = join(folder, `front-${undo.length}`);
  const process = start([...options, '-l', path, ...targets]);
  await becomesNative(process);
  return { process, path };
}

async function becomesNative(process: VerbProcess): Promise<void> {
  await waitFor(() => process.child.exitCode !== null || readFileSync(`/proc/${process.pid}/comm`, 'utf8').startsWith('rouse-proxy'));
  if (process.child.exitCode !== null) throw new Error(process.err);
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function serve(at: { port: number; host: string } | { path: string }, onClient: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    undo.push(() => client.destroy());
    onClient(client.on('error', () => undefined));
  }).listen(at);
  undo.push(() => server.close());
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const anyPort = { host: '127.0.0.1', port: 0 };
const echo = (client: Socket): void => void client.pipe(client);

function dialNode(options: NetConnectOpts): Socket {
  const client = connect({ ...options, allowHalfOpen: true }).on('error', () => undefined);
  undo.push(() => client.destroy());
  return client;
}

/** What comes until the end of the stream, or an error; the other direction stays as it is. */
function everything(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const done = (): void => resolve(Buffer.concat(chunks));
    socket
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', done)
      .once('error', done)
      .once('close', done)
      .resume();
  });
}

async function ask(options: NetConnectOpts, input: string | Buffer): Promise<string> {
  const client = dialNode(options);
  client.end(input);
  return (await everything(client)).toString('latin1');
}

async function errorOf(client: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code)).on('close', () => resolve(undefined));
    client.resume();
  });
}

describe('streams', () => {
  test('carry every byte both ways', async () => {
    const server = await serve(anyPort, echo);
    const { path } = await proxyTo([`127.0.0.1:${portOf(server)}`]);
    const bytes = randomBytes(20_000_000);
    const client = dialNode({ path });
    client.end(bytes);
    expect(Buffer.compare(await everything(client), bytes)).toBe(0);
  });

  test.each([
    ['TCP', async () => `127.0.0.1:${portOf(await serve(anyPort, echo))}`],
    ['IPv6', async () => `[::1]:${portOf(await serve({ host: '::1', port: 0 }, echo))}`],
    ['a name', async () => `localhost:${portOf(await serve({ host: 'localhost', port: 0 }, echo))}`],
    ['a path', async () => (await serve({ path: join(folder, 's') }, echo)).address() as string],
    ['unix:', async () => `unix:${(await serve({ path: join(folder, 's') }, echo)).address() as string}`],
  ])('go to %s', async (_, target) => {
    const { path } = await proxyTo([await target()]);
    expect(await ask({ path }, 'hello')).toBe('hello');
  });

  test('come from TCP and from sockets that were passed', async () => {
    const server = await serve(anyPort, echo);
    const port = await freePort();
    const inherited = start([`127.0.0.1:${portOf(server)}`], {
      shell: 'export LISTEN_FDS=1 LISTEN_PID=$$;',
      input: 'ignore',
    });
    // The shell has no socket at descriptor 3.
    expect(await inherited.ended).toBe(1);
    const front = start(['-l', `127.0.0.1:${port}`, `127.0.0.1:${portOf(server)}`]);
    await becomesNative(front);
    expect(await ask({ port }, 'hello')).toBe('hello');
  });

  // Node has no VSOCK: one proxy goes in, and another comes out. Few kernels can connect to themselves.
  const canVsock = existsSync('/sys/module/vsock_loopback');
  if (canVsock)
    test('cross VSOCK', async () => {
      const server = await serve(anyPort, echo);
      const port = await freePort();
      await becomesNative(start(['-l', `vsock::${port}`, `127.0.0.1:${portOf(server)}`]));
      const { path } = await proxyTo([`vsock:1:${port}`]);
      expect(await ask({ path }, 'hello')).toBe('hello');
    });

  test('more than 256 are served at the same time', async () => {
    const server = await serve({ path: join(folder, 's') }, echo);
    const { path } = await proxyTo([server.address() as string]);
    const clients = Array.from({ length: 600 }, () => dialNode({ path }));
    await Promise.all(
      clients.map(async (client, i) => {
        client.write(String(i));
        const [answer] = (await once(client, 'data')) as [Buffer];
        expect(answer.toString()).toBe(String(i));
      }),
    );
  });

  test('stay half-open: who has sent everything still receives', async () => {
    const server = await serve(anyPort, (client) => void everything(client).then((request) => setTimeout(() => client.end(`got ${request.length}`), 100)));
    const { path } = await proxyTo([`127.0.0.1:${portOf(server)}`]);
    expect(await ask({ path }, 'x'.repeat(100_000))).toBe('got 100000');
  });

  test('stay half-open the other way: a server that has sent everything still receives', async () => {
    let received = '';
    const server = await serve(anyPort, (client) => {
      client.end('bye');
      void everything(client).then((bytes) => (received = bytes.toString()));
    });
    const { path } = await proxyTo([`127.0.0.1:${portOf(server)}`]);
    const client = dialNode({ path });
    expect((await everything(client)).toString()).toBe('bye');
    client.end('still here');
    await waitFor(() => received === 'still here');
  });

  test('a reset of either end reaches the other', async () => {
    const ends: Promise<string | undefined>[] = [];
    const server = await serve(anyPort, (client) => {
      ends.push(errorOf(client));
      client.once('data', (word) => word.toString() === 'reset' && client.resetAndDestroy());
    });
    const port = await freePort();
    await becomesNative(start(['-l', `127.0.0.1:${port}`, `127.0.0.1:${portOf(server)}`]));
    const first = dialNode({ port });
    const end = errorOf(first);
    first.write('reset');
    expect(await end).toBe('ECONNRESET');
    const second = dialNode({ port });
    second.write('x');
    await waitFor(() => ends.length === 2);
    second.resetAndDestroy();
    expect(await ends[1]).toBe('ECONNRESET');
  });

  test('what a server said before it closed is delivered, though the client is still sending', async () => {
    const server = await serve(anyPort, (client) => {
      client.once('data', () => {
        client.pause();
        client.end('too long', () => setTimeout(() => client.destroy(), 100));
      });
    });
    const { path } = await proxyTo([`127.0.0.1:${portOf(server)}`]);
    const client = dialNode({ path });
    const answer = everything(client);
    client.write(Buffer.alloc(8_000_000));
    expect(String(await answer)).toBe('too long');
    await once(client, 'drain');
  });

  test('a slow reader slows its writer down, and costs the proxy no memory', async () => {
    let client: Socket | undefined;
    const server = await serve(anyPort, (accepted) => (client = accepted.pause()));
    const { path, process } = await proxyTo([`127.0.0.1:${portOf(server)}`]);
    const writer = dialNode({ path });
    const bytes = randomBytes(30_000_000);
    writer.end(bytes);
    await waitFor(() => client !== undefined && writer.writableLength > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(writer.writableLength).toBeGreaterThan(0);
    expect(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1])).toBeLessThan(3000);
    expect(Buffer.compare(await everything(client as unknown as Socket), bytes)).toBe(0);
  });

  test('leave no descriptor behind', async () => {
    const server = await serve(anyPort, echo);
    const port = await freePort();
    const process = start(['-l', `127.0.0.1:${port}`, `127.0.0.1:${portOf(server)}`]);
    await becomesNative(process);
    const links = (): readonly string[] => readdirSync(`/proc/${process.pid}/fd`).map((fd) => readlinkSync(`/proc/${process.pid}/fd/${fd}`));
    const count = (): number => links().filter((link) => link.startsWith('socket:')).length;
    const before = count();
    for (let i = 0; i < 20; i++) await ask({ port }, 'x'.repeat(i * 10_000));
    const broken = dialNode({ port });
    broken.write('x');
    await once(broken, 'data');
    broken.resetAndDestroy();
    await waitFor(() => count() <= before);
  });
});

describe('a server that does not listen yet', () => {
  test('is waited for: the first clients are served when it does', async () => {
    const port = await freePort();
    const { path } = await proxyTo([`127.0.0.1:${port}`]);
    const answers = ['a', 'b', 'c'].map((word) => ask({ path }, word));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await serve({ host: '127.0.0.1', port }, echo);
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c']);
  });

  test('is waited for at a path, too', async () => {
    const target = join(folder, 'later');
    const { path } = await proxyTo([target]);
    const answer = ask({ path }, 'a');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await serve({ path: target }, echo);
    expect(await answer).toBe('a');
  });

  test('is given up after --connect-timeout, which is said', async () => {
    const port = await freePort();
    const { path, process } = await proxyTo([`127.0.0.1:${port}`], ['--connect-timeout=100ms']);
    expect(await ask({ path }, 'a')).toBe('');
    await process.says(`Failed to connect to 127.0.0.1:${port}: Connection refused\n`);
  });

  test('is no reason to keep a client who has left', async () => {
    const { path, process } = await proxyTo([join(folder, 'never')], ['--exit-idle-time=100ms']);
    const client = dialNode({ path });
    await once(client, 'connect');
    client.destroy();
    expect(await process.ended).toBe(0);
  });
});

describe('several targets', () => {
  test('take turns', async () => {
    const servers = await Promise.all(['1', '2', '3'].map((name) => serve(anyPort, (client) => void client.end(name))));
    const { path } = await proxyTo(servers.map((server) => `127.0.0.1:${portOf(server)}`));
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) answers.push(await ask({ path }, ''));
    expect(answers).toEqual(['1', '2', '3', '1', '2', '3']);
  });

  test('one that refuses is passed over', async () => {
    const server = await serve(anyPort, (client) => void client.end('alive'));
    const { path } = await proxyTo([`127.0.0.1:${await freePort()}`, `127.0.0.1:${portOf(server)}`]);
    for (let i = 0; i < 4; i++) expect(await ask({ path }, '')).toBe('alive');
  });

  test('with names are for the sockets of that name', async () => {
    const servers = await Promise.all(['web', 'rest'].map((name) => serve(anyPort, (client) => void client.end(name))));
    const [a, b, c] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'c')];
    const front = start(['-l', `web=${a}`, '-l', b, '-l', `other=${c}`, ...servers.map((server, i) => `${i === 0 ? 'web=' : ''}127.0.0.1:${portOf(server)}`)]);
    await becomesNative(front);
    expect(await Promise.all([a, b, c].map((path) => ask({ path }, '')))).toEqual(['web', 'rest', 'rest']);
  });
});

describe('limits', () => {
  test('--connections-max refuses one too many, and says so', async () => {
    const server = await serve(anyPort, echo);
    const { path, process } = await proxyTo([`127.0.0.1:${portOf(server)}`], ['-c', '2']);
    const clients = [dialNode({ path }), dialNode({ path })];
    for (const client of clients) {
      client.write('x');
      await once(client, 'data');
    }
    expect(String(await everything(dialNode({ path })))).toBe('');
    await process.says('Hit connection limit, refusing connection.\n');
    clients[0]?.destroy();
    await waitFor(() => clients[0]?.destroyed === true);
    for (let answer = ''; answer !== 'y';) answer = await ask({ path }, 'y');
  });

  test('--exit-idle-time ends it when nobody is connected, and not before', async () => {
    const server = await serve(anyPort, echo);
    const { path, process } = await proxyTo([`127.0.0.1:${portOf(server)}`], ['--exit-idle-time=300ms']);
    const client = dialNode({ path });
    client.write('x');
    await once(client, 'data');
    await new Promise((resolve) => setTimeout(resolve, 600));
    client.write('y');
    await once(client, 'data');
    client.destroy();
    expect(await process.ended).toBe(0);
  });
});

describe('the PROXY protocol', () => {
  const first = async (options: readonly string[], listen: (port: number) => string, client: (port: number) => NetConnectOpts): Promise<{ got: string; from: AddressInfo }> => {
    const server = await serve(anyPort, echo);
    const port = await freePort();
    await becomesNative(start([...options, '-l', listen(port), `127.0.0.1:${portOf(server)}`]));
    const socket = dialNode(client(port));
    await once(socket, 'connect');
    const from = { address: socket.localAddress ?? '', port: socket.localPort ?? 0, family: '' };
    socket.end('hello');
    return { got: (await everything(socket)).toString('latin1'), from };
  };

  test('version 1 names an IPv4 client', async () => {
    let listen = 0;
    const { got, from } = await first(
      ['--send-proxy=v1'],
      (port) => `127.0.0.1:${(listen = port)}`,
      (port) => ({ port, host: '127.0.0.1' }),
    );
    expect(got).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${from.port} ${listen}\r\nhello`);
  });

  test('version 1 names an IPv4 client of a socket for both families as what it is, and an IPv6 client', async () => {
    let listen = 0;
    const v4 = await first(
      ['--send-proxy=v1'],
      (port) => String((listen = port)),
      (port) => ({ port, host: '127.0.0.1' }),
    );
    expect(v4.got).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${v4.from.port} ${listen}\r\nhello`);
    const v6 = await first(
      ['--send-proxy=v1'],
      (port) => `[::1]:${(listen = port)}`,
      (port) => ({ port, host: '::1' }),
    );
    expect(v6.got).toBe(`PROXY TCP6 0:0:0:0:0:0:0:1 0:0:0:0:0:0:0:1 ${v6.from.port} ${listen}\r\nhello`);
  });

  test('version 1 does not know a client on a Unix socket', async () => {
    const { got } = await first(
      ['--send-proxy=v1'],
      () => join(folder, 'u'),
      () => ({ path: join(folder, 'u') }),
    );
    expect(got).toBe('PROXY UNKNOWN\r\nhello');
  });

  const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

  test('version 2 names an IPv4 client', async () => {
    let listen = 0;
    const { got, from } = await first(
      ['--send-proxy=v2'],
      (port) => `127.0.0.1:${(listen = port)}`,
      (port) => ({ port, host: '127.0.0.1' }),
    );
    const bytes = Buffer.from(got, 'latin1');
    expect(got.slice(0, 12)).toBe(SIGNATURE);
    expect(bytes.subarray(12, 24).toString('hex')).toBe('2111000c7f0000017f000001');
    expect([bytes.readUInt16BE(24), bytes.readUInt16BE(26)]).toEqual([from.port, listen]);
    expect(got.slice(28)).toBe('hello');
  });

  test('version 2 names an IPv6 client, and the path of a Unix socket', async () => {
    const v6 = Buffer.from(
      (
        await first(
          ['--send-proxy=v2'],
          (port) => `[::1]:${port}`,
          (port) => ({ port, host: '::1' }),
        )
      ).got,
      'latin1',
    );
    expect(v6.subarray(12, 16).toString('hex')).toBe('21210024');
    expect(v6.subarray(52).toString()).toBe('hello');
    const path = join(folder, 'u');
    const unix = Buffer.from(
      (
        await first(
          ['--send-proxy=v2'],
          () => path,
          () => ({ path }),
        )
      ).got,
      'latin1',
    );
    expect(unix.subarray(12, 16).toString('hex')).toBe('213100d8');
    expect(
      unix
        .subarray(16 + 108, 16 + 216)
        .toString()
        .replaceAll('\0', ''),
    ).toBe(path);
    expect(unix.subarray(232).toString()).toBe('hello');
  });
});

describe('datagrams', () => {
  const bound = async (port = 0): Promise<DatagramSocket> => {
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    undo.push(() => socket.close());
    await once(socket, 'listening');
    return socket;
  };
  const echoing = async (port = 0): Promise<DatagramSocket> => {
    const server = await bound(port);
    return server.on('message', (message, from) => server.send(message, from.port, from.address));
  };
  const next = async (socket: DatagramSocket): Promise<string> => String(((await once(socket, 'message')) as [Buffer])[0]);

  test('over UDP find their way back to each client', async () => {
    const server = await echoing();
    const port = await freePort();
    await becomesNative(start(['-d', '-l', String(port), `127.0.0.1:${server.address().port}`]));
    const clients = await Promise.all(['a', 'b', 'c'].map(() => bound()));
    await Promise.all(
      clients.map(async (client, i) => {
        for (const word of ['first', 'second']) {
          const answer = next(client);
          client.send(`${word} ${i}`, port, '127.0.0.1');
          expect(await answer).toBe(`${word} ${i}`);
        }
      }),
    );
  });

  test('the first are not lost when the server comes later', async () => {
    const [port, target] = [await freePort(), await freePort()];
    await becomesNative(start(['-d', '-l', `127.0.0.1:${port}`, `127.0.0.1:${target}`]));
    const client = await bound();
    const answers: string[] = [];
    client.on('message', (message) => answers.push(String(message)));
    for (const word of ['one', 'two', 'three']) client.send(word, port, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await echoing(target);
    await waitFor(() => ['one', 'two', 'three'].every((word) => answers.includes(word)));
  });

  test('a client who is silent for --session-timeout is forgotten, and then --exit-idle-time counts', async () => {
    const server = await echoing();
    const port = await freePort();
    const front = start(['-d', '-l', `127.0.0.1:${port}`, '--session-timeout=200ms', '--exit-idle-time=200ms', `127.0.0.1:${server.address().port}`]);
    await becomesNative(front);
    const client = await bound();
    const answer = next(client);
    client.send('x', port, '127.0.0.1');
    expect(await answer).toBe('x');
    expect(await front.ended).toBe(0);
  });

  test('each carries version 2 of the PROXY protocol', async () => {
    const server = await echoing();
    const port = await freePort();
    await becomesNative(start(['-d', '--send-proxy=v2', '-l', `127.0.0.1:${port}`, `127.0.0.1:${server.address().port}`]));
    const client = await bound();
    const answer = once(client, 'message') as Promise<[Buffer]>;
    client.send('hello', port, '127.0.0.1');
    const [bytes] = await answer;
    expect(bytes.subarray(12, 24).toString('hex')).toBe('2112000c7f0000017f000001');
    expect(bytes.readUInt16BE(24)).toBe(client.address().port);
    expect(bytes.subarray(28).toString()).toBe('hello');
  });

  const keep = (fd: Fd): Fd => {
    undo.push(() => fd.close());
    return fd;
  };

  test('over Unix sockets keep their order and are not dropped, however slow the server is', async () => {
    const target = { family: 'unix', path: join(folder, 'target') } as const;
    const server = hold('datagram', target);
    keep(server.fd);
    const { path } = await proxyTo([target.path], ['-d']);
    const client = keep(dial('datagram', { family: 'unix', path }));
    const words = Array.from({ length: 500 }, (_, i) => `datagram ${i}`);
    const got: string[] = [];
    const bytes = Buffer.alloc(100);
    const take = (): void => {
      const length = receive(server.fd, bytes);
      if (length !== undefined) got.push(bytes.toString('utf8', 0, length));
    };
    for (const word of words) {
      // Our own queue is full when the proxy's is.
      while (send(client, Buffer.from(word)) === undefined) {
        take();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    while (got.length < words.length) {
      take();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(got).toEqual(words);
  });

  test('over Unix sockets are answered, when the client has a name', async () => {
    const target = { family: 'unix', path: join(folder, 'target') } as const;
    const server = hold('datagram', target);
    keep(server.fd);
    const { path } = await proxyTo([target.path], ['-d']);
    const client = hold('datagram', { family: 'unix', path: join(folder, 'client') });
    keep(client.fd);
    const there = Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0`)]);
    sendTo(client.fd, Buffer.from('ping'), there);
    let received: ReturnType<typeof receiveFrom>;
    const bytes = Buffer.alloc(100);
    await waitFor(() => (received = receiveFrom(server.fd, bytes)) !== undefined);
    expect(bytes.toString('utf8', 0, received?.length)).toBe('ping');
    sendTo(server.fd, Buffer.from('pong'), received?.from ?? null);
    let length: number | undefined;
    await waitFor(() => (length = receive(client.fd, bytes)) !== undefined);
    expect(bytes.toString('utf8', 0, length)).toBe('pong');
  });

  test('sequential packets keep their boundaries', async () => {
    const target = { family: 'unix', path: join(folder, 'target') } as const;
    const server = hold('seqpacket', target);
    server.fd.setNonblocking(true);
    keep(server.fd);
    const { path } = await proxyTo([target.path], ['--seqpacket']);
    const client = keep(dial('seqpacket', { family: 'unix', path }));
    for (const word of ['one', 'three', 'six']) send(client, Buffer.from(word));
    let accepted: Fd | undefined;
    await waitFor(() => (accepted = accept4(server.fd)?.fd) !== undefined);
    const fd = keep(accepted as unknown as Fd);
    const got: string[] = [];
    const bytes = Buffer.alloc(100);
    await waitFor(() => {
      const length = receive(fd, bytes);
      if (length !== undefined) got.push(bytes.toString('utf8', 0, length));
      return got.length === 3;
    });
    expect(got).toEqual(['one', 'three', 'six']);
  });
});

describe('options', () => {
  test.each([
    [[], 'Not enough parameters.\n  hint: rouse proxy --help shows them\n'],
    [['127.0.0.1:80'], 'No sockets to listen on were passed in or specified\n  hint: a socket unit passes them; --listen=ADDRESS opens one here\n'],
    [['-c', 'x', '127.0.0.1:80'], 'Failed to parse --connections-max= argument: x\n'],
    [['-c', '0', '127.0.0.1:80'], 'Connection limit is too low.\n'],
    [['--bogus', '127.0.0.1:80'], "rouse proxy: unrecognized option '--bogus'\n"],
    [['--send-proxy=3', '127.0.0.1:80'], 'Failed to parse --send-proxy= argument: 3\n  hint: expected v1 or v2\n'],
    [['-l', '@x', '127.0.0.1:99999'], "Failed to parse target '127.0.0.1:99999': expected a port from 1 to 65535 after the host, or a service that /etc/services names\n"],
    [['-d', '-l', '@x', '--send-proxy=v1', '127.0.0.1:1'], 'Version 1 of the PROXY protocol is for streams\n  hint: --send-proxy=v2 is for datagrams too\n'],
    [['-l', '@x', 'web=127.0.0.1:1'], 'No target for the socket 3\n  hint: a target without a name before = serves all others\n'],
    [['-l', '@x', '127.0.0.1:1', 'web=127.0.0.1:1'], "No socket is named 'web'\n  hint: FileDescriptorName= names those of a socket unit, --listen=NAME=ADDRESS others\n"],
  ])('%j are refused', async (args, message) => {
    const process = start(args);
    expect(await process.ended).toBe(1);
    expect(process.err).toBe(message);
  });

  test('may stand behind the target', async () => {
    const process = start(['/nowhere', '-l', join(folder, 'a'), '--exit-idle-time=50ms']);
    expect(await process.ended).toBe(0);
  });

  test('say what they are, and which version this is', async () => {
    const help = start(['--help']);
    expect(await help.ended).toBe(0);
    expect(help.out).toContain('--connections-max=N');
    const version = start(['--version']);
    expect(await version.ended).toBe(0);
    expect(version.out).toBe('rouse 1.2.3\n');
  });
});
