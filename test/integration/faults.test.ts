/** What goes wrong: each is said with file, line, consequence and hint; the other units go on, and no client's bytes are lost. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { ask } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const GOOD_SOCKET = '[Socket]\nListenStream=127.0.0.1:7000\n';
/** Answers one client with what it says, and leaves. */
const GOOD_SERVICE =
  "[Service]\nExecStart=/usr/bin/node -e \"require('net').createServer({allowHalfOpen:true},(c)=>{c.pipe(c);c.on('end',()=>setTimeout(()=>process.exit(),50))}).listen({fd:3})\"\n";

describe.skipIf(whyNoHost() !== undefined)('a fault', () => {
  let host: RouseHost;
  let me: Account;

  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
  });
  afterEach(() => me.reset());
  afterAll(() => host.stop());

  /** A good pair beside the bad unit: it must work whatever the other one does. */
  const withGoodPair = (): void => {
    me.unit('good.socket', GOOD_SOCKET);
    me.unit('good.service', GOOD_SERVICE);
  };

  describe('in a file', () => {
    const DIAGNOSTICS: readonly { readonly title: string; readonly file: string; readonly text: string | Uint8Array; readonly says: readonly string[]; readonly status: number }[] =
      [
        {
          title: 'an unknown key has a line, and a key that is like it',
          file: 'bad.socket',
          text: '[Socket]\nListenSteam=1\nListenStream=127.0.0.1:7001\n',
          says: ["bad.socket:2: Unknown key 'ListenSteam' in section [Socket], ignoring", "hint: did you mean 'ListenStream'?"],
          status: 0,
        },
        {
          title: 'a wrong value has a line, and what would be accepted',
          file: 'bad.socket',
          text: '[Socket]\nListenStream=127.0.0.1:7001\nSocketMode=rw\n',
          says: ["bad.socket:3: Failed to parse SocketMode=, ignoring: 'rw' is not"],
          status: 0,
        },
        { title: 'a missing section keeps the unit from loading', file: 'bad.socket', text: '[Unit]\nDescription=x\n', says: ['No section [Socket], refusing to load'], status: 1 },
        { title: 'a binary file is no unit', file: 'bad.service', text: new Uint8Array([0, 1, 2, 3]), says: ['Not a text file'], status: 1 },
        { title: 'a service without a command', file: 'bad.service', text: '[Service]\nType=simple\n', says: ['bad.service:1: No ExecStart=', 'hint: ExecStart='], status: 1 },
        {
          title: 'a unit that requires itself',
          file: 'bad.service',
          text: '[Unit]\nRequires=bad.service\n[Service]\nExecStart=/bin/sleep 100\n',
          says: ['bad.service:2: The unit depends on itself'],
          status: 0,
        },
        { title: 'an image that is not named', file: 'bad.container', text: '[Container]\nNetwork=none\n', says: ['bad.container'], status: 1 },
      ];

    it.each(DIAGNOSTICS)('is said: $title', async ({ file, text, says, status }) => {
      withGoodPair();
      // A socket without its service is refused for that reason alone.
      if (file === 'bad.socket') me.unit('bad.service', GOOD_SERVICE);
      if (typeof text === 'string') me.unit(file, text);
      else me.write(`${me.units}/${file}`, text);
      const started = await me.rouse(['start', file]);
      for (const words of says) expect(started.stderr).toContain(words);
      expect(started.status).toBe(status);
      await me.ok('start', 'good.socket');
      expect(await ask(me, 'tcp4:127.0.0.1:7000')).toBe('hello');
    });
  });

  describe('of a socket', () => {
    it('whose port is taken is said with who has it, and the socket can be started later', async () => {
      withGoodPair();
      const other = me.run(['socat', '-u', 'TCP-LISTEN:7000,bind=127.0.0.1,fork', '/dev/null']);
      await until('the port is taken', async () => (await me.exec(['sh', '-c', 'ss -ltn | grep -q 127.0.0.1:7000'])).status === 0);
      const refused = await me.rouse(['start', 'good.socket']);
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain("Failed to listen on '127.0.0.1:7000': bind: Address already in use (EADDRINUSE)");
      expect(refused.stderr).toMatch(/hint: process \d+ \(socat\) has this port already/);
      expect(await me.property('good.socket', 'ActiveState')).toBe('failed');
      process.kill(-(other.child.pid ?? 0), 'SIGKILL');
      await other.ended;
      await me.ok('start', 'good.socket');
      expect(await ask(me, 'tcp4:127.0.0.1:7000')).toBe('hello');
    });

    it('with a path that is too long for the kernel is said', async () => {
      me.unit('long.socket', `[Socket]\nListenStream=%t/${'x'.repeat(120)}\n`);
      me.unit('long.service', GOOD_SERVICE);
      const { status, stderr } = await me.rouse(['start', 'long.socket']);
      expect(status).toBe(1);
      expect(stderr).toMatch(/10[78] bytes|too long/i);
    });

    it('on a privileged port is said with what would allow it', async () => {
      me.unit('low.socket', '[Socket]\nListenStream=127.0.0.1:80\n');
      me.unit('low.service', GOOD_SERVICE);
      const { status, stderr } = await me.rouse(['start', 'low.socket']);
      expect(status).toBe(1);
      expect(stderr).toContain('Permission denied (EACCES)');
      expect(stderr).toContain('hint: ports below 1024 need CAP_NET_BIND_SERVICE');
    });
  });

  describe('of a service', () => {
    it('that cannot be executed is said with the stage, its socket rests, and the waiting client is served when it is repaired', async () => {
      me.unit('web.socket', GOOD_SOCKET);
      me.unit('web.service', '[Service]\nExecStart=/no/such/program\n');
      await me.ok('start', 'web.socket');
      const client = me.run(['sh', '-c', 'echo precious | socat -t 60 - tcp4:127.0.0.1:7000']);
      await until('the service has failed', async () => (await me.property('web.service', 'ActiveState')) === 'failed');
      expect(await me.ok('logs', 'web.service')).toContain('Failed to start /no/such/program: executing the program: No such file or directory (ENOENT)');
      expect(await me.property('web.socket', 'ActiveState')).toBe('active');
      expect((await me.rouse(['status', 'web.socket'])).stdout).toMatch(/trying again .*\d+ s/);
      me.unit('web.service', GOOD_SERVICE);
      await me.ok('daemon-reload');
      await client.printed('precious');
    });

    it('that leaves at once does not end its socket', async () => {
      me.unit('web.socket', GOOD_SOCKET);
      me.unit('web.service', '[Service]\nExecStart=/bin/false\n');
      await me.ok('start', 'web.socket');
      const client = me.run(['sh', '-c', 'echo later | socat -t 60 - tcp4:127.0.0.1:7000']);
      await until('it was tried more than once', async () => /Started: [2-9]\d* times/.test((await me.rouse(['status', 'web.socket'])).stdout));
      expect(await me.property('web.socket', 'ActiveState')).toBe('active');
      me.unit('web.service', GOOD_SERVICE);
      await me.ok('daemon-reload');
      await me.ok('reset-failed', 'web.service');
      await client.printed('later');
    });

    it('that never becomes ready is ended after TimeoutStartSec=, and says so', async () => {
      me.unit('slow.service', '[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 100\n');
      const { status, stderr } = await me.rouse(['start', 'slow.service']);
      expect(status).toBe(1);
      expect(stderr).toContain('TimeoutStartSec=1s');
      expect(await me.property('slow.service', 'Result')).toBe('timeout');
      expect(host.processes().filter(({ command }) => command.includes('sleep 100'))).toEqual([]);
    });

    it('whose image is not there is said by podman in its log', async () => {
      me.unit('box.container', '[Container]\nImage=localhost/nowhere\nPull=never\nNetwork=none\n');
      const { status } = await me.rouse(['start', 'box.service']);
      expect(status).toBe(1);
      expect(await me.ok('logs', 'box.service')).toContain('localhost/nowhere');
    });

    it('a client that leaves before the start is done leaves the service to the next one', async () => {
      me.unit('web.socket', GOOD_SOCKET);
      me.unit('web.service', GOOD_SERVICE.replace('[Service]', '[Service]\nExecStartPre=/bin/sleep 0.5'));
      await me.ok('start', 'web.socket');
      await me.sh('timeout 0.1 socat - tcp4:127.0.0.1:7000 || true');
      expect(await ask(me, 'tcp4:127.0.0.1:7000', 'second')).toBe('second');
    });
  });

  describe('of the manager', () => {
    it('killed with SIGKILL leaves a control socket, services and sockets, and the next one goes on with all of them', async () => {
      withGoodPair();
      me.unit('stays.service', '[Service]\nExecStart=/bin/sleep 1000\n');
      await me.ok('start', 'good.socket', 'stays.service');
      const old = await me.managerPid();
      const stays = await me.property('stays.service', 'MainPID');
      await me.sh(`kill -9 ${old}`);
      await until('it is gone', () => !host.isAlive(old));
      const client = me.run(['sh', '-c', 'echo precious | socat -t 60 - tcp4:127.0.0.1:7000']);
      await me.ok('start', 'default.target');
      await client.printed('precious');
      expect(await me.property('stays.service', 'MainPID')).toBe(stays);
      expect(await me.ok('logs')).toContain(`stays.service: Runs on, as a manager that died has started it (process ${stays})`);
    });

    it('started twice at once is one manager', async () => {
      withGoodPair();
      const both = await Promise.all([me.rouse(['start', 'good.socket']), me.rouse(['start', 'good.socket'])]);
      expect(both.map(({ status }) => status)).toEqual([0, 0]);
      expect(host.managers()).toHaveLength(1);
    });

    it('in the foreground beside one that runs already says so', async () => {
      withGoodPair();
      await me.ok('start', 'good.socket');
      const { status, stderr } = await me.rouse(['daemon'], { timeoutMs: 10_000 });
      expect(status).toBe(1);
      expect(stderr).toContain('rouse runs already');
      expect(stderr).toContain('hint: rouse exit ends it');
    });

    it('without XDG_RUNTIME_DIR takes /run/user/UID, and says so', async () => {
      withGoodPair();
      const bare = me.with({ XDG_RUNTIME_DIR: '' });
      const { status, stderr } = await bare.rouse(['start', 'good.socket']);
      expect(status).toBe(0);
      expect(stderr).toContain('XDG_RUNTIME_DIR is not set, using /run/user/1000');
      await bare.rouse(['exit']);
    });
  });
});
