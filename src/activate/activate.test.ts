import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildVerb, freePort, type BuiltVerb, type VerbProcess } from '../cli/testing/verb-process.js';

let verb: BuiltVerb;
let folder: string;
const running: VerbProcess[] = [];

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

beforeAll(async () => {
  verb = await buildVerb('activate');
});
afterAll(() => {
  vi.resetConfig();
  verb.remove();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rouse-activate-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.end()));
  rmSync(folder, { recursive: true });
});

function activate(args: readonly string[], options?: Parameters<BuiltVerb['run']>[1]): VerbProcess {
  const process = verb.run(args, options);
  running.push(process);
  return process;
}

/** What socat gets from there, having sent this. */
function ask(address: string, input = ''): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('socat', ['-t', '5', '-', address], { timeout: 20_000 }, (_, stdout) => resolve(stdout));
    child.stdin?.end(input);
  });
}

/** A server on all descriptors that it gets, which answers with what it hears. */
const ECHO = `for (let i = 0; i < Number(process.env.LISTEN_FDS); i++)
  require('net').createServer({ allowHalfOpen: true }, (s) => s.on('error', () => 0).pipe(s)).listen({ fd: 3 + i }, () => console.log('serving ' + i));`;
const echo = [process.execPath, '-e', ECHO] as const;

describe('the command', () => {
  test('starts when somebody connects, in the same process, and serves that client', async () => {
    const port = await freePort();
    const server = activate(['-l', `127.0.0.1:${port}`, ...echo]);
    await server.says(`Listening on 127.0.0.1:${port} as 3.\n`);
    expect(await ask(`tcp:127.0.0.1:${port}`, 'hello')).toBe('hello');
    expect(server.err).toContain(`Communication attempt on fd 3.\nExecing ${process.execPath} (`);
    expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8').split('\0')).toEqual(expect.arrayContaining(['LISTEN_FDS=1', `LISTEN_PID=${server.pid}`]));
  });

  test('waits in a few kilobytes', async () => {
    const server = activate(['-l', join(folder, 'a'), 'true']);
    await server.says('Listening on');
    await waitFor(() => readFileSync(`/proc/${server.pid}/comm`, 'utf8').startsWith('rouse-wait'));
    expect(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1])).toBeLessThan(1000);
  });

  test('ends us with its exit code, and gets our signals', async () => {
    const path = join(folder, 'a');
    const failing = activate(['-l', path, 'sh', '-c', 'exit 7']);
    await failing.says('Listening');
    void ask(`unix:${path}`);
    expect(await failing.ended).toBe(7);
    const waiting = activate(['-l', path, 'true']);
    await waiting.says('Listening');
    waiting.child.kill('SIGTERM');
    expect(await waiting.ended).toBe('SIGTERM');
  });

  test('gets TERM, PATH, USER and HOME of the environment, and what -E adds', async () => {
    const command = activate(['--now', '-l', join(folder, 'a'), '--fdname=web', '-E', 'COLOUR=blue', '-E', 'LANG', '-E', 'NEVER_SET', '-E', 'HOME=/nowhere', 'env'], {
      env: { TERM: 'xterm', USER: 'somebody', LANG: 'C.UTF-8', OTHER: 'x', NOTIFY_SOCKET: '/nowhere' },
    });
    expect(await command.ended).toBe(0);
    const expected = [
      'COLOUR=blue',
      'HOME=/nowhere',
      'LANG=C.UTF-8',
      'LISTEN_FDNAMES=web',
      'LISTEN_FDS=1',
      `LISTEN_PID=${command.pid}`,
      'NEVER_SET=',
      'TERM=xterm',
      'USER=somebody',
    ];
    expect(
      command.out
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('PATH='))
        .toSorted(),
    ).toEqual(expected);
  });

  test('gets its descriptors and no others, blocking, with signals and limits as they were given', async () => {
    const look = 'ls /proc/self/fd | tr "\\n" " "; ulimit -Sn; grep -h "^SigIgn\\|^SigBlk" /proc/self/status; cat /proc/self/fdinfo/4 | grep flags';
    const command = activate(['--now', '-l', join(folder, 'a'), '-l', join(folder, 'b'), 'bash', '-c', look], { shell: 'ulimit -S -n 321; exec 77</dev/null; "$@"; exit;' });
    expect(await command.ended).toBe(0);
    // 5 is the folder that ls itself reads.
    expect(command.out).toBe('0 1 2 3 4 5 321\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nflags:\t02\n');
  });

  test('is looked for in PATH, and a script without #! is given to the shell', async () => {
    writeFileSync(join(folder, 'script'), 'echo "script: $0 $1"\n');
    chmodSync(join(folder, 'script'), 0o755);
    const command = activate(['--now', '-l', join(folder, 'a'), 'script', 'x'], { env: { PATH: `/nowhere:${folder}:${process.env['PATH']}` } });
    expect(await command.ended).toBe(0);
    expect(command.out).toBe(`script: ${folder}/script x\n`);
  });

  test.each([
    ['is not there', ['no-such-program', 'a  b', "c'd"], "Failed to execp no-such-program (no-such-program a  b c'd): No such file or directory\n"],
    ['may not be executed', ['/etc/passwd'], 'Failed to execp /etc/passwd (/etc/passwd): Permission denied\n'],
  ])('that %s fails with 1', async (_, words, message) => {
    const command = activate(['--now', '-l', join(folder, 'a'), ...words]);
    expect(await command.ended).toBe(1);
    expect(command.err).toContain(message);
  });
});

