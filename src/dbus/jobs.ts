/** From a request on the bus to a job: what systemd refuses and with which words, and the job's path for the caller to wait for. */
import { isInactive } from '../manager/active-state.js';
import type { JobEnd, JobMode, JobType } from '../manager/job.js';
import type { ManagerObserver } from '../manager/observer.js';
import type { Unit } from '../manager/unit.js';
import type { Api } from './api.js';
import { noSuchUnit } from './api.js';
import type { Caller } from './interface.js';
import { CallError, jobPath } from './names.js';
import { scopesOf } from './scopes.js';

export type JobRequest = 'start' | 'stop' | 'reload' | 'restart' | 'try-restart' | 'reload-or-restart' | 'reload-or-try-restart';

/** systemctl(1), --job-mode=. Those that rouse does not tell apart are the nearest that it has. */
const MODES: Readonly<Record<string, JobMode>> = {
  fail: 'fail',
  replace: 'replace',
  'replace-irreversibly': 'replace',
  isolate: 'isolate',
  flush: 'replace',
  'ignore-dependencies': 'ignore-dependencies',
  'ignore-requirements': 'ignore-dependencies',
  'restart-dependencies': 'replace',
};

/** The job's path, of whose end the caller will hear. Throws CallError. */
export function enqueue(api: Api, caller: Caller, name: string, request: JobRequest, modeText: string): string {
  api.checkName(name);
  if (scopesOf(api.manager).find(name) !== undefined) return stopScope(api, caller, name, request);
  if (name === 'exit.target' && request === 'start') return exit(api, caller);
  const mode = MODES[modeText];
  if (mode === undefined) throw CallError.standard('InvalidArgs', `Job mode ${modeText} invalid`);
  const unit = api.manager.get(name);
  if (unit === undefined) throw noSuchUnit(name, 'found');
  refuse(api, unit, request, mode);
  if (modeText === 'flush') clearJobs(api);
  // From before it is queued, for it may end at once.
  const pending = `${name}/${request}`;
  caller.hold(pending);
  try {
    const path = jobPath(run(api, unit, jobType(unit, request), mode));
    caller.hold(path);
    return path;
  } finally {
    caller.release(pending);
  }
}

/** systemctl(1), exit. */
function exit(api: Api, caller: Caller): string {
  const id = api.manager.jobs.takeId();
  caller.hold(jobPath(id));
  api.notifier.jobRemoved(id, 'exit.target', 'done');
  setImmediate(api.exit);
  return jobPath(id);
}

/** All that can be done to a scope. */
function stopScope(api: Api, caller: Caller, name: string, request: JobRequest): string {
  if (request !== 'stop') throw CallError.systemd('JobTypeNotApplicable', `Job type ${request} is not applicable for unit ${name}.`);
  const scopes = scopesOf(api.manager);
  const id = api.manager.jobs.takeId();
  caller.hold(jobPath(id));
  const onGone = (gone: string): void => {
    if (gone !== name) return;
    scopes.onGone.delete(onGone);
    api.notifier.jobRemoved(id, name, 'done');
  };
  scopes.onGone.add(onGone);
  scopes.stop(name);
  return jobPath(id);
}

/** One after the other, so that none that ends brings up another. */
export function clearJobs(api: Api): void {
  for (const job of api.manager.jobs.all) api.manager.jobs.finish(job, { result: 'canceled' });
}

function canReload({ config }: Unit): boolean {
  return config?.type === 'service' && (config.execReload.length > 0 || config.serviceType === 'notify-reload');
}

function jobType(unit: Unit, request: JobRequest): JobType {
  const active = !isInactive(unit.activeState);
  switch (request) {
    case 'reload-or-restart':
      return !canReload(unit) ? 'restart' : active ? 'reload' : 'start';
    case 'reload-or-try-restart':
      return !active ? 'nop' : canReload(unit) ? 'reload' : 'restart';
    case 'try-restart':
      return active ? 'restart' : 'nop';
    default:
      return request;
  }
}

