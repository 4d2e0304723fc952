/** rouse auto-update with real images: rebuilt here, or newer in a registry, and taken back when the service does not start with them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyNoHost, type CgroupLayout } from '../host/host.mjs';
import type { Account, Running, UserName } from './lib/account.js';
import { RouseHost } from './lib/host.js';

const HOSTS: readonly { readonly user: UserName; readonly cgroups: CgroupLayout }[] = [
  { user: 'root', cgroups: 'delegated' },
  { user: 'tester', cgroups: 'undelegated' },
];
const REGISTRY = '127.0.0.1:5055';
const REMOTE = `${REGISTRY}/app:latest`;

interface Row {
  readonly Unit: string;
  readonly ContainerName: string;
  readonly Image: string;
  readonly Policy: string;
  readonly Updated: string;
}

describe.skipIf(whyNoHost() !== undefined).each(HOSTS)('auto-update by $user', ({ user, cgroups }) => {
  let host: RouseHost;
  let account: Account;
  let registry: Running;

  /** An image that says its version; what it runs decides whether it starts. */
  const build = async (image: string, version: string, command = 'sleep 1000'): Promise<void> => {
    account.write(`${account.home}/image/Containerfile`, `FROM localhost/busybox\nENV VERSION=${version}\nCMD ${command}\n`);
    await account.sh(`podman build -q -t ${image} ~/image`);
  };
  const publish = async (version: string, command?: string): Promise<void> => {
    await build('localhost/published', version, command);
    await account.sh('rm -rf ~/layout; podman save -q --format oci-dir -o ~/layout localhost/published');
  };
  const container = (image: string, policy: string, more = ''): string => `[Container]\nImage=${image}\nAutoUpdate=${policy}\nNetwork=none\nStopTimeout=0\n${more}`;
  const start = async (name: string, content: string): Promise<void> => {
    account.unit(`${name}.container`, content);
    await account.ok('daemon-reload');
    await account.ok('restart', `${name}.service`);
  };
  const update = async (...options: readonly string[]): Promise<{ status: number; stderr: string; rows: readonly Row[] }> => {
    const { status, stdout, stderr } = await account.rouse(['auto-update', '--format', 'json', ...options]);
    return { status, stderr, rows: JSON.parse(stdout) as Row[] };
  };
  const updated = (rows: readonly Row[]): readonly string[] => rows.map((row) => `${row.Unit} ${row.Updated}`);
  const version = (name: string): Promise<string> => account.sh(`podman exec systemd-${name} sh -c 'echo $VERSION'`);

  beforeAll(async () => {
    host = await RouseHost.start({ cgroups });
    account = host.as(user);
    account.write(`${account.home}/.config/containers/registries.conf`, `[[registry]]\nlocation = "${REGISTRY}"\ninsecure = true\n`);
    await account.sh('sh /rouse/test/host/busybox-image.sh');
    await publish('1');
    registry = account.run(['node', '/rouse/test/integration/lib/registry.mjs', `${account.home}/layout`, '5055']);
    await registry.printed('listening');
  });
  afterAll(() => host.stop());
  beforeEach(async () => {
    await account.rouse(['exit']);
    host.remove(account.quadlets);
    await account.sh('podman rmi --all --force --ignore >/dev/null 2>&1; sh /rouse/test/host/busybox-image.sh');
  });

  it('finds nothing to do, and says so with podman’s table', async () => {
    await build('localhost/app', '1');
    await start('app', container('localhost/app', 'local'));
    const id = await account.sh("podman inspect systemd-app --format '{{.Id}}'");
    expect(await account.ok('auto-update')).toBe(
      `UNIT        CONTAINER                  IMAGE                POLICY UPDATED\napp.service ${id.slice(0, 12)} (systemd-app) localhost/app:latest local  false\n`,
    );
  });

  it('restarts a service whose image was rebuilt, and with --dry-run only tells', async () => {
    await build('localhost/app', '1');
    await start('app', container('localhost/app', 'local'));
    await start('other', container('localhost/busybox', 'local', 'Exec=sleep 1000\n'));
    await start('left', container('localhost/app', 'disabled'));
    await build('localhost/app', '2');
    expect(updated((await update('--dry-run')).rows)).toEqual(['app.service pending', 'other.service false']);
    expect(await version('app')).toBe('1');
    const { status, rows } = await update();
    expect({ status, rows: updated(rows) }).toEqual({ status: 0, rows: ['app.service true', 'other.service false'] });
    expect([await version('app'), await version('left')]).toEqual(['2', '1']);
    expect(updated((await update()).rows)).toEqual(['app.service false', 'other.service false']);
  });

  it('goes back to the old image when the service does not start with the new one', async () => {
    await build('localhost/app', '1');
    await start(
      'app',
      container('localhost/app', 'local', 'HealthCmd=[ "$VERSION" = 1 ]\nHealthInterval=1s\nHealthRetries=1\nHealthOnFailure=kill\nNotify=healthy\n[Service]\nTimeoutStopSec=2\n'),
    );
    await build('localhost/app', '2');
    const { status, stderr, rows } = await update();
    expect({ status, stderr, rows: updated(rows) }).toEqual({ status: 0, stderr: expect.any(String), rows: ['app.service rolled back'] });
    expect(await version('app')).toBe('1');
  });

  it('leaves it failed with --rollback=false', async () => {
    await build('localhost/app', '1');
    await start(
      'app',
      container('localhost/app', 'local', '[Service]\nTimeoutStopSec=2\nExecStartPost=/bin/sh -c \'[ "$(podman exec systemd-app sh -c "echo \\$VERSION")" = 1 ]\'\n'),
    );
    await build('localhost/app', '2');
    const { status, stderr, rows } = await update('--rollback=false');
    expect({ status, stderr, rows: updated(rows) }).toEqual({ status: 1, stderr: expect.stringContaining('Failed to restart app.service'), rows: ['app.service failed'] });
    expect(await account.property('app.service', 'ActiveState')).toBe('failed');
  });

  it('pulls what a registry has, once for all containers that run it', async () => {
    await publish('1');
    await start('app', container(REMOTE, 'registry'));
    await start('twin', container(REMOTE, 'registry'));
    expect(updated((await update()).rows)).toEqual(['app.service false', 'twin.service false']);
    await publish('2');
    const images = await account.sh('podman images --all --quiet --no-trunc');
    expect(updated((await update('--dry-run')).rows)).toEqual(['app.service pending', 'twin.service pending']);
    expect(await account.sh('podman images --all --quiet --no-trunc')).toBe(images);
    const before = registry.output().length;
    expect(updated((await update()).rows)).toEqual(['app.service true', 'twin.service true']);
    expect([await version('app'), await version('twin')]).toEqual(['2', '2']);
    expect(
      registry
        .output()
        .slice(before)
        .split('\n')
        .filter((line) => line.includes('/manifests/')).length,
    ).toBeLessThanOrEqual(2);
  });

  it('takes a newer image of a registry back, too', async () => {
    await publish('1');
    await start('app', container(REMOTE, 'registry'));
    // Not by a shell, which would start, and so would the service.
    await publish('2', '["/missing"]');
    expect(updated((await update()).rows)).toEqual(['app.service rolled back']);
    expect(await version('app')).toBe('1');
  });

  it('says what it cannot reach, and goes on with the others', async () => {
    await publish('1');
    await start('app', container(REMOTE, 'registry'));
    await build('localhost/local', '1');
    await start('local', container('localhost/local', 'local'));
    await build('localhost/local', '2');
    account.write(`${account.home}/layout/index.json`, '{"manifests": [{"digest": "sha256:0"}]}');
    const { status, stderr, rows } = await update();
    expect({ status, rows: updated(rows) }).toEqual({ status: 1, rows: ['app.service failed', 'local.service true'] });
    expect(stderr).toContain('Failed to look for a newer image of container systemd-app: ');
  });

  it('updates the containers of a Kubernetes file together', async () => {
    await build('localhost/one', '1');
    await build('localhost/two', '1');
    const members = ['one', 'two'].map((name) => `{name: ${name}, image: localhost/${name}:latest, imagePullPolicy: Never}`).join(', ');
    account.write(`${account.quadlets}/pair.yml`, `{apiVersion: v1, kind: Pod, metadata: {name: pair}, spec: {terminationGracePeriodSeconds: 0, containers: [${members}]}}\n`);
    account.unit('pair.kube', '[Kube]\nYaml=pair.yml\nAutoUpdate=local\n');
    await account.ok('daemon-reload');
    await account.ok('start', 'pair.service');
    await build('localhost/two', '2');
    const { status, rows } = await update();
    expect({ status, rows: rows.map((row) => `${row.ContainerName} ${row.Updated}`) }).toEqual({ status: 0, rows: ['pair-one false', 'pair-two true'] });
    expect(await account.sh("podman exec pair-two sh -c 'echo $VERSION'")).toBe('2');
  });

  it('leaves containers alone whose service this manager does not run', async () => {
    await account.sh(
      'podman run -q -d --name stray --stop-timeout 0 --label io.containers.autoupdate=local --label PODMAN_SYSTEMD_UNIT=stray.service localhost/busybox sleep 1000',
    );
    const { status, stderr, rows } = await update();
    expect({ status, stderr, rows }).toEqual({ status: 0, stderr: expect.stringContaining('Not updating the containers of stray.service'), rows: [] });
    await account.sh('podman rm -f stray');
  });
});
