/**
 * Quadlet files of every kind run without systemd: pods with their network and volume, Kubernetes files, images that are built and pulled;
 * started and stopped in the right order, with nothing left behind, and with the right sockets in every container.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupLayouts, whyNoHost, type CgroupLayout } from '../host/host.mjs';
import type { Account, UserName } from './lib/account.js';
import { ask } from './lib/clients.js';
import { RouseHost, until } from './lib/host.js';

const layouts = cgroupLayouts();
const kinds = (Object.keys(layouts) as CgroupLayout[]).filter((layout) => layouts[layout].possible);
const HOSTS = kinds.flatMap((cgroups) =>
  (cgroups === 'undelegated' ? (['tester'] as const) : (['root', 'tester'] as const)).map((user): { user: UserName; cgroups: CgroupLayout } => ({ user, cgroups })),
);

/** Tells each client which socket it came by: the inode is the same in every network namespace, whatever the descriptor's number. */
const SERVER = `
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
  struct stat it;
  char name[64], line[64];
  gethostname(name, sizeof name);
  fprintf(stderr, "serving on %s, %s of %s\\n", getenv("LISTEN_FDNAMES"), getenv("LISTEN_FDS"), getenv("LISTEN_PID"));
  for (;;) {
    int client = accept(3, 0, 0);
    if (client < 0 || fstat(3, &it) < 0) return 1;
    read(client, line, sizeof line);
    dprintf(client, "%lu %s\\n", (unsigned long)it.st_ino, name);
    close(client);
  }
}
`;

const POD = {
  'app.pod': '[Pod]\nNetwork=app.network\nVolume=app.volume:/data\nStopTimeout=0\n',
  'app.network': '[Network]\nNetworkDeleteOnStop=true\n',
  'app.volume': '[Volume]\nLabel=kept=yes\n',
  'one.container': '[Container]\nImage=localhost/busybox\nPod=app.pod\nStopTimeout=0\nExec=sh -c "echo from one > /data/one; exec sleep 1000"\n',
  'two.container': '[Container]\nImage=localhost/busybox\nPod=app.pod\nStopTimeout=0\nExec=sh -c "until cat /data/one; do sleep 0.1; done; exec sleep 1000"\n',
};

