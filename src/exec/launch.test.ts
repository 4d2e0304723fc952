import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bind, getsockname, listen, socket } from '../sys/socket.js';
import { findProgram, type LaunchHost, type LaunchRequest } from './launch.js';
import { LaunchError } from './launch-error.js';
import { launchHost, newPoller, runToEnd, type Ended } from './testing/launched.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-launch-'));
const poller = newPoller();
afterAll(() => {
  poller.close();
  rmSync(folder, { recursive: true });
});
chmodSync(folder, 0o755);
const isRoot = process.getuid?.() === 0;
const host = launchHost(folder);

const run = (lines: string, more: Partial<LaunchRequest> = {}, on: LaunchHost = host): Promise<Ended> => runToEnd(on, poller, lines, more);
/** What a shell script prints, as ExecStart= with these other lines. */
const printed = async (script: string, lines = '', more: Partial<LaunchRequest> = {}): Promise<string> => (await run(`ExecStart=/bin/sh -c '${script}'\n${lines}`, more)).output;

describe('a launched command', () => {
  it('has its words, and argv[0] where it was given', async () => {
    expect((await run('ExecStart=/bin/echo a "b  c" $$x')).output).toBe('a b  c $x');
    expect((await run("ExecStart=@/bin/sh zero -c 'echo $$0'")).output).toBe('zero');
  });

  it('is looked up in PATH', async () => {
    expect((await run('ExecStart=echo found')).output).toBe('found');
    expect(findProgram('/no/such', '/bin')).toBe('/no/such');
    await expect(run('ExecStart=no-such-program')).rejects.toThrow(/^finding the program: No 'no-such-program' in /);
  });

  it('has the environment of its unit and of itself, and no other', async () => {
    const output = await printed('env', 'Environment=A=1\nStateDirectory=s', { variables: new Map([['INVOCATION_ID', 'abc']]) });
    const names = output
      .split('\n')
      .map((line) => line.slice(0, line.indexOf('=')))
      .filter((name) => !['_', 'PWD', 'SHLVL', 'OLDPWD'].includes(name));
    expect(names.sort()).toEqual(['A', 'INVOCATION_ID', 'PATH', 'STATE_DIRECTORY']);
  });

  it('begins in / with umask 022, in a session of its own', async () => {
    const { output, pid } = await run('ExecStart=/bin/sh -c \'pwd; umask; cut -d" " -f6 /proc/self/stat\'');
    expect(output.split('\n')).toEqual(['/', '0022', String(pid)]);
  });

  it('has what its keys ask for', async () => {
    const script = 'pwd; umask; ulimit -n; ulimit -Hn; nice; cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status';
    expect((await printed(script, `WorkingDirectory=${folder}\nUMask=0077\nLimitNOFILE=100:200\nNice=5\nOOMScoreAdjust=500\nNoNewPrivileges=yes`)).split(/\s+/)).toEqual([
      folder,
      '0077',
      '100',
      '200',
      '5',
      '500',
      'NoNewPrivs:',
      '1',
    ]);
  });

  it.runIf(isRoot)('has as much of what it asks for as may be had, and starts nevertheless', async () => {
    // Many containers lack CAP_SYS_RESOURCE and CAP_SYS_NICE: there all three are refused.
    const drop = `ExecStart=/bin/sh -c "ulimit -Hn; cat /proc/self/oom_score_adj; nice"\nLimitNOFILE=1048000\nOOMScoreAdjust=-900\nNice=-5`;
    expect((await run(drop)).exit).toEqual({ code: 'exited', status: 0 });
  });

  it.each([
    ['yes', '1'],
    ['no', '0'],
  ])('ignores SIGPIPE with IgnoreSIGPIPE=%s: %s', async (key, ignored) => {
    const mask = BigInt(`0x${(await printed('grep SigIgn /proc/self/status', `IgnoreSIGPIPE=${key}`)).split(/\s+/)[1] ?? ''}`);
    expect(String((mask >> 12n) & 1n)).toBe(ignored);
  });

  it.runIf(isRoot)('is its user, with the groups and the variables of that one', async () => {
    const script = 'id -u; id -g; id -G; echo $$USER $$HOME';
    expect(await printed(script, 'User=1234\nGroup=2345\nSupplementaryGroups=3456')).toBe('1234\n2345\n2345 3456\n1234 /');
    expect(await printed(script, 'User=nobody')).toMatch(/^65534\n65534\n65534\nnobody \//);
    expect((await run("ExecStart=+/bin/sh -c 'id -u'\nUser=nobody")).output).toBe('0');
    expect((await run("ExecStart=!/bin/sh -c 'id -u'\nUser=nobody")).output).toBe('0');
  });

  it('tells how it ended', async () => {
    expect((await run("ExecStart=/bin/sh -c 'exit 7'")).exit).toEqual({ code: 'exited', status: 7 });
    expect((await run("ExecStart=/bin/sh -c 'kill -TERM $$$$'")).exit).toEqual({ code: 'killed', status: 15, signal: 'SIGTERM' });
  });

  it('may be changed just before it is executed', async () => {
    expect((await run('ExecStart=/bin/echo one', { adapt: (argv) => [...argv, 'two'] })).output).toBe('one two');
  });

  it('leaves no descriptor behind in us', async () => {
    await run('ExecStart=/bin/true');
    const before = readdirSync('/proc/self/fd').length;
    await run('ExecStart=/bin/true\nStandardOutput=null\nStandardInput=null');
    await expect(run('ExecStart=/bin/true\nStandardOutput=file:/no/such/file')).rejects.toThrow(LaunchError);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

describe('standard streams', () => {
  const file = join(folder, 'out');
  const written = async (lines: string): Promise<string> => {
    const { output } = await run(`ExecStart=/bin/sh -c 'echo out; echo err >&2'\n${lines}`);
    return `${output}|${readFileSync(file, 'utf8')}`;
  };

  it.each([
    ['', 'out\nerr|old text\n'],
    ['StandardOutput=null', '|old text\n'],
    ['StandardOutput=null\nStandardError=journal', 'err|old text\n'],
    ['StandardError=null', 'out|old text\n'],
    [`StandardOutput=file:${file}`, '|out\nerr\n\n'],
    [`StandardOutput=append:${file}`, '|old text\nout\nerr\n'],
    [`StandardOutput=truncate:${file}`, '|out\nerr\n'],
    [`StandardError=append:${file}`, 'out|old text\nerr\n'],
  ])('with %j', async (lines, expected) => {
    writeFileSync(file, 'old text\n');
    expect(await written(lines)).toBe(expected);
  });

  it('may come from a file, and are empty otherwise', async () => {
    writeFileSync(file, 'input');
    expect((await run(`ExecStart=/bin/cat\nStandardInput=file:${file}`)).output).toBe('input');
    expect((await run('ExecStart=/bin/cat')).output).toBe('');
  });
});

describe('sockets', () => {
  it('are handed over from descriptor 3 on, with their names', async () => {
    const fds = ['a', 'b'].map((name) => {
      const fd = socket('unix', 'stream');
      bind(fd, { family: 'abstract', name: `rouse-launch-${process.pid}-${name}` });
      listen(fd, 5);
      return { fd, name };
    });
    const { output, pid } = await run("ExecStart=/bin/sh -c 'echo $$LISTEN_PID $$LISTEN_FDS $$LISTEN_FDNAMES; readlink /proc/self/fd/3 /proc/self/fd/4; ls -m /proc/$$$$/fd'", {
      sockets: fds,
    });
    const inode = (path: string): string => readFileSync(path, 'utf8').match(/ino:\s*(\d+)/)?.[1] ?? '';
    const inodes = fds.map(({ fd }) => `socket:[${inode(`/proc/self/fdinfo/${fd.number}`)}]`);
    expect(output.split('\n').map((line) => line.trim())).toEqual([`${pid} 2 a:b`, ...inodes, '0, 1, 2, 3, 4']);
    expect(getsockname(fds[0]?.fd ?? fail())).toMatchObject({ family: 'abstract' });
    for (const { fd } of fds) fd.close();
  });

  it.each([
    [true, 0o4000],
    [false, 0],
  ])('are non-blocking with NonBlocking=%s', async (nonBlocking, flag) => {
    const fd = socket('unix', 'stream');
    const output = await printed('grep flags /proc/self/fdinfo/3', '', { sockets: [{ fd, name: 'x' }], nonBlocking });
    expect(Number.parseInt(output.split('\t')[1] ?? '', 8) & 0o4000).toBe(flag);
    fd.close();
  });

  it('are standard input and output with StandardInput=socket', async () => {
    const fd = socket('unix', 'stream');
    const output = await printed('a=$$(readlink /proc/$$$$/fd/0); b=$$(readlink /proc/$$$$/fd/1); echo $$a $$b >&2', 'StandardInput=socket\nStandardError=journal', {
      sockets: [{ fd, name: 'x' }],
    });
    const [input, out] = output.split(' ');
    expect(input).toMatch(/^socket:/);
    expect(out).toBe(input);
    fd.close();
  });
});

function fail(): never {
  throw new Error('missing');
}

describe('what cannot be launched', () => {
  it.each<[lines: string, message: RegExp]>([
    ['User=no-such-user', /^looking up the user: No such user 'no-such-user'$/],
    ['Group=no-such-group', /^looking up the group: No such group 'no-such-group'$/],
    ['User=0\nSupplementaryGroups=no-such-group', /^looking up the group: No such group 'no-such-group'$/],
    ['EnvironmentFile=/no/such/file', /^reading the environment files: Failed to read EnvironmentFile= '\/no\/such\/file': ENOENT$/],
    ['StandardOutput=file:/no/such/file', /^setting up standard input and output: ENOENT/],
    ['StandardInput=file:/no/such/file', /^setting up standard input and output: ENOENT/],
  ])('says at which stage: %s', async (lines, message) => {
    await expect(run(`ExecStart=/bin/true\n${lines}`)).rejects.toThrow(expect.objectContaining({ name: 'Error', message: expect.stringMatching(message) as string }) as Error);
  });

  it('says that its directory cannot be made', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(run('ExecStart=/bin/true\nStateDirectory=x', {}, { ...host, folders: { ...host.folders, state: join(folder, 'file') } })).rejects.toThrow(
      /^creating its directories: /,
    );
  });

  it('is a service of another user, for the manager of a user', async () => {
    await expect(run('ExecStart=/bin/true\nUser=54321', {}, { ...host, mode: 'user' })).rejects.toThrow("changing the user: A user's manager cannot run a service as '54321'");
  });

  it.each([
    ['ExecStart=/no/such/program', 203],
    ['ExecStart=/bin/true\nWorkingDirectory=/no/such/folder', 200],
  ])('ends with the exit code of its stage: %s', async (lines, status) => {
    expect((await run(lines)).exit).toEqual({ code: 'exited', status });
  });

  it('goes on where the working directory may be missing', async () => {
    expect((await run('ExecStart=/bin/true\nWorkingDirectory=-/no/such/folder')).exit.status).toBe(0);
  });
});
