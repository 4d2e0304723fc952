/** How the kernel treats the processes of a unit; systemd.exec(5), "SCHEDULING". undefined: as the manager's own. */

export interface SchedulingConfig {
  /** The number of sched_setscheduler(2). */
  readonly policy: number | undefined;
  readonly priority: number;
  readonly resetOnFork: boolean;
  /** ioprio_set(2) */
  readonly ioClass: number | undefined;
  readonly ioPriority: number | undefined;
  readonly processors: readonly number[];
  readonly timerSlackNs: number | undefined;
  /** core(5), coredump_filter */
  readonly coredumpFilter: number | undefined;
}

export const NO_SCHEDULING: SchedulingConfig = {
  policy: undefined,
  priority: 0,
  resetOnFork: false,
  ioClass: undefined,
  ioPriority: undefined,
  processors: [],
  timerSlackNs: undefined,
  coredumpFilter: undefined,
};
