/**
 * How two jobs on one unit become one. A table of facts: systemd's merging is associative and symmetric, which the test
 * checks over all triples.
 */
import type { JobType } from './job.js';

/** undefined: the two contradict each other (a start and a stop). Only one half of the table is written; see `mergeJobTypes`. */
const MERGED: Readonly<Record<string, JobType>> = {
  'start+verify-active': 'start',
  'start+reload': 'reload-or-start',
  'start+reload-or-start': 'reload-or-start',
  'start+restart': 'restart',
  'verify-active+reload': 'reload',
  'verify-active+restart': 'restart',
  'verify-active+reload-or-start': 'reload-or-start',
  'reload+restart': 'restart',
  'reload+reload-or-start': 'reload-or-start',
  'restart+reload-or-start': 'restart',
};

/** The one job that does the work of both; undefined where there is none. 'try-restart' must be collapsed before. */
export function mergeJobTypes(a: JobType, b: JobType): JobType | undefined {
  if (a === b) return a;
  if (a === 'nop') return b;
  if (b === 'nop') return a;
  return MERGED[`${a}+${b}`] ?? MERGED[`${b}+${a}`];
}

/** Types that depend on the unit's state become plain ones, as soon as the state is known. */
export function collapseJobType(type: JobType, active: boolean): JobType {
  if (type === 'try-restart') return active ? 'restart' : 'nop';
  if (type === 'reload-or-start') return active ? 'reload' : 'start';
  return type;
}
