/**
 * The walk-through with real podman, containers and clients, for root and an ordinary user, on each kind of cgroups that this machine can
 * make: a socket with six addresses, a container without a network that the first client starts, and nothing left when it has stopped.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cgroupLayouts, whyNoHost, type CgroupLayout } from '../host/host.mjs';
import type { Account, UserName } from './lib/account.js';
import { ask, askDatagram, askMany } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const EXAMPLE = '/rouse/examples/echo';
const layouts = cgroupLayouts();
const kinds = (Object.keys(layouts) as CgroupLayout[]).filter((layout) => layouts[layout].possible);

/** What podman's command has in place of `--cgroups=split` where that cannot be. */
const INSTEAD: Record<CgroupLayout, Partial<Record<UserName, string>>> = {
  delegated: {},
  undelegated: { tester: '--cgroups=disabled' },
  hybrid: { root: '--cgroups=enabled', tester: '--cgroups=enabled' },
};

/** VSOCK has no namespaces: hosts that run at the same time share its ports. */
const vsockPort = String(10_000 + Math.floor(Math.random() * 50_000));

/** A server in the same image that tells each client its address, and leaves when it has. */
const ADDRESS_CONTAINER = `[Unit]
Description=Tells the client's address
[Container]
Image=localhost/rouse-echo
Network=none
Exec=/usr/bin/node -e "require('net').createServer((c)=>{c.end(c.remoteAddress+':'+c.remotePort+'\\\\n');c.resume().on('close',()=>process.exit())}).listen({fd:3})"
`;

const KILLS = [
  ['podman', 'podman kill --signal KILL systemd-echo'],
  ['a kill of its first process', 'kill -9 $(podman inspect systemd-echo --format {{.State.Pid}})'],
  // podman then takes seconds to find out: tried with one layout.
  ['a kill of conmon', 'kill -9 $(podman inspect systemd-echo --format {{.State.ConmonPid}})'],
];

/**
 * Everything that a container could leave behind. Two others are no part of it: Debian's helper for containers with DHCP, which leaves when
 * nobody has asked it for 30 seconds, and the unit that Quadlet lets users' containers wait for, which stays active.
 */
async function traces(account: Account): Promise<object> {
  const { host } = account;
  const mounts = host
    .read('/proc/1/mountinfo')
    .split('\n')
    .filter((line) => line.includes('/overlay/') || line.includes('rouse'));
  return {
    containers: await account.sh('podman ps --all --format "{{.Names}} {{.Status}}"'),
    processes: host
      .processes()
      .filter(({ name }) => name !== 'netavark')
      .map(({ command }) => command)
      .sort(),
    cgroups: (await account.sh('find /sys/fs/cgroup -type d | sort')).split('\n').filter((path) => !/netavark|podman-user-wait/.test(path)),
    mounts,
  };
}

