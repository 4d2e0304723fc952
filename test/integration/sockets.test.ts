/**
 * Listening sockets: every form of address with a client that is answered, and the options of systemd.socket(5) as the kernel and the file
 * system show them. Each test runs under rouse and under systemd itself, with the same files and the same expectations.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askDatagram } from './lib/clients.js';
import { until } from './lib/host.js';
import { MANAGERS, UnitBench, WORK } from './lib/managers.js';

/** VSOCK has no namespaces: hosts that run at the same time share its ports. */
const vsockPort = 10_000 + Math.floor(Math.random() * 50_000);

interface Form {
  /** The line of the unit file. */
  readonly line: string;
  /** As `show -p Listen` has it. */
  readonly shown: string;
  /** socat's address of a client; none for what this kernel cannot connect to. */
  readonly clients?: readonly string[];
  readonly datagram?: boolean;
  readonly more?: string;
}

const FORMS: Record<string, Form> = {
  tcp4: { line: 'ListenStream=127.0.0.1:6001', shown: '127.0.0.1:6001 (Stream)', clients: ['tcp4:127.0.0.1:6001'] },
  any4: { line: 'ListenStream=0.0.0.0:6002', shown: '0.0.0.0:6002 (Stream)', clients: ['tcp4:127.0.0.1:6002'] },
  port: { line: 'ListenStream=6003', shown: '[::]:6003 (Stream)', clients: ['tcp4:127.0.0.1:6003', 'tcp6:[::1]:6003'] },
  tcp6: { line: 'ListenStream=[::1]:6004', shown: '[::1]:6004 (Stream)', clients: ['tcp6:[::1]:6004'] },
  mapped: { line: 'ListenStream=[::]:6005', shown: '[::]:6005 (Stream)', clients: ['tcp4:127.0.0.1:6005', 'tcp6:[::1]:6005'], more: 'BindIPv6Only=both' },
  udp4: { line: 'ListenDatagram=127.0.0.1:6006', shown: '127.0.0.1:6006 (Datagram)', clients: ['udp4:127.0.0.1:6006'], datagram: true },
  udp6: { line: 'ListenDatagram=[::1]:6007', shown: '[::1]:6007 (Datagram)', clients: ['udp6:[::1]:6007'], datagram: true },
  unix: { line: `ListenStream=${WORK}/unix/stream`, shown: `${WORK}/unix/stream (Stream)`, clients: [`unix-connect:${WORK}/unix/stream`] },
  home: { line: 'ListenStream=%h/home-%p.sock', shown: '@HOME@/home-home.sock (Stream)', clients: ['unix-connect:@HOME@/home-home.sock'] },
  runtime: { line: 'ListenStream=%t/%n.sock', shown: '@RUNTIME@/runtime.socket.sock (Stream)', clients: ['unix-connect:@RUNTIME@/runtime.socket.sock'] },
  abstract: { line: 'ListenStream=@rouse/%p', shown: '@rouse/abstract (Stream)', clients: ['abstract-connect:rouse/abstract'] },
  dgram: {
    line: `ListenDatagram=${WORK}/unix/datagram`,
    shown: `${WORK}/unix/datagram (Datagram)`,
    clients: [`unix-sendto:${WORK}/unix/datagram,bind=${WORK}/client`],
    datagram: true,
  },
  seqpacket: {
    line: `ListenSequentialPacket=${WORK}/unix/seqpacket`,
    shown: `${WORK}/unix/seqpacket (SequentialPacket)`,
    clients: [`unix-connect:${WORK}/unix/seqpacket,type=5`],
    datagram: true,
  },
  vsock: { line: `ListenStream=vsock:4294967295:${vsockPort}`, shown: `vsock:4294967295:${vsockPort} (Stream)` },
  vsockany: { line: `ListenStream=vsock::${vsockPort + 1}`, shown: `vsock:4294967295:${vsockPort + 1} (Stream)` },
};

