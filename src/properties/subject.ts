/** What properties are read from: what a unit's files say, and beside it the state that a manager knows. */
import type { LoadedUnit } from '../load/unit-store.js';
import type { Condition, DependencyKind, UnitConfig } from '../unit/config.js';
import { serviceOf } from '../unit/load.js';

/** A dependency as a file says it, or as the unit at its other end sees it. */
export type Relation = DependencyKind | `${DependencyKind}-inverse` | 'triggers' | 'triggeredBy';

/** Times are milliseconds since the epoch; 0 is never. */
export interface UnitState {
  readonly activeState: string;
  readonly subState: string;
  readonly result: string;
  readonly stateChangeMs: number;
  readonly inactiveExitMs: number;
  readonly activeEnterMs: number;
  readonly activeExitMs: number;
  readonly inactiveEnterMs: number;
  /** When conditions were last looked at, and how that went. */
  readonly condition: { readonly timeMs: number; readonly met: boolean; readonly assertsMet: boolean };
  readonly jobId: number;
  readonly unitFileState: string;
  readonly unitFilePreset: string;
  readonly needDaemonReload: boolean;
  /** As the kernel names it; '' for none. */
  readonly controlGroup: string;
  /** 32 hexadecimal digits, or ''. */
  readonly invocationId: string;
  /** Services. */
  readonly mainPid: number;
  readonly controlPid: number;
  readonly statusText: string;
  readonly reloadResult: string;
  readonly restarts: number;
  readonly statusErrno: number;
  readonly storedDescriptors: number;
  /** WATCHDOG_USEC=, where the service said so. */
  readonly watchdogMs: number | undefined;
  readonly main: MainProcess;
  /** Sockets. */
  readonly accepted: number;
  readonly connections: number;
  readonly refused: number;
}

/** The last main process of a service; pid 0: there was none yet. */
export interface MainProcess {
  readonly pid: number;
  readonly startMs: number;
  readonly exitMs: number;
  readonly code: 'exited' | 'killed' | 'dumped' | undefined;
  readonly status: number;
}

export interface Subject {
  readonly loaded: LoadedUnit;
  /** While it runs, the config that it was started with. */
  readonly config: UnitConfig | undefined;
  readonly state: UnitState;
  fragmentPath(): string;
  related(relation: Relation): readonly string[];
  /** Other names of the unit. */
  aliases(): readonly string[];
  /** 1 met, -1 not met, 0 not looked at. */
  conditionResult(condition: Condition): number;
  /** Soft and hard limit that a process of the unit has when its files say nothing; undefined: nobody knows. */
  inheritedLimit(resource: string): readonly [soft: number, hard: number] | undefined;
  /** A number from a file of the unit's cgroup, such as 'memory.current'; undefined where there is none. */
  usage(file: string): number | undefined;
}

const NO_PROCESS: MainProcess = { pid: 0, startMs: 0, exitMs: 0, code: undefined, status: 0 };

export const NO_STATE: UnitState = {
  activeState: 'inactive',
  subState: 'dead',
  result: 'success',
  stateChangeMs: 0,
  inactiveExitMs: 0,
  activeEnterMs: 0,
  activeExitMs: 0,
  inactiveEnterMs: 0,
  condition: { timeMs: 0, met: false, assertsMet: false },
  jobId: 0,
  unitFileState: '',
  unitFilePreset: '',
  needDaemonReload: false,
  controlGroup: '',
  invocationId: '',
  mainPid: 0,
  controlPid: 0,
  statusText: '',
  reloadResult: 'success',
  restarts: 0,
  statusErrno: 0,
  storedDescriptors: 0,
  watchdogMs: undefined,
  main: NO_PROCESS,
  accepted: 0,
  connections: 0,
  refused: 0,
};

/** A unit that no manager has: its files are all that is known of it. */
export function offlineSubject(loaded: LoadedUnit, unitFileState: string, triggeredBy: readonly string[]): Subject {
  const { config } = loaded;
  return {
    loaded,
    config,
    state: { ...NO_STATE, unitFileState },
    fragmentPath: () => loaded.contents?.fragmentPath ?? '',
    related: (relation) => (relation === 'triggeredBy' ? triggeredBy : config === undefined ? [] : relatedByFile(config, relation)),
    aliases: () => [],
    conditionResult: () => 0,
    inheritedLimit: () => undefined,
    usage: () => undefined,
  };
}

/** What a unit's own files say, without what others say of it. */
export function relatedByFile(config: UnitConfig, relation: Relation): readonly string[] {
  if (relation === 'triggers') return config.type === 'socket' && !config.accept ? [serviceOf(config)] : [];
  return [...new Set(config.dependencies.filter(({ kind }) => kind === relation).map(({ name }) => name))];
}

/** The same relation as the other unit's file would say it. */
export function inverseOf(relation: Relation): Relation | undefined {
  if (relation === 'triggeredBy') return 'triggers';
  if (relation === 'triggers') return undefined;
  if (relation === 'before') return 'after';
  if (relation === 'after') return 'before';
  return relation.endsWith('-inverse') ? (relation.slice(0, -'-inverse'.length) as DependencyKind) : undefined;
}
