import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SysError } from '../sys/errno.js';
import { pipe } from '../sys/pipe.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import { accept4, send, type SocketType } from '../sys/socket.js';
import { listen, type Listener, type ListenOptions } from './listen.js';
import { StreamServer } from './stream-server.js';
import { activate, dial, hold, installPackage, socat, type Held, type Package } from './testing/activate.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-listen-'));
afterAll(() => rmSync(folder, { recursive: true }));

let paths = 0;
const newPath = (): string => join(folder, String(paths++));

const echo: ListenOptions = {
  allowHalfOpen: true,
  onConnection: (connection) => connection.on('error', () => connection.destroy()).pipe(connection),
  onDatagram: ({ data, reply }) => reply(data),
};

const portOf = ({ address }: Held): number => ('port' in address ? address.port : 0);

interface Kind {
  readonly kind: string;
  readonly type: SocketType;
  readonly address: () => SocketAddress;
  readonly client: (held: Held) => string;
  readonly options?: readonly string[];
}

const unixPath = ({ address }: Held): string => ('path' in address ? address.path : '');
const byNode: readonly Kind[] = [
  { kind: 'TCP over IPv4', type: 'stream', address: () => ({ family: 'inet', host: '127.0.0.1', port: 0 }), client: (held) => `TCP4:127.0.0.1:${portOf(held)}` },
  { kind: 'TCP over IPv6', type: 'stream', address: () => ({ family: 'inet6', host: '::1', port: 0 }), client: (held) => `TCP6:[::1]:${portOf(held)}` },
  { kind: 'a Unix stream', type: 'stream', address: () => ({ family: 'unix', path: newPath() }), client: (held) => `UNIX-CONNECT:${unixPath(held)}` },
];
/** socat does not see an end of datagrams: after so long without one it leaves. */
const datagram = ['-t', '0.3'];
const udp: readonly Kind[] = [
  {
    kind: 'UDP over IPv4',
    type: 'datagram',
    address: () => ({ family: 'inet', host: '127.0.0.1', port: 0 }),
    client: (held) => `UDP4:127.0.0.1:${portOf(held)}`,
    options: datagram,
  },
  { kind: 'UDP over IPv6', type: 'datagram', address: () => ({ family: 'inet6', host: '::1', port: 0 }), client: (held) => `UDP6:[::1]:${portOf(held)}`, options: datagram },
];
const byKoffi: readonly Kind[] = [
  { kind: 'Unix packets', type: 'seqpacket', address: () => ({ family: 'unix', path: newPath() }), client: (held) => `UNIX-CONNECT:${unixPath(held)},type=5` },
  {
    kind: 'Unix datagrams',
    type: 'datagram',
    address: () => ({ family: 'unix', path: newPath() }),
    client: (held) => `UNIX-SENDTO:${unixPath(held)},bind=${newPath()}`,
    options: datagram,
  },
];

