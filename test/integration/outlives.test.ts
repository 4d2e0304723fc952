/**
 * What goes on while no manager is there: rouse-keeper has its descriptors, so that clients wait in the held sockets, programs in their calls to bind, and
 * runtimes at their listener, until the next manager answers all of them.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { ask, askDatagram } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const URL = 'http://127.0.0.1:7700/hostname';
/** A server in a container, which is ended and started again inside of it by `again`. */
const WEB = `[Container]\nImage=localhost/busybox\nPull=never\nNetwork=none\nPodmanArgs=--stop-timeout=1
Exec=sh -c "while :; do httpd -f -p 80 -h /etc & until [ -e /again ]; do busybox sleep 0.05; done; busybox rm /again; kill $$!; wait; done"\n`;

describe.skipIf(whyNoHost() !== undefined)('after the death of the manager', () => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    me = host.tester;
    await me.sh('sh /rouse/test/host/busybox-image.sh', { timeoutMs: 60_000 });
  });
  afterEach(() => me.reset());
  afterAll(() => host?.stop());

  const keepers = (): number => host.processes().filter(({ command }) => command.startsWith('rouse-keeper')).length;
  /** In the foreground, where only whoever supervises it starts another one: until then there is none. */
  const killManager = async (): Promise<void> => {
    const pid = await me.managerPid();
    await me.sh(`kill -9 ${pid}`);
    await until('it is gone', () => !host.isAlive(pid));
  };
  const fetch = (): ReturnType<Account['run']> => me.run(['busybox', 'wget', '-q', '-O', '-', URL]);
  const web = async (): Promise<void> => {
    me.unit('web.container', WEB);
    me.unit('web.socket', '[Socket]\nListenStream=127.0.0.1:7700\n[X-Rouse]\nAdopt=80\n');
    await me.daemon();
    await me.ok('start', 'web.socket');
    expect(await fetch().ended).toBe(0);
  };

  test('a program that binds anew in its container waits, and is served on the socket that is held for it', async () => {
    await web();
    const main = await me.property('web.service', 'MainPID');
    await killManager();
    expect(await fetch().ended).toBe(0);
    await me.sh('podman exec systemd-web busybox touch /again');
    await until('the server asks again', async () => (await me.sh('podman exec systemd-web busybox ps')).split('httpd -f').length === 3);
    const client = fetch();
    await me.daemon();
    expect(await client.ended).toBe(0);
    expect(await me.property('web.service', 'MainPID')).toBe(main);
  });

  test('a container that podman restarts meanwhile does not fail, and its client is served', async () => {
    await web();
    await killManager();
    await me.sh('podman restart systemd-web', { timeoutMs: 60_000 });
    expect(await me.sh('podman inspect systemd-web --format "{{.State.Status}}"')).toBe('running');
    const client = fetch();
    await me.daemon();
    expect(await client.ended).toBe(0);
    expect(await me.property('web.socket', 'ActiveState')).toBe('active');
  });

  test('a plain process that binds anew is served, and what it wrote meanwhile is in its log', async () => {
    me.unit('echo.socket', '[Socket]\nListenStream=127.0.0.1:7701\n[X-Rouse]\nAdopt=yes\n');
    me.unit(
      'echo.service',
      `[Service]\nExecStart=/bin/sh -c 'echo begun $$$$; socat TCP4-LISTEN:7701,reuseaddr PIPE; echo again; exec socat TCP4-LISTEN:7701,reuseaddr,fork PIPE'\n`,
    );
    await me.daemon();
    await me.ok('start', 'echo.socket');
    const connected = me.run(['socat', '-', 'tcp4:127.0.0.1:7701']);
    await until('it serves', async () => (await me.property('echo.service', 'ActiveState')) === 'active');
    await killManager();
    connected.child.stdin?.end('bye\n');
    await connected.printed('bye');
    const client = me.run(['sh', '-c', 'echo anew | socat -t 60 - tcp4:127.0.0.1:7701']);
    await me.daemon();
    await client.printed('anew');
    expect(await me.ok('logs', 'echo.service', '-o', 'cat')).toMatch(/begun \d+\n[^]*again\n/);
  });

  test('datagrams and Unix sockets wait as well, for services that nobody had started yet', async () => {
    me.unit('many.socket', '[Socket]\nListenDatagram=127.0.0.1:7702\n');
    me.unit('many.service', '[Service]\nExecStart=socat -t 0.1 UDP4-RECVFROM:7702,fork PIPE\nStandardOutput=null\n');
    me.unit('path.socket', '[Socket]\nListenStream=%t/outlives.sock\n');
    me.unit('path.service', '[Service]\nExecStart=socat ACCEPT-FD:3,fork PIPE\n');
    me.unit(
      'many.service',
      `[Service]\nExecStart=node -e "const dgram = require('node:dgram').createSocket('udp4'); dgram.bind({ fd: 3 }); dgram.on('message', (m, r) => dgram.send(m, r.port, r.address))"\n`,
    );
    await me.daemon();
    await me.ok('start', 'many.socket', 'path.socket');
    await killManager();
    expect((await me.rouse(['list-sockets'])).stderr).toContain('what the last one held waits for the next one');
    const datagram = askDatagram(me, 'udp4:127.0.0.1:7702', 'by datagram');
    const stream = ask(me, `unix:${me.runtime}/outlives.sock`, 'by path');
    await me.daemon();
    expect([await datagram, await stream]).toEqual(['by datagram', 'by path']);
  });

  test('a connection with a process of its own goes on, and its socket counts it', async () => {
    me.unit('each.socket', '[Socket]\nListenStream=127.0.0.1:7707\nAccept=yes\nMaxConnections=1\n');
    me.unit('each@.service', '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n');
    await me.daemon();
    await me.ok('start', 'each.socket');
    const client = me.run(['socat', '-', 'tcp4:127.0.0.1:7707']);
    client.child.stdin?.write('before\n');
    await client.printed('before');
    await until('it is remembered', () => host.list(`${me.runtime}/rouse/running`).some((name) => name.startsWith('each@')));
    await killManager();
    await me.daemon();
    client.child.stdin?.write('after\n');
    await client.printed('after');
    expect(await me.sh('echo refused | socat -t 5 - tcp4:127.0.0.1:7707 || true')).toBe('');
    client.child.stdin?.end();
    expect(await client.ended).toBe(0);
    await until('there is room again', async () => (await me.sh('echo next | socat -t 5 - tcp4:127.0.0.1:7707 || true')) === 'next');
  });

  test('a service that was not written down yet is ended, and its socket starts it again', async () => {
    me.unit('new.socket', '[Socket]\nListenStream=127.0.0.1:7708\n');
    me.unit('new.service', '[Service]\nExecStart=socat ACCEPT-FD:3,fork PIPE\n');
    await me.daemon();
    await me.ok('start', 'new.socket');
    expect(await ask(me, 'tcp4:127.0.0.1:7708')).toBe('hello');
    const main = Number(await me.property('new.service', 'MainPID'));
    await killManager();
    await me.sh(`rm ${me.runtime}/rouse/running/new.service.json`);
    await me.daemon();
    await until('it is gone', () => !host.isAlive(main));
    expect(await ask(me, 'tcp4:127.0.0.1:7708', 'again')).toBe('again');
  });

  test('in the background the next one comes by itself, also after that, and everything ends with rouse exit', async () => {
    me.unit('echo.socket', '[Socket]\nListenStream=127.0.0.1:7703\n');
    me.unit('echo.service', '[Service]\nExecStart=socat ACCEPT-FD:3,fork PIPE\n');
    await me.ok('start', 'echo.socket');
    for (const words of ['once', 'twice']) {
      await killManager();
      expect(await ask(me, 'tcp4:127.0.0.1:7703', words)).toBe(words);
      await until('it is there', async () => (await me.rouse(['is-active', 'echo.socket'])).status === 0);
    }
    expect(keepers()).toBe(1);
    await me.ok('exit');
    await until('nothing is left', () => keepers() === 0);
  });

  test('what no file speaks of any more is let go of', async () => {
    me.unit('echo.socket', '[Socket]\nListenStream=127.0.0.1:7704\n');
    me.unit('echo.service', '[Service]\nExecStart=socat ACCEPT-FD:3,fork PIPE\n');
    me.unit('other.socket', '[Socket]\nListenStream=127.0.0.1:7705\nListenStream=127.0.0.1:7706\n');
    me.unit('other.service', '[Service]\nExecStart=socat ACCEPT-FD:3,fork PIPE\n');
    await me.daemon();
    await me.ok('start', 'echo.socket', 'other.socket');
    await killManager();
    await me.sh(`rm ${me.units}/echo.*`);
    me.unit('other.socket', '[Socket]\nListenStream=127.0.0.1:7706\n');
    await me.daemon();
    expect(await me.sh('ss -Hltn | grep -o "127.0.0.1:770[4-6]"')).toBe('127.0.0.1:7706');
  });
});
