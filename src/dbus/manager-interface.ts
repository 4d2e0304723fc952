/** Table: the methods and signals of the Manager object; org.freedesktop.systemd1(5), "THE MANAGER OBJECT". */
import { cleanUnit } from './clean.js';
import type { JobRequest } from './jobs.js';
import { clearJobs, enqueue } from './jobs.js';
import { noSuchUnit, type Api } from './api.js';
import { INSTALL_METHODS } from './install-methods.js';
import { method, query, type CallContext, type Interface, type Method, type Signal } from './interface.js';
import { logProperties, managerProperties } from './manager-state.js';
import { BUS_NAME, CallError, jobPath, unitPath } from './names.js';
import { killUnit, unitOfProcess, unitProcesses } from './processes.js';
import { scopesOf } from './scopes.js';
import { JOB_RECORD, listJobs, listUnitFiles, listUnits, listUnitsByNames, UNIT_RECORD } from './unit-lists.js';
import { TRANSIENT_METHODS } from './transient-methods.js';
import type { Value } from './value.js';

type Context = CallContext<undefined>;
type Names = readonly string[];

function jobMethod(name: string, request: JobRequest): Method<undefined> {
  return method(name, 'name:s mode:s', 'job:o', ({ api, caller }: Context, unit: string, mode: string) => [enqueue(api, caller, unit, request, mode)]);
}

const UNITS: readonly Method<undefined>[] = [
  query('GetUnit', 'name:s', 'unit:o', ({ api }: Context, name: string) => {
    api.checkName(name);
    const scope = scopesOf(api.manager).find(name);
    const unit = api.find(name);
    if (scope === undefined && (unit === undefined || unit.loaded.loadState === 'not-found')) throw noSuchUnit(name);
    return [unitPath(scope?.name ?? unit?.name ?? name)];
  }),
  query('GetUnitByPID', 'pid:u', 'unit:o', ({ api }: Context, pid: number) => {
    const name = unitOfProcess(api, pid === 0 ? process.pid : pid);
    if (name === undefined) throw CallError.systemd('NoUnitForPID', `PID ${pid} does not belong to any loaded unit.`);
    return [unitPath(name)];
  }),
  query('GetUnitByInvocationID', 'invocation_id:ay', 'unit:o', ({ api }: Context, id: Uint8Array) => {
    const wanted = Buffer.from(id).toString('hex');
    const unit = [...api.manager.units.values()].find(({ name }) => api.subject(name).state.invocationId === wanted);
    if (unit === undefined || wanted === '') throw CallError.systemd('NoUnitForInvocationID', `No unit with the specified invocation ID ${wanted} known.`);
    return [unitPath(unit.name)];
  }),
  query('GetUnitByControlGroup', 'cgroup:s', 'unit:o', ({ api }: Context, cgroup: string) => {
    const name = [...api.manager.units.keys(), ...scopesOf(api.manager).names].find((each) => api.subject(each).state.controlGroup === cgroup);
    if (name === undefined || cgroup === '') throw CallError.systemd('NoSuchUnit', `Control group '${cgroup}' is not valid or not managed by this instance`);
    return [unitPath(name)];
  }),
  query('LoadUnit', 'name:s', 'unit:o', ({ api }: Context, name: string) => {
    api.checkName(name);
    return [unitPath(api.subject(name).loaded.name)];
  }),
  query('ListUnits', '', `units:${UNIT_RECORD}`, ({ api }: Context) => [listUnits(api)]),
  query('ListUnitsFiltered', 'states:as', `units:${UNIT_RECORD}`, ({ api }: Context, states: Names) => [listUnits(api, states)]),
  query('ListUnitsByPatterns', 'states:as patterns:as', `units:${UNIT_RECORD}`, ({ api }: Context, states: Names, patterns: Names) => [listUnits(api, states, patterns)]),
  query('ListUnitsByNames', 'names:as', `units:${UNIT_RECORD}`, ({ api }: Context, names: Names) => [listUnitsByNames(api, names)]),
  query('ListUnitFiles', '', 'unit_files:a(ss)', ({ api }: Context) => [listUnitFiles(api)]),
  query('ListUnitFilesByPatterns', 'states:as patterns:as', 'unit_files:a(ss)', ({ api }: Context, states: Names, patterns: Names) => [listUnitFiles(api, states, patterns)]),
  query('GetUnitProcesses', 'name:s', 'processes:a(sus)', ({ api }: Context, name: string) => [unitProcesses(api, name)]),
  // Units stay loaded as long as the manager runs: what a reference brings is that its holder hears of the unit.
  method('RefUnit', 'name:s', '', ({ api, caller }: Context, name: string) => {
    caller.hold(api.known(name).loaded.name);
    return [];
  }),
  method('UnrefUnit', 'name:s', '', ({ api, caller }: Context, name: string) => {
    caller.release(api.known(name).loaded.name);
    return [];
  }),
  method('ResetFailed', '', '', ({ api }: Context) => {
    for (const unit of api.manager.units.values()) unit.resetFailed();
    return [];
  }),
  method('ResetFailedUnit', 'name:s', '', ({ api }: Context, name: string) => {
    api.known(name);
    api.find(name)?.resetFailed();
    return [];
  }),
  method('CleanUnit', 'name:s mask:as', '', ({ api }: Context, name: string, kinds: Names) => {
    cleanUnit(api, name, kinds);
    return [];
  }),
  method('KillUnit', 'name:s whom:s signal:i', '', ({ api }: Context, name: string, whom: string, signal: number) => {
    killUnit(api, name, whom, signal);
    return [];
  }),
];

/** Throws CallError. */
function jobOf({ api }: Context, id: number): NonNullable<ReturnType<Api['job']>> {
  const job = api.job(id);
  if (job === undefined) throw CallError.systemd('NoSuchJob', `Job ${id} does not exist.`);
  return job;
}