describe('sockets', () => {
  test('of every kind are opened in their order', async () => {
    const [v4, v6, both, vsock] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const path = join(folder, 'new', 'path');
    const addresses = [`127.0.0.1:${v4}`, `[::1]:${v6}`, String(both), path, `@rouse-${both}`, `vsock::${vsock}`];
    const command = activate(['--now', ...addresses.flatMap((address) => ['-l', address]), 'sh', '-c', 'for i in 3 4 5 6 7 8; do readlink /proc/self/fd/$i; done']);
    expect(await command.ended).toBe(0);
    expect(command.out.match(/socket:/g)).toHaveLength(6);
    const names = [...addresses.slice(0, 2), `[::]:${both}`, ...addresses.slice(3)];
    for (const [i, name] of names.entries()) expect(command.err).toContain(`Listening on ${name} as ${3 + i}.\n`);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test('that a dead server left are replaced', async () => {
    const path = join(folder, 'a');
    expect(await activate(['--now', '-l', path, 'true']).ended).toBe(0);
    expect(existsSync(path)).toBe(true);
    expect(await activate(['--now', '-l', path, 'true']).ended).toBe(0);
  });

  test('for datagrams start the command when one arrives', async () => {
    const port = await freePort();
    const server = activate(['-d', '-l', `127.0.0.1:${port}`, 'socat', '-u', 'FD:3', 'STDOUT']);
    await server.says('Listening on');
    void ask(`udp:127.0.0.1:${port}`, 'datagram\n');
    await server.says('datagram\n');
  });

  test('for sequential packets', async () => {
    const path = join(folder, 'a');
    const server = activate(['--seqpacket', '-a', '--inetd', '-l', path, 'cat']);
    await server.says('Listening on');
    expect(await ask(`unix-connect:${path},type=5`, 'packet')).toBe('packet');
  });

  test('that were inherited come first', async () => {
    const shell = `exec 3<>${join(folder, 'fifo')};  export LISTEN_FDS=1 LISTEN_PID=$$;`;
    const command = activate(['-l', join(folder, 'a'), 'sh', '-c', 'echo $LISTEN_FDS; readlink /proc/self/fd/3; readlink /proc/self/fd/4'], {
      shell: `mkfifo ${join(folder, 'fifo')}; ${shell} echo x >&3;`,
    });
    expect(await command.ended).toBe(0);
    expect(command.err).toContain('Received 1 descriptors via the environment.\nListening on n/a as 3.\n');
    expect(command.out).toMatch(/^2\n.*fifo\nsocket:/);
  });

  test.each([
    ['0', 'Invalid argument'],
    ['70000', 'Numerical result out of range'],
    ['localhost:80', 'Invalid argument'],
    ['vsock:3:x', 'Invalid argument'],
    [`/${'a'.repeat(120)}`, 'File name too long'],
  ])('with the address %s are refused', async (address, reason) => {
    const command = activate(['-l', address, 'true']);
    expect(await command.ended).toBe(1);
    expect(command.err).toBe(`Failed to parse socket address "${address}": ${reason}\nFailed to open '${address}': ${reason}\n`);
  });

  test('that another server has are refused', async () => {
    const port = await freePort();
    const command = activate(['-l', `127.0.0.1:${port}`, '-l', `127.0.0.1:${port}`, 'true']);
    expect(await command.ended).toBe(1);
    expect(command.err).toBe(`Failed to listen on 127.0.0.1:${port}: Address already in use\nFailed to open '127.0.0.1:${port}': Address already in use\n`);
  });
});

describe('--accept', () => {
  test('starts one process for each connection, and says how each ended', async () => {
    const port = await freePort();
    const server = activate(['-a', '--inetd', '-l', `127.0.0.1:${port}`, 'sh', '-c', 'read line; echo "$$ $line"; exit 3']);
    await server.says('Listening on');
    const answers = await Promise.all(['a', 'b', 'c'].map((word) => ask(`tcp:127.0.0.1:${port}`, `${word}\n`)));
    expect(answers.map((answer) => answer.split(' ')[1])).toEqual(['a\n', 'b\n', 'c\n']);
    expect(new Set(answers.map((answer) => answer.split(' ')[0])).size).toBe(3);
    await server.says('died with code 3', 3);
    expect(server.err).toMatch(new RegExp(`Connection from 127\\.0\\.0\\.1:\\d+ to 127\\.0\\.0\\.1:${port}\n`));
  });

  test('passes the connection as descriptor 3, to the process that LISTEN_PID names', async () => {
    const path = join(folder, 'a');
    const server = activate(['-a', '-l', path, 'sh', '-c', 'echo $LISTEN_FDS $LISTEN_PID $$ >&3']);
    await server.says('Listening on');
    const [count, listenPid, pid] = (await ask(`unix:${path}`)).trim().split(' ');
    expect(count).toBe('1');
    expect(listenPid).toBe(pid);
    expect(server.err).toMatch(new RegExp(`Connection from PID \\d+/UID \\d+ to ${path}\nSpawned sh \\(.*\\) as PID ${pid}\\.\n`));
  });

  test('goes on when the command cannot be executed', async () => {
    const path = join(folder, 'a');
    const server = activate(['-a', '-l', path, 'no-such-program']);
    await server.says('Listening on');
    await ask(`unix:${path}`);
    await ask(`unix:${path}`);
    await server.says('Failed to execp no-such-program (no-such-program): No such file or directory\n', 2);
    await server.says('died with code 1', 2);
  });

  test('ends its processes when it is ended', async () => {
    const path = join(folder, 'a');
    const server = activate(['-a', '-l', path, 'sleep', '1000']);
    await server.says('Listening on');
    const client = connect(path).on('error', () => undefined);
    await server.says('Spawned');
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe('SIGTERM');
    const pid = /as PID (\d+)/.exec(server.err)?.[1];
    await waitFor(() => !existsSync(`/proc/${pid}`) || /\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    client.destroy();
  });
});

const IS_SAME = `const [a, b] = [0, 1].map((fd) => require('fs').readlinkSync('/proc/self/fd/' + fd)); console.error(a === b, a.startsWith('socket:'), process.env.LISTEN_FDS);`;

describe('--inetd', () => {
  test('makes the only socket standard input and output', async () => {
    const path = join(folder, 'a');
    const command = activate(['--now', '--inetd', '-l', path, process.execPath, '-e', IS_SAME]);
    expect(await command.ended).toBe(0);
    expect(command.err).toContain('true true undefined\n');
  });

  test('takes no two', async () => {
    const command = activate(['--now', '--inetd', '-l', join(folder, 'a'), '-l', join(folder, 'b'), 'true']);
    expect(await command.ended).toBe(1);
    expect(command.err).toContain('--inetd only supported for single file descriptors.\n');
  });
});

describe('--idle', () => {
  test('ends the command when nobody is connected, and starts it again for the next client', async () => {
    const path = join(folder, 'a');
    const server = activate(['--idle=200ms', '-l', path, ...echo]);
    await server.says('Listening on');
    expect(await ask(`unix:${path}`, 'one')).toBe('one');
    await server.says('Nobody was connected for 200ms, ending PID');
    await server.says('died with code 15');
    expect(await ask(`unix:${path}`, 'two')).toBe('two');
    await server.says('Spawned', 2);
  });

  test('leaves the command alone while somebody is connected', async () => {
    const port = await freePort();
    const server = activate(['--idle=100ms', '-l', `127.0.0.1:${port}`, ...echo]);
    await server.says('Listening on');
    const client = connect(port, '127.0.0.1');
    client.write('x');
    await once(client, 'data');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(server.err).not.toContain('Nobody was connected');
    client.end();
    await server.says('Nobody was connected');
  });

  test('waits for the next client when the command ended by itself, and keeps the client who came meanwhile', async () => {
    const path = join(folder, 'a');
    const server = activate(['--idle=1h', '-l', path, 'cat']);
    await server.says('Listening on');
    const client = connect(path).on('error', () => undefined);
    await server.says('died with code 0');
    await server.says('Trigger limit hit (20 starts in 2s)');
    expect(await server.ended).toBe(1);
    client.destroy();
  });

  test('hands signals on, and ends with the command', async () => {
    const path = join(folder, 'a');
    // The words that we wait for are not in the command itself, which is logged before it runs.
    const server = activate(['--now', '--idle=1h', '-l', path, 'sh', '-c', 'trap "echo caught; exit 5" TERM; echo re""ady; while :; do sleep 0.05; done']);
    await server.says('ready');
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(5);
    expect(server.out).toContain('caught');
  });
});

describe('options', () => {
  test.each([
    [[], 'rouse activate: command to execute is missing.\n'],
    [['true'], 'No sockets to listen on specified or passed in.\n'],
    [['--bogus', 'true'], "rouse activate: unrecognized option '--bogus'\n"],
    [['-l'], "rouse activate: option requires an argument -- 'l'\n"],
    [['--s', 'true'], "rouse activate: option '--s' is ambiguous; possibilities: '--seqpacket' '--setenv'\n"],
    [['--inetd=x', 'true'], "rouse activate: option '--inetd' doesn't allow an argument\n"],
    [['-d', '-a', 'true'], 'Datagram sockets do not accept connections. The --datagram and --accept options may not be combined.\n'],
    [['-d', '--seqpacket', 'true'], '--seqpacket may not be combined with --datagram.\n'],
    [['-E', 'a b', 'true'], 'Cannot assign environment variable a b: Invalid argument\n'],
    [['--idle', 'soon', 'true'], "Failed to parse --idle= parameter: 'soon' is not a time such as 30s or 5min\n"],
  ])('%j are refused', async (args, message) => {
    const command = activate(args);
    expect(await command.ended).toBe(1);
    expect(command.err).toBe(message);
  });

  test('end at the command, whose own are its own', async () => {
    const command = activate(['--now', `-dl${join(folder, 'a')}`, 'echo', '-l', '--help']);
    expect(await command.ended).toBe(0);
    expect(command.out).toBe('-l --help\n');
  });

  test('say what they are, and which version this is', async () => {
    const help = activate(['--help']);
    expect(await help.ended).toBe(0);
    expect(help.out).toContain('--listen=ADDR');
    const version = activate(['--version']);
    expect(await version.ended).toBe(0);
    expect(version.out).toBe('rouse 1.2.3\n');
  });

  test('SYSTEMD_LOG_LEVEL hides lines', async () => {
    const command = activate(['--now', '-l', join(folder, 'a'), 'no-such-program'], { env: { SYSTEMD_LOG_LEVEL: 'err' } });
    expect(await command.ended).toBe(1);
    expect(command.err).toBe('Failed to execp no-such-program (no-such-program): No such file or directory\n');
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
