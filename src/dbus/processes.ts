/** The processes of units: which there are, whose a process is, and signals to them. */
import { readFileSync } from 'node:fs';
import { commandLine } from '../exec/processes.js';
import { ServiceUnit } from '../manager/service.js';
import { signalName } from '../sys/pidfd.js';
import { noSuchUnit, type Api } from './api.js';
import { CallError } from './names.js';
import { scopesOf } from './scopes.js';
import type { Value } from './value.js';

function pidsOfUnit(api: Api, name: string): readonly number[] {
  const unit = api.find(name);
  return scopesOf(api.manager).find(name)?.cgroup.pids() ?? (unit instanceof ServiceUnit ? unit.pids : []);
}

/** Cgroup, process id and command line of each. */
export function unitProcesses(api: Api, name: string): Value {
  return pidsOfUnit(api, name)
    .map((pid) => [cgroupOf(pid), pid, commandLine(pid)] as const)
    .filter(([, , command]) => command !== '');
}

function cgroupOf(pid: number): string {
  try {
    return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

/** The unit that a process belongs to. */
export function unitOfProcess(api: Api, pid: number): string | undefined {
  const services = [...api.manager.units.values()].filter((unit) => unit instanceof ServiceUnit);
  const main = services.find(({ mainPid, controlPid }) => mainPid === pid || controlPid === pid);
  const scope = scopesOf(api.manager).names.find((name) => pidsOfUnit(api, name).includes(pid));
  return (main ?? services.find((unit) => unit.pids.includes(pid)))?.name ?? scope;
}

/** KillUnit and QueueSignalUnit; 'main-fail' and its kin ask for an error where there is nothing to kill. Throws CallError. */
export function killUnit(api: Api, name: string, whom: string, signal: number): void {
  const [, kind, strict] = /^(|all|main|control)(-fail)?$/.exec(whom) ?? [];
  if (kind === undefined) throw CallError.standard('InvalidArgs', `Invalid whom argument: ${whom}`);
  checkSignal(signal);
  api.known(name);
  if (scopesOf(api.manager).find(name) !== undefined) return scopesOf(api.manager).signal(name, signal);
  const unit = api.find(name);
  // systemd unloads what is inactive, and then knows nothing to kill.
  if (unit === undefined || unit.activeState === 'inactive') throw noSuchUnit(name);
  const pids = unit instanceof ServiceUnit ? pidsOf(unit, kind) : [];
  if (pids.length === 0 && (kind === 'main' || kind === 'control')) throw CallError.systemd('NoSuchProcess', `No ${kind} process to kill`);
  const reached = pids.filter((pid) => send(pid, signal)).length;
  if (reached === 0 && strict !== undefined) throw CallError.systemd('NoSuchProcess', 'No matching processes to kill');
}

function pidsOf(unit: ServiceUnit, kind: string): readonly number[] {
  const chosen = kind === 'main' ? [unit.mainPid] : kind === 'control' ? [unit.controlPid] : unit.pids;
  return chosen.filter((pid) => pid !== undefined);
}

function checkSignal(signal: number): void {
  if (!Number.isInteger(signal) || signal < 1 || signal > 64) throw CallError.standard('InvalidArgs', `Signal number out of range (${signalName(signal)})`);
}

/** False: it has just gone. */
function send(pid: number, signal: number): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