describe.each(MANAGERS)('sockets under $title', (kind) => {
  let bench: UnitBench;
  const isRoot = kind.user === 'root';
  const [home, runtime] = isRoot ? ['/root', '/run'] : ['/home/tester', '/run/user/1000'];
  const inPlace = (text: string): string => text.replace('@HOME@', home).replace('@RUNTIME@', runtime);
  beforeAll(async () => {
    bench = await UnitBench.start(kind);
    await bench.account.sh(`node /rouse/examples/echo/bundle.mjs ${WORK}/echo`);
    const units = Object.entries(FORMS).map(([name, { line, more = '' }]) => [`${name}.socket`, `[Socket]\n${line}\n${more}\nService=echo@${name}.service\n`] as const);
    await bench.units({ ...Object.fromEntries(units), 'echo@.service': `[Service]\nType=notify\nExecStart=/usr/bin/node ${WORK}/echo/echo.cjs\n` });
    await bench.account.ok('start', ...Object.keys(FORMS).map((name) => `${name}.socket`));
  });
  afterAll(() => bench.stop());

  const mode = (path: string): Promise<string> => bench.account.sh(`stat -c '%a %U:%G' ${path}`);
  const listens = async (filter: string): Promise<string> => bench.account.sh(`ss -Hln ${filter}`);
  /** Starts the unit of one socket that has no service of its own. */
  async function open(name: string, text: string): Promise<number> {
    await bench.units({ [`${name}.socket`]: `[Socket]\n${text}Service=echo@${name}.service\n` });
    return bench.code('start', `${name}.socket`);
  }

  describe('addresses', () => {
    test.each(Object.entries(FORMS))('%s is shown', async (name, { shown }) => {
      const listen = await bench.account.property(`${name}.socket`, 'Listen');
      // systemd leaves a CID out that is any.
      expect(listen.replace('vsock::', 'vsock:4294967295:')).toBe(inPlace(shown));
    });

    test.each(Object.entries(FORMS).flatMap(([name, { clients = [], datagram = false }]) => clients.map((client) => [name, client, datagram] as const)))(
      '%s answers %s',
      async (name, client, datagram) => {
        const address = inPlace(client);
        const answer = datagram ? await askDatagram(bench.account, address) : await bench.account.sh(`echo hello | socat -t 30 - ${address}`);
        expect(answer).toBe('hello');
        expect(await bench.account.property(`${name}.socket`, 'SubState')).toBe('running');
      },
    );

    test('VSOCK is bound', async () => {
      for (const port of [vsockPort, vsockPort + 1]) expect((await bench.account.exec(['socat', '-u', `VSOCK-LISTEN:${port}`, '-'])).stderr).toContain('Address already in use');
    });

    test('an IPv6 address alone takes no IPv4 clients, unless BindIPv6Only=both', async () => {
      expect(await open('only', 'ListenStream=[::]:6101\n')).toBe(0);
      expect(await open('only-said', 'ListenStream=6102\nBindIPv6Only=ipv6-only\n')).toBe(0);
      // systemd leaves [::] to net.ipv6.bindv6only, which is 0 everywhere.
      expect((await bench.account.exec(['socat', '-u', '/dev/null', 'tcp4:127.0.0.1:6102'])).status).toBe(1);
      expect((await bench.account.exec(['socat', '-u', '/dev/null', 'tcp6:[::1]:6101'])).status).toBe(0);
    });

    test.each(['localhost:80', '70000', '127.0.0.1', `/${'x'.repeat(120)}`, 'relative/path', 'vsock:x:y'])('%s is no address', async (address) => {
      await bench.units({ 'wrong.socket': `[Socket]\nListenStream=${address}\n` });
      expect(await bench.code('start', 'wrong.socket')).toBe(1);
      expect(await bench.account.property('wrong.socket', 'LoadState')).toBe('bad-setting');
    });

    test('an empty value forgets those before it', async () => {
      expect(await open('forgotten', 'ListenStream=127.0.0.1:6103\nListenDatagram=127.0.0.1:6103\nListenStream=\nListenStream=127.0.0.1:6104\n')).toBe(0);
      expect(await bench.account.property('forgotten.socket', 'Listen')).toBe('127.0.0.1:6104 (Stream)');
    });
  });

  describe('files', () => {
    test('a Unix socket is open to everyone in folders that are not writable, and SocketMode= and DirectoryMode= change that', async () => {
      expect(await open('modes', `ListenStream=${WORK}/modes/deep/usual\n`)).toBe(0);
      expect(await open('tight', `ListenStream=${WORK}/tight/deep/socket\nSocketMode=0600\nDirectoryMode=0700\n`)).toBe(0);
      const owner = isRoot ? 'root:root' : 'tester:tester';
      expect([await mode(`${WORK}/modes/deep`), await mode(`${WORK}/modes/deep/usual`)]).toEqual([`755 ${owner}`, `666 ${owner}`]);
      expect([await mode(`${WORK}/tight`), await mode(`${WORK}/tight/deep`), await mode(`${WORK}/tight/deep/socket`)]).toEqual([`700 ${owner}`, `700 ${owner}`, `600 ${owner}`]);
    });

    if (isRoot) {
      test('SocketUser= and SocketGroup= own it; those that are not there fail the start', async () => {
        expect(await open('owned', `ListenStream=${WORK}/owned\nSocketUser=tester\nSocketGroup=audio\n`)).toBe(0);
        expect(await mode(`${WORK}/owned`)).toBe('666 tester:audio');
        expect(await open('grouped', `ListenStream=${WORK}/grouped\nSocketUser=tester\n`)).toBe(0);
        expect(await mode(`${WORK}/grouped`)).toBe('666 tester:tester');
        expect(await open('unowned', `ListenStream=${WORK}/unowned\nSocketUser=nobody-here\n`)).toBe(1);
      });
    }

    test('a stop leaves the file, RemoveOnStop= removes it, and the next start replaces what was left', async () => {
      await open('left', `ListenStream=${WORK}/left\n`);
      await open('removed', `ListenStream=${WORK}/removed\nRemoveOnStop=yes\nSymlinks=${WORK}/removed-link\n`);
      expect(bench.host.linkTarget(`${WORK}/removed-link`)).toBe(`${WORK}/removed`);
      await bench.account.ok('stop', 'left.socket', 'removed.socket');
      expect(['left', 'removed', 'removed-link'].map((name) => bench.host.list(WORK).includes(name))).toEqual([true, false, false]);
      expect(await bench.code('start', 'left.socket')).toBe(0);
    });
  });

  describe('options', () => {
    test('Backlog= and FreeBind= reach the kernel', async () => {
      expect(await open('backlog', 'ListenStream=127.0.0.1:6201\nBacklog=7\n')).toBe(0);
      expect((await listens("-t 'sport = :6201'")).split(/\s+/)[2]).toBe('7');
      expect(await open('free', 'ListenStream=192.0.2.1:6202\nFreeBind=yes\n')).toBe(0);
      expect(await open('notfree', 'ListenStream=192.0.2.1:6203\n')).toBe(1);
    });

    test('Service= may name any service, and more than one socket the same', async () => {
      await bench.units({
        'first.socket': '[Socket]\nListenStream=127.0.0.1:6211\nService=both.service\n',
        'second.socket': '[Socket]\nListenStream=127.0.0.1:6212\nService=both.service\n',
        'both.service': `[Service]\nExecStart=/usr/bin/node ${WORK}/echo/echo.cjs\n`,
      });
      await bench.account.ok('start', 'first.socket', 'second.socket');
      expect(await bench.account.sh('echo one | socat -t 30 - tcp4:127.0.0.1:6212')).toBe('one');
      expect(await bench.account.sh('echo two | socat -t 30 - tcp4:127.0.0.1:6211')).toBe('two');
      const { Triggers } = await bench.account.show('first.socket', 'Triggers');
      expect(Triggers).toBe('both.service');
      expect((await bench.account.property('both.service', 'TriggeredBy')).split(' ').toSorted()).toEqual(['first.socket', 'second.socket']);
    });

    test('a socket without a service of its name does not start', async () => {
      await bench.units({ 'lonely.socket': '[Socket]\nListenStream=127.0.0.1:6221\n' });
      expect(await bench.code('start', 'lonely.socket')).toBe(1);
      expect(await listens("-t 'sport = :6221'")).toBe('');
    });

    test('a socket cannot start while its service runs', async () => {
      await bench.units({ 'late.socket': '[Socket]\nListenStream=127.0.0.1:6231\n', 'late.service': '[Service]\nExecStart=/bin/sleep 1000\n' });
      await bench.account.ok('start', 'late.service');
      expect(await bench.code('start', 'late.socket')).toBe(1);
    });

    test('commands run before and after it listens, and around its end', async () => {
      const say = (word: string): string => `/bin/sh -c 'echo ${word} $(ss -Htln "sport = :6241" | wc -l) >> ${WORK}/commands'`;
      await open(
        'commands',
        `ListenStream=127.0.0.1:6241\nExecStartPre=${say('pre')}\nExecStartPost=${say('post')}\nExecStopPre=${say('stop-pre')}\nExecStopPost=${say('stop-post')}\n`,
      );
      await bench.account.ok('stop', 'commands.socket');
      expect(bench.lines('commands')).toEqual(['pre 0', 'post 1', 'stop-pre 1', 'stop-post 0']);
      expect(await open('command-fails', `ListenStream=127.0.0.1:6242\nExecStartPre=/bin/false\n`)).toBe(1);
      expect(await bench.state('command-fails.socket')).toBe('failed (failed) exit-code');
    });

    test('FlushPending= throws away what came while the service ran', async () => {
      await bench.units({
        'flush.socket': '[Socket]\nListenDatagram=127.0.0.1:6251\nFlushPending=yes\n',
        'flush.service': `[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo run >> ${WORK}/flush; until [ -e ${WORK}/flush.go ]; do sleep 0.02; done'\n`,
      });
      await bench.account.ok('start', 'flush.socket');
      await bench.account.sh('for i in 1 2 3; do echo x > /dev/udp/127.0.0.1/6251; done');
      await until('the service runs', () => bench.lines('flush').length === 1);
      bench.touch('flush.go');
      await until('the socket listens again', async () => (await bench.account.property('flush.socket', 'SubState')) === 'listening');
      expect(bench.lines('flush')).toEqual(['run']);
    });

    test('a client that leaves before the service has started is none of the others’ business', async () => {
      await bench.units({
        'leaver.socket': '[Socket]\nListenStream=127.0.0.1:6261\n',
        'leaver.service': `[Service]\nType=notify\nExecStartPre=/bin/sh -c 'touch ${WORK}/leaver; until [ -e ${WORK}/leaver.go ]; do sleep 0.02; done'\nExecStart=/usr/bin/node ${WORK}/echo/echo.cjs\n`,
      });
      await bench.account.ok('start', 'leaver.socket');
      await bench.account.sh('exec 3<>/dev/tcp/127.0.0.1/6261; exec 3<&-');
      await until('the service starts', () => bench.host.exists(`${WORK}/leaver`));
      const stays = bench.account.sh('echo stays | socat -t 30 - tcp4:127.0.0.1:6261');
      bench.touch('leaver.go');
      expect(await stays).toBe('stays');
    });
  });
});
