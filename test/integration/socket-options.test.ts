/**
 * The options of systemd.socket(5): what a service sees of its descriptors is what it sees with the real systemd, option by option; and
 * what the kernel refuses is said by the key's name.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

/** By the name of a unit, the lines of [Socket]; RUN and PORT are a manager's own. `shows`: what some of its descriptors must have. */
const SOCKETS: Readonly<Record<string, { readonly lines: string; readonly shows: RegExp }>> = {
  tcp: {
    lines:
      'ListenStream=127.0.0.1:PORT1\nKeepAlive=yes\nKeepAliveTimeSec=11\nKeepAliveIntervalSec=7\nKeepAliveProbes=5\nNoDelay=yes\nPriority=4\nReceiveBuffer=40K\nSendBuffer=50K\nIPTOS=low-delay\nIPTTL=33\nMark=7\nReusePort=yes\nFreeBind=yes\nTransparent=yes\nTCPCongestion=reno\nDeferAcceptSec=3\nTimestamping=ns\nBacklog=9\nBindToDevice=lo',
    shows:
      /keepidle=11 keepintvl=7 keepcnt=5 nodelay=1 defer=3 priority=\d mark=7 .*reuseport=1 .*timestampns=1 tos=16 ttl=33 freebind=1 transparent=1.*congestion=reno device=lo.* backlog=9/,
  },
  tcp6: { lines: 'ListenStream=[::1]:PORT2\nIPTTL=44\nIPTOS=throughput\nFreeBind=yes\nTransparent=yes\nNoDelay=yes\nBindIPv6Only=ipv6-only', shows: /v6only=1 .*hops=44/ },
  both: { lines: 'ListenStream=PORT3\nBindIPv6Only=both\nTimestamping=us', shows: /timestamp=1.*v6only=0/ },
  udp: { lines: 'ListenDatagram=127.0.0.1:PORT4\nListenDatagram=[::1]:PORT4\nBroadcast=yes\nPassPacketInfo=yes\nReusePort=yes', shows: /broadcast=1.*pktinfo=1[^]*pktinfo6=1/ },
  local: {
    lines:
      'ListenStream=RUN/local.sock\nListenDatagram=RUN/local.dg\nListenSequentialPacket=RUN/local.seq\nListenStream=@local-PORT5\nPassCredentials=yes\nPassSecurity=yes\nSendBuffer=30K\nBacklog=3',
    shows: /(passcred=1 passsec=1[^]*){4}/,
  },
  mptcp: { lines: 'ListenStream=127.0.0.1:PORT6\nSocketProtocol=mptcp\nKeepAlive=yes', shows: /protocol=262/ },
  pipe: { lines: 'ListenFIFO=RUN/pipe\nPipeSize=128K\nSocketMode=0600', shows: /format=10000 access=2 nonblock=0 pipe=131072/ },
  queue: { lines: 'ListenMessageQueue=/queue-PORT7\nMessageQueueMaxMessages=5\nMessageQueueMessageSize=96', shows: /messages=5 size=96/ },
  netlink: {
    lines: 'ListenNetlink=kobject-uevent 1\nListenNetlink=route 1361\nPassCredentials=yes\nPassPacketInfo=yes\nReceiveBuffer=1M',
    shows: /family=16 type=3 protocol=15.*passcred=1.*groups=1 pktinfonl=1/,
  },
  special: { lines: 'ListenSpecial=/proc/self/mounts', shows: /format=100000 access=0/ },
  writable: { lines: 'ListenSpecial=/dev/random\nWritable=yes', shows: /format=20000 access=2/ },
};

/** What the kernel refuses an ordinary user, and the words for it. */
const REFUSED: readonly (readonly [line: string, words: RegExp])[] = [
  ['Mark=7', /Failed to set Mark=, ignoring: setsockopt: Operation not permitted \(EPERM\)/],
  ['Transparent=yes', /Failed to set Transparent=, ignoring: setsockopt: Operation not permitted \(EPERM\)/],
  ['Priority=7', /Failed to set Priority=, ignoring: setsockopt: Operation not permitted \(EPERM\)/],
  ['TCPCongestion=nosuch', /Failed to set TCPCongestion=, ignoring: setsockopt: No such file or directory \(ENOENT\)/],
  ['ReceiveBuffer=512M', /Failed to set ReceiveBuffer= to 536870912, using \d+: net\.core\.rmem_max allows no more/],
];

