/** That the test host is what README.md says, for each kind of host, and that it leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CgroupLayout, cgroupLayouts, type Host, hostPath, runInHost, startHost, whyNoHost } from './host.mjs';

const COMMAND = join(import.meta.dirname, 'host.mjs');
const store = dirname(hostPath());
const layouts = cgroupLayouts();

interface Kind {
  title: string;
  systemd?: boolean;
  cgroups: CgroupLayout;
  /** podman's --cgroups= modes that work for tester and that do not; for root all of them work. */
  works: string[];
  refused: string[];
  /** Where a command begins, for root and for tester. */
  begins: { root: RegExp; tester: RegExp };
}

const plain = { root: /^0::\/root$/m, tester: /^0::\/tester$/m };

const kinds: Kind[] = [
  { title: 'a host with delegated cgroups', cgroups: 'delegated', works: ['enabled', 'disabled', 'split'], refused: [], begins: plain },
  { title: 'a host with undelegated cgroups', cgroups: 'undelegated', works: ['enabled', 'disabled'], refused: ['split'], begins: plain },
  { title: 'a host with hybrid cgroups', cgroups: 'hybrid', works: ['enabled', 'disabled'], refused: ['split'], begins: plain },
  {
    title: 'a host with systemd',
    systemd: true,
    cgroups: 'delegated',
    works: ['enabled', 'disabled', 'split'],
    refused: [],
    begins: { root: /^0::\/system\.slice\/run-.*\.scope$/m, tester: /^0::\/user\.slice\/user-1000\.slice\/user@1000\.service\/app\.slice\/run-.*\.scope$/m },
  },
  {
    title: 'a host with systemd and undelegated cgroups',
    systemd: true,
    cgroups: 'undelegated',
    works: ['enabled', 'disabled'],
    refused: [],
    begins: { root: /^0::\/system\.slice\/run-.*\.scope$/m, tester: /^0::\/user\.slice\/user-1000\.slice\/run-.*\.scope$/m },
  },
];

/** What is there of a host outside: cgroups, processes, mounts, loop devices, and files in the store. */
function traces(name: string, pidNamespace: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const cgroups = mounts.filter((line) => / - cgroup2? /.test(line)).map((line) => join(line.split(' ')[4] ?? '', name));
  const loops = readdirSync('/sys/block').map((device) => `/sys/block/${device}/loop/backing_file`);
  return [
    ...cgroups.filter((path) => existsSync(path)),
    ...processes((pid) => readlinkSync(`/proc/${pid}/ns/pid`) === pidNamespace || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`NAME=${name}`)),
    ...mounts.filter((line) => line.includes(store) || line.includes(name)),
    ...loops.filter((path) => existsSync(path) && readFileSync(path, 'utf8').startsWith(store)),
    ...readdirSync(store).filter((file) => !/^(root-[0-9a-f]+|mnt|lock|build\.log)$/.test(file)),
    ...readdirSync(join(store, 'mnt')),
  ];
}

function processes(matches: (pid: string) => boolean): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^[0-9]+$/.test(pid)) return false;
    try {
      return matches(pid) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false; // It has ended in the meantime.
    }
  });
}

