/**
 * Jobs: what a unit has been asked to become. The types, modes and results are those of systemd
 * (org.freedesktop.systemd1(5), systemctl(1)); a job is made by a transaction and ended by its unit's state.
 */

/** 'verify-active' is what Requisite= makes; 'nop' only holds a place while jobs are merged. */
export type JobType = 'start' | 'verify-active' | 'stop' | 'reload' | 'restart' | 'try-restart' | 'reload-or-start' | 'nop';

/** What a caller can ask for. 'fail' refuses when it would replace a waiting job of another kind. */
export type JobMode = 'fail' | 'replace' | 'isolate' | 'ignore-dependencies';

/** First failure wins: a job ends once, with one of these. */
export type JobResult = 'done' | 'canceled' | 'timeout' | 'failed' | 'dependency' | 'skipped' | 'assert' | 'unsupported';

export type JobState = 'waiting' | 'running';

export interface JobEnd {
  readonly result: JobResult;
  /** Why, in words; undefined when it is 'done'. */
  readonly message?: string;
  readonly hint?: string;
  /** Set when there was no job to begin with: the unit that kept the transaction from happening, and how. */
  readonly refused?: { readonly reason: 'load' | 'conflict' | 'cycle' | 'destructive'; readonly unit: string };
}

/** One job of one unit. Only the manager changes it. */
export interface Job {
  readonly id: number;
  readonly unit: string;
  type: JobType;
  state: JobState;
  /** True where the transaction's anchor needs it: it then must not be dropped or ignored. */
  readonly onEnd: ((end: JobEnd) => void)[];
  /** Ordering is not waited for (--job-mode=ignore-dependencies). */
  readonly ignoreOrder: boolean;
  /** For JobTimeoutSec=; cleared when the job ends. */
  timer: NodeJS.Timeout | undefined;
}

/** The job starts its unit in the end, and so waits for units that are ordered before it. */
export function isStarting(type: JobType): boolean {
  return type === 'start' || type === 'verify-active' || type === 'reload-or-start';
}

/** A restart is a stop first: until that is done, it is ordered as a stop. */
export function isStopping(type: JobType): boolean {
  return type === 'stop' || type === 'restart' || type === 'try-restart';
}
