/** Armed containers and everything that podman, Quadlet and people do to them: what they are made from, what they need, and what befalls them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cgroupLayouts, whyNoHost } from '../host/host.mjs';
import { ask } from './lib/clients.js';
import type { Account, UserName } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

const HOSTS: readonly { readonly user: UserName; readonly runtime: 'crun' | 'runc' }[] = [
  { user: 'root', runtime: 'crun' },
  { user: 'tester', runtime: 'runc' },
];

const PORT = 4200;
const ADDRESS = `tcp4:127.0.0.1:${PORT}`;
const IMAGE = 'localhost/teller';

describe.skipIf(whyNoHost() !== undefined || !cgroupLayouts().delegated.possible).each(HOSTS)('an armed container of $user with $runtime', ({ user, runtime }) => {
  // What has nothing to do with the user or the runtime is tried once.
  const once = (title: string, test: () => Promise<void>): void => (user === 'root' ? it(title, test) : undefined);
  let host: RouseHost;
  let account: Account;

  beforeAll(async () => {
    host = await RouseHost.start();
    account = host.as(user);
    account.write(`${account.home}/.config/containers/containers.conf`, `[engine]\nruntime = "${runtime}"\n`);
    await account.sh(`gcc -O2 -static -o /tmp/teller /rouse/test/integration/lib/teller.c && sh /rouse/test/host/busybox-image.sh`);
    await build('one');
    await account.ok('start', 'sockets.target');
  });
  afterAll(() => host.stop());
  afterEach(async () => {
    await account.rouse(['stop', 'box.socket', 'box.service']);
    await account.rouse(['reset-failed']);
    await until('nothing is left', async () => (await podman('ps', '-a', '--format', '{{.Names}}')) === '');
  });

  /** An image whose program answers with the words that it is asked for, and with the image's own. */
  const build = async (word: string): Promise<void> => {
    await account.sh(
      `mkdir -p ~/build && cp /tmp/teller ~/build && cd ~/build && printf 'FROM localhost/busybox\\nCOPY teller /teller\\nENV IMAGE=${word}\\nCMD ["/teller"]\\n' > Containerfile && podman build -q -t ${IMAGE} .`,
    );
  };
  const podman = (...args: readonly string[]): Promise<string> => account.sh(`podman ${args.map((word) => `'${word}'`).join(' ')}`);
  const arming = async (): Promise<string> => (JSON.parse((await account.rouse(['status', 'box.service', '--json'])).stdout) as { arming?: string }[])[0]?.arming ?? '';
  const armed = (): Promise<string> => until('it is armed', async () => (await arming()).startsWith('armed') && (await podman('inspect', 'systemd-box', '--format', '{{.Id}}')));
  const define = async (container: string, more: { readonly service?: string; readonly socket?: string; readonly unit?: string } = {}): Promise<void> => {
    account.unit('box.socket', `[Socket]\nListenStream=127.0.0.1:${PORT}\nTriggerLimitBurst=0\n${more.socket ?? ''}\n`);
    account.unit(
      'box.container',
      `[Unit]\nStartLimitIntervalSec=0\nRequires=box.socket\nAfter=box.socket\n${more.unit ?? ''}\n[Container]\nImage=${IMAGE}\nNetwork=none\nStopTimeout=0\n${container}\n[Service]\n${more.service ?? ''}\n`,
    );
    await account.ok('daemon-reload');
    await account.ok('start', 'box.socket');
  };
  const tell = (word: string): Promise<string> => ask(account, ADDRESS, word);
  const lastHow = async (): Promise<string | undefined> => (await account.json<{ activations: { how: string }[] }[]>('analyze', '--last', 'box.service'))[0]?.activations[0]?.how;
  const active = (): Promise<unknown> => until('it is active', async () => (await account.property('box.service', 'ActiveState')) === 'active');

  it('is right in podman before, during and after', async () => {
    await define('');
    const id = await armed();
    const since = (await account.sh('date +%s.%N')).trim();
    expect(await podman('ps', '-a', '--format', '{{.Names}} {{.State}}')).toBe('systemd-box initialized');
    expect((await account.exec(['podman', 'exec', 'systemd-box', 'true'])).stderr).toContain('can only create exec sessions on running containers');
    expect(await podman('logs', 'systemd-box')).toBe('');
    expect(await tell('env IMAGE')).toBe('one');
    expect(await lastHow()).toBe('armed');
    await until('podman knows it', async () => (await podman('ps', '--format', '{{.Names}} {{.State}}')) === 'systemd-box running');
    expect(await podman('inspect', 'systemd-box', '--format', '{{.State.Status}} {{.Id}}')).toBe(`running ${id}`);
    expect(await podman('exec', 'systemd-box', 'echo', 'inside')).toBe('inside');
    expect(await podman('logs', 'systemd-box')).toContain('serving');
    await account.exec(['podman', 'stop', 'systemd-box']);
    await until('it has ended', async () => (await account.property('box.service', 'MainPID')) === '0');
    expect(await armed()).not.toBe(id);
    const events = await account.sh(`podman events --stream=false --since ${since} --filter container=${id} --format '{{.Status}}'`);
    expect(events.split('\n')).toEqual(expect.arrayContaining(['start', 'died', 'remove']));
  });

  it('says by itself when it is ready, or is asked whether it is healthy', async () => {
    await define('Notify=true\nExec=/teller notify');
    await armed();
    const served = tell('env IMAGE');
    await until('it is starting', async () => (await account.property('box.service', 'SubState')) === 'start');
    expect(await served).toBe('one');
    await active();
    expect(await lastHow()).toBe('armed');
    expect(await account.property('box.service', 'StatusText')).toBe('said so');
    await account.ok('stop', 'box.service');
    await define('Notify=healthy\nHealthCmd=[ -e /ok ]\nHealthInterval=1s\nHealthRetries=100');
    await armed();
    expect(await tell('env IMAGE')).toBe('one');
    expect(await account.property('box.service', 'ActiveState')).toBe('activating');
    await until('podman lets us in', async () => (await account.exec(['podman', 'exec', 'systemd-box', 'sh', '-c', 'echo >/ok'])).status === 0);
    await active();
    expect(await podman('inspect', 'systemd-box', '--format', '{{.State.Health.Status}}')).toBe('healthy');
  });

  once('has its secrets, volumes and environment as they are when the client comes', async () => {
    account.write(`${account.home}/env`, 'WORD=first\n');
    await account.sh('printf first | podman secret create word - ; podman volume create --ignore store');
    await define('Secret=word\nVolume=store:/store\nEnvironmentFile=%h/env\nPodmanArgs=--env=SPELLED=${SPELLED}', { service: 'Environment=SPELLED=out' });
    await armed();
    expect(await tell('file /run/secrets/word')).toBe('first');
    expect(await tell('env WORD')).toBe('first');
    expect(await tell('env SPELLED')).toBe('out');
    await tell('write /store/kept');
    await account.ok('stop', 'box.service');
    await armed();
    account.write(`${account.home}/env`, 'WORD=second\n');
    expect(await tell('env WORD')).toBe('second');
    expect(await tell('file /store/kept')).toBe('kept');
    await account.ok('stop', 'box.service');
    await armed();
    await account.sh('printf second | podman secret create --replace word -');
    expect(await tell('file /run/secrets/word')).toBe('second');
    await account.ok('stop', 'box.socket', 'box.service');
    await until('podman lets go of them', async () => (await account.exec(['podman', 'volume', 'rm', 'store'])).status === 0);
    await podman('secret', 'rm', 'word');
  });

  once('is made anew when its files, or its image, have changed', async () => {
    await define('');
    const first = await armed();
    await define('Environment=NEW=1');
    await until('another is armed', async () => (await armed()) !== first);
    expect(await tell('env NEW')).toBe('1');
    await account.ok('stop', 'box.service');
    const second = await armed();
    await build('two');
    await until('another is armed', async () => (await armed()) !== second);
    expect(await tell('env IMAGE')).toBe('two');
    expect(await lastHow()).toBe('armed');
    await account.ok('stop', 'box.socket', 'box.service');
    await build('one');
  });

  once('with ExecStartPre= it is armed where somebody asks for that, and the command runs when the client comes', async () => {
    await define('', { service: 'ExecStartPre=/bin/sh -c "echo before >>%h/pre"' });
    await until('status says why', async () => (await arming()) === 'not armed: ExecStartPre= may prepare what the container needs (Arm=yes arms it)');
    await define('', { service: 'ExecStartPre=/bin/sh -c "echo before >>%h/pre"\n[X-Rouse]\nArm=yes' });
    await armed();
    expect(host.exists(`${account.home}/pre`)).toBe(false);
    expect(await tell('env IMAGE')).toBe('one');
    expect(await lastHow()).toBe('armed');
    expect(host.read(`${account.home}/pre`)).toBe('before\n');
  });

  once('comes back when somebody removed, stopped or pruned it', async () => {
    await define('');
    for (const command of ['podman rm -f systemd-box', 'podman stop systemd-box', 'podman system prune -f']) {
      const id = await armed();
      await account.sh(`${command} >/dev/null 2>&1`);
      await until(`another is armed after ${command}`, async () => (await armed()) !== id);
    }
    await account.sh('podman rm -f systemd-box');
    expect(await tell('env IMAGE')).toBe('one');
  });

  once('starts its service when somebody starts it with podman', async () => {
    await define('');
    const id = await armed();
    await podman('start', 'systemd-box');
    await active();
    expect(await podman('ps', '--format', '{{.ID}}', '--no-trunc')).toBe(id);
    expect(await tell('env IMAGE')).toBe('one');
  });

  once('is not in the way of a start after a reboot', async () => {
    await define('');
    const id = await armed();
    // What a reboot leaves: no process, nothing in /run, and podman's storage.
    const left = host.processes().filter(({ name, command }) => name === 'conmon' || name === 'rouse-keeper' || command.includes('/teller') || /^(crun|runc)/.test(name));
    await account.sh(`kill -9 ${await account.managerPid()} ${left.map(({ pid }) => pid).join(' ')}`);
    await until('they are gone', () => left.every(({ pid }) => !host.isAlive(pid)));
    await account.sh(
      user === 'root'
        ? 'rm -rf /run/rouse /run/crun /run/runc /run/libpod /run/containers/storage'
        : 'rm -rf /run/user/1000/{rouse,crun,runc,libpod,containers} /tmp/storage-run-1000',
    );
    await account.ok('start', 'box.socket');
    expect(await tell('env IMAGE')).toBe('one');
    await account.ok('stop', 'box.service');
    expect(await armed()).not.toBe(id);
  });

  it('is armed in a pod', async () => {
    account.unit('den.pod', '[Pod]\nPodName=den\n');
    account.unit('box.socket', `[Socket]\nListenStream=127.0.0.1:${PORT}\nTriggerLimitBurst=0\n[X-Rouse]\nArm=yes\n`);
    account.unit('box.container', `[Unit]\nStartLimitIntervalSec=0\nRequires=box.socket\nAfter=box.socket\n[Container]\nImage=${IMAGE}\nPod=den.pod\nStopTimeout=0\n`);
    await account.ok('daemon-reload');
    await account.ok('start', 'box.socket');
    await armed();
    expect(await account.property('den-pod.service', 'ActiveState')).toBe('active');
    expect(await tell('env IMAGE')).toBe('one');
    expect(await lastHow()).toBe('armed');
    await account.ok('stop', 'box.socket', 'box.service', 'den-pod.service');
    host.remove(`${account.quadlets}/den.pod`);
    await account.ok('daemon-reload');
  });
});
