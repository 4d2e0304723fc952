/** Daemons of the old kind: they give their privileges up themselves, and fork until nobody knows which process is the main one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import { RouseHost, until } from './lib/host.js';

describe.skipIf(whyNoHost() !== undefined)('a notify service of another user', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start();
  });
  afterAll(() => host?.stop());

  test.each([
    ['its-own', 'User=nobody\nExecStart=/bin/sh -c "systemd-notify --ready; exec sleep 1000"'],
    ['given-up', 'ExecStart=/bin/setpriv --reuid=65534 --regid=65534 --clear-groups /bin/sh -c "systemd-notify --ready; exec sleep 1000"'],
  ])('is heard: %s', async (name, lines) => {
    host.root.unit(`${name}.service`, `[Service]\nType=notify\nNotifyAccess=all\nTimeoutStartSec=20\n${lines}\n`);
    await host.root.ok('start', `${name}.service`);
    expect(await host.root.property(`${name}.service`, 'ActiveState')).toBe('active');
  });

  test('may not do more than that with the folder of the manager', async () => {
    const { status, stdout } = await host.tester.exec([
      'sh',
      '-c',
      'ls /run/rouse; cat /run/rouse/lock; ls /run/rouse/notify; socat -u /dev/null unix:/run/rouse/control.sock && echo let in',
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });
});

describe.skipIf(whyNoHost() !== undefined)('a forking service whose main process nobody can tell', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start();
  });
  afterAll(() => host?.stop());

  test.each(['control-group', 'mixed', 'process'])('runs as long as one of its processes does, with KillMode=%s', async (mode) => {
    host.root.unit(`two.service`, `[Service]\nType=forking\nKillMode=${mode}\nExecStart=/bin/sh -c "sleep 1111 & sleep 2222 &"\n`);
    await host.root.ok('daemon-reload');
    await host.root.ok('start', 'two.service');
    const sleeping = (seconds: string) => host.processes().find(({ command }) => command === `sleep ${seconds}`)?.pid ?? 0;
    await host.root.sh(`kill ${sleeping('1111')}`);
    await until('the first is gone', () => sleeping('1111') === 0);
    expect(await host.root.show('two.service', 'ActiveState', 'MainPID')).toEqual({ ActiveState: 'active', MainPID: '0' });
    await host.root.sh(`kill ${sleeping('2222')}`);
    await until('the service has ended', async () => (await host.root.property('two.service', 'ActiveState')) === 'inactive');
  });
});
