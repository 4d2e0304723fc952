import { describe, expect, it } from 'vitest';
import { collapseJobType, mergeJobTypes } from './job-merge.js';
import type { JobType } from './job.js';

const TYPES: readonly JobType[] = ['start', 'verify-active', 'stop', 'reload', 'restart', 'reload-or-start', 'nop'];

describe('merging of job types', () => {
  it('does not depend on the order of the two', () => {
    for (const a of TYPES) for (const b of TYPES) expect(mergeJobTypes(a, b), `${a}+${b}`).toBe(mergeJobTypes(b, a));
  });

  it('does not depend on the order of three', () => {
    const three = (a: JobType, b: JobType, c: JobType): JobType | undefined => {
      const ab = mergeJobTypes(a, b);
      return ab === undefined ? undefined : mergeJobTypes(ab, c);
    };
    for (const a of TYPES) for (const b of TYPES) for (const c of TYPES) expect(three(a, b, c), `${a}+${b}+${c}`).toBe(three(c, b, a));
  });

  it('refuses only what contradicts: a stop and anything that starts', () => {
    for (const other of TYPES.filter((type) => type !== 'stop' && type !== 'nop')) expect(mergeJobTypes('stop', other)).toBeUndefined();
    expect(mergeJobTypes('start', 'restart')).toBe('restart');
    expect(mergeJobTypes('start', 'reload')).toBe('reload-or-start');
  });

  it('makes a plain type of one that depends on the state', () => {
    expect(collapseJobType('try-restart', false)).toBe('nop');
    expect(collapseJobType('try-restart', true)).toBe('restart');
    expect(collapseJobType('reload-or-start', true)).toBe('reload');
    expect(collapseJobType('reload-or-start', false)).toBe('start');
    expect(collapseJobType('stop', true)).toBe('stop');
  });
});
