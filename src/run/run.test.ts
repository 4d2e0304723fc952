import { describe, expect, it } from 'vitest';
import { loadUnit } from '../unit/load.js';
import { FACTS } from '../unit/testing/load-text.js';
import { convertQuadlets } from '../quadlet/convert.js';
import { mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { parsePublish } from './ports.js';
import { isRefused } from './refused.js';
import { parseRun } from './request.js';
import { unitFiles, type UnitFileText } from './unit-files.js';

const AROUND = { cwd: '/work', env: { PATH: '/usr/bin:/bin', TOKEN: 'a$b%c "d"' }, findProgram: (name: string) => (name === 'node' ? '/usr/bin/node' : undefined) };

function files(...words: readonly string[]): readonly UnitFileText[] {
  const request = parseRun(words);
  if (isRefused(request)) throw new Error(request.refused);
  const made = unitFiles(request, AROUND, words);
  if (isRefused(made)) throw new Error(made.refused);
  return made;
}

function refusal(...words: readonly string[]): string {
  const request = parseRun(words);
  const made = isRefused(request) ? request : unitFiles(request, AROUND, words);
  return isRefused(made) ? made.refused : 'nothing';
}

const contents = ({ name, text }: UnitFileText) => mergeUnitFiles(name, parseUnitFile(`/etc/${name}`, text).value, []);

/** What the container's service runs, as systemd and podman would have it. */
function command(...words: readonly string[]): readonly string[] {
  const [, container] = files(...words);
  if (container === undefined) throw new Error('There is one file only');
  const [converted] = convertQuadlets([contents(container)], { mode: 'user', uid: 1000, podman: '/usr/bin/podman' });
  expect(converted?.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  if (converted?.service === undefined) throw new Error('It is no container');
  const { value, diagnostics } = loadUnit(converted.service, { facts: FACTS });
  expect(diagnostics).toEqual([]);
  const argv = value?.type === 'service' ? (value.execStart[0]?.argv ?? []) : [];
  // `$` is expanded when the command runs.
  return argv.map((word) => word.replaceAll('$$', '$'));
}

describe('rouse run', () => {
  it('holds a port for what the program binds', () => {
    const [socket] = files('-p', '8080:80', '-p', '127.0.0.1:5432:5432', '-p', '53:53/udp', 'nginx');
    if (socket === undefined) throw new Error('There is no socket');
    const { value } = loadUnit(contents(socket), { facts: FACTS });
    if (value?.type !== 'socket') throw new Error('It is no socket');
    expect(socket.name).toBe('nginx.socket');
    expect(value.listen.map(({ kind, text }) => `${kind} ${text}`)).toEqual(['stream 8080', 'stream 127.0.0.1:5432', 'datagram 53']);
    expect(value.adopt).toMatchObject({ mode: 'yes', targets: [{ address: { port: 80 } }, { address: { port: 5432 } }, { address: { port: 53 } }] });
    expect(value.install.wantedBy).toEqual(['sockets.target']);
  });

  it('gives the container no network, and podman what podman is to have', () => {
    const argv = command(
      '-p',
      '80',
      '-v',
      './data:/data',
      '-e',
      'A=b c',
      '--env=TOKEN',
      '--memory=64m',
      '--rm',
      '-d',
      'docker.io/library/nginx',
      'nginx',
      '-g',
      'daemon off; $x %n',
    );
    expect(argv).toEqual(expect.arrayContaining(['--network', 'none', '-v', '/work/data:/data', '--memory=64m']));
    expect(argv.slice(argv.indexOf('docker.io/library/nginx'))).toEqual(['docker.io/library/nginx', 'nginx', '-g', 'daemon off; $x %n']);
    expect(argv).toEqual(expect.arrayContaining(['--env', 'A=b c', '--env', 'TOKEN=a$b%c "d"']));
  });

  it('leaves a network alone that was asked for', () => {
    const argv = command('-p', '80', '--network=pasta', 'nginx');
    expect(argv[argv.indexOf('--network') + 1]).toBe('pasta');
    expect(argv).not.toContain('none');
  });

  it('runs a command of this host behind --', () => {
    const [, service] = files('-p', '3000', '-e', 'A=$b', '--', 'node', 'server.js', '--port', '$PORT');
    if (service === undefined) throw new Error('There is no service');
    const { value, diagnostics } = loadUnit(contents(service), { facts: FACTS });
    expect(diagnostics).toEqual([]);
    if (value?.type !== 'service') throw new Error('It is no service');
    expect(value.execStart[0]?.argv).toEqual(['/usr/bin/node', 'server.js', '--port', '$$PORT']);
    expect(value).toMatchObject({
      name: 'node.service',
      serviceType: 'notify',
      exec: {
        workingDirectory: '/work',
        environment: [
          ['PATH', '/usr/bin:/bin'],
          ['A', '$b'],
        ],
      },
    });
  });

  it.each([
    [['-it', '-p', '80', 'sh'], 'No -i here: nobody is there to type: it starts when the first client comes'],
    [['-p', '80', '--restart=always', 'nginx'], 'No --restart here: its socket starts it again, for the next client'],
    [['-p', '80'], 'No image and no command given'],
    [['-p', 'http', 'nginx'], 'Failed to parse -p http'],
    [['-p', '80', '--cap-add=x', '--', 'node'], 'No --cap-add for a process of this host'],
    [['-p', '80', '--', 'nothing'], "No 'nothing' in PATH"],
    [['-p', '80', '--json', '--', 'node'], 'Unknown option --json, or its value is missing'],
    [['-p', '80', '--idle', 'soon', '--', 'node'], 'Failed to parse --idle soon'],
    [['-p', '80', '--name', 'a/b', 'nginx'], "'a/b' cannot be the name of a unit"],
  ])('refuses %j', (words, message) => {
    expect(refusal(...words)).toBe(message);
  });

  it.each([
    ['docker.io/library/nginx:1.27', 'nginx'],
    ['ghcr.io/a/b@sha256:0123', 'b'],
    ['localhost/my_app', 'my_app'],
  ])('calls %s %s', (image, name) => {
    expect(parseRun(['-p', '80', image])).toMatchObject({ name });
  });
});

describe('-p', () => {
  it.each([
    ['80', [['80', '80', 'stream']]],
    ['8080:80', [['8080', '80', 'stream']]],
    ['8080:80/tcp', [['8080', '80', 'stream']]],
    ['53:53/udp', [['53', '53', 'datagram']]],
    ['127.0.0.1:8080:80', [['127.0.0.1:8080', '80', 'stream']]],
    ['0.0.0.0:8080:80', [['0.0.0.0:8080', '80', 'stream']]],
    ['[::1]:8080:80', [['[::1]:8080', '80', 'stream']]],
    ['127.0.0.1::80', [['127.0.0.1:80', '80', 'stream']]],
    [
      '8000-8001:80-81',
      [
        ['8000', '80', 'stream'],
        ['8001', '81', 'stream'],
      ],
    ],
    ['/run/app.sock:/run/php.sock', [['/run/app.sock', '/run/php.sock', 'stream']]],
    ['/run/app.sock', [['/run/app.sock', '/run/app.sock', 'stream']]],
  ])('%s', (text, expected) => {
    const parsed = parsePublish(text);
    expect(isRefused(parsed) ? parsed : parsed.map(({ held, program, kind }) => [held, program, kind])).toEqual(expected);
  });

  it.each(['0', '70000', '1:2:3:4', '8000-8001:80', 'a:80', '80/sctp', '/run/a.sock:b', ''])('%s is refused', (text) => {
    expect(isRefused(parsePublish(text))).toBe(true);
  });
});
