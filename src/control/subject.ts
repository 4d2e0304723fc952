/** A unit of the manager as the source of its properties: its files and its state, looked at when somebody asks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unitFileState } from '../load/install.js';
import { presetOf } from '../load/preset.js';
import type { LoadedUnit } from '../load/unit-store.js';
import { isInactive } from '../manager/active-state.js';
import { unmetCondition } from '../manager/condition.js';
import type { Manager } from '../manager/manager.js';
import { ServiceUnit } from '../manager/service.js';
import { SocketUnit } from '../manager/socket.js';
import type { Unit } from '../manager/unit.js';
import { USUAL_FILES } from '../unit/defaults.js';
import { inverseOf, NO_STATE, relatedByFile, type MainProcess, type Relation, type Subject, type UnitState } from '../properties/subject.js';
import { fragmentPathOf } from './generated-file.js';
import { changedOnDisk } from './wire-unit.js';

/** A unit that is loaded. */
export function subjectOf(manager: Manager, unit: Unit): Subject {
  return { ...filesOf(manager, unit.loaded), config: unit.config, state: stateOf(manager, unit), usage: (file) => readUsage(unit, file) };
}

/** A name that nobody has asked the manager for: what its files say, and what other units say of it. */
export function unloadedSubject(manager: Manager, loaded: LoadedUnit): Subject {
  const { config } = loaded;
  const files = filesOf(manager, loaded);
  return {
    ...files,
    config,
    related: (relation) => [
      ...new Set([...(config === undefined ? [] : relatedByFile(config, relation)), ...files.related(relation), ...relatedByNeighbours(manager, loaded, relation)]),
    ],
    state: {
      ...NO_STATE,
      get unitFileState() {
        return fileState(manager, loaded);
      },
      get unitFilePreset() {
        return filePreset(manager, loaded);
      },
    },
    usage: () => undefined,
  };
}

/** What the units say of it that it names itself: systemd would have loaded them along with it. */
function relatedByNeighbours(manager: Manager, { name, config }: LoadedUnit, relation: Relation): readonly string[] {
  const names = new Set(config?.dependencies.map((dependency) => dependency.name));
  const seen = inverseOf(relation);
  return [...names].filter((other) => {
    const neighbour = seen === undefined ? undefined : manager.host.store.load(other).config;
    return neighbour !== undefined && seen !== undefined && relatedByFile(neighbour, seen).includes(name);
  });
}

function filesOf(manager: Manager, loaded: LoadedUnit): Omit<Subject, 'config' | 'state' | 'usage'> {
  return {
    loaded,
    // Written for those that have no file, so only when it is asked for.
    fragmentPath: () => fragmentPathOf(manager.host.scope, loaded),
    related: (relation) => manager.graph.get(loaded.name, relation),
    aliases: () => manager.host.store.index.aliasesOf(loaded.name),
    conditionResult: (condition) => (unmetCondition([condition]) === undefined ? 1 : -1),
    inheritedLimit: (resource) => (ownLimits ??= readLimits()).get(resource),
  };
}

function fileState(manager: Manager, { name, loadState }: LoadedUnit): string {
  return loadState === 'not-found' ? '' : unitFileState(manager.host.store, name);
}

/** Only what has an [Install] section, or a file at all, can be preset. */
function filePreset(manager: Manager, { name, loadState, contents }: LoadedUnit): string {
  return loadState !== 'loaded' || (contents?.fragmentPath ?? '') === '' ? '' : presetOf(manager.host.store, name);
}

