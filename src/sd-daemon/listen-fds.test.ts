import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenFds } from './listen-fds.js';
import { activate, hasProgram, hold, installPackage, socat, type Package } from './testing/activate.js';

const pid = String(process.pid);

describe('the variables', () => {
  it('name nothing when the program was started in another way', () => {
    expect(listenFds({ env: {} })).toEqual([]);
    expect(listenFds({ env: { LISTEN_FDS: '1' } })).toEqual([]);
  });

  it('are for the process that LISTEN_PID= names only', () => {
    expect(listenFds({ env: { LISTEN_PID: '1', LISTEN_FDS: '1' } })).toEqual([]);
  });

  it('name the descriptors from 3 on', () => {
    expect(listenFds({ env: { LISTEN_PID: pid, LISTEN_FDS: '2', LISTEN_FDNAMES: 'web.socket:admin' } })).toEqual([
      { fd: 3, name: 'web.socket' },
      { fd: 4, name: 'admin' },
    ]);
  });

  it('leave names unknown when there are none', () => {
    expect(listenFds({ env: { LISTEN_PID: pid, LISTEN_FDS: '1' } })).toEqual([{ fd: 3, name: 'unknown' }]);
    expect(listenFds({ env: { LISTEN_PID: pid, LISTEN_FDS: '0', LISTEN_FDNAMES: '' } })).toEqual([]);
  });

  it('are removed for programs that are started from here, where that is wanted', () => {
    const env = { LISTEN_PID: pid, LISTEN_FDS: '1', LISTEN_FDNAMES: 'x', PATH: '/bin' };
    listenFds({ env });
    expect(env).toHaveProperty('LISTEN_FDS');
    listenFds({ env, unsetEnvironment: true });
    expect(env).toEqual({ PATH: '/bin' });
  });

  it.each([
    [{ LISTEN_PID: 'me', LISTEN_FDS: '1' }, "Failed to read LISTEN_PID=: 'me' is not a whole number"],
    [{ LISTEN_PID: pid, LISTEN_FDS: '-1' }, "Failed to read LISTEN_FDS=: '-1' is not a whole number"],
    [{ LISTEN_PID: pid, LISTEN_FDS: '' }, "Failed to read LISTEN_FDS=: '' is not a whole number"],
    [{ LISTEN_PID: pid, LISTEN_FDS: '2', LISTEN_FDNAMES: 'a' }, "Failed to read LISTEN_FDNAMES=: 'a' has 1 names, and LISTEN_FDS= says 2"],
    [{ LISTEN_PID: pid, LISTEN_FDS: '5000' }, /^LISTEN_FDS=5000 says that descriptor \d+ was passed, but it is not open$/],
  ])('are refused when they are wrong: %j', (env, message) => {
    expect(() => listenFds({ env })).toThrow(message);
  });
});

describe('a started program', () => {
  let library: Package;
  beforeAll(async () => {
    library = await installPackage({ koffi: false });
  });
  afterAll(() => library.remove());

  it('has descriptors that programs started from it do not inherit', async () => {
    const program = library.program(
      'inherit.mjs',
      `import { readFileSync } from 'node:fs';
       import { listenFds } from 'rouse/sd-daemon';
       for (const { fd, name } of listenFds()) console.log(fd, name, (Number.parseInt(/flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + fd, 'utf8'))[1], 8) & 0o2000000) !== 0);`,
    );
    const sockets = [hold('stream', { family: 'inet', host: '127.0.0.1', port: 0 }), hold('datagram', { family: 'inet6', host: '::1', port: 0 })];
    const started = activate({ argv: [process.execPath, program], sockets, names: ['a', 'b'] });
    expect(await started.output).toBe('3 a true\n4 b true\n');
    for (const { fd } of sockets) fd.close();
  });

  it('takes what systemd-socket-activate passes', async ({ skip }) => {
    if (!(await hasProgram('systemd-socket-activate'))) skip('systemd-socket-activate is not installed');
    const program = library.program(
      'http.mjs',
      `import http from 'node:http';
       import { listenFds } from 'rouse/sd-daemon';
       const [inherited] = listenFds();
       const server = http.createServer((request, response) => { response.end(inherited.name, () => server.close()); server.closeIdleConnections(); }).listen(inherited);`,
    );
    const path = `${library.folder}/http.sock`;
    const started = activate({ argv: ['/usr/bin/systemd-socket-activate', '-l', path, '--fdname=web', process.execPath, program], sockets: [] });
    await started.printed('Listening on');
    expect(await socat(`UNIX-CONNECT:${path}`, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nweb$/);
    expect(await started.exit).toEqual({ code: 'exited', status: 0 });
  });
});
