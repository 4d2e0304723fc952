/** [X-Rouse] IdleSec=: a service that nobody is connected to is stopped, and its next client starts it again. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { ask, askDatagram } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const UDP = `node -e "const dgram = require('node:dgram').createSocket('udp4'); dgram.bind({ fd: 3 }); dgram.on('message', (m, r) => dgram.send(m, r.port, r.address))"`;
/** Held, what runs, and a client. */
const KINDS: readonly (readonly [kind: string, listen: string, exec: string, adopt: string, client: (me: Account, line: string) => Promise<string>])[] = [
  ['TCP', 'ListenStream=127.0.0.1:7800', 'socat ACCEPT-FD:3,fork PIPE', 'no', (me, line) => ask(me, 'tcp4:127.0.0.1:7800', line)],
  ['UDP', 'ListenDatagram=127.0.0.1:7801', UDP, 'no', (me, line) => askDatagram(me, 'udp4:127.0.0.1:7801', line)],
  ['Unix', 'ListenStream=%t/idle.sock', 'socat ACCEPT-FD:3,fork PIPE', 'no', (me, line) => ask(me, `unix:${me.runtime}/idle.sock`, line)],
  ['adopted TCP of both families', 'ListenStream=7802', 'socat TCP4-LISTEN:7802,reuseaddr,fork PIPE', 'yes', (me, line) => ask(me, 'tcp4:127.0.0.1:7802', line)],
];

describe.skipIf(whyNoHost() !== undefined)('IdleSec=', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
  });
  afterEach(() => me.reset());
  afterAll(() => host?.stop());

  const stopped = (): Promise<boolean> => until('it has stopped', async () => (await me.property('rests.service', 'ActiveState')) === 'inactive');

  test.each(KINDS)('stops a service on %s when nobody is connected, and not before', async (_, listen, exec, adopt, client) => {
    me.unit('rests.socket', `[Socket]\n${listen}\n[X-Rouse]\nIdleSec=1500ms\nAdopt=${adopt}\n`);
    me.unit('rests.service', `[Service]\nSuccessExitStatus=143\nExecStart=${exec}\n`);
    await me.ok('start', 'rests.socket');
    expect(await client(me, 'first')).toBe('first');
    expect(await me.property('rests.service', 'ActiveState')).toBe('active');
    await stopped();
    expect(await me.ok('logs', 'rests.service')).toContain('Nobody was connected for 1.5');
    expect(await me.property('rests.service', 'Result')).toBe('success');
    expect(await client(me, 'second')).toBe('second');
  });

  test('leaves one that somebody is connected to, also across the death of a manager', async () => {
    me.unit('rests.socket', '[Socket]\nListenStream=127.0.0.1:7803\n[X-Rouse]\nIdleSec=1s\n');
    me.unit('rests.service', '[Service]\nSuccessExitStatus=143\nExecStart=socat ACCEPT-FD:3,fork PIPE\n');
    await me.ok('start', 'rests.socket');
    const client = me.run(['socat', '-', 'tcp4:127.0.0.1:7803']);
    client.child.stdin?.write('there\n');
    await client.printed('there');
    const main = await me.property('rests.service', 'MainPID');
    const manager = await me.managerPid();
    await me.sh(`kill -9 ${manager}`);
    await until('another manager is there', async () => (await me.rouse(['is-active', 'rests.service'])).status === 0);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await me.property('rests.service', 'MainPID')).toBe(main);
    client.child.stdin?.end();
    expect(await client.ended).toBe(0);
    await stopped();
  });
});
