import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiveMessage } from '../sys/socket.js';
import { activate, hold, installPackage, socat, type Package } from './testing/activate.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-example-'));
let library: Package;
beforeAll(async () => {
  library = await installPackage({ koffi: true });
});
afterAll(() => {
  library.remove();
  rmSync(folder, { recursive: true });
});

/** The code blocks in the comments of a file. */
function examplesOf(file: string): readonly string[] {
  const source = readFileSync(join(import.meta.dirname, file), 'utf8');
  return [...source.matchAll(/^ \* ```ts\n([^]*?)^ \* ```$/gm)].map(([, lines = '']) => lines.replaceAll(/^ \* ?/gm, ''));
}

const everything = "import http from 'node:http';\nimport { listen, listenFds, notify } from 'rouse/sd-daemon';\n";

describe('the examples in the comments', () => {
  it('of the library: an echo server on every kind of socket, which says that it is ready', async () => {
    const [example = ''] = examplesOf('index.ts');
    const manager = hold('datagram', { family: 'unix', path: join(folder, 'notify') });
    const sockets = [hold('stream', { family: 'unix', path: join(folder, 'echo') }), hold('datagram', { family: 'unix', path: join(folder, 'dgram') })];
    const started = activate({
      argv: [process.execPath, library.program('echo.mjs', `${example}\nconsole.log('ready');`)],
      sockets,
      env: [`NOTIFY_SOCKET=${join(folder, 'notify')}`],
    });
    await started.printed('ready');
    expect(receiveMessage(manager.fd, { maxBytes: 100 })?.data.toString()).toBe('READY=1');
    expect(await socat(`UNIX-CONNECT:${join(folder, 'echo')}`, 'hello')).toBe('hello');
    expect(await socat(`UNIX-SENDTO:${join(folder, 'dgram')},bind=${join(folder, 'client')}`, 'hello', '-t', '0.3')).toBe('hello');
    started.kill('SIGTERM');
    await started.exit;
    for (const { fd } of [manager, ...sockets]) fd.close();
  });

  it('of listenFds: an HTTP server on the socket that was passed', async () => {
    const [example = ''] = examplesOf('listen-fds.ts');
    const web = hold('stream', { family: 'unix', path: join(folder, 'web') });
    const program = library.program('web.mjs', `${everything}const app = (_, response) => response.end('hello');\n${example}\nconsole.log('ready');`);
    const started = activate({ argv: [process.execPath, program], sockets: [web] });
    await started.printed('ready');
    expect(await socat(`UNIX-CONNECT:${join(folder, 'web')}`, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/hello$/);
    started.kill('SIGTERM');
    await started.exit;
    web.fd.close();
  });

  it('of listen: a greeting for every client', async () => {
    const [example = ''] = examplesOf('listen.ts');
    const sockets = [hold('stream', { family: 'unix', path: join(folder, 'greet') }), hold('datagram', { family: 'inet', host: '127.0.0.1', port: 0 })];
    const started = activate({ argv: [process.execPath, library.program('greet.mjs', `${everything}${example}\nconsole.log('ready');`)], sockets });
    await started.printed('ready');
    const udp = sockets[1]?.address;
    expect(await socat(`UNIX-CONNECT:${join(folder, 'greet')}`, '')).toBe('hello\n');
    expect(await socat(`UDP4:127.0.0.1:${udp?.family === 'inet' ? udp.port : 0}`, 'x', '-t', '0.3')).toBe('hello\n');
    started.kill('SIGTERM');
    await started.exit;
    for (const { fd } of sockets) fd.close();
  });

  it('of notify: whoever calls it without a manager is not harmed', async () => {
    const [example = ''] = examplesOf('notify.ts');
    const started = activate({ argv: [process.execPath, library.program('notify.mjs', `${everything}${example}\nconsole.log('ready');`)], sockets: [] });
    expect(await started.output).toBe('ready\n');
  });
});