function pidNamespace(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/pid`);
}

const cannot = whyNoHost();

describe.skipIf(cannot !== undefined).each(kinds.filter(({ cgroups }) => layouts[cgroups].possible))('$title', ({ systemd = false, cgroups, works, refused, begins }) => {
  let host: Host;
  let namespace: string;
  beforeAll(async () => {
    host = await startHost({ systemd, cgroups });
    namespace = pidNamespace(host.pid);
  });

  async function output(user: 'root' | 'tester', script: string): Promise<string> {
    const { status, stdout, stderr } = await host.exec(['sh', '-c', script], { user });
    expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: expect.any(String) });
    return stdout.trim();
  }

  test('has Debian 13, its podman and a Node that rouse runs on', async () => {
    expect(await output('root', '. /etc/os-release; echo $ID $VERSION_ID')).toBe('debian 13');
    expect(await output('root', 'podman --version')).toMatch(/ 5\.4\./);
    expect(await output('root', 'node --version')).toMatch(/^v20\.(19|[2-9][0-9])\./);
  });

  test('has a process 1 that reaps what nobody waits for', async () => {
    expect(await output('root', 'cat /proc/1/comm')).toBe(systemd ? 'systemd' : 'catatonit');
    await output('root', 'sh -c "sleep 0.01 & exit"; sleep 0.1');
    expect(await output('root', 'ps -e -o stat=,comm= | grep "^Z" || true')).toBe('');
  });

  if (systemd) {
    test('has booted, and tester has a session', async () => {
      expect(await output('root', 'systemctl is-system-running')).toBe('running');
      expect(await output('root', 'systemctl --version')).toMatch(/^systemd 257 /);
      expect(await output('tester', 'systemctl --user is-active default.target dbus.socket')).toBe('active\nactive');
    });
  }

  test('runs commands as root or as tester, where a log-in would put them', async () => {
    expect(await output('root', 'id -un; echo $HOME; pwd')).toBe('root\n/root\n/rouse');
    expect(await output('tester', 'id -un; echo $HOME; pwd; id -G; stat -c "%U %a" $XDG_RUNTIME_DIR')).toBe('tester\n/home/tester\n/rouse\n1000\ntester 700');
    expect(await output('tester', 'unset LISTEN_FDS; podman unshare cat /proc/self/uid_map')).toMatch(/100000\s+65536$/);
    expect(await output('root', 'cat /proc/self/cgroup')).toMatch(begins.root);
    expect(await output('tester', 'cat /proc/self/cgroup')).toMatch(begins.tester);
  });

  test('has the cgroup layout that was asked for', async () => {
    const tree = cgroups === 'hybrid' ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
    expect(await output('root', 'stat -f -c %T /sys/fs/cgroup')).toBe(cgroups === 'hybrid' ? 'tmpfs' : 'cgroup2fs');
    expect(await output('root', `stat -f -c %T ${tree}`)).toBe('cgroup2fs');
    const { status } = await host.exec(['sh', '-c', `mkdir ${tree}$(sed -n s/^0:://p /proc/self/cgroup)/mine`], { user: 'tester' });
    expect(status === 0).toBe(cgroups !== 'undelegated');
  });

  test('has no network but loopback, and no port of the machine', async () => {
    expect(await output('root', 'ls /sys/class/net')).toBe('lo');
    expect(await output('root', 'ss -Hltn')).toBe('');
    expect(await output('tester', 'socat -T 5 TCP-LISTEN:8000 EXEC:"echo hello" & sleep 0.3; socat -T 5 - TCP:127.0.0.1:8000')).toBe('hello');
  });

  test('shows the kernel settings of the machine and cannot change them', async () => {
    const settings = ['fs/nr_open', 'fs/file-max', 'kernel/core_pattern', 'kernel/randomize_va_space'];
    const inside = await output('root', settings.map((name) => `cat /proc/sys/${name}`).join(';'));
    expect(inside).toBe(settings.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8').trim()).join('\n'));
    expect((await host.exec(['sh', '-c', 'echo 1048575 >/proc/sys/fs/nr_open'])).stderr).toContain('Read-only file system');
    expect(await output('root', 'echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start && cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe('80');
    expect(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')).not.toBe('80\n');
  });

  test('keeps what is written under /rouse to itself', async () => {
    const scratch = `host-test-${process.pid}`;
    await output('root', `echo changed >/rouse/package.json; echo new >/rouse/${scratch}; cat /rouse/package.json`);
    expect(readFileSync('package.json', 'utf8')).toContain('"name": "rouse"');
    expect(existsSync(scratch)).toBe(false);
  });

  describe.each(['root', 'tester'] as const)("%s's podman", (user) => {
    const modes = user === 'root' ? { works: ['enabled', 'disabled', 'split'], refused: [] } : { works, refused };

    test('has a storage of its own', async () => {
      expect(await output(user, 'podman images --quiet')).toBe('');
      const folder = user === 'root' ? '/var/lib/containers/storage' : '/home/tester/.local/share/containers/storage';
      expect(await output(user, 'podman info --format "{{.Store.GraphRoot}} {{.Store.GraphDriverName}}"')).toBe(`${folder} overlay`);
      await output(user, 'sh test/host/busybox-image.sh');
    });

    test.each(modes.works)('runs a container with --cgroups=%s', async (mode) => {
      expect(await output(user, `podman run --rm --cgroups=${mode} localhost/busybox echo from a container`)).toBe('from a container');
    });

    test.each(modes.refused)('cannot run a container with --cgroups=%s', async (mode) => {
      const { status, stderr } = await host.exec(['podman', 'run', '--rm', `--cgroups=${mode}`, 'localhost/busybox', 'true'], { user });
      expect({ status: status !== 0, stderr }).toEqual({ status: true, stderr: expect.stringMatching(/cgroup/) });
    });

    test('publishes the port of a container', async () => {
      const cgroupMode = cgroups === 'hybrid' ? 'disabled' : 'enabled';
      await output(user, `podman run -d --name web --cgroups=${cgroupMode} -p 127.0.0.1:8080:80 localhost/busybox sh -c 'mkdir /www && echo it works >/www/index.html && httpd -f -p 80 -h /www'`);
      await vi.waitFor(async () => expect(await output(user, 'curl -s http://127.0.0.1:8080/')).toBe('it works'), { timeout: 20_000 });
      await output(user, 'podman rm -f -t 0 web');
    });
  });

  test('leaves nothing behind when it is stopped', async () => {
    await output('tester', 'podman run -d --cgroups=disabled localhost/busybox sleep 1000');
    await output('root', 'setsid sleep 1000 >/dev/null 2>&1 &');
    expect(traces(host.name, namespace)).not.toEqual([]);
    await host.stop();
    expect(traces(host.name, namespace)).toEqual([]);
    expect(() => host.spawn(['true'])).toThrow('The test host has ended');
  });

  afterAll(() => host?.stop());
});

describe.skipIf(cannot !== undefined)('a command in a host', () => {
  let host: Host;
  beforeAll(async () => {
    host = await startHost({ env: { COLOUR: 'red' } });
  });
  afterAll(() => host.stop());

  test('gets its input, variables and folder, and gives its output and exit code', async () => {
    const script = 'cat; echo $COLOUR $SHAPE; pwd; echo problem >&2; exit 7';
    const result = await host.exec(['sh', '-c', script], { input: 'some input\n', env: { SHAPE: 'round' }, cwd: '/tmp' });
    expect(result).toEqual({ status: 7, stdout: 'some input\nred round\n/tmp\n', stderr: 'problem\n' });
  });

  test('has no variable of the caller', async () => {
    process.env['SECRET_OF_THE_CALLER'] = 'x';
    expect((await host.exec(['env'])).stdout).not.toContain('SECRET_OF_THE_CALLER');
  });

  test('has no descriptor but its input and output', async () => {
    expect((await host.exec(['sh', '-c', 'cd /proc/self/fd; echo *'])).stdout).toBe('0 1 2\n');
  });

  test('gives 128 and the number of the signal that killed it', async () => {
    expect((await host.exec(['sh', '-c', 'kill -TERM $$'])).status).toBe(143);
  });

  test('gives 127 when there is no such command', async () => {
    expect(await host.exec(['no-such-command'])).toMatchObject({ status: 127, stderr: expect.stringContaining('no-such-command') });
  });

  test('is killed when its time is over, and so is what it has started', async () => {
    const { status, stdout } = await host.exec(['sh', '-c', 'echo begins; sleep 4321 & setsid sleep 1234 & wait'], { timeoutMs: 500 });
    expect({ status, stdout }).toEqual({ status: 124, stdout: 'begins\n' });
    expect((await host.exec(['pgrep', '-f', 'sleep 4321'])).stdout).toBe('');
  });

  test('finds what the one before it has written', async () => {
    await host.exec(['sh', '-c', 'echo kept >/tmp/kept']);
    expect((await host.exec(['cat', '/tmp/kept'], { user: 'tester' })).stdout).toBe('kept\n');
  });

  test('can be started, talked to and signalled', async () => {
    const child = host.spawn(['sh', '-c', 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done']);
    let text = '';
    child.stdout?.on('data', (data: Buffer) => (text += data.toString()));
    await vi.waitFor(() => expect(text).toBe('ready\n'), { timeout: 20_000 });
    process.kill(-child.pid!, 'SIGTERM');
    await once(child, 'close');
    expect(text).toBe('ready\nbye\n');
  });
});

describe.skipIf(cannot !== undefined)('the host', () => {
  test('shows a folder of the machine where it is told to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'host-test-'));
    writeFileSync(join(folder, 'in'), 'from outside');
    const { stdout } = await runInHost(['sh', '-c', 'cat /srv/shared/in; echo from inside >/srv/shared/out'], { binds: [`${folder}:/srv/shared`] });
    expect(stdout).toBe('from outside');
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('from inside\n');
    rmSync(folder, { recursive: true });
  });

  test('says what is wrong with a bind, and leaves nothing', async () => {
    await expect(startHost({ binds: ['/no/such/folder:/srv'] })).rejects.toThrow('/no/such/folder');
  });

  test('says why systemd and hybrid cgroups do not go together', async () => {
    await expect(startHost({ systemd: true, cgroups: 'hybrid' })).rejects.toThrow(/hybrid/);
  });

  test.each([{ systemd: false }, { systemd: true }])('ends with a caller that is killed: %o', async (options) => {
    const { caller, name, pid } = await startCaller(options);
    const namespace = pidNamespace(pid);
    caller.kill('SIGKILL');
    await vi.waitFor(() => expect(traces(name, namespace)).toEqual([]), { timeout: 20_000 });
  });

  test('ends at once with a supervisor that is killed, and the next host removes its cgroups', async () => {
    const { caller, name, pid } = await startCaller({ cgroups: layouts.hybrid.possible ? 'hybrid' : 'delegated' });
    const namespace = pidNamespace(pid);
    const supervisors = processes((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('supervise') && readFileSync(`/proc/${id}/environ`, 'utf8').includes(`NAME=${name}`));
    for (const id of supervisors) process.kill(Number(id), 'SIGKILL');
    await vi.waitFor(() => expect(processes((id) => readlinkSync(`/proc/${id}/ns/pid`) === namespace)).toEqual([]), { timeout: 20_000 });
    caller.kill('SIGKILL');
    await runInHost(['true']);
    await vi.waitFor(() => expect(traces(name, namespace)).toEqual([]), { timeout: 20_000 });
  });

  test('does not see or disturb another one beside it', async () => {
    const [one, two] = await Promise.all([startHost(), startHost()]);
    await one.exec(['sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 & echo mine >/etc/mine']);
    expect((await two.exec(['sh', '-c', 'pgrep sleep; cat /etc/mine'])).stdout).toBe('');
    await one.stop();
    expect((await two.exec(['echo', 'still here'])).stdout).toBe('still here\n');
    await two.stop();
  });
});

/** A process that starts a host, with something running in it, and then waits for its end. */
async function startCaller(options: object): Promise<{ caller: ReturnType<typeof spawn>; name: string; pid: number }> {
  const script = `
    const { startHost } = await import(${JSON.stringify(COMMAND)});
    const host = await startHost(${JSON.stringify(options)});
    host.spawn(['sh', '-c', 'setsid sleep 1000 & exec sleep 1000'], { user: 'tester' });
    await host.exec(['sh', '-c', 'until pgrep -u tester sleep; do sleep 0.05; done']);
    console.log(JSON.stringify({ name: host.name, pid: host.pid }));`;
  const caller = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(caller.stdout, 'data')) as [Buffer];
  return { caller, ...(JSON.parse(line.toString()) as { name: string; pid: number }) };
}

describe.skipIf(cannot !== undefined)('host.mjs as a command', () => {
  async function command(...args: string[]): Promise<{ status: number | null; output: string }> {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, output };
  }

  test('gives the exit code of the command that it ran', async () => {
    expect(await command('run', '--user', '--cgroups=undelegated', '--', 'sh', '-c', 'id -un; exit 9')).toEqual({ status: 9, output: 'tester\n' });
  });

  test('gives 124 when the time is over', async () => {
    expect((await command('run', '--timeout', '1', '--', 'sleep', '1000')).status).toBe(124);
  });

  test('says where the root file system is', async () => {
    expect(await command('path')).toEqual({ status: 0, output: `${hostPath()}\n` });
    expect(statSync(hostPath()).isDirectory()).toBe(true);
  });

  test('says how it is used', async () => {
    expect(await command('run', '--no-such-option', '--', 'true')).toEqual({ status: 2, output: expect.stringContaining("No option '--no-such-option'") });
    expect(await command('run')).toEqual({ status: 2, output: expect.stringContaining('usage:') });
  });
});

describe('the cgroup layouts of a machine', () => {
  const v1 = [{ options: 'memory', path: '/sys/fs/cgroup/memory' }];

  test('are all of them where v1 and v2 are mixed', () => {
    const possible = { possible: true };
    expect(cgroupLayouts({ unified: '/sys/fs/cgroup/unified', v1 })).toEqual({ delegated: possible, undelegated: possible, hybrid: possible });
  });

  test('are not hybrid where there is only v2, and the reason is given', () => {
    const layouts = cgroupLayouts({ unified: '/sys/fs/cgroup', v1: [] });
    expect(layouts.delegated).toEqual({ possible: true });
    expect(layouts.hybrid).toEqual({ possible: false, why: expect.stringContaining('purely cgroup v2') });
  });

  test('are none where there is only v1', () => {
    const layouts = cgroupLayouts({ unified: undefined, v1 });
    expect(Object.values(layouts).map(({ possible }) => possible)).toEqual([false, false, false]);
  });
});
