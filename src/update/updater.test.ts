import { describe, expect, it } from 'vitest';
import { findTasks, type Task } from './tasks.js';
import { updateAll, type UpdateHost } from './updater.js';

const task = (unit: string, containerName: string, image = 'app', policy: Task['policy'] = 'registry'): Task => ({
  unit,
  containerId: `${containerName}-id`,
  containerName,
  image,
  imageId: 'old',
  policy,
  authFile: undefined,
});

/** Notes what it is asked for. `fails` names what is refused. */
function fakeHost(newer: readonly string[], fails: readonly string[] = []): UpdateHost & { readonly done: string[] } {
  const done: string[] = [];
  const note = async (words: string): Promise<void> => {
    done.push(words);
    if (fails.includes(words)) throw new Error(`No ${words}`);
    await Promise.resolve();
  };
  return {
    done,
    isNewer: async ({ containerName }) => {
      if (fails.includes(`look ${containerName}`)) await note(`look ${containerName}`);
      return newer.includes(containerName);
    },
    pull: ({ image }) => note(`pull ${image}`),
    tag: (imageId, name) => note(`tag ${imageId} ${name}`),
    restart: (unit, again) => note(`${again ? 'restart again' : 'restart'} ${unit}`),
  };
}

const OPTIONS = { dryRun: false, rollback: true };

describe('an update', () => {
  it('restarts a service once, when any of its containers has a newer image', async () => {
    const host = fakeHost(['b', 'c']);
    const { reports, errors } = await updateAll(host, [task('x.service', 'a'), task('x.service', 'b'), task('x.service', 'c'), task('y.service', 'd')], OPTIONS);
    expect(reports.map(({ updated }) => updated)).toEqual(['false', 'true', 'true', 'false']);
    expect(host.done).toEqual(['pull app', 'pull app', 'restart x.service']);
    expect(errors).toEqual([]);
  });

  it('pulls nothing for a local image', async () => {
    const host = fakeHost(['a']);
    await updateAll(host, [task('x.service', 'a', 'app', 'local')], OPTIONS);
    expect(host.done).toEqual(['restart x.service']);
  });

  it('changes nothing in a dry run', async () => {
    const host = fakeHost(['a']);
    expect((await updateAll(host, [task('x.service', 'a')], { ...OPTIONS, dryRun: true })).reports[0]?.updated).toBe('pending');
    expect(host.done).toEqual([]);
  });

  it('puts the old images back when the service does not start', async () => {
    const host = fakeHost(['a'], ['restart x.service']);
    const { reports, errors } = await updateAll(host, [task('x.service', 'a')], OPTIONS);
    expect({ updated: reports[0]?.updated, errors, done: host.done }).toEqual({
      updated: 'rolled back',
      errors: [],
      done: ['pull app', 'restart x.service', 'tag old app', 'restart again x.service'],
    });
  });

  it.each([
    [false, ['No restart x.service'], ['pull app', 'restart x.service']],
    [
      true,
      ['No restart x.service', 'Failed to start x.service with its old image: No restart again x.service'],
      ['pull app', 'restart x.service', 'tag old app', 'restart again x.service'],
    ],
  ])('has failed when it cannot, or may not, go back (rollback: %s)', async (rollback, errors, done) => {
    const host = fakeHost(['a'], ['restart x.service', 'restart again x.service']);
    const result = await updateAll(host, [task('x.service', 'a')], { ...OPTIONS, rollback });
    expect({ updated: result.reports[0]?.updated, errors: result.errors, done: host.done }).toEqual({ updated: 'failed', errors, done });
  });

  it('goes on with other services when an image cannot be looked for or got', async () => {
    const host = fakeHost(['b', 'c'], ['look a', 'pull bad']);
    const { reports, errors } = await updateAll(host, [task('x.service', 'a'), task('y.service', 'b', 'bad'), task('z.service', 'c')], OPTIONS);
    expect(reports.map(({ updated }) => updated)).toEqual(['failed', 'failed', 'true']);
    expect(errors).toEqual(['Failed to look for a newer image of container a: No look a', 'Failed to get the newer image of container b: No pull bad']);
  });
});

describe('the containers to update', () => {
  const listed = (...containers: readonly object[]): string =>
    JSON.stringify(containers.map((each, i) => ({ Id: `id${i}`, ImageID: 'old', Image: 'app:latest', Names: [`c${i}`], ...each })));
  const labels = (policy: string, unit?: string): object => ({ 'io.containers.autoupdate': policy, ...(unit === undefined ? {} : { PODMAN_SYSTEMD_UNIT: unit }) });

  it('are those with a policy and a service', () => {
    const { tasks, errors } = findTasks(
      listed({ Labels: labels('local', 'x.service') }, { Labels: null }, { Labels: labels('disabled', 'y.service') }, { Labels: labels('image', 'a.service') }),
    );
    expect(tasks.map(({ unit, policy, containerName }) => [unit, policy, containerName])).toEqual([
      ['a.service', 'registry', 'c3'],
      ['x.service', 'local', 'c0'],
    ]);
    expect(errors).toEqual([]);
  });

  it('may have their service from their pod', () => {
    const { tasks } = findTasks(listed({ Labels: labels('local'), Pod: 'p' }, { IsInfra: true, Pod: 'p', Labels: { PODMAN_SYSTEMD_UNIT: 'pod.service' } }));
    expect(tasks.map(({ unit }) => unit)).toEqual(['pod.service']);
  });

  it('are named when they cannot be updated', () => {
    expect(findTasks(listed({ Labels: labels('always', 'x.service') }, { Labels: labels('local') })).errors).toEqual([
      "Invalid auto-update policy 'always' of container c0: expected registry, image, local, disabled",
      'Container c1 belongs to no service: it has no label PODMAN_SYSTEMD_UNIT',
    ]);
  });

  it('are none when podman lists none', () => expect(findTasks('\n')).toEqual({ tasks: [], errors: [] }));
});
