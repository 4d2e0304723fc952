/** `rouse run` and `rouse import`, as somebody types them: nothing runs before the first client, who is served. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { ask, askDatagram } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const UDP_ECHO = `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m, r) => s.send(m, r.port, r.address)); s.bind(53)`;
const HTTP = `require('node:http').createServer((q, a) => a.end('from ' + process.cwd())).listen(7903)`;

describe.skipIf(whyNoHost() !== undefined)('from one line', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
    await me.sh('sh /rouse/test/host/busybox-image.sh', { timeoutMs: 60_000 });
  });
  afterEach(() => me.reset());
  afterAll(() => host?.stop());

  const run = (...words: readonly string[]): Promise<string> => me.sh(`/rouse/bin/rouse run ${words.join(' ')} 2>&1`);
  const fetch = (port: number): Promise<string> => me.sh(`busybox wget -q -O - http://127.0.0.1:${port}/hostname`);
  const running = async (): Promise<string> => me.sh('podman ps --format "{{.Names}}"');

  test('an image listens on its port, and starts with its first client', async () => {
    const said = await run('-p', '7900:80', '--name', 'web', '--stop-timeout=0', '-e', 'A=b', 'localhost/busybox', 'httpd', '-f', '-p', '80', '-h', '/etc');
    expect(said).toContain('web.socket listens on 7900 as 80; the first client starts localhost/busybox');
    expect(await running()).toBe('');
    expect(await fetch(7900)).not.toBe('');
    await until('podman knows', async () => (await running()) === 'systemd-web');
    expect(await me.sh('podman exec systemd-web env')).toContain('A=b');
    expect(await me.property('web.service', 'ActiveState')).toBe('active');
    // Again is nothing new; something else under its name is refused, and takes its place when that is asked for.
    await run('-p', '7900:80', '--name', 'web', '--stop-timeout=0', '-e', 'A=b', 'localhost/busybox', 'httpd', '-f', '-p', '80', '-h', '/etc');
    const other = await me.exec(['/rouse/bin/rouse', 'run', '-p', '7901:80', '--name', 'web', '--stop-timeout=0', 'localhost/busybox', 'httpd', '-f', '-p', '80', '-h', '/etc']);
    expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining('--replace') as string });
    await run('--replace', '-p', '7901:80', '--name', 'web', '--stop-timeout=0', 'localhost/busybox', 'httpd', '-f', '-p', '80', '-h', '/etc');
    expect(await fetch(7901)).not.toBe('');
    expect((await me.exec(['busybox', 'wget', '-q', '-O', '-', 'http://127.0.0.1:7900/hostname'])).status).not.toBe(0);
  });

  test('with --idle it stops when nobody is connected, and with --save its files stay', async () => {
    const said = await run('--save', '--idle', '1s', '-p', '7902:80', '--name', 'kept', '--stop-timeout=0', 'localhost/busybox', 'httpd', '-f', '-p', '80', '-h', '/etc');
    expect(said).toContain(`${me.quadlets}/kept.container`);
    expect(await fetch(7902)).not.toBe('');
    await until('it has stopped', async () => ['inactive', 'failed'].includes(await me.property('kept.service', 'ActiveState')));
    expect(await me.ok('logs', 'kept.service')).toContain('Nobody was connected for 1s');
    await me.ok('exit');
    await me.ok('start', 'kept.socket');
    expect(await fetch(7902)).not.toBe('');
  });

  test('a command of this host is run where it was typed', async () => {
    me.write(`${me.home}/app/server.js`, HTTP);
    await me.sh('cd ~/app && /rouse/bin/rouse run -p 7903 --name app -- node server.js');
    expect(await me.sh('busybox wget -q -O - http://127.0.0.1:7903/')).toBe(`from ${me.home}/app`);
  });

  test('UDP and Unix sockets are held as well', async () => {
    me.write(`${me.home}/app/udp.js`, UDP_ECHO);
    await me.sh('cd ~/app && /rouse/bin/rouse run -p 127.0.0.1:7904:53/udp --name dns -- node udp.js');
    expect(await askDatagram(me, 'udp4:127.0.0.1:7904')).toBe('hello');
    await run('-p', `${me.runtime}/run.sock:${me.runtime}/program.sock`, '--name', 'unix', '--', 'socat', `UNIX-LISTEN:${me.runtime}/program.sock,fork`, 'PIPE');
    expect(await ask(me, `unix:${me.runtime}/run.sock`)).toBe('hello');
  });

  test('a compose file becomes units that listen, and start what they need with the first client', async () => {
    me.write(
      `${me.home}/shop/compose.yaml`,
      `services:
  web:
    image: localhost/busybox
    command: httpd -f -p 80 -h /data
    network_mode: none
    stop_grace_period: 1s
    ports: ["127.0.0.1:\${PORT}:80"]
    volumes: ["./data:/data:ro"]
    depends_on: [helper]
    deploy: {replicas: 2}
  helper:
    image: localhost/busybox
    network_mode: none
    stop_grace_period: 1s
    command: sh -c "echo helps; exec sleep 1000"
`,
    );
    me.write(`${me.home}/shop/.env`, 'PORT=7905\n');
    me.write(`${me.home}/shop/data/hostname`, 'from the shop\n');
    const { status, stdout, stderr } = await me.exec(['bash', '-c', 'cd ~/shop && /rouse/bin/rouse import']);
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining('shop/compose.yaml:2: services.web: One of its 2 instances is carried over') as string });
    expect(stdout).toContain('rouse start shop-web.socket');
    await me.ok('start', 'shop-web.socket');
    expect(await running()).toBe('');
    expect(await fetch(7905)).toBe('from the shop');
    me.write(`${me.home}/net/compose.yaml`, 'services:\n  web:\n    image: localhost/busybox\n    volumes: ["data:/data"]\nvolumes:\n  data:\n');
    const { stdout: paths } = await me.exec(['bash', '-c', 'cd ~/net && /rouse/bin/rouse import']);
    expect(paths).toContain(`${me.home}/.config/containers/systemd/net-default.network`);
    expect(await me.ok('cat', 'net-web.service')).toContain('--network net_default');
    await until('both run', async () => (await running()).split('\n').sort().join(' ') === 'systemd-shop-helper systemd-shop-web');
  });
});
