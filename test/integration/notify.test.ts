/** Services of the system that say as another user that they are ready: User=, or a program that gives its privileges up itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import { RouseHost } from './lib/host.js';

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