/** systemd.special(7): what they stand for only a machine's init can do, and all that would happen here is that everything stops. */
const OF_INIT = /^(reboot|poweroff|halt|kexec|soft-reboot|suspend|hibernate|hybrid-sleep|suspend-then-hibernate|sleep|emergency|rescue|shutdown|umount|final)\.target$/;

function refuse(api: Api, unit: Unit, request: JobRequest, mode: JobMode): void {
  const { name, config } = unit;
  const { loadState } = unit.loaded;
  if (api.manager.stopping) throw CallError.systemd('ShuttingDown', 'Refusing the operation, rouse is shutting down.');
  if (loadState === 'not-found' && isInactive(unit.activeState) && request === 'stop') throw noSuchUnit(name);
  if (request !== 'stop') checkLoaded(unit);
  if (request === 'reload' && !canReload(unit)) throw CallError.systemd('JobTypeNotApplicable', `Job type reload is not applicable for unit ${name}.`);
  if (mode === 'isolate' && request === 'start' && config?.allowIsolate !== true) throw CallError.systemd('NoIsolation', 'Operation refused, unit may not be isolated.');
  const starts = request !== 'stop' && request !== 'reload';
  if (starts && OF_INIT.test(name)) throw CallError.standard('NotSupported', `rouse is not this machine's init: it does not start ${name}.`);
  const stops = request === 'stop' || request === 'restart' || request === 'try-restart';
  if ((starts && config?.refuseManualStart === true) || (stops && config?.refuseManualStop === true)) {
    throw CallError.systemd('OnlyByDependency', `Operation refused, unit ${name} may be requested by dependency only (it is configured to refuse manual start/stop).`);
  }
}

function checkLoaded({ name, activeState, loaded: { loadState } }: Unit): void {
  if (loadState === 'not-found' && isInactive(activeState)) throw noSuchUnit(name, 'found');
  if (loadState === 'masked') throw CallError.systemd('UnitMasked', `Unit ${name} is masked.`);
  if (loadState === 'bad-setting' || loadState === 'error') throw CallError.systemd('BadUnitSetting', `Unit ${name} has a bad unit file setting.`);
}

/** Some jobs end before they can be asked for: they get a number all the same, and their end is told after the reply. */
function run(api: Api, unit: Unit, type: JobType, mode: JobMode): number {
  const { manager, notifier } = api;
  let end: JobEnd | undefined;
  const before = new Set(manager.jobs.all);
  let queued: number | undefined;
  const watch: ManagerObserver = { onJobQueued: (job) => void (queued = job.unit === unit.name ? job.id : queued) };
  manager.observers.add(watch);
  manager.queue(unit.name, type, mode, (ended) => (end ??= ended));
  manager.observers.delete(watch);
  if (end?.refused !== undefined) throw refusal(api, unit, type, end);
  const job = manager.jobs.get(unit.name);
  if (job !== undefined && (end === undefined || !before.has(job))) return job.id;
  if (queued !== undefined) return queued;
  const id = manager.jobs.takeId();
  notifier.jobRemoved(id, unit.name, end?.result ?? 'done');
  return id;
}

function refusal(api: Api, unit: Unit, type: JobType, end: JobEnd): CallError {
  const message = end.message ?? `Transaction for ${unit.name}/${type} cannot be had.`;
  switch (end.refused?.reason) {
    case 'conflict':
      return CallError.systemd('TransactionJobsConflicting', message);
    case 'cycle':
      return CallError.systemd('TransactionOrderIsCyclic', message);
    case 'destructive':
      return CallError.systemd('TransactionIsDestructive', `Transaction for ${unit.name}/${type} is destructive (${message}).`);
    default:
      return loadRefusal(api, end.refused?.unit ?? unit.name, message);
  }
}

/** A unit that is needed cannot be had: the words are those about that unit. */
function loadRefusal(api: Api, name: string, message: string): CallError {
  const unit = api.manager.find(name);
  if (unit === undefined) return noSuchUnit(name, 'found');
  try {
    checkLoaded(unit);
  } catch (error) {
    if (error instanceof CallError) return error;
    throw error;
  }
  return CallError.systemd('LoadFailed', message);
}
