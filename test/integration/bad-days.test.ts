/** Days on which the machine, and not a unit, is at fault: files that cannot be read, folders of others, full disks, killed managers. */
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { ask } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const SOCKET = '[Socket]\nListenStream=127.0.0.1:7600\n';
const SERVICE = '[Service]\nExecStart=socat ACCEPT-FD:3,fork PIPE\n';

describe.skipIf(whyNoHost() !== undefined)('a bad day', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
  });
  afterEach(() => me.reset());
  afterAll(() => host.stop());

  const withPair = (): void => {
    me.unit('good.socket', SOCKET);
    me.unit('good.service', SERVICE);
  };
  const managers = (): readonly number[] => host.managers().map(({ pid }) => pid);

  describe('of files', () => {
    /** Puts something into the unit folder, outside of what `unit` can write. */
    const place = (name: string, make: (path: string) => void): void => {
      host.mkdir(me.units, me.uid);
      make(host.outside(`${me.units}/${name}`));
    };

    test.each<readonly [title: string, make: (path: string) => void, status: number, says: string]>([
      [
        'a file that may not be read',
        (path) => (me.unit('odd.service', SERVICE), chmodSync(path, 0), chownSync(path, 0, 0)),
        1,
        'Failed to read the file: EACCES, refusing to load',
      ],
      ['a link that leads nowhere', (path) => symlinkSync('/nowhere/odd.service', path), 5, 'odd.service'],
      ['a link that leads to itself', (path) => symlinkSync('odd.service', path), 1, 'odd.service'],
      ['a folder with the name of a unit', (path) => mkdirSync(path), 5, 'Unit odd.service not found'],
      ['an empty file, which masks', () => me.unit('odd.service', ''), 1, 'Unit odd.service is masked'],
      ['a file of text that is no unit', () => me.unit('odd.service', 'hello\nworld\n'), 1, 'odd.service:1:'],
      ['a section that is not closed', () => me.unit('odd.service', `[Service\nExecStart=/bin/true\n`), 1, 'odd.service:1:'],
      [
        'a line that is too long',
        () => me.unit('odd.service', `[Service]\nExecStart=/bin/sleep 1000\nEnvironment=A=${'x'.repeat(2_000_000)}\n`),
        0,
        'odd.service:3: Line is longer than 1 MiB, ignoring',
      ],
      [
        'a variable that is too long for the kernel',
        () => me.unit('odd.service', `[Service]\nType=exec\nExecStart=/bin/sleep 1000\nEnvironment=A=${'x'.repeat(200_000)}\n`),
        1,
        '(E2BIG)',
      ],
      ['an invalid name of a user', () => me.unit('odd.service', '[Service]\nUser=a:b\nExecStart=/bin/true\n'), 1, 'User='],
    ])('%s is said, and the other units go on', async (_, make, status, says) => {
      withPair();
      place('odd.service', make);
      const started = await me.rouse(['start', 'odd.service']);
      expect({ status: started.status, stderr: started.stderr.slice(0, 2000) }).toEqual({ status, stderr: expect.stringContaining(says) });
      await me.ok('start', 'good.socket');
      expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
    });

    test('a drop-in that cannot be read is left out, and said', async () => {
      withPair();
      me.unit('good.service.d/secret.conf', '[Service]\nEnvironment=A=b\n');
      place('good.service.d/secret.conf', (path) => (chownSync(path, 0, 0), chmodSync(path, 0)));
      expect((await me.rouse(['start', 'good.socket'])).status).toBe(0);
      expect((await me.rouse(['status', 'good.service'])).stdout).toContain('Failed to read the drop-in: EACCES, ignoring');
      expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
    });

    test('units that wait for each other are said as a cycle', async () => {
      withPair();
      me.unit('egg.service', '[Unit]\nRequires=hen.service\nAfter=hen.service\n[Service]\nExecStart=/bin/sleep 1000\n');
      me.unit('hen.service', '[Unit]\nRequires=egg.service\nAfter=egg.service\n[Service]\nExecStart=/bin/sleep 1000\n');
      const { status, stderr } = await me.rouse(['start', 'egg.service']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/cycle: .*(egg\.service after hen\.service|hen\.service after egg\.service)/) });
      await me.ok('start', 'good.socket');
      expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
    });

    test('links that cannot be made are said', async () => {
      me.unit('good.socket', `${SOCKET}[Install]\nWantedBy=sockets.target\n`);
      place('sockets.target.wants', (path) => (mkdirSync(path), chownSync(path, 0, 0)));
      const { status, stderr } = await me.rouse(['enable', 'good.socket']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('EACCES') });
    });

    test('a Quadlet file with an error is said with its line, and the other units go on', async () => {
      withPair();
      me.unit('box.container', '[Container]\nImage=localhost/x\nPublishPorts=80\n');
      expect((await me.rouse(['start', 'good.socket'])).status).toBe(0);
      const { stdout, stderr } = await me.rouse(['status', 'box.service']);
      expect(stdout + stderr).toContain(`${me.quadlets}/box.container:3: `);
      expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
    });
  });

  describe('of folders', () => {
    test('a runtime folder of somebody else is refused, with what to do', async () => {
      withPair();
      host.write('/tmp/foreign/x', '', { uid: 0 });
      const { status, stderr } = await me.with({ XDG_RUNTIME_DIR: '/tmp/foreign' }).rouse(['start', 'good.socket']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/\/tmp\/foreign/) });
      expect(stderr).toContain('hint: ');
      await until('the manager that was refused has ended', () => Promise.resolve(managers().length === 0));
    });

    test('a folder of rouse that others may use is refused, with the command that helps', async () => {
      withPair();
      await me.sh(`mkdir -p ${me.runtime}/rouse; chmod 755 ${me.runtime}/rouse`);
      const { status, stderr } = await me.rouse(['start', 'good.socket']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(`chmod 700 ${me.runtime}/rouse`) });
      await me.sh(`chmod 700 ${me.runtime}/rouse`);
      await me.ok('start', 'good.socket');
    });

    test('without XDG_RUNTIME_DIR and /run/user there is a private folder, checked for its owner', async () => {
      withPair();
      const bare = me.with({ XDG_RUNTIME_DIR: '' });
      await host.root.sh('mv /run/user/1000 /run/user/away');
      try {
        const { status, stderr } = await bare.rouse(['start', 'good.socket']);
        expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('there is no /run/user/1000, using /tmp/rouse-runtime-1000') });
        expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
        await bare.ok('exit');
        await host.root.sh('chown root /tmp/rouse-runtime-1000');
        const refused = await bare.rouse(['start', 'good.socket']);
        expect({ status: refused.status, stderr: refused.stderr }).toEqual({ status: 1, stderr: expect.stringContaining('belongs to user 0 and not to 1000, refusing to use it') });
      } finally {
        await host.root.sh('mv /run/user/away /run/user/1000; rm -rf /tmp/rouse-runtime-1000');
      }
    });

    test('the control socket is for its owner alone', async () => {
      await me.ok('daemon-reload');
      expect(await me.sh(`stat -c %a ${me.runtime}/rouse ${me.controlSocket}`)).toBe('700\n600');
    });

    test('a full disk costs the log, and nothing else', async () => {
      withPair();
      me.unit('good.service', SERVICE.replace('[Service]', '[Service]\nExecStartPre=/bin/sh -c \'head -c 300000 /dev/zero | tr "\\\\0" x; echo\''));
      await me.sh(`mkdir -p ${me.logs}`);
      await host.root.sh(`mount -t tmpfs -o size=64k,uid=1000,mode=700 tmpfs ${me.logs}`);
      try {
        await me.ok('start', 'good.socket');
        expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
        await me.ok('stop', 'good.service');
        expect(await ask(me, 'tcp4:127.0.0.1:7600', 'again')).toBe('again');
      } finally {
        await me.rouse(['exit']);
        await host.root.sh(`umount ${me.logs}`);
      }
    });
  });

  describe('of managers', () => {
    test('two that are started at once become one', async () => {
      withPair();
      const daemons = [me.rouseRun('daemon'), me.rouseRun('daemon')];
      await until(
        'one is ready and the other has ended',
        () => daemons.some((daemon) => daemon.output().includes('Ready (')) && daemons.some((daemon) => daemon.child.exitCode !== null),
      );
      expect(daemons.map((daemon) => daemon.output()).join('')).toContain('rouse runs already');
      expect(managers()).toHaveLength(1);
      await me.ok('start', 'good.socket');
    });

    test('one that is killed leaves services and sockets to the next one, and no client is refused', async () => {
      withPair();
      me.unit('later.socket', '[Socket]\nListenStream=127.0.0.1:7601\n');
      me.unit('later.service', SERVICE);
      await me.ok('start', 'good.socket', 'later.socket');
      expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
      const server = Number(await me.property('good.service', 'MainPID'));
      const [manager = 0] = managers();
      await me.sh(`kill -9 ${manager}`);
      await until('it is gone', () => !host.isAlive(manager));
      expect(await ask(me, 'tcp4:127.0.0.1:7600', 'meanwhile')).toBe('meanwhile');
      const waiting = me.run(['sh', '-c', 'echo queued | socat -t 60 - tcp4:127.0.0.1:7601']);
      await me.ok('start', 'default.target');
      await waiting.printed('queued');
      expect(Number(await me.property('good.service', 'MainPID'))).toBe(server);
      expect(await ask(me, 'tcp4:127.0.0.1:7600', 'again')).toBe('again');
      // What is its own again is stopped, and started, as ever.
      await me.ok('stop', 'good.socket', 'good.service');
      await me.ok('start', 'good.socket');
      expect(host.isAlive(server)).toBe(false);
      expect(await ask(me, 'tcp4:127.0.0.1:7600', 'anew')).toBe('anew');
    });

    test('a signal ends everything in order, and a second one at once', async () => {
      withPair();
      me.unit('stubborn.service', `[Service]\nTimeoutStopSec=1000\nExecStart=/bin/sh -c 'trap "" TERM; touch /tmp/stubborn; while :; do sleep 0.1; done'\n`);
      const daemon = await me.daemon();
      await me.ok('start', 'good.socket', 'stubborn.service');
      await until('it runs', () => host.exists('/tmp/stubborn'));
      const [manager = 0] = managers();
      await me.sh(`kill -TERM ${manager}`);
      await daemon.printed('Stopping every unit (SIGTERM)');
      await me.sh(`kill -TERM ${manager}`);
      await daemon.printed('Told again to stop');
      expect(await daemon.ended).toBe(0);
      expect(host.processes().filter(({ command }) => command.includes('trap'))).toEqual([]);
    });

    test('nonsense on the control socket is answered, and ends nothing', async () => {
      withPair();
      await me.ok('start', 'good.socket');
      const answer = await me.sh(
        `printf 'hello\\0' | socat -t 5 - unix:${me.controlSocket} | tr '\\0' '\\n'; printf '{"method":"nonsense"}\\0' | socat -t 1 - unix:${me.controlSocket} | tr '\\0' '\\n'; head -c 300000 /dev/zero | tr '\\0' x | timeout 5 socat -t 1 - unix:${me.controlSocket} > /dev/null 2>&1; true`,
      );
      expect(answer).toContain('bad-request');
      expect(answer).toContain("Unknown method 'nonsense'");
      expect(await ask(me, 'tcp4:127.0.0.1:7600')).toBe('hello');
    });
  });
});