describe.skipIf(whyNoHost() !== undefined).each(kinds)('the walk-through with %s cgroups', (layout) => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start({ cgroups: layout });
  });
  afterAll(() => host.stop());

  describe.each(['root', 'tester'] as const)('as %s', (user) => {
    let account: Account;
    /** What there is before the socket listens. */
    let before: object;
    beforeAll(async () => {
      account = host.as(user);
      await account.sh(`node ${EXAMPLE}/build-image.mjs`);
    });
    afterAll(() => account.reset());

    const unixSocket = (): string => `${account.home}/echo_stream_sock`;
    const status = (property: string): Promise<string> => account.property('echo.service', property);
    const podmanRuns = (): Promise<string> => account.sh('podman ps --format "{{.Names}} {{.Image}}"');
    const server = (): number => host.processes().find(({ command }) => command.endsWith('/app/echo.cjs'))?.pid ?? 0;

    async function expectNothingLeft(): Promise<void> {
      const isAsBefore = async (): Promise<boolean> => JSON.stringify(await traces(account)) === JSON.stringify(before);
      await until('it is as before', isAsBefore, 10_000).catch(async () => expect(await traces(account)).toEqual(before));
    }

    test('daemon-reload reads the files where systemd and Podman have them, and cat shows the podman command', async () => {
      account.unit('echo.container', host.read(`${EXAMPLE}/echo.container`));
      account.unit('echo.socket', host.read(`${EXAMPLE}/echo.socket`).replace(/(?<=vsock:.*:)3000/, vsockPort));
      const { status: code, stdout, stderr } = await account.rouse(['daemon-reload']);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toContain('No manager runs, starting one in the background');
      const text = await account.ok('cat', 'echo.service');
      expect(text).toMatch(/^ExecStart=\/usr\/bin\/podman run .*--network none .*localhost\/rouse-echo$/m);
      expect(text).toContain(`${account.quadlets}/echo.container`);
    });

    test('enable makes the link that systemctl makes', async () => {
      expect(await account.ok('enable', 'echo.socket')).toBe('');
      expect(host.linkTarget(`${account.units}/sockets.target.wants/echo.socket`)).toBe(`${account.units}/echo.socket`);
      expect(await account.ok('is-enabled', 'echo.socket')).toBe('enabled\n');
      expect((await account.rouse(['is-active', 'echo.socket'])).stdout).toBe('inactive\n');
      before = await traces(account);
    });

    test('start listens on the six addresses, and no container runs', async () => {
      await account.ok('start', 'echo.socket');
      const sockets = await account.json<{ listen: string; type: string; unit: string; state: string }[]>('list-sockets', 'echo.socket');
      expect(sockets.map(({ listen, type, state }) => `${listen} ${type} ${state}`)).toEqual([
        '127.0.0.1:3000 Stream listening',
        '127.0.0.1:3000 Datagram listening',
        '[::1]:3000 Stream listening',
        '[::1]:3000 Datagram listening',
        `${unixSocket()} Stream listening`,
        `vsock:4294967295:${vsockPort} Stream listening`,
      ]);
      // A bound VSOCK listener is seen by whoever tries to have the same port.
      expect((await account.exec(['socat', '-u', `VSOCK-LISTEN:${vsockPort}`, '-'])).stderr).toContain('Address already in use');
      expect({ podman: await podmanRuns(), server: server(), service: await status('ActiveState') }).toEqual({ podman: '', server: 0, service: 'inactive' });
    });

    test('the first client starts the container and gets its answer', async () => {
      expect(await ask(account, 'tcp4:127.0.0.1:3000')).toBe('hello');
      expect({ running: server() !== 0, service: await status('ActiveState') }).toEqual({ running: true, service: 'active' });
      await until('podman lists it', async () => /^systemd-echo localhost\/rouse-echo(:latest)?$/.test(await podmanRuns()));
    });

    test.each(['tcp4:127.0.0.1:3000', 'tcp6:[::1]:3000'])('answers on %s', async (address) => expect(await ask(account, address)).toBe('hello'));
    test.each(['udp4:127.0.0.1:3000', 'udp6:[::1]:3000'])('answers on %s', async (address) => expect(await askDatagram(account, address)).toBe('hello'));
    test('answers on the Unix socket in the home folder', async () => expect(await ask(account, `unix:${unixSocket()}`)).toBe('hello'));

    test('the container has no network of its own, and serves several clients at once', async () => {
      expect(await account.sh('podman inspect systemd-echo --format {{.HostConfig.NetworkMode}}')).toBe('none');
      const interfaces = host
        .read(`/proc/${server()}/net/dev`)
        .split('\n')
        .flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? []);
      expect(interfaces).toEqual(['lo']);
      expect(await askMany(account, 'tcp4:127.0.0.1:3000', 20)).toBe(20);
    });

    test('podman has the cgroups that this host allows, which is said once', async () => {
      const said = (await account.ok('logs', '-o', 'cat')).split('\n').filter((line) => line.includes('in place of --cgroups=split'));
      const instead = INSTEAD[layout][user];
      expect(said).toEqual(instead === undefined ? [] : [expect.stringContaining(`echo.service: using ${instead} `)]);
      const group = (await status('ControlGroup')).replace(/(?<=echo\.service).*/, '');
      // Seen from outside, where the paths are longer.
      if (group !== '') expect(/^0::(.*)$/m.exec(host.read(`/proc/${server()}/cgroup`))?.[1]).toContain(group);
    });

    test('its output is in the unit’s log', async () => {
      expect(await account.ok('logs', 'echo.service', '-o', 'cat')).toContain(`Listening on ${unixSocket()} (unix stream, from echo.socket)`);
    });

    test('stop ends the container, and the socket listens on', async () => {
      await account.ok('stop', 'echo.service');
      expect({ podman: await podmanRuns(), server: server(), service: await status('ActiveState') }).toEqual({ podman: '', server: 0, service: 'inactive' });
      expect(await account.property('echo.socket', 'SubState')).toBe('listening');
    });

    test.each(layout === 'delegated' ? KILLS : KILLS.slice(0, 2))('a client starts it again after it was ended by %s', async (_, kill) => {
      expect(await ask(account, 'tcp4:127.0.0.1:3000', 'before')).toBe('before');
      await until('podman lists it', async () => (await podmanRuns()) !== '');
      const pid = server();
      await account.sh(kill);
      await until('the service has ended', async () => ['inactive', 'failed'].includes(await status('ActiveState')));
      expect(await ask(account, 'tcp6:[::1]:3000', 'after')).toBe('after');
      expect(server()).not.toBe(pid);
      await account.ok('stop', 'echo.service');
    });

    test('many clients of a cold start, and one that comes while the container starts, are all served', async () => {
      expect(await askMany(account, `unix:${unixSocket()}`, 40)).toBe(40);
      await account.ok('stop', 'echo.service');
      account.unit('echo.container.d/wait.conf', `[Service]\nExecStartPre=/bin/sh -c 'until [ -e %h/go ]; do sleep 0.05; done'\n`);
      await account.ok('daemon-reload');
      const first = ask(account, 'tcp4:127.0.0.1:3000', 'first');
      await until('the service starts', async () => (await status('ActiveState')) === 'activating');
      const later = ask(account, 'tcp6:[::1]:3000', 'later');
      await until('the later client has connected', async () => (await account.sh('ss -Htn')).includes('[::1]:3000'));
      account.write(`${account.home}/go`, '');
      expect(await Promise.all([first, later])).toEqual(['first', 'later']);
    });

    test('stopping the socket stops the service, takes the addresses away, and leaves no container, process, cgroup or mount', async () => {
      await account.ok('stop', 'echo.socket');
      expect({ service: await status('ActiveState'), log: await account.ok('logs', 'echo.service') }).toEqual({ service: 'inactive', log: expect.any(String) });
      const { status: code, stderr } = await account.exec(['socat', '-', 'tcp4:127.0.0.1:3000']);
      expect({ code, refused: stderr.includes('Connection refused') }).toEqual({ code: 1, refused: true });
      await expectNothingLeft();
    });

    test('a server that sees the client’s own address and leaves when it is idle is started again for each', async () => {
      account.unit('address.container', ADDRESS_CONTAINER);
      account.unit('address.socket', '[Socket]\nListenStream=127.0.0.1:3001\n');
      await account.ok('daemon-reload');
      await account.ok('start', 'address.socket');
      for (const port of [40_001, 40_002]) {
        expect(await ask(account, `tcp4:127.0.0.1:3001,bind=127.0.0.9:${port},reuseaddr`)).toBe(`127.0.0.9:${port}`);
        await until('it has left', async () => (await account.property('address.socket', 'SubState')) === 'listening');
      }
      await account.ok('stop', 'address.socket');
      await expectNothingLeft();
    });

    test('a boot starts the socket because it is enabled, and its end leaves nothing', async () => {
      await account.ok('exit');
      expect(host.processes().filter(({ command }) => command.includes('rouse'))).toEqual([]);
      const daemon = await account.daemon();
      await until('the socket listens', async () => (await account.property('echo.socket', 'SubState')) === 'listening');
      expect(await podmanRuns()).toBe('');
      expect(await ask(account, 'tcp4:127.0.0.1:3000')).toBe('hello');
      await account.ok('exit');
      expect(await daemon.ended).toBe(0);
      expect(await account.sh('podman ps --all --quiet')).toBe('');
      expect(host.processes().filter(({ command }) => /rouse|conmon/.test(command))).toEqual([]);
      expect((await account.sh('find /sys/fs/cgroup -type d')).split('\n').filter((path) => path.includes('rouse-'))).toEqual([]);
    });
  });
});
