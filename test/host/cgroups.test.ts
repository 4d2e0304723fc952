/** Which cgroup layouts a machine can give to a host. */
import { describe, expect, test } from 'vitest';
import { cgroupLayouts } from './host.mjs';

describe('the cgroup layouts of a machine', () => {
  const v1 = [{ options: 'memory', path: '/sys/fs/cgroup/memory' }];

  test('are all of them where v1 and v2 are mixed', () => {
    const possible = { possible: true };
    expect(cgroupLayouts({ unified: '/sys/fs/cgroup/unified', v1 })).toEqual({ delegated: possible, undelegated: possible, hybrid: possible });
  });

  test('are not hybrid where there is only v2, and the reason is given', () => {
    const layouts = cgroupLayouts({ unified: '/sys/fs/cgroup', v1: [] });
    expect(layouts.delegated).toEqual({ possible: true });
    expect(layouts.hybrid).toEqual({ possible: false, why: expect.stringContaining('purely cgroup v2') });
  });

  test('are none where there is only v1', () => {
    const layouts = cgroupLayouts({ unified: undefined, v1 });
    expect(Object.values(layouts).map(({ possible }) => possible)).toEqual([false, false, false]);
  });
});
