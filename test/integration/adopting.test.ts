/**
 * The ways in which programs come to their sockets, each in a container without a network whose sockets are held outside, as two kinds of user: a small static
 * program goes through them all (adopting.c), and its first client is served. And the words for where adopting cannot work.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { ask, askDatagram } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

interface Way {
  readonly title: string;
  /** Words for adopting.c. */
  readonly program: string;
  /** Lines of [Socket]; PORT is one of this test's own. */
  readonly listen: string;
  readonly adopt: string;
  /** For socat, one each. */
  readonly clients: readonly string[];
  /** Lines of [Container]. */
  readonly lines?: string;
}

const tcp = { listen: 'ListenStream=127.0.0.1:PORT', adopt: '80', clients: ['tcp4:127.0.0.1:PORT'] };
const WAYS: readonly Way[] = [
  { title: 'binds IPv4', program: 'tcp 0.0.0.0 80', ...tcp },
  { title: 'binds one address', program: 'tcp 127.0.0.1 80', ...tcp },
  { title: 'binds IPv6, of both families', program: 'tcp :: 80', listen: 'ListenStream=PORT', adopt: '80', clients: ['tcp4:127.0.0.1:PORT', 'tcp6:[::1]:PORT'] },
  {
    title: 'binds both families, one by one',
    program: 'tcp 0.0.0.0 80 -- tcp6only :: 80',
    listen: 'ListenStream=PORT',
    adopt: '80',
    clients: ['tcp4:127.0.0.1:PORT', 'tcp6:[::1]:PORT'],
  },
  {
    title: 'binds several ports, and others besides',
    program: 'tcp 0.0.0.0 443 -- tcp 0.0.0.0 80 -- tcp 127.0.0.1 9999',
    listen: 'ListenStream=127.0.0.1:PORT\nListenStream=127.0.0.2:PORT',
    adopt: '80\nAdopt=443',
    clients: ['tcp4:127.0.0.1:PORT', 'tcp4:127.0.0.2:PORT'],
  },
  { title: 'binds UDP', program: 'udp 0.0.0.0 53', listen: 'ListenDatagram=127.0.0.1:PORT', adopt: '53', clients: ['udp4:127.0.0.1:PORT'] },
  { title: 'binds UDP of IPv6', program: 'udp :: 53', listen: 'ListenDatagram=[::1]:PORT', adopt: '53', clients: ['udp6:[::1]:PORT'] },
  { title: 'binds a Unix socket', program: 'unix /run.sock', listen: 'ListenStream=%t/way.sock', adopt: '/run.sock', clients: ['unix:RUN/way.sock'] },
  {
    title: 'binds a Unix datagram socket',
    program: 'unixgram /run.sock',
    listen: 'ListenDatagram=%t/way.sock',
    adopt: '/run.sock',
    clients: ['unix-sendto:RUN/way.sock,bind=RUN/clients/way.sock'],
    // It answers by the path of its client, which must be there for it.
    lines: 'Volume=%t/clients:%t/clients\n',
  },
  { title: 'binds late', program: 'sleep 700 -- tcp 0.0.0.0 80', ...tcp },
  { title: 'binds, closes and binds again', program: 'again tcp 0.0.0.0 80', ...tcp },
  { title: 'opens it anew after each client', program: 'reopen tcp 0.0.0.0 80', listen: tcp.listen, adopt: '80', clients: [...tcp.clients, ...tcp.clients, ...tcp.clients] },
  { title: 'forks before it listens', program: 'fork tcp 0.0.0.0 80', ...tcp },
  {
    title: 'has workers that each bind (SO_REUSEPORT)',
    program: 'workers tcp 0.0.0.0 80',
    listen: tcp.listen,
    adopt: '80',
    clients: [...tcp.clients, ...tcp.clients, ...tcp.clients],
  },
  { title: 'drops its privileges first', program: 'drop tcp 0.0.0.0 8080', listen: tcp.listen, adopt: '8080', clients: tcp.clients },
  { title: 'runs as a sub-uid', program: 'tcp 0.0.0.0 8080', listen: tcp.listen, adopt: '8080', clients: tcp.clients, lines: 'User=1234\n' },
  { title: 'binds in a thread', program: 'thread tcp 0.0.0.0 80', ...tcp },
  {
    title: 'has a capability less and no new privileges',
    program: 'tcp 0.0.0.0 8080',
    listen: tcp.listen,
    adopt: '8080',
    clients: tcp.clients,
    lines: 'NoNewPrivileges=true\nDropCapability=all\n',
  },
];

const FIRST_PORT = 7900;

