/** Beside a systemd that runs: rouse reads its own folders only, says so, works there, and leaves everything of systemd's alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account, UserName } from './lib/account.js';
import { ask } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const PORTS: Record<UserName, number> = { root: 7301, tester: 7302 };
const SERVICE = '[Service]\nExecStart=socat ACCEPT-FD:3 PIPE\n';

describe.skipIf(whyNoHost() !== undefined)('beside systemd', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start({ systemd: true });
  });
  afterAll(() => host.stop());

  describe.each(['root', 'tester'] as const)('as %s', (user) => {
    let me: Account;
    const port = PORTS[user];
    beforeAll(async () => {
      me = host.as(user);
      // systemd's: it is running them, and rouse must not.
      me.unit('theirs.socket', `[Socket]\nListenStream=127.0.0.1:${port + 10}\n[Install]\nWantedBy=sockets.target\n`);
      me.unit('theirs.service', SERVICE);
      me.unit('theirs-box.container', '[Container]\nImage=localhost/nowhere\n');
      await me.systemctl.ok('daemon-reload');
      await me.systemctl.ok('enable', '--now', 'theirs.socket');
      me.write(`${me.own}/ours.socket`, `[Socket]\nListenStream=127.0.0.1:${port}\n[Install]\nWantedBy=sockets.target\n`);
      me.write(`${me.own}/ours.service`, SERVICE);
      me.write(`${me.own}/ours-box.container`, '[Container]\nImage=localhost/busybox\nPull=never\nNetwork=none\nStopTimeout=1\nExec=/bin/sleep 1000\n');
    });
    afterAll(() => me.reset());

    const notice = (): string => `systemd runs here for ${user === 'root' ? 'the system' : 'this user'}: rouse leaves its files alone and reads ${me.own} only`;

    test('it lists its own units, and says why no others', async () => {
      const { stdout, stderr } = await me.rouse(['list-unit-files']);
      expect(stderr).toContain(notice());
      expect(stdout).toContain('ours.socket');
      expect(stdout).toContain('ours-box.service');
      expect(stdout).not.toContain('theirs');
    });

    test('it starts its own socket, and says it again', async () => {
      const { status, stderr } = await me.rouse(['start', 'ours.socket']);
      expect({ status, said: stderr.includes(notice()) }).toEqual({ status: 0, said: true });
      expect(await ask(me, `tcp4:127.0.0.1:${port}`)).toBe('hello');
      expect(await me.ok('logs')).toContain(notice());
    });

    test('a unit of systemd’s is not there for it', async () => {
      const { status, stderr } = await me.rouse(['start', 'theirs.socket']);
      expect({ status, stderr }).toEqual({ status: 5, stderr: expect.stringContaining('Unit theirs.socket not found') });
      expect(await ask(me, `tcp4:127.0.0.1:${port + 10}`)).toBe('hello');
    });

    test('enable makes its links in rouse’s folder', async () => {
      await me.ok('enable', 'ours.socket');
      expect(host.linkTarget(`${me.own}/sockets.target.wants/ours.socket`)).toBe(`${me.own}/ours.socket`);
      expect(host.list(`${me.units}/sockets.target.wants`)).not.toContain('ours.socket');
      expect(await me.ok('is-enabled', 'ours.socket')).toBe('enabled\n');
    });

    test('the folders of ROUSE_UNIT_PATH are its own, too', async () => {
      me.write(`${me.home}/more/more.service`, SERVICE);
      const more = me.with({ ROUSE_UNIT_PATH: `${me.home}/more` });
      const { stdout, stderr } = await more.rouse(['list-unit-files']);
      expect(stdout).toContain('more.service');
      expect(stderr).toContain(`reads ${me.home}/more and ${me.own} only`);
    });

    test('a container of its own runs, in a cgroup of its own', async () => {
      await me.sh('sh /rouse/test/host/busybox-image.sh');
      await me.ok('start', 'ours-box.service');
      expect(await me.property('ours-box.service', 'SubState')).toBe('running');
      expect(await me.sh('podman ps --format {{.Names}}')).toBe('systemd-ours-box');
      await me.ok('stop', 'ours-box.service');
      expect(await me.sh('podman ps --all --quiet')).toBe('');
    });

    test('systemd has not noticed', async () => {
      expect(await me.systemctl.ok('list-units', '--all', '--no-legend', 'ours*')).toBe('');
      expect((await me.systemctl.rouse(['list-units', '--failed', '--no-legend', '--plain'])).stdout).toBe('');
      await me.ok('exit');
      expect(await me.systemctl.ok('is-active', 'theirs.socket')).toBe('active\n');
    });
  });
});

describe.skipIf(whyNoHost() !== undefined)('where systemd has been', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start();
  });
  afterAll(() => host.stop());

  test('its control socket without an owner keeps rouse from nothing', async () => {
    const { root } = host;
    await root.sh(
      'mkdir -p /run/systemd; socat -u UNIX-LISTEN:/run/systemd/private /dev/null > /dev/null 2>&1 & until [ -S /run/systemd/private ]; do sleep 0.02; done; kill -9 %1; wait; [ -S /run/systemd/private ]',
    );
    root.unit('theirs.socket', '[Socket]\nListenStream=127.0.0.1:7310\n');
    root.unit('theirs.service', SERVICE);
    const { status, stderr } = await root.rouse(['start', 'theirs.socket']);
    expect({ status, said: stderr.includes('systemd runs here') }).toEqual({ status: 0, said: false });
    await until('it listens', async () => (await root.property('theirs.socket', 'SubState')) === 'listening');
    await root.ok('exit');
  });
});