const JOBS: readonly Method<undefined>[] = [
  jobMethod('StartUnit', 'start'),
  method('StartUnitWithFlags', 'name:s mode:s flags:t', 'job:o', ({ api, caller }: Context, name: string, mode: string) => [enqueue(api, caller, name, 'start', mode)]),
  method('StartUnitReplace', 'old_unit:s new_unit:s mode:s', 'job:o', ({ api, caller }: Context, _old: string, name: string, mode: string) => [
    enqueue(api, caller, name, 'start', mode),
  ]),
  jobMethod('StopUnit', 'stop'),
  jobMethod('ReloadUnit', 'reload'),
  jobMethod('RestartUnit', 'restart'),
  jobMethod('TryRestartUnit', 'try-restart'),
  jobMethod('ReloadOrRestartUnit', 'reload-or-restart'),
  jobMethod('ReloadOrTryRestartUnit', 'reload-or-try-restart'),
  query('GetJob', 'id:u', 'job:o', (context: Context, id: number) => [jobPath(jobOf(context, id).id)]),
  query('ListJobs', '', `jobs:${JOB_RECORD}`, ({ api }: Context) => [listJobs(api)]),
  method('CancelJob', 'id:u', '', (context: Context, id: number) => {
    context.api.manager.jobs.finish(jobOf(context, id), { result: 'canceled' });
    return [];
  }),
  method('ClearJobs', '', '', ({ api }: Context) => {
    clearJobs(api);
    return [];
  }),
];

async function reload({ api }: Context): Promise<readonly Value[]> {
  for (const diagnostic of await api.manager.reload()) api.manager.report(diagnostic);
  return [];
}

/** What only a machine's first process can do. */
function refused(name: string, args = ''): Method<undefined> {
  return method(name, args, '', () => {
    throw CallError.standard('NotSupported', `rouse is not this machine's init and cannot ${name.toLowerCase()} it`);
  });
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The environment of what is started from now on. Throws CallError. */
function setEnvironment({ manager }: Api, assignments: Names): void {
  const pairs = assignments.map((assignment) => [assignment.slice(0, Math.max(0, assignment.indexOf('='))), assignment.slice(assignment.indexOf('=') + 1)] as const);
  if (pairs.some(([name]) => !VARIABLE.test(name))) throw CallError.standard('InvalidArgs', 'Invalid environment assignments');
  for (const [name, value] of pairs) manager.launchHost.environment.set(name, value);
}

function unsetEnvironment({ manager }: Api, names: Names): void {
  for (const name of names) manager.launchHost.environment.delete(name);
}

const WHOLE: readonly Method<undefined>[] = [
  method('Subscribe', '', '', ({ caller }: Context) => {
    caller.subscribe();
    return [];
  }),
  method('Unsubscribe', '', '', ({ caller }: Context) => {
    caller.unsubscribe();
    return [];
  }),
  method('Reload', '', '', reload),
  // There is nothing to execute anew: the files are what can have changed.
  method('Reexecute', '', '', reload),
  method('Exit', '', '', ({ api }: Context) => {
    setImmediate(api.exit);
    return [];
  }),
  ...['Reboot', 'PowerOff', 'Halt', 'KExec'].map((name) => refused(name)),
  refused('SoftReboot', 'new_root:s'),
  refused('SwitchRoot', 'new_root:s init:s'),
  method('SetEnvironment', 'assignments:as', '', ({ api }: Context, assignments: Names) => {
    setEnvironment(api, assignments);
    return [];
  }),
  method('UnsetEnvironment', 'names:as', '', ({ api }: Context, names: Names) => {
    unsetEnvironment(api, names);
    return [];
  }),
  method('UnsetAndSetEnvironment', 'names:as assignments:as', '', ({ api }: Context, names: Names, assignments: Names) => {
    setEnvironment(api, assignments);
    unsetEnvironment(
      api,
      names.filter((name) => !assignments.some((assignment) => assignment.startsWith(`${name}=`))),
    );
    return [];
  }),
];

/** What rouse cannot do to a unit, said as such rather than as a method that nobody knows. */
function impossible(name: string, args: string, words: string, out = ''): Method<undefined> {
  return method(name, args, out, () => {
    throw CallError.standard('NotSupported', words);
  });
}

const IMPOSSIBLE: readonly Method<undefined>[] = [
  impossible('FreezeUnit', 'name:s', 'rouse does not freeze units'),
  impossible('ThawUnit', 'name:s', 'rouse does not freeze units'),
  impossible('SetUnitProperties', 'name:s runtime:b properties:a(sv)', 'rouse does not change units that are loaded: write a drop-in'),
];

const SIGNALS: readonly Signal[] = [
  { name: 'UnitNew', args: 'id:s unit:o' },
  { name: 'UnitRemoved', args: 'id:s unit:o' },
  { name: 'JobNew', args: 'id:u job:o unit:s' },
  { name: 'JobRemoved', args: 'id:u job:o unit:s result:s' },
  { name: 'UnitFilesChanged', args: '' },
  { name: 'Reloading', args: 'active:b' },
];

export const MANAGER_INTERFACE: Interface<undefined> = {
  name: `${BUS_NAME}.Manager`,
  methods: [...UNITS, ...JOBS, ...WHOLE, ...TRANSIENT_METHODS, ...IMPOSSIBLE, ...INSTALL_METHODS],
  signals: SIGNALS,
  properties: ({ api }) => managerProperties(api),
};

export const LOG_INTERFACE: Interface<undefined> = { name: 'org.freedesktop.LogControl1', methods: [], signals: [], properties: ({ api }) => logProperties(api) };
