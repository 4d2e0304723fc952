/** Health checks without systemd: the manager runs them, podman keeps their results, and both act on them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost, type CgroupLayout } from '../host/host.mjs';
import type { Account, UserName } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

const HOSTS: readonly { readonly user: UserName; readonly cgroups: CgroupLayout }[] = [
  { user: 'root', cgroups: 'delegated' },
  { user: 'tester', cgroups: 'delegated' },
  { user: 'tester', cgroups: 'undelegated' },
];

const CONTAINER = `[Unit]
StartLimitIntervalSec=0
[Container]
Image=localhost/busybox
ContainerName=box
Network=none
Exec=sleep 1000
StopTimeout=0
Volume=%h/state:/state
HealthInterval=1s
HealthRetries=2
`;

describe.skipIf(whyNoHost() !== undefined).each(HOSTS)('health checks of $user with $cgroups cgroups', ({ user, cgroups }) => {
  let host: RouseHost;
  let account: Account;

  beforeAll(async () => {
    host = await RouseHost.start({ cgroups });
    account = host.as(user);
    await account.sh('sh /rouse/test/host/busybox-image.sh; mkdir -p ~/state');
  });
  afterAll(() => host.stop());
  afterEach(async () => {
    await account.rouse(['stop', 'box.service']);
    await account.rouse(['reset-failed']);
    await account.sh('rm -f ~/state/*');
  });

  const define = async (keys: string, service = ''): Promise<void> => {
    account.unit('box.container', `${CONTAINER}${keys}\n[Service]\nTimeoutStartSec=infinity\n${service}\n`);
    await account.ok('daemon-reload');
  };
  const mark = (name: string): void => account.write(`${account.home}/state/${name}`, '');
  const unmark = (name: string): void => host.remove(`${account.home}/state/${name}`);
  const state = (): Promise<string> => account.property('box.service', 'ActiveState');
  const health = async (): Promise<{ Status: string; Log: readonly { ExitCode: number }[] | null }> =>
    JSON.parse(await account.sh("podman inspect box --format '{{json .State.Health}}' 2>/dev/null || echo '{}'"));
  const becomes = (status: string): Promise<unknown> => until(`podman says ${status}`, async () => (await health()).Status === status);
  const log = (): Promise<string> => account.ok('logs', 'box.service', '-o', 'cat');

  it('hold the start back until the container is healthy, with Notify=healthy', async () => {
    await define('HealthCmd=[ -e /state/ok ]\nNotify=healthy');
    await account.ok('start', '--no-block', 'box.service');
    await until('a check has failed', async () => ((await health()).Log ?? []).length > 0);
    expect(await state()).toBe('activating');
    mark('ok');
    await until('it is active', async () => (await state()) === 'active');
    expect(await account.sh('podman ps --format "{{.Names}} {{.Status}}"')).toMatch(/^box Up .*\(healthy\)$/);
    expect(await account.ok('status', 'box.service')).toContain('box is healthy');
  });

  it('are seen by podman and said in the log, and without HealthOnFailure= nothing happens', async () => {
    mark('ok');
    await define('HealthCmd=[ -e /state/ok ]');
    await account.ok('start', 'box.service');
    await becomes('healthy');
    unmark('ok');
    await becomes('unhealthy');
    await until('it is said', async () => (await log()).includes('box is unhealthy'));
    expect(await state()).toBe('active');
    mark('ok');
    await becomes('healthy');
  });

  it.each([
    ['kill', 'Restart=always\nRestartSec=0', 'active'],
    ['stop', '', 'failed'],
    ['restart', '', 'active'],
  ])('end in what HealthOnFailure=%s says', async (action, service, end) => {
    mark('ok');
    await define(`HealthCmd=[ -e /state/ok ]\nHealthOnFailure=${action}`, service);
    await account.ok('start', 'box.service');
    await becomes('healthy');
    const before = await account.property('box.service', 'InvocationID');
    unmark('ok');
    const after = async (): Promise<boolean> => (await state()) === end && (end === 'failed' || (await account.property('box.service', 'InvocationID')) !== before);
    await until('it has acted', after);
    mark('ok');
    if (end === 'active') await becomes('healthy');
    else expect(await account.sh('podman ps --all --quiet')).toBe('');
  });

  it('do not count in the start period, and a success in it does', async () => {
    await define('HealthCmd=[ -e /state/ok ]\nHealthStartPeriod=1h\nHealthRetries=1');
    await account.ok('start', 'box.service');
    await until('two checks have failed', async () => ((await health()).Log ?? []).length > 1);
    expect((await health()).Status).toBe('starting');
    mark('ok');
    await becomes('healthy');
  });

  it('begin with the startup check, and fail the start when that fails too often', async () => {
    await define('HealthCmd=[ -e /state/ok ]\nHealthStartupCmd=[ -e /state/started ]\nHealthStartupInterval=1s\nNotify=healthy\nHealthStartupRetries=3');
    await account.ok('start', '--no-block', 'box.service');
    await until('it has failed', async () => (await state()) === 'failed');
    expect(await log()).toContain('The startup health check of box failed too often');
    mark('started');
    await account.ok('start', 'box.service');
    expect(await state()).toBe('active');
    mark('ok');
    await becomes('healthy');
  });

  it('that take too long have failed, and are ended', async () => {
    await define('HealthCmd=[ -e /state/ok ] || sleep 12345\nHealthTimeout=1s\nHealthOnFailure=none');
    await account.ok('start', 'box.service');
    await becomes('unhealthy');
    mark('ok');
    await becomes('healthy');
    expect(host.processes().filter(({ command }) => command.includes('sleep 12345'))).toEqual([]);
  });

  it('that are not there fail a start with Notify=healthy, with words', async () => {
    await define('Notify=healthy');
    const { status, stderr } = await account.rouse(['start', 'box.service']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('Notify=healthy waits for a health check, and there is none') });
  });

  it('of the image itself are run, too', async () => {
    await account.sh(
      'mkdir -p ~/image; printf "FROM localhost/busybox\\nHEALTHCHECK --interval=1s CMD [ -e /state/ok ]\\n" > ~/image/Containerfile; podman build -q --format docker -t localhost/checked ~/image',
    );
    mark('ok');
    account.unit('box.container', CONTAINER.replace('localhost/busybox', 'localhost/checked').replace(/^Health.*\n/gm, ''));
    await account.ok('daemon-reload');
    await account.ok('start', 'box.service');
    await becomes('healthy');
  });

  it('of a Kubernetes file are run, and podman restarts the container in its pod', async () => {
    mark('ok');
    const probe = '{exec: {command: [sh, -c, "[ -e /state/ok ]"]}, periodSeconds: 1, failureThreshold: 1}';
    const container = `{name: one, image: localhost/busybox, imagePullPolicy: Never, command: [sleep, "1000"], livenessProbe: ${probe}, volumeMounts: [{name: state, mountPath: /state}]}`;
    const volume = `{name: state, hostPath: {path: ${account.home}/state}}`;
    account.write(
      `${account.quadlets}/probed.yml`,
      `{apiVersion: v1, kind: Pod, metadata: {name: probed}, spec: {terminationGracePeriodSeconds: 0, containers: [${container}], volumes: [${volume}]}}\n`,
    );
    account.unit('probed.kube', '[Kube]\nYaml=probed.yml\n');
    await account.ok('daemon-reload');
    await account.ok('start', 'probed.service');
    const inspect = (format: string): Promise<string> => account.sh(`podman inspect probed-one --format '{{${format}}}'`);
    await until('it is healthy', async () => (await inspect('.State.Health.Status')) === 'healthy');
    const pid = await inspect('.State.Pid');
    unmark('ok');
    await until('it is another process', async () => !['0', pid].includes(await inspect('.State.Pid')));
    expect(await account.property('probed.service', 'ActiveState')).toBe('active');
    await account.ok('stop', 'probed.service');
    expect(await account.sh('podman ps --all --quiet')).toBe('');
  });
});

describe.skipIf(whyNoHost() !== undefined)('where a systemd runs', () => {
  let host: RouseHost;
  beforeAll(async () => {
    host = await RouseHost.start({ systemd: true });
  });
  afterAll(() => host.stop());

  it('podman runs the checks by its own timers, and the command is left alone', async () => {
    const account = host.tester;
    await account.sh('sh /rouse/test/host/busybox-image.sh');
    account.write(`${account.own}/box.container`, CONTAINER.replace(/^Volume=.*\n/m, 'HealthCmd=true\nNotify=healthy\n'));
    await account.ok('start', 'box.service');
    const id = await account.sh("podman inspect box --format '{{.Id}} {{.Config.SdNotifyMode}}'");
    expect(id).toMatch(/ healthy$/);
    expect(await account.sh('systemctl --user list-timers --all')).toContain(id.slice(0, 64));
    await account.ok('stop', 'box.service');
  });
});
