/** That the test host is what README.md says, for each kind of host, and that it leaves nothing behind. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CgroupLayout, cgroupLayouts, type Host, startHost, whyNoHost } from './host.mjs';
import { pidNamespace, traces } from './traces.js';

const cannot = whyNoHost();
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

describe.skipIf(cannot !== undefined).each(kinds.filter(({ cgroups }) => cannot !== undefined || layouts[cgroups].possible))(
  '$title',
  ({ systemd = false, cgroups, works, refused, begins }) => {
    let host: Host;
    beforeAll(async () => {
      host = await startHost({ systemd, cgroups });
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
        await output(
          user,
          `podman run -d --name web --cgroups=${cgroupMode} -p 127.0.0.1:8080:80 localhost/busybox sh -c 'mkdir /www && echo it works >/www/index.html && httpd -f -p 80 -h /www'`,
        );
        await vi.waitFor(async () => expect(await output(user, 'curl -s http://127.0.0.1:8080/')).toBe('it works'), { timeout: 20_000 });
        await output(user, 'podman rm -f -t 0 web');
      });
    });

    test('leaves nothing behind when it is stopped', async () => {
      const namespace = pidNamespace(host.pid);
      await output('root', 'podman run -d --name paused localhost/busybox sleep 1000 && podman pause paused');
      await output('tester', 'podman run -d --cgroups=disabled localhost/busybox sleep 1000');
      await output('root', 'setsid sleep 1000 >/dev/null 2>&1 &');
      expect(traces(host.name, namespace)).not.toEqual([]);
      await host.stop();
      expect(traces(host.name, namespace)).toEqual([]);
      expect(() => host.spawn(['true'])).toThrow('The test host has ended');
    });

    afterAll(() => host?.stop());
  },
);