const pod = (name: string, containers: string, more = ''): string => `spec:\n  terminationGracePeriodSeconds: 0\n  hostname: ${name}\n${more}  containers:\n${containers}`;
const member = (name: string, image: string, rest: string): string => `  - {name: ${name}, image: ${image}, imagePullPolicy: Never, ${rest}}\n`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
${pod('web', member('one', 'localhost/busybox', 'command: [sh, -c, "echo greeting is $GREETING; exec sleep 1000"], envFrom: [{configMapRef: {name: words}}]') + member('two', 'localhost/busybox', 'command: [sleep, "1000"]')).replace(/^/gm, '    ')}
`;

const KUBE = {
  'web.kube': '[Kube]\nYaml=web.yml\nConfigMap=words.yml\nNetwork=app.network\n',
  'words.yml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {GREETING: good morning}\n',
  'web.yml': DEPLOYMENT,
};

const SOCKETS = {
  'served.pod': '[Pod]\nPodName=served\nStopTimeout=0\n[Service]\nRestart=no\n',
  'served.container': '[Container]\nImage=localhost/server\nContainerName=served-one\nPod=served.pod\nStopTimeout=0\nStartWithPod=no\n',
  'bridged.network': '[Network]\nNetworkDeleteOnStop=true\n',
  'bridged.container': '[Container]\nImage=localhost/server\nContainerName=bridged\nNetwork=bridged.network\nStopTimeout=0\nHostName=bridged\n',
  'kube.kube': '[Kube]\nYaml=kube.yml\n',
  'kube.yml': `apiVersion: v1\nkind: Pod\nmetadata: {name: kube}\n${pod('kube', member('one', 'localhost/server', '') + member('two', 'localhost/server', ''), '  initContainers:\n  - {name: first, image: localhost/busybox, imagePullPolicy: Never, command: [sh, -c, "exit 0"]}\n')}`,
};

/** Everything that could be left behind, but for what podman keeps on purpose: the volume, and its network for Kubernetes files. */
async function traces(account: Account): Promise<object> {
  const { host } = account;
  const list = async (what: string): Promise<string> => account.sh(`podman ${what} 2>/dev/null`);
  return {
    containers: await list('ps --all --format "{{.Names}}"'),
    pods: await list('pod ls --format "{{.Name}}"'),
    networks: (await list('network ls --format "{{.Name}}"')).split('\n').filter((name) => name !== 'podman-default-kube-network'),
    processes: host
      .processes()
      .filter(({ name }) => name !== 'netavark')
      .map(({ command }) => command)
      .sort(),
    cgroups: (await account.sh('find /sys/fs/cgroup -type d | sort')).split('\n').filter((path) => !/netavark|podman-user-wait/.test(path)),
    sockets: host.list(`${account.runtime}/rouse/sockets`),
  };
}

describe.skipIf(whyNoHost() !== undefined).each(HOSTS)('Quadlet files of $user with $cgroups cgroups', ({ user, cgroups }) => {
  let host: RouseHost;
  let account: Account;
  let before: object;

  const define = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, content] of Object.entries(files)) account.write(`${name.endsWith('.socket') ? account.units : account.quadlets}/${name}`, content);
    await account.ok('daemon-reload');
  };
  const managerLog = async (): Promise<string> => account.ok('logs', '-o', 'cat');
  /** Each of these words comes after the one before it. */
  const expectOrder = async (...words: readonly string[]): Promise<void> => {
    const log = await managerLog();
    const places = words.map((word) => log.lastIndexOf(word));
    expect({ words, places }).toEqual({ words, places: [...places].sort((a, b) => a - b) });
    expect(places[0]).toBeGreaterThanOrEqual(0);
  };
  const podman = (command: string): Promise<string> => account.sh(`podman ${command} 2>/dev/null`);
  const pidOf = async (container: string): Promise<number> => Number(await podman(`inspect ${container} --format '{{.State.Pid}}'`));
  const expectNothingLeft = async (): Promise<void> => {
    const isAsBefore = async (): Promise<boolean> => JSON.stringify(await traces(account)) === JSON.stringify(before);
    await until('it is as before', isAsBefore, 10_000).catch(async () => expect(await traces(account)).toEqual(before));
  };

  beforeAll(async () => {
    host = await RouseHost.start({ cgroups });
    account = host.as(user);
    account.write(`${account.home}/server/server.c`, SERVER);
    account.write(`${account.home}/server/Containerfile`, 'FROM scratch\nCOPY server /server\nCMD ["/server"]\n');
    await account.sh('sh /rouse/test/host/busybox-image.sh; cd ~/server; gcc -O2 -static -o server server.c; podman build -q -t localhost/server .');
    await account.rouse(['daemon-reload']);
    await account.ok('start', 'default.target');
    before = await traces(account);
  });
  afterAll(() => host.stop());

  it('a pod runs with its two containers, network and volume', async () => {
    await define(POD);
    await account.ok('start', 'app-pod.service');
    await until('both run', async () => (await podman('ps --format "{{.Names}}"')).split('\n').sort().join(' ') === 'systemd-app-infra systemd-one systemd-two');
    await until('the volume is shared', async () => (await account.ok('logs', 'two.service', '-o', 'cat')).includes('from one'));
    const [one, two] = [await pidOf('systemd-one'), await pidOf('systemd-two')];
    expect(host.linkTarget(`/proc/${one}/ns/net`)).toBe(host.linkTarget(`/proc/${two}/ns/net`));
    expect(host.read(`/proc/${one}/net/dev`)).toContain('eth0');
    expect(await podman('volume inspect systemd-app --format "{{.Labels.kept}}"')).toBe('yes');
    for (const first of ['app-network.service', 'app-volume.service']) await expectOrder(`${first}: Started`, 'app-pod.service: Started', 'one.service: Started');
    await expectOrder('app-pod.service: Started', 'two.service: Started');
  });

  it('one of its containers can be stopped and started alone', async () => {
    await account.ok('restart', 'one.service');
    expect(await account.property('app-pod.service', 'ActiveState')).toBe('active');
    expect(host.linkTarget(`/proc/${await pidOf('systemd-one')}/ns/net`)).toBe(host.linkTarget(`/proc/${await pidOf('systemd-two')}/ns/net`));
  });

  it('and stops in the opposite order, with nothing left', async () => {
    await account.ok('stop', 'app-pod.service');
    expect(await podman('ps --all --quiet')).toBe('');
    const died = (await podman("events --stream=false --filter event=died --format '{{.Name}}'")).split('\n');
    expect(died.slice(-3).sort()).toEqual(['systemd-app-infra', 'systemd-one', 'systemd-two']);
    expect(died.at(-1)).toBe('systemd-app-infra');
    await account.ok('stop', 'app-network.service', 'app-volume.service');
    await account.rouse(['reset-failed']);
    await expectNothingLeft();
  });

  it('a Kubernetes file runs with its Deployment and ConfigMap, its output is in the log, and nothing is left', async () => {
    await define(KUBE);
    await account.ok('start', 'web.service');
    await expectOrder('app-network.service: Started', 'web.service: Started');
    expect(
      (await podman('ps --format "{{.Names}}"'))
        .split('\n')
        .filter((name) => name.startsWith('web'))
        .sort(),
    ).toEqual(['web-pod-one', 'web-pod-two']);
    await until('its output is there', async () => (await account.ok('logs', 'web.service', '-o', 'cat')).includes('greeting is good morning'));
    expect(await podman('logs web-pod-one')).toBe('greeting is good morning');
    await account.ok('stop', 'web.service');
    await account.ok('stop', 'app-network.service');
    expect(await account.property('web.service', 'Result')).toBe('success');
    await expectNothingLeft();
  });

  it('a container waits for the image that is built for it', async () => {
    await account.sh(`mkdir -p ${account.quadlets}/built; cp /bin/busybox ${account.quadlets}/built`);
    await define({
      'built/Containerfile': 'FROM scratch\nCOPY busybox /busybox\n',
      'built/built.build': '[Build]\nImageTag=localhost/built\nSetWorkingDirectory=unit\n',
      'built/uses.container': '[Container]\nImage=built.build\nNetwork=none\nStopTimeout=0\nExec=/busybox sh -c "echo built; exec /busybox sleep 1000"\n',
    });
    await account.ok('start', 'uses.service');
    await expectOrder('built-build.service: ', 'uses.service: Started');
    await until('it runs', async () => (await account.ok('logs', 'uses.service', '-o', 'cat')).match(/^built$/m) !== null);
    expect(await podman('inspect systemd-uses --format "{{.ImageName}}"')).toBe('localhost/built:latest');
    await account.rouse(['stop', 'uses.service']);
    await account.sh('podman rmi -f localhost/built');
    await expectNothingLeft();
  });

  it('and does not start when it cannot be built', async () => {
    await define({ 'built/Containerfile': 'FROM scratch\nCOPY missing /\n' });
    const { status, stderr } = await account.rouse(['start', 'uses.service']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('built-build.service') });
    expect(await account.ok('logs', 'built-build.service', '-o', 'cat')).toContain('missing');
    await account.rouse(['reset-failed']);
    await expectNothingLeft();
  });

  it.each([
    ['docker-archive', 'rm -rf ~/saved; podman save -q -o ~/saved localhost/busybox', 'docker-archive:%h/saved'],
    ['oci', 'rm -rf ~/saved; podman save -q --format oci-dir -o ~/saved localhost/busybox', 'oci:%h/saved'],
  ])('a container waits for the image that is pulled for it from %s:', async (kind, save, image) => {
    await account.sh(save);
    await define({
      'pulled.image': `[Image]\nImage=${image}\n${kind === 'oci' ? '' : 'ImageTag=localhost/busybox:latest\n'}`,
      'pulls.container': `[Unit]\nRequires=pulled-image.service\nAfter=pulled-image.service\n[Container]\nImage=${kind === 'oci' ? 'localhost/busybox' : 'pulled.image'}\nNetwork=none\nStopTimeout=0\nExec=sleep 1000\n`,
    });
    await account.ok('start', 'pulls.service');
    await expectOrder('pulled-image.service: Started', 'pulls.service: Started');
    expect(await podman('ps --format "{{.Names}} {{.Image}}"')).toBe('systemd-pulls localhost/busybox:latest');
    await account.rouse(['stop', 'pulls.service', 'pulled-image.service']);
    await account.rouse(['reset-failed']);
    await expectNothingLeft();
  });

  describe('sockets', () => {
    const PORTS = { served: 6001, kube: 6002, bridged: 6003 } as const;
    /** As the host has it. */
    const inodeOf = async (unit: keyof typeof PORTS): Promise<string> => /ino:(\d+)/.exec(await account.sh(`ss -Hltne 'sport = :${PORTS[unit]}'`))?.[1] ?? 'none';
    const given = async (container: string): Promise<string> => /socket:\[(\d+)\]/.exec(host.linkTarget(`/proc/${await pidOf(container)}/fd/3`))?.[1] ?? 'another file';

    it('start nothing before somebody connects', async () => {
      const sockets = Object.entries(PORTS).map(([unit, port]): [string, string] => [`${unit}.socket`, `[Socket]\nListenStream=127.0.0.1:${port}\n`]);
      await define({ ...SOCKETS, ...Object.fromEntries(sockets) });
      await account.ok('start', 'served.socket', 'kube.socket', 'bridged.socket');
      expect(await podman('ps --quiet')).toBe('');
    });

    it.each([
      ['served', 'a container in a pod', ['served-one']],
      ['kube', 'all containers of a Kubernetes file', ['kube-one', 'kube-two']],
      ['bridged', 'a container on a bridge', ['bridged']],
    ] as const)('%s.socket reaches %s', async (unit, _, containers) => {
      expect(await ask(account, `tcp4:127.0.0.1:${PORTS[unit]}`)).toBe(`${await inodeOf(unit)} ${unit}`);
      for (const container of containers) {
        expect(await given(container)).toBe(await inodeOf(unit));
        expect(await podman(`logs ${container}`).catch(() => '')).toBe('');
        expect(await account.sh(`podman logs ${container} 2>&1 | grep serving`)).toBe(`serving on ${unit}.socket, 1 of 1`);
      }
    });

    it('are held by the containers and the manager, and by nobody that outlives them', async () => {
      const holders = await account.sh(`ss -Hltnp '( sport = :6001 or sport = :6002 or sport = :6003 )'`);
      expect(holders).not.toMatch(/aardvark|netavark|pasta|rootlessport|conmon/);
    });

    it('reach a container again that podman has restarted in its pod', async () => {
      const pid = await pidOf('kube-one');
      await account.sh(`kill -9 ${pid}`);
      await until('podman has restarted it', async () => ![0, pid].includes(await pidOf('kube-one')));
      expect(await given('kube-one')).toBe(await inodeOf('kube'));
    });

    it('reach a container whose pod was down', async () => {
      await account.ok('stop', 'served-pod.service');
      await account.rouse(['reset-failed']);
      expect(await ask(account, `tcp4:127.0.0.1:${PORTS.served}`)).toBe(`${await inodeOf('served')} served`);
    });

    it('are gone with their units, and nothing is left', async () => {
      await account.ok('stop', 'served.socket', 'kube.socket', 'bridged.socket', 'served-pod.service', 'kube.service', 'bridged.service', 'bridged-network.service');
      expect(await account.sh(`ss -Hltn '( sport = :6001 or sport = :6002 or sport = :6003 )'`)).toBe('');
      await expectNothingLeft();
    });
  });
});
