/** [X-Rouse] Arm=: how ready a service is while nobody is connected, what the first client finds, and what the commands say of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account, UserName } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

const CLIENT = '/tmp/bin/echo-once';

interface Shown {
  readonly armLevel: string;
  readonly arming?: string;
  readonly armedPid?: number;
  readonly mainPid?: number;
}

describe.skipIf(whyNoHost() !== undefined).each<UserName>(['root', 'tester'])('Arm= for %s', (user) => {
  let host: RouseHost;
  let account: Account;

  beforeAll(async () => {
    host = await RouseHost.start();
    account = host.as(user);
    await account.sh(
      `mkdir -p /tmp/bin; gcc -O2 -static -o ${CLIENT} /rouse/bench/echo-once.c; cd /tmp/bin; printf 'FROM scratch\\nCOPY echo-once /echo-once\\nCMD ["/echo-once","stay"]\\n' > Containerfile; podman build -q -t localhost/stay .`,
    );
  });
  afterAll(() => host.stop());

  // What has nothing to do with the user is tried once.
  const once = (title: string, test: () => Promise<void>): void => (user === 'root' ? it(title, test) : undefined);
  const socket = (name: string, port: number, keys: string): void =>
    account.unit(`${name}.socket`, `[Socket]\nListenStream=127.0.0.1:${port}\nTriggerLimitBurst=0\n[X-Rouse]\n${keys}\n`);
  const service = (name: string, keys: string): void => account.unit(`${name}.service`, `[Unit]\nStartLimitIntervalSec=0\n[Service]\n${keys}\n`);
  const shown = async (name: string): Promise<Shown> => (JSON.parse((await account.rouse(['status', `${name}.service`, '--json'])).stdout) as Shown[])[0] ?? { armLevel: '' };
  const reaches = (name: string, level: string): Promise<Shown> =>
    until(`${name} is ${level}`, async () => {
      const now = await shown(name);
      return now.armLevel === level && now;
    });
  const ask = async (port: number): Promise<void> => expect(Number(await account.sh(`${CLIENT} ${port}`))).toBeGreaterThan(0);

  it('armed: a process waits in the place of the program, and becomes it', async () => {
    socket('one', 4101, 'Arm=yes');
    service('one', `ExecStart=${CLIENT} stay`);
    await account.ok('start', 'one.socket');
    const { armedPid, arming } = await reaches('one', 'armed');
    expect(arming).toBe(`armed (process ${armedPid} waits before exec)`);
    expect(host.process(armedPid ?? 0)?.command).toContain('rouse-wait');
    await ask(4101);
    expect(await shown('one')).toMatchObject({ armLevel: 'running', mainPid: armedPid });
    expect(host.process(armedPid ?? 0)?.command).toBe(`${CLIENT} stay`);
    await account.ok('stop', 'one.service');
    expect((await reaches('one', 'armed')).armedPid).not.toBe(armedPid);
  });

  once('armed: a program that cannot be executed fails as one that was not armed', async () => {
    socket('none', 4102, 'Arm=yes');
    service('none', 'ExecStart=/no/such/program');
    await account.ok('start', 'none.socket');
    await reaches('none', 'armed');
    await account.rouse(['start', 'none.service']);
    await until('it has failed', async () => (await account.property('none.service', 'ExecMainStatus')) === '203');
    expect(await account.ok('logs', 'none.service', '-o', 'cat')).toContain('Failed to execute /no/such/program');
    await account.ok('stop', 'none.socket');
  });

  once('armed: a changed environment file is read by whoever comes next', async () => {
    account.write('/tmp/bin/env', 'WORD=old\n');
    socket('env', 4103, 'Arm=yes');
    service('env', 'EnvironmentFile=/tmp/bin/env\nExecStart=/bin/sh -c "echo word $WORD; sleep 1000"');
    await account.ok('start', 'env.socket');
    await reaches('env', 'armed');
    account.write('/tmp/bin/env', 'WORD=new\n');
    await account.ok('start', 'env.service');
    await until('it has said so', async () => (await account.ok('logs', 'env.service', '-o', 'cat')).includes('word new'));
    await account.ok('stop', 'env.socket', 'env.service');
  });

  once('armed: changed files arm anew', async () => {
    const { armedPid } = await reaches('one', 'armed');
    service('one', `Environment=A=1\nExecStart=${CLIENT} stay`);
    await account.ok('daemon-reload');
    const again = await until('another process waits', async () => {
      const now = await shown('one');
      return now.armedPid !== undefined && now.armedPid !== armedPid && now.armedPid;
    });
    expect(host.read(`/proc/${again}/environ`).split('\0')).toContain('A=1');
    socket('one', 4101, 'Arm=no');
    await account.ok('daemon-reload');
    expect((await reaches('one', 'stopped')).arming).toBe('not armed: Arm=no');
    await account.ok('stop', 'one.socket');
  });

  it('a process that waits goes with its socket, and with a manager that is killed', async () => {
    socket('gone', 4104, 'Arm=yes');
    service('gone', `ExecStart=${CLIENT} stay`);
    await account.ok('start', 'gone.socket');
    const first = (await reaches('gone', 'armed')).armedPid ?? 0;
    await account.ok('stop', 'gone.socket');
    await until('it is gone', () => !host.isAlive(first));
    await account.ok('start', 'gone.socket');
    const second = (await reaches('gone', 'armed')).armedPid ?? 0;
    await account.sh(`kill -9 ${await account.managerPid()}`);
    await until('it is gone', () => !host.isAlive(second));
    await account.ok('start', 'gone.socket');
    await ask(4104);
    await account.ok('stop', 'gone.socket', 'gone.service');
  });

  it('frozen: it runs, takes no time of the processor, and the first client thaws it', async () => {
    socket('ice', 4105, 'Arm=frozen\nFreezeAfterSec=100ms');
    service('ice', `ExecStart=${CLIENT} stay`);
    await account.ok('start', 'ice.socket');
    const { mainPid } = await reaches('ice', 'frozen');
    expect(await account.ok('status', 'ice.service')).toMatch(/Active: active \(running\)[^]*Arm: frozen until somebody connects\n +Memory: \d/);
    expect(await account.property('ice.socket', 'SubState')).toBe('listening');
    for (let client = 0; client < 3; client++) {
      await ask(4105);
      expect((await reaches('ice', 'frozen')).mainPid).toBe(mainPid);
    }
    const { stages, how } = (await account.json<{ activations: { how: string; stages: Record<string, number> }[] }[]>('analyze', '--last', 'ice.service'))[0]?.activations[0] ?? {};
    expect(how).toBe('frozen');
    expect(Object.keys(stages ?? {})).toEqual(expect.arrayContaining(['noticed', 'executed', 'accepted', 'ready']));
  });

  once('frozen: whoever stays connected is not frozen', async () => {
    const client = account.run(['socat', '-', 'tcp4:127.0.0.1:4105']);
    await until('it is thawed', async () => (await shown('ice')).armLevel === 'running');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await shown('ice')).armLevel).toBe('running');
    client.child.kill();
    await reaches('ice', 'frozen');
  });

  it('frozen: it can be stopped, stays stopped until somebody connects, and goes with its socket', async () => {
    await account.ok('stop', 'ice.service');
    expect(await shown('ice')).toMatchObject({ armLevel: 'stopped' });
    await ask(4105);
    const { mainPid } = await reaches('ice', 'frozen');
    await account.ok('stop', 'ice.socket');
    await until('it is gone', () => !host.isAlive(mainPid ?? 0));
  });

  once('frozen: what needs to be awake is not frozen, and status says why', async () => {
    socket('dog', 4106, 'Arm=frozen\nFreezeAfterSec=100ms');
    service('dog', `ExecStart=${CLIENT} stay\nWatchdogSec=1h`);
    await account.ok('start', 'dog.socket');
    expect((await until('it runs', async () => (await shown('dog')).armLevel === 'running' && (await shown('dog')))).arming).toBe('not frozen: WatchdogSec= needs it awake');
    await account.ok('stop', 'dog.socket', 'dog.service');
  });

  once('running: it is started with its socket, and again when it has ended', async () => {
    socket('run', 4107, 'Arm=running');
    service('run', `ExecStart=${CLIENT} stay`);
    await account.ok('start', 'run.socket');
    const { mainPid } = await reaches('run', 'running');
    await ask(4107);
    await account.sh(`kill -9 ${mainPid}`);
    await until('another runs', async () => ![mainPid, undefined].includes((await shown('run')).mainPid));
    await account.ok('stop', 'run.socket', 'run.service');
  });

  it('a frozen container is paused to podman, and serves', async () => {
    socket('box', 4108, 'Arm=frozen\nFreezeAfterSec=100ms');
    account.unit('box.container', '[Unit]\nRequires=box.socket\nAfter=box.socket\n[Container]\nImage=localhost/stay\nNetwork=none\nStopTimeout=0\n');
    await account.ok('start', 'box.socket');
    await reaches('box', 'frozen');
    expect((await account.exec(['podman', 'exec', 'systemd-box', '/echo-once'])).stderr).toMatch(/paused/);
    await ask(4108);
    await reaches('box', 'frozen');
    expect((await account.json<{ unit: string; arm?: string; memoryBytes?: number }[]>('list-sockets'))[0]).toMatchObject({ unit: 'box.socket', arm: 'frozen' });
    await account.ok('stop', 'box.socket');
    await until('podman has removed it', async () => (await account.sh('podman ps -a --format "{{.Names}}"')) === '');
  });
});