describe.skipIf(whyNoHost() !== undefined)('a program that', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
    await me.sh(
      'd=$(mktemp -d) && gcc -O1 -static -pthread -o $d/ways /rouse/test/integration/lib/adopting.c && mkdir $d/tmp && tar -C $d -c . | podman import --quiet - localhost/ways',
      { timeoutMs: 60_000 },
    );
    await me.sh(`mkdir ${me.runtime}/clients`);
    await me.daemon();
  });
  // They are many, and nobody stops them one by one.
  afterAll(() => host?.stop());

  test.each(WAYS)('$title is served on what is held for it', async ({ program, listen, adopt, clients, lines = '', title }) => {
    const port = FIRST_PORT + WAYS.findIndex((way) => way.title === title);
    const filled = (text: string): string => text.replaceAll('PORT', String(port)).replaceAll('RUN', me.runtime);
    const unit = `way${port}`;
    me.unit(`${unit}.socket`, `[Socket]\n${filled(listen)}\n[X-Rouse]\nAdopt=${adopt}\nArm=stopped\n`);
    me.unit(`${unit}.container`, `[Container]\nImage=localhost/ways\nPull=never\nNetwork=none\nPodmanArgs=--stop-timeout=0\n${lines}Exec=/ways ${program}\n`);
    await me.ok('start', `${unit}.socket`);
    for (const client of clients) {
      const answer = /^(udp|unix-sendto)/.test(client) ? askDatagram(me, filled(client)) : ask(me, filled(client));
      expect({ client, answer: await answer }).toEqual({ client, answer: 'hello' });
    }
  });
});

describe.skipIf(whyNoHost() !== undefined)('where adopting costs something or cannot be,', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
  });
  afterEach(() => me.reset());
  afterAll(() => host?.stop());

  const adopts = async (service: string, more = ''): Promise<void> => {
    me.unit('odd.socket', '[Socket]\nListenStream=127.0.0.1:7890\n[X-Rouse]\nAdopt=yes\n');
    me.unit('odd.service', `[Service]\n${more}ExecStart=${service}\n`);
    await me.ok('start', 'odd.socket');
    me.run(['timeout', '5', 'socat', '-', 'tcp4:127.0.0.1:7890']);
  };
  const said = (words: string): Promise<boolean> => until(`the log says ${words}`, async () => (await me.ok('logs')).includes(words));

  test('a user’s plain process has no new privileges, and that is said', async () => {
    await adopts('socat TCP4-LISTEN:7890,fork PIPE');
    await said('odd.service: Its processes have no new privileges (sudo and other setuid programs have no effect there)');
  });

  test('a program that hides its memory is said, and its bind goes on by itself', async () => {
    await me.sh('gcc -O1 -static -pthread -o /tmp/ways /rouse/test/integration/lib/adopting.c');
    await adopts('/tmp/ways hide tcp 127.0.0.1 7890');
    await said('programs that may not be looked at cannot have their sockets adopted');
  });

  test('a program that binds elsewhere is said, with the Adopt= that would help', async () => {
    await adopts('socat TCP4-LISTEN:7891,fork PIPE');
    await said('The program binds 0.0.0.0:7891, which no socket stands for');
    expect(await me.ok('logs')).toContain('Adopt=7891 in [X-Rouse] of odd.socket');
  });

  test('a root folder of its own is said, and the sockets are handed over', async () => {
    await host.root.sh('mkdir -p /srv/root');
    await adopts('/bin/true', 'RootDirectory=/srv/root\n');
    await said('Its sockets cannot be adopted, handing them over with LISTEN_FDS: RootDirectory= is set');
  });

  test('a program that asks for io_uring is refused that in a container, and is served all the same', async () => {
    await me.sh('d=$(mktemp -d) && gcc -O1 -static -pthread -o $d/ways /rouse/test/integration/lib/adopting.c && tar -C $d -c . | podman import --quiet - localhost/ways', {
      timeoutMs: 60_000,
    });
    me.unit('ring.socket', '[Socket]\nListenStream=127.0.0.1:7892\n[X-Rouse]\nAdopt=80\n');
    me.unit('ring.container', '[Container]\nImage=localhost/ways\nPull=never\nNetwork=none\nPodmanArgs=--stop-timeout=0\nExec=/ways uring tcp 0.0.0.0 80\n');
    await me.ok('start', 'ring.socket');
    expect(await ask(me, 'tcp4:127.0.0.1:7892')).toBe('hello');
    await until('its log is read', async () => (await me.ok('logs', 'ring.service')).includes('io_uring: '));
    expect(await me.ok('logs', 'ring.service')).toMatch(/io_uring: (Operation not permitted|Function not implemented)/);
  });
});
