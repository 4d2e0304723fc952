import { describe, expect, it } from 'vitest';
import { adaptPodman, detectPodmanHost, type PodmanHost } from './podman.js';

const RUN = ['/usr/bin/podman', 'run', '--name', 'web', '--replace', '--rm', '--cgroups=split', 'docker.io/library/nginx'];
const UNIFIED: PodmanHost = { layout: 'unified', rootless: false, journald: true, runc: undefined, runtime: 'crun', systemd: false, ulimits: [] };
const UNIT = { logPath: '/run/rouse/web.log', cgroup: '/rouse/web.service' };

function adapt(host: Partial<PodmanHost>, argv: readonly string[] = RUN, unit: Parameters<typeof adaptPodman>[2] = UNIT): ReturnType<typeof adaptPodman> {
  return adaptPodman(argv, { ...UNIFIED, ...host }, unit);
}

/** The words that were not there before. */
function added(host: Partial<PodmanHost>, argv: readonly string[] = RUN): readonly string[] {
  return adapt(host, argv).argv.filter((word) => !argv.includes(word));
}

const LOG = ['--log-driver=k8s-file', '--log-opt=path=/run/rouse/web.log', '--log-opt=max-size=8mb'];

describe("a container's command", () => {
  it('stays as it is on a host that has everything', () => {
    expect(adapt({})).toEqual({ argv: RUN, notes: [], logPath: undefined });
  });

  it.each<[title: string, host: Partial<PodmanHost>, words: readonly string[]]>([
    ['an undelegated cgroup', { layout: 'undelegated' }, ['--cgroups=disabled']],
    ['no cgroup v2', { layout: 'none' }, ['--cgroups=disabled']],
    ['mixed cgroups', { layout: 'hybrid' }, ['--cgroups=enabled', '--cgroup-parent=/rouse/web.service']],
    ['mixed cgroups and runc', { layout: 'hybrid', runc: '/usr/bin/runc' }, ['--runtime=/usr/bin/runc', '--cgroups=enabled', '--cgroup-parent=/rouse/web.service']],
    ['mixed cgroups without root', { layout: 'hybrid', rootless: true, runc: '/usr/bin/runc' }, ['--cgroups=enabled']],
    ['no journal', { journald: false }, LOG],
    ['limits that cannot be raised', { ulimits: ['--ulimit=nofile=1:1', '--ulimit=nproc=2:2'] }, ['--ulimit=nofile=1:1', '--ulimit=nproc=2:2']],
    ['nothing at all', { layout: 'none', journald: false, ulimits: ['--ulimit=nofile=1:1'] }, [...LOG, '--ulimit=nofile=1:1', '--cgroups=disabled']],
  ])('is fitted to a host with %s', (_, host, words) => {
    const { argv, notes } = adapt(host);
    expect(added(host)).toEqual(words);
    expect(argv.includes('--cgroups=split')).toBe(host.layout === undefined);
    expect(notes.length).toBeGreaterThan(0);
  });

  it('keeps its order: options of podman before run, those of run behind it, the image last', () => {
    const { argv } = adapt({ layout: 'hybrid', runc: '/usr/bin/runc', journald: false });
    expect(argv.slice(0, 4)).toEqual(['/usr/bin/podman', '--runtime=/usr/bin/runc', 'run', LOG[0]]);
    expect(argv.at(-1)).toBe('docker.io/library/nginx');
  });

  it.each([
    ['--log-driver=none', { journald: false }],
    ['--log-opt=path=/x', { journald: false }],
    ['--ulimit=nofile=5', { ulimits: ['--ulimit=nofile=1:1'] }],
  ] satisfies readonly (readonly [string, Partial<PodmanHost>])[])('keeps %s of the user', (word, host) => {
    expect(added(host, ['podman', 'run', word, 'image'])).toEqual([]);
  });

  it('keeps --runtime and --cgroup-parent of the user', () => {
    const argv = ['podman', '--runtime=/x', 'run', '--cgroups=split', '--cgroup-parent=/y', 'image'];
    expect(added({ layout: 'hybrid', runc: '/usr/bin/runc' }, argv)).toEqual(['--cgroups=enabled']);
  });

  it('has no parent where the unit has no cgroup', () => {
    expect(adapt({ layout: 'hybrid' }, RUN, { ...UNIT, cgroup: undefined }).argv).not.toContainEqual(expect.stringContaining('--cgroup-parent'));
  });

  it.each([[['/usr/bin/podman', 'rm', '-f', 'web']], [['/bin/sh', '-c', 'podman run x']], [[]]])('is left alone where it runs no container: %j', (argv) => {
    expect(adapt({ layout: 'none', journald: false }, argv)).toEqual({ argv, notes: [], logPath: undefined });
  });

  it('says where the output goes when it goes into a file', () => {
    expect(adapt({ journald: false }).logPath).toBe('/run/rouse/web.log');
    expect(adapt({ journald: false }, ['podman', 'run', '--log-driver=none', 'x']).logPath).toBeUndefined();
  });
});

it('this host is one that can be described', () => {
  const host = detectPodmanHost('none', '/nowhere:/bin');
  expect(host.layout).toBe('none');
  for (const word of host.ulimits) expect(word).toMatch(/^--ulimit=(nofile|nproc)=\d+:\d+$/);
});