function stateOf(manager: Manager, unit: Unit): UnitState {
  return {
    ...NO_STATE,
    activeState: unit.activeState,
    subState: unit.subState,
    result: unit.result,
    stateChangeMs: unit.stateChangeMs,
    inactiveExitMs: unit.inactiveExitMs,
    activeEnterMs: unit.activeEnterMs,
    activeExitMs: unit.activeExitMs,
    inactiveEnterMs: unit.inactiveEnterMs,
    condition: unit.condition,
    jobId: manager.jobs.get(unit.name)?.id ?? 0,
    // Those that look at files do so when they are asked.
    get unitFileState() {
      return fileState(manager, unit.loaded);
    },
    get unitFilePreset() {
      return filePreset(manager, unit.loaded);
    },
    get needDaemonReload() {
      return changedOnDisk(unit.loaded);
    },
    ...(unit instanceof ServiceUnit ? serviceState(unit) : {}),
    ...(unit instanceof SocketUnit ? socketState(unit) : {}),
  };
}

function socketState({ connections, invocationId }: SocketUnit): Partial<UnitState> {
  return { invocationId, accepted: connections.accepted, connections: connections.count, refused: connections.refused };
}

function serviceState(unit: ServiceUnit): Partial<UnitState> {
  return {
    controlGroup: isInactive(unit.activeState) || unit.cgroup === undefined ? '' : controlGroupOf(unit),
    invocationId: unit.invocationId,
    mainPid: unit.mainPid ?? 0,
    controlPid: unit.controlPid ?? 0,
    statusText: unit.statusText ?? '',
    reloadResult: unit.reloadResult,
    restarts: unit.restarts,
    statusErrno: unit.statusErrno,
    storedDescriptors: unit.fdStore.size,
    watchdogMs: unit.watchdogMs,
    main: mainProcess(unit),
  };
}

function mainProcess(unit: ServiceUnit): MainProcess {
  const { pid, startMs, exitMs } = unit.mainRun;
  return { pid, startMs, exitMs, code: unit.mainExit?.code, status: unit.mainExit?.status ?? 0 };
}

/** As the kernel names it, without the mount point. */
export function controlGroupOf({ mainPid, cgroup = '' }: ServiceUnit): string {
  const own = /^0::(.*)$/m.exec(readText(`/proc/${mainPid ?? 0}/cgroup`))?.[1];
  return own ?? cgroup.replace(/^\/sys\/fs\/cgroup(\/unified)?/, '');
}

/** A file with one number, or cpu.stat, whose first line is the total. */
function readUsage(unit: Unit, file: string): number | undefined {
  if (!(unit instanceof ServiceUnit) || unit.cgroup === undefined) return undefined;
  const number = /^(?:usage_usec )?(\d+)$/m.exec(readText(join(unit.cgroup, file)))?.[1];
  return number === undefined ? undefined : Number(number);
}

let ownLimits: ReadonlyMap<string, readonly [number, number]> | undefined;

/** proc_pid_limits(5) to the names of setrlimit(2). */
const LIMIT_NAMES: Readonly<Record<string, string>> = {
  'cpu time': 'CPU',
  'file size': 'FSIZE',
  'data size': 'DATA',
  'stack size': 'STACK',
  'core file size': 'CORE',
  'resident set': 'RSS',
  'open files': 'NOFILE',
  'address space': 'AS',
  processes: 'NPROC',
  'locked memory': 'MEMLOCK',
  'file locks': 'LOCKS',
  'pending signals': 'SIGPENDING',
  'msgqueue size': 'MSGQUEUE',
  'nice priority': 'NICE',
  'realtime priority': 'RTPRIO',
  'realtime timeout': 'RTTIME',
};

/** What a process of ours starts with: our own. */
function readLimits(): ReadonlyMap<string, readonly [number, number]> {
  const number = (text: string): number => (text === 'unlimited' ? Infinity : Number(text));
  const lines = [...readText('/proc/self/limits').matchAll(/^Max (.*?)\s{2,}(\S+)\s+(\S+)/gm)];
  const limits = new Map(lines.map(([, name = '', soft = '', hard = '']) => [LIMIT_NAMES[name] ?? name, [number(soft), number(hard)] as const]));
  const files = limits.get('NOFILE');
  return files === undefined ? limits : limits.set('NOFILE', [Math.min(USUAL_FILES, files[1]), files[1]]);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
