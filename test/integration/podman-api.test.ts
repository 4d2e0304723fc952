/**
 * Podman's API behind its socket: podman's own podman.socket and podman.service, unchanged, without systemd, with the clients that people have:
 * docker-compose 2, the docker CLI and podman --remote.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

const COMPOSE = `services:
  web:
    build: ./web
    network_mode: none
    depends_on: [store]
  store:
    build: ./store
    network_mode: none
`;
const containerfile = (name: string): string =>
  `FROM localhost/busybox\nRUN echo page of ${name} >/page\nCMD ["sh", "-c", "echo ${name} is up; trap exit TERM; while :; do sleep 0.1; done"]\n`;
/** A build that takes until it is killed. */
const SLOW = 'FROM localhost/busybox\nRUN echo begun; sleep 300\n';

describe.skipIf(whyNoHost() !== undefined).each(['root', 'tester'] as const)('the Podman API of %s', (user) => {
  let host: RouseHost;
  let me: Account;
  beforeAll(async () => {
    host = await RouseHost.start();
    const plain = host.as(user);
    // BuildKit is a daemon of Docker's own, which podman does not have: its manual says the same.
    me = plain.with({ DOCKER_HOST: `unix://${plain.runtime}/podman/podman.sock`, DOCKER_BUILDKIT: '0' });
    await me.sh('sh /rouse/test/host/busybox-image.sh');
    for (const name of ['web', 'store']) me.write(`${me.home}/shop/${name}/Dockerfile`, containerfile(name));
    me.write(`${me.home}/shop/compose.yaml`, COMPOSE);
    me.write(`${me.home}/slow/Dockerfile`, SLOW);
    await me.ok('start', 'podman.socket');
  });
  afterAll(() => host?.stop());

  const compose = (words: string): Promise<string> => me.sh(`cd ~/shop && docker-compose ${words} 2>&1`);
  const isRunning = async (): Promise<boolean> => (await me.rouse(['is-active', 'podman.service'])).stdout.trim() === 'active';

  test('docker-compose builds a project of two services, and has it up, listed, logged, entered and down', async () => {
    expect(await isRunning()).toBe(false);
    expect(await compose('up -d --build')).toMatch(/web-1 +Started/);
    expect(await isRunning()).toBe(true);
    expect(await compose(`ps --format '{{.Service}} {{.State}}'`)).toMatch(/store running\nweb running/);
    await until('both have said that they are up', async () => /web is up[^]*store is up|store is up[^]*web is up/.test(await compose('logs')));
    expect(await compose('exec -T web cat /page')).toBe('page of web');
    expect(await compose('down -t 2')).toMatch(/web-1 +Removed/);
    expect(await me.sh('podman ps -aq')).toBe('');
  });

  test('the docker CLI runs, builds, follows logs and sees events', async () => {
    const events = me.run(['docker', 'events', '--since', '5m', '--format', '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}']);
    expect(await me.sh('docker run --rm --network=none localhost/busybox echo hello from docker')).toBe('hello from docker');
    expect(await me.sh('docker build -t localhost/web ~/shop/web')).toMatch(/Successfully tagged localhost\/web/);
    await me.sh('docker run -d --name follow --network=none localhost/web');
    const logs = me.run(['docker', 'logs', '-f', 'follow']);
    await logs.printed('web is up');
    await me.sh('docker stop -t 2 follow && docker rm follow');
    expect(await logs.ended).toBe(0);
    await events.printed(/container start follow/);
    await events.printed(/container (die|died) follow/);
    process.kill(-(events.child.pid ?? 0), 'SIGTERM');
    await events.ended;
  });

  test('podman --remote speaks to it', async () => {
    const remote = `podman --remote --url ${me.env['DOCKER_HOST']}`;
    expect(await me.sh(`${remote} run --rm --network=none localhost/busybox echo hello from afar`)).toBe('hello from afar');
    expect(await me.sh(`${remote} images --format '{{.Repository}}'`)).toContain('localhost/busybox');
  });

  test('a service that is killed during a build costs that build and nothing else', async () => {
    const build = me.run(['docker', 'build', `${me.home}/slow`]);
    await build.printed(/Running in|begun|STEP 2|Step 2/i);
    const pid = await me.property('podman.service', 'MainPID');
    await host.root.sh(`kill -KILL ${pid}`);
    expect(await build.ended).not.toBe(0);
    expect(await me.sh('docker version --format {{.Server.Version}}')).toMatch(/^\d/);
    expect(await me.sh('docker build -t localhost/again ~/shop/store')).toMatch(/Successfully tagged localhost\/again/);
    expect(await me.property('podman.service', 'MainPID')).not.toBe(pid);
  });

  test('it leaves when it is idle, and comes back for the next client', async () => {
    await until('podman.service has left', async () => !(await isRunning()), 60_000);
    expect(await me.property('podman.service', 'Result')).toBe('success');
    expect(await me.sh('docker version --format {{.Server.Version}}')).toMatch(/^\d/);
  });
});

/** Idle for a second instead of five, so that there can be many partings. */
const SHORTLY = '[Service]\nExecStart=\nExecStart=/usr/bin/podman $LOGGING system service --time=1\n';

/** [milliseconds from the end of one answer to the next client]: around the moment at which it leaves. */
const PARTINGS = [980, 990, 995, 1000, 1005, 1010, 1020, 1040];

const CLIENT = `
const { request } = require('node:http');
const ping = () => new Promise((resolve) => {
  const asked = request({ socketPath: process.argv[1], path: '/_ping', agent: false, timeout: 30000 }, (answer) => answer.resume().on('end', () => resolve(answer.statusCode)));
  asked.on('error', (error) => resolve(error.code)).on('timeout', () => asked.destroy(new Error('no answer'))).end();
});
(async () => {
  const answers = [await ping()];
  for (const ms of JSON.parse(process.argv[2])) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    answers.push(await ping());
  }
  console.log(answers.join(' '));
})();`;

describe.skipIf(whyNoHost() !== undefined)('the Podman API when it leaves', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start();
    host.root.unit('podman.service.d/shortly.conf', SHORTLY);
    await host.root.ok('start', 'podman.socket');
  });
  afterAll(() => host?.stop());

  test('a client who comes exactly then is served', async () => {
    const { stdout } = await host.root.exec(['node', '-e', CLIENT, '/run/podman/podman.sock', JSON.stringify(PARTINGS)]);
    expect(stdout.trim().split(' ')).toEqual(['200', ...PARTINGS.map(() => '200')]);
    const logs = await host.root.ok('logs', 'podman.service');
    expect(logs.match(/Started podman.service/g)?.length).toBeGreaterThan(1);
  });
});