/** Keys that a socket cannot do without, and the words for it. */
const FATAL: readonly (readonly [lines: string, words: RegExp, hint: string])[] = [
  ['ListenStream=127.0.0.1:7390\nBindToDevice=nosuch0', /Failed to listen on '127\.0\.0\.1:7390': BindToDevice=nosuch0: setsockopt: No such device \(ENODEV\)/, ''],
  ['ListenStream=127.0.0.1:7391\nSocketProtocol=sctp', /Failed to listen on '127\.0\.0\.1:7391': socket: Protocol not supported \(EPROTONOSUPPORT\)/, 'SocketProtocol='],
  ['ListenNetlink=audit 1', /Failed to listen on 'audit 1': (socket|bind): /, ''],
  ['ListenMessageQueue=/q\nMessageQueueMaxMessages=100000\nMessageQueueMessageSize=100000000', /Failed to listen on '\/q': mq_open: Invalid argument \(EINVAL\)/, 'msg_max'],
  ['ListenStream=127.0.0.1:80', /Failed to listen on '127\.0\.0\.1:80': bind: Permission denied \(EACCES\)/, 'CAP_NET_BIND_SERVICE'],
  ['ListenStream=192.0.2.1:7392', /Failed to listen on '192\.0\.2\.1:7392': bind: .* \(EADDRNOTAVAIL\)/, 'FreeBind=yes'],
  [
    'ListenUSBFunction=/sys/kernel/config/usb',
    /ListenUSBFunction=\/sys\/kernel\/config\/usb, which rouse cannot hold: a USB function begins with descriptors/,
    'a service of its own',
  ],
];

describe.skipIf(whyNoHost() !== undefined)('the options of a socket', () => {
  let host: RouseHost;
  const seen: { readonly theirs: Map<string, string>; readonly ours: Map<string, string> } = { theirs: new Map(), ours: new Map() };
  beforeAll(async () => {
    host = await RouseHost.start({ systemd: true });
    host.root.write('/root/fd-options.c', readFileSync(join(import.meta.dirname, 'lib/fd-options.c')));
    await host.root.sh('gcc -O -o /usr/local/bin/fd-options /root/fd-options.c');
    await look(host.root.systemctl, host.root.units, '/run/theirs', 71, seen.theirs);
    await look(host.root, host.root.own, '/run/ours', 72, seen.ours);
  }, 120_000);
  afterAll(() => host.stop());

  /** Starts all sockets and their services with one manager, and notes what each service saw. */
  async function look(account: Account, folder: string, run: string, port: number, into: Map<string, string>): Promise<void> {
    const fill = (text: string): string => text.replaceAll('RUN', run).replace(/PORT(\d)/g, `${port}0$1`);
    const names = Object.keys(SOCKETS);
    for (const [name, { lines }] of Object.entries(SOCKETS)) {
      account.write(`${folder}/${name}.socket`, `[Socket]\n${fill(lines)}\n`);
      account.write(`${folder}/${name}.service`, `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/bin/fd-options ${run}/${name}.seen\n`);
    }
    await account.sh(`mkdir -p ${run}`);
    await account.ok('daemon-reload');
    await account.rouse(['start', ...names.map((name) => `${name}.socket`)]);
    await account.rouse(['start', ...names.map((name) => `${name}.service`)]);
    for (const name of names) into.set(name, await until(`${name} has looked`, () => host.exists(`${run}/${name}.seen`) && host.read(`${run}/${name}.seen`)));
    await account.rouse(['stop', ...names.flatMap((name) => [`${name}.socket`, `${name}.service`])]);
  }

  it.each(Object.entries(SOCKETS))('%s is as with systemd', (name, { shows }) => {
    expect(seen.ours.get(name)).toBe(seen.theirs.get(name));
    expect(seen.ours.get(name)).toMatch(shows);
  });

  it('what the kernel refuses is said by name, and the socket listens all the same', async () => {
    const me = host.tester;
    me.write(`${me.own}/some.socket`, `[Socket]\nListenStream=127.0.0.1:7380\n${REFUSED.map(([line]) => line).join('\n')}\n`);
    me.write(`${me.own}/some.service`, '[Service]\nExecStart=/bin/true\n');
    await me.ok('start', 'some.socket');
    const log = await me.ok('logs', 'some.socket');
    for (const [, words] of REFUSED) expect(log).toMatch(words);
    expect(await me.property('some.socket', 'SubState')).toBe('listening');
  });

  it.each(FATAL)('%s fails the socket in words', async (lines, words, hint) => {
    const me = host.tester;
    me.write(`${me.own}/fatal.socket`, `[Socket]\n${lines}\n`);
    me.write(`${me.own}/fatal.service`, '[Service]\nExecStart=/bin/true\n');
    await me.ok('daemon-reload');
    const { status, stdout, stderr } = await me.rouse(['start', 'fatal.socket']);
    const said = `${stdout}${stderr}`;
    expect({ status, said }).toEqual({ status: 1, said: expect.stringMatching(words) });
    if (hint !== '') expect(said).toMatch(new RegExp(`hint: .*${hint}`));
    await me.rouse(['reset-failed']);
  });
});