describe('a socket that was passed', () => {
  it.each([...byNode, ...udp, ...byKoffi])('is served: $kind', async ({ type, address, client, options = [] }) => {
    const held = hold(type, address());
    const listener = await listen(held.fd.take(), echo);
    expect(await socat(client(held), 'hello\n', ...options)).toBe('hello\n');
    await listener.close();
  });

  it('is served: VSOCK', async ({ skip }) => {
    const before = readdirSync('/proc/self/fd').length;
    try {
      const held = hold('stream', { family: 'vsock', cid: 0xffffffff, port: 0xffffffff });
      const listener = await listen(held.fd.take(), echo);
      await listener.close();
    } catch (error) {
      if (error instanceof SysError && error.syscall === 'socket') skip('this kernel has no VSOCK');
      throw error;
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('is refused, with the reason, when it is something else', async () => {
    const fd = openSync('/dev/null', 'r');
    await expect(listen(fd, echo)).rejects.toThrow(`Descriptor ${fd} is not a socket, but /dev/null`);
    closeSync(fd);
    await expect(listen(9999, echo)).rejects.toThrow('EBADF');
    const { read, write } = pipe();
    await expect(listen(read.number, echo)).rejects.toThrow(/^Descriptor \d+ is not a socket, but pipe:/);
    read.close();
    write.close();
  });
});

it('a connection that was passed is refused, with what it is for', async () => {
  const held = hold('stream', { family: 'inet', host: '127.0.0.1', port: 0 });
  const client = dial('stream', held.address);
  const accepted = accept4(held.fd)?.fd.take() ?? -1;
  await expect(listen(accepted, echo)).rejects.toThrow(`Failed to listen on descriptor ${accepted}: it is a connection, as Accept=yes passes it: use 'new net.Socket({ fd })'`);
  client.close();
  held.fd.close();
});

/** Runs a test on a Unix stream socket that Node serves, and on one that we do: they are to be alike. */
function servedBothWays(title: string, test: (path: string, serve: (options: ListenOptions) => Promise<Listener>) => Promise<void>): void {
  it(`${title}, by Node`, () => {
    const held = hold('stream', { family: 'unix', path: newPath() });
    return test(unixPath(held), (options) => listen(held.fd.take(), options));
  });
  it(`${title}, by system calls`, () => {
    const held = hold('stream', { family: 'unix', path: newPath() });
    return test(unixPath(held), (options) => Promise.resolve(new StreamServer(held.fd.take(), false, options)));
  });
}

describe('connections', () => {
  servedBothWays('bring back every byte of a client that has sent its end', async (path, serve) => {
    const listener = await serve(echo);
    const sent = Buffer.alloc(20_000_000, 'rouse ');
    const client = connect({ path, allowHalfOpen: true });
    client.end(sent);
    expect((await buffer(client)).equals(sent)).toBe(true);
    await listener.close();
  });

  servedBothWays('of many clients go on side by side', async (path, serve) => {
    const listener = await serve(echo);
    const clients = Array.from({ length: 300 }, () => connect(path));
    clients.forEach((client, i) => client.write(`${i}`));
    const answers = await Promise.all(clients.map(async (client) => String((await once(client, 'data'))[0])));
    expect(answers).toEqual(clients.map((_, i) => String(i)));
    for (const client of clients) client.end();
    await listener.close();
  });

  servedBothWays('that the client breaks off do no harm', async (path, serve) => {
    const listener = await serve(echo);
    const rude = connect(path);
    // Never read: it is still being answered when it goes.
    rude.write(Buffer.alloc(5_000_000));
    rude.pause();
    await new Promise((resolve) => setTimeout(resolve, 20));
    rude.destroy();
    expect(await socat(`UNIX-CONNECT:${path}`, 'still here')).toBe('still here');
    await listener.close();
  });

  servedBothWays('end with the client unless half-open ones are allowed', async (path, serve) => {
    const listener = await serve({ onConnection: (connection) => connection.resume() });
    expect(await socat(`UNIX-CONNECT:${path}`, 'x')).toBe('');
    await listener.close();
  });

  servedBothWays('carry HTTP', async (path, serve) => {
    const http = createServer((request, response) => response.end(`${request.method} ${request.url}`));
    const listener = await serve({ onConnection: (connection) => http.emit('connection', connection) });
    expect(await socat(`UNIX-CONNECT:${path}`, 'GET /page HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 OK[^]*\r\n\r\nGET \/page$/);
    await listener.close();
  });

  servedBothWays('are waited for when the socket is closed', async (path, serve) => {
    const listener = await serve(echo);
    const client = connect(path);
    client.write('x');
    await once(client, 'data');
    let closed = false;
    const closing = listener.close().then(() => (closed = true));
    const [refused] = (await once(connect(path), 'error')) as [NodeJS.ErrnoException];
    expect(refused.code).toBe('ECONNREFUSED');
    client.write('y');
    expect(String((await once(client, 'data'))[0])).toBe('y');
    expect(closed).toBe(false);
    client.end();
    await closing;
  });

  it('on a seqpacket socket keep their packets apart', async () => {
    const held = hold('seqpacket', { family: 'unix', path: newPath() });
    const packets: string[] = [];
    const ended = new Promise<void>((resolve) => {
      void listen(held.fd.take(), { onConnection: (connection) => connection.on('data', (packet: Buffer) => packets.push(packet.toString())).on('end', resolve) });
    });
    const client = dial('seqpacket', held.address);
    for (const packet of ['one', 'two', 'three']) send(client, Buffer.from(packet));
    client.close();
    await ended;
    expect(packets).toEqual(['one', 'two', 'three']);
  });
});

describe('datagrams', () => {
  it('tell who sent them', async () => {
    const held = hold('datagram', { family: 'inet6', host: '::1', port: 0 });
    const seen: string[] = [];
    const listener = await listen(held.fd.take(), { onDatagram: ({ data, from, reply }) => (seen.push(`${data.toString()} ${from}`), reply(Buffer.from('seen'))) });
    const client = createSocket('udp6').bind(0, '::1');
    await once(client, 'listening');
    client.send('hello', portOf(held), '::1');
    expect(String((await once(client, 'message'))[0])).toBe('seen');
    expect(seen).toEqual([`hello [::1]:${client.address().port}`]);
    client.close();
    await listener.close();
  });

  it('from a sender without a name cannot be answered, which does no harm', async () => {
    const held = hold('datagram', { family: 'unix', path: newPath() });
    const seen: string[] = [];
    const listener = await listen(held.fd.take(), { onDatagram: ({ data, from, reply }) => (seen.push(`${data.toString()} '${from}'`), reply(data)) });
    await socat(`UNIX-SENDTO:${unixPath(held)}`, 'hello', ...datagram);
    expect(await socat(`UNIX-SENDTO:${unixPath(held)},bind=${newPath()}`, 'again', ...datagram)).toBe('again');
    expect(seen[0]).toBe("hello ''");
    await listener.close();
  });
});

describe('a program', () => {
  let withKoffi: Package;
  let without: Package;
  const code = `
    import { listen, listenFds } from 'rouse/sd-daemon';
    for (const socket of listenFds()) {
      await listen(socket, {
        allowHalfOpen: true,
        onConnection: (connection) => connection.pipe(connection),
        onDatagram: ({ data, reply }) => reply(data),
      }).then(() => console.log('served', socket.name), (error) => console.log(socket.name, error.message));
    }
    console.log('all');
  `;
  beforeAll(async () => {
    withKoffi = await installPackage({ koffi: true });
    without = await installPackage({ koffi: false });
  });
  afterAll(() => {
    withKoffi.remove();
    without.remove();
  });

  it('without koffi serves what Node can, and tells what it cannot', async () => {
    const kinds = [...byNode, ...udp, ...byKoffi];
    const sockets = kinds.map(({ type, address }) => hold(type, address()));
    const started = activate({ argv: [process.execPath, without.program('echo.mjs', code)], sockets, names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] });
    await started.printed('all');
    for (const [i, { client, options = [] }] of [...byNode, ...udp].entries()) expect(await socat(client(sockets[i] as Held), 'hello\n', ...options)).toBe('hello\n');
    started.kill('SIGTERM');
    const refused = (fd: number): string => `Failed to look at descriptor ${fd}: Node knows no such socket, and the package 'koffi' cannot be loaded`;
    expect(await started.output).toBe(`served a\nserved b\nserved c\nserved d\nserved e\nf ${refused(8)}\ng ${refused(9)}\nall\n`);
    for (const { fd } of sockets) fd.close();
  });

  it('with koffi serves all, also in a network namespace of its own', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('needs root for a network namespace');
    const kinds = [...byNode, ...udp, ...byKoffi];
    const sockets = kinds.map(({ type, address }) => hold(type, address()));
    const started = activate({ argv: ['/usr/bin/unshare', '--net', process.execPath, withKoffi.program('echo.mjs', code)], sockets });
    await started.printed('all');
    for (const [i, { client, options = [] }] of kinds.entries()) expect(await socat(client(sockets[i] as Held), 'hello\n', ...options)).toBe('hello\n');
    started.kill('SIGTERM');
    expect(await started.exit).toEqual({ code: 'killed', status: 15, signal: 'SIGTERM' });
    for (const { fd } of sockets) fd.close();
  });

  it('ends by itself when it has closed its sockets', async () => {
    const held = hold('seqpacket', { family: 'unix', path: newPath() });
    const program = withKoffi.program(
      'once.mjs',
      `import { listen, listenFds } from 'rouse/sd-daemon';
       const listener = await listen(listenFds()[0], { onConnection: (connection) => { connection.end('bye'); listener.close().then(() => console.log('closed')); } });
       console.log('all');`,
    );
    const started = activate({ argv: [process.execPath, program], sockets: [held] });
    await started.printed('all');
    expect(await socat(`UNIX-CONNECT:${unixPath(held)},type=5`, '')).toBe('bye');
    expect(await started.exit).toEqual({ code: 'exited', status: 0 });
    expect(await started.output).toBe('all\nclosed\n');
    held.fd.close();
  });

  it('that is out of descriptors serves its clients when some are free again', async () => {
    const held = hold('seqpacket', { family: 'unix', path: newPath() });
    const program = withKoffi.program(
      'few.mjs',
      `import { openSync, closeSync } from 'node:fs';
       import { listen, listenFds } from 'rouse/sd-daemon';
       await listen(listenFds()[0], { onConnection: (connection) => connection.pipe(connection), allowHalfOpen: true });
       const opened = [];
       try { for (;;) opened.push(openSync('/dev/null')); } catch {}
       setTimeout(() => opened.forEach((fd) => closeSync(fd)), 300);
       console.log('all');`,
    );
    const started = activate({ argv: ['/bin/sh', '-c', `ulimit -n 64; exec ${process.execPath} ${program}`], sockets: [held] });
    await started.printed('all');
    expect(await socat(`UNIX-CONNECT:${unixPath(held)},type=5`, 'patience')).toBe('patience');
    started.kill('SIGKILL');
    await started.exit;
    held.fd.close();
  });

  it('that throws while it serves a client ends, as with the servers of Node', async () => {
    const held = hold('seqpacket', { family: 'unix', path: newPath() });
    const program = withKoffi.program(
      'throw.mjs',
      `import { listen, listenFds } from 'rouse/sd-daemon';
       await listen(listenFds()[0], { onConnection: () => { throw new Error('of the program'); } });
       console.log('all');`,
    );
    const started = activate({ argv: [process.execPath, program], sockets: [held] });
    await started.printed('all');
    await socat(`UNIX-CONNECT:${unixPath(held)},type=5`, '');
    expect(await started.exit).toEqual({ code: 'exited', status: 1 });
    expect(await started.output).toContain('Error: of the program');
    held.fd.close();
  });
});
