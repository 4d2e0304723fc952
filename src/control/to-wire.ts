/** A unit of the manager, with its state, as the wire has it: the only place that puts state into messages. */
import { commandLine } from '../exec/processes.js';
import { isInactive } from '../manager/active-state.js';
import type { Manager } from '../manager/manager.js';
import { ServiceUnit } from '../manager/service.js';
import { SocketUnit } from '../manager/socket.js';
import type { Unit } from '../manager/unit.js';
import type { WireUnit } from './protocol.js';
import { showProperties } from '../properties/tables.js';
import { controlGroupOf, subjectOf } from './subject.js';
import { changedOnDisk, wireUnit } from './wire-unit.js';

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
    ...(unit instanceof SocketUnit ? socketState(manager, unit) : {}),
  };
  return options.properties ? { ...wire, properties: showProperties(subjectOf(manager, unit)) } : wire;
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

function socketState(manager: Manager, { name, config, activations, connections }: SocketUnit): Partial<WireUnit> {
  const triggers = manager.graph.get(name, 'triggers');
  const counts = config?.accept === true ? { accepted: connections.accepted, connections: connections.count, refused: connections.refused } : { activations };
  return { ...(triggers.length === 0 ? {} : { triggers }), ...counts };
}

function serviceState(unit: ServiceUnit, processes: boolean): Partial<WireUnit> {
  const running = !isInactive(unit.activeState);
  return {
    ...(unit.mainPid === undefined ? {} : { mainPid: unit.mainPid }),
    ...(unit.controlPid === undefined ? {} : { controlPid: unit.controlPid }),
    ...(unit.mainExit === undefined ? {} : { mainCode: unit.mainExit.code, mainStatus: unit.mainExit.status }),
    ...(unit.statusText === undefined ? {} : { statusText: unit.statusText }),
    ...(running && unit.cgroup !== undefined ? { controlGroup: controlGroupOf(unit) } : {}),
    ...(processes && running ? { processes: unit.pids.map((pid) => ({ pid, command: commandLine(pid) })).filter(({ command }) => command !== '') } : {}),
    ...armState(unit, running),
    restarts: unit.restarts,
    invocationId: unit.invocationId,
  };
}

function armState({ arming, freezing }: ServiceUnit, running: boolean): Partial<WireUnit> {
  const words = running ? freezing.words : arming.words;
  const { pid } = arming;
  const down = pid !== undefined ? 'armed' : arming.isPossible ? 'arming' : 'stopped';
  return {
    armLevel: freezing.isFrozen ? 'frozen' : running ? 'running' : down,
    ...(words === undefined ? {} : { arming: words }),
    ...(pid === undefined || running ? {} : { armedPid: pid }),
  };
}
