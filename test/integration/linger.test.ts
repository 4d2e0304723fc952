/** The manager starts at boot, with what a host has for it: systemd, and cron where there is no init that rouse knows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import { ask } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const SOCKET = (port: number): string => `[Socket]\nListenStream=127.0.0.1:${port}\n`;
const ECHO = `[Service]\nExecStart=/usr/bin/node -e "require('net').createServer((c)=>c.pipe(c)).listen({fd:3})"\n`;

describe.skipIf(whyNoHost() !== undefined)('rouse linger on a host of systemd', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start({ systemd: true });
  });
  afterAll(() => host.stop());

  describe.each(['root', 'tester'] as const)('for %s', (name) => {
    const port = name === 'root' ? 7801 : 7802;
    const systemctl = name === 'root' ? 'systemctl' : 'systemctl --user';

    test('says that nothing starts the manager, until it is enabled', async () => {
      const { status, stdout } = await host[name].rouse(['linger']);
      expect({ status, stdout }).toEqual({ status: 3, stdout: expect.stringContaining('does not start at boot') });
      await host.root.sh('loginctl enable-linger tester');
      await host[name].ok('linger', 'enable');
      await host[name].ok('linger', 'enable');
      expect(JSON.parse(await host[name].ok('linger', 'status', '--json'))).toMatchObject({ enabled: true, by: ['systemd'] });
      expect((await host[name].sh(`${systemctl} is-enabled rouse.service`)).trim()).toBe('enabled');
      if (name === 'tester') expect((await host.tester.sh('loginctl show-user tester -p Linger --value')).trim()).toBe('yes');
    });

    test('has systemd run a manager that serves', async () => {
      const me = host[name];
      await me.sh(`mkdir -p ${me.own}/sockets.target.wants; ln -s ../at.socket ${me.own}/sockets.target.wants/at.socket`);
      me.write(`${me.own}/at.socket`, SOCKET(port));
      me.write(`${me.own}/at.service`, ECHO);
      await me.sh(`${systemctl} start rouse.service`);
      await until('the socket listens', async () => (await me.rouse(['is-active', 'at.socket'])).stdout === 'active\n');
      expect(await ask(me, `tcp4:127.0.0.1:${port}`)).toBe('hello');
      await me.sh(`${systemctl} stop rouse.service`);
      await until('the manager has ended', () => Promise.resolve(host.managers().length === 0));
    });

    test('takes it away again', async () => {
      expect(await host[name].ok('linger', 'disable')).toContain('Removed ');
      expect(await host[name].ok('linger', 'disable')).toContain('Nothing starts ');
      expect((await host[name].rouse(['linger', 'status'])).status).toBe(3);
    });
  });

  test('says what it does not know', async () => {
    const typo = await host.root.rouse(['linger', 'enabel']);
    expect(typo).toMatchObject({ status: 1, stderr: expect.stringContaining('hint: rouse linger enable|disable|status [user]') });
    expect(await host.root.rouse(['linger', 'enable', 'nobody-here'])).toMatchObject({ status: 1, stderr: expect.stringContaining("There is no user 'nobody-here'") });
    expect(await host.tester.rouse(['linger', 'enable', 'root'])).toMatchObject({ status: 1, stderr: expect.stringContaining('Only root can do this for root') });
  });
});

describe.skipIf(whyNoHost() !== undefined)('rouse linger on a host with cron alone', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start();
    await host.root.sh('ln -s /usr/bin/busybox /usr/local/bin/crontab; mkdir -p /var/spool/cron/crontabs; printf "5 5 * * * true\\n" | crontab -u tester -');
  });
  afterAll(() => host.stop());

  test('adds one line to the user’s table, and the line starts the manager', async () => {
    const { root, tester } = host;
    tester.unit('at.socket', `${SOCKET(7803)}[Install]\nWantedBy=sockets.target\n`);
    tester.unit('at.service', ECHO);
    await tester.ok('enable', 'at.socket');
    await root.ok('linger', 'enable', 'tester');
    await root.ok('linger', 'enable', 'tester');
    const table = (await root.sh('crontab -u tester -l')).trim().split('\n');
    expect(table).toEqual(['5 5 * * * true', expect.stringMatching(/^@reboot .* start default.target # rouse linger$/)]);
    // As cron would, at boot: the user's shell, and next to nothing in the environment.
    await root.sh(
      `cd / && env -i HOME=/home/tester LOGNAME=tester PATH=/usr/bin:/bin setpriv --reuid tester --regid tester --init-groups /bin/sh -c '${(table[1] ?? '').replace('@reboot ', '').replaceAll("'", `'\\''`)}'`,
    );
    expect(await ask(tester, 'tcp4:127.0.0.1:7803')).toBe('hello');
    await tester.ok('exit');
  });

  test('removes that line and no other', async () => {
    await host.root.ok('linger', 'disable', 'tester');
    expect((await host.root.sh('crontab -u tester -l')).trim()).toBe('5 5 * * * true');
  });
});
