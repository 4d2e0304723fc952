/** A unit of the manager, with its state, as the wire has it: the only place that puts state into messages. */
import { readFileSync } from 'node:fs';
import { commandLine } from '../exec/processes.js';
import { isInactive } from '../manager/active-state.js';
import type { Manager } from '../manager/manager.js';
import { ServiceUnit } from '../manager/service.js';
import { SocketUnit } from '../manager/socket.js';
import type { Unit } from '../manager/unit.js';
import type { WireUnit } from './protocol.js';
import { changedOnDisk, wireProperties, wireUnit } from './wire-unit.js';

export interface WireOptions {
  /** Look at the unit's processes, for `status`. */
  readonly processes: boolean;
  readonly properties: boolean;
}

export function toWire(manager: Manager, unit: Unit, options: WireOptions): WireUnit {
  const wire: WireUnit = {
    ...wireUnit(manager.host.store, unit.loaded),
    ...stateOf(manager, unit),
    ...(unit instanceof ServiceUnit ? serviceState(unit, options.processes) : {}),
    ...(unit instanceof SocketUnit ? { accepted: unit.activations, connections: 0 } : {}),
  };
  return options.properties ? wireProperties(wire, unit.loaded) : wire;
}

function stateOf(manager: Manager, unit: Unit): Partial<WireUnit> {
  const job = manager.jobs.get(unit.name);
  return {
    activeState: unit.activeState,
    subState: unit.subState,
    result: unit.result,
    ...(unit.reason === undefined ? {} : { reason: unit.reason }),
    ...(unit.hint === undefined ? {} : { hint: unit.hint }),
    stateChangeMs: unit.stateChangeMs,
    activeEnterMs: unit.activeEnterMs,
    ...(job === undefined ? {} : { job: { id: job.id, verb: job.type, state: job.state } }),
    triggeredBy: manager.graph.get(unit.name, 'triggeredBy'),
    needsDaemonReload: changedOnDisk(unit.loaded),
  };
}

function serviceState(unit: ServiceUnit, processes: boolean): Partial<WireUnit> {
  const running = !isInactive(unit.activeState);
  return {
    ...(unit.mainPid === undefined ? {} : { mainPid: unit.mainPid }),
    ...(unit.controlPid === undefined ? {} : { controlPid: unit.controlPid }),
    ...(unit.mainExit === undefined ? {} : { mainCode: unit.mainExit.code, mainStatus: unit.mainExit.status }),
    ...(unit.statusText === undefined ? {} : { statusText: unit.statusText }),
    ...(running && unit.cgroup !== undefined ? { controlGroup: cgroupPath(unit) } : {}),
    ...(processes && running ? { processes: unit.pids.map((pid) => ({ pid, command: commandLine(pid) })).filter(({ command }) => command !== '') } : {}),
    ...(unit.arming.words === undefined || running ? {} : { arming: unit.arming.words }),
    restarts: unit.restarts,
    invocationId: unit.invocationId,
  };
}

/** As the kernel names it, without the mount point. */
function cgroupPath({ mainPid, cgroup = '' }: ServiceUnit): string {
  try {
    return /^0::(.*)$/m.exec(readFileSync(`/proc/${mainPid ?? 0}/cgroup`, 'utf8'))?.[1] ?? cgroup;
  } catch {
    return cgroup.replace(/^\/sys\/fs\/cgroup/, '');
  }
}
