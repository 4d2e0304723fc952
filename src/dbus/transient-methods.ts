/** StartTransientUnit: services that live for one run, and scopes. Timers and what else systemd has are refused in words. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_UNITS } from '../load/scope.js';
import { isInactive } from '../manager/active-state.js';
import type { ManagerObserver } from '../manager/observer.js';
import { parseUnitName } from '../unit/name.js';
import type { Api } from './api.js';
import { method, query, type CallContext, type Method } from './interface.js';
import { enqueue } from './jobs.js';
import { CallError, jobPath, unitPath } from './names.js';
import { scopesOf } from './scopes.js';
import { transientText, type TransientProperty } from './transient-unit.js';
import type { Value } from './value.js';

type Context = CallContext<undefined>;
type Properties = readonly TransientProperty[];

function start(context: Context, name: string, mode: string, properties: Properties, others: readonly Value[]): string {
  const { api } = context;
  api.checkName(name);
  const type = parseUnitName(name)?.type;
  if (others.length > 0 && (type === 'scope' || type === 'service'))
    throw CallError.standard('NotSupported', 'rouse starts one transient unit at a time: auxiliary units are not supported');
  switch (type) {
    case 'scope':
      return startScope(context, name, properties);
    case 'service':
      return startService(context, name, mode, properties);
    default:
      throw CallError.standard('NotSupported', `rouse has no transient units of the type of ${name}: it starts services and scopes`);
  }
}

/** The processes are in their cgroup when the caller hears of the job's end. */
function startScope({ api, caller }: Context, name: string, properties: Properties): string {
  const pids = properties.find(([each]) => each === 'PIDs')?.[1].value ?? [];
  scopesOf(api.manager).start(name, pids as readonly number[]);
  const id = api.manager.jobs.takeId();
  caller.hold(jobPath(id));
  api.notifier.signal('UnitNew', 'so', [name, unitPath(name)]);
  api.notifier.jobRemoved(id, name, 'done');
  return jobPath(id);
}

/** The file goes when the unit has ended. */
function startService(context: Context, name: string, mode: string, properties: Properties): string {
  const { api } = context;
  const text = transientText(properties);
  if (api.subject(name).loaded.loadState !== 'not-found') throw CallError.systemd('UnitExists', `Unit ${name} was already loaded or has a fragment file.`);
  const folder = join(api.scope.rouseDir, RUN_UNITS);
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path, `# made over D-Bus, for one run\n${text}`, { mode: 0o600 });
  const forget = forgetWhenEnded(api, name, path);
  try {
    return enqueue(api, context.caller, name, 'start', mode);
  } catch (error) {
    forget();
    throw error;
  }
}

/** Returns what forgets it at once. */
function forgetWhenEnded({ manager }: Api, name: string, path: string): () => void {
  const forget = (): void => {
    manager.observers.delete(observer);
    rmSync(path, { force: true });
    const unit = manager.find(name);
    if (unit !== undefined && isInactive(unit.activeState) && !manager.jobs.has(name)) manager.forgetUnit(unit);
  };
  const look = (): void => {
    const unit = manager.find(name);
    // A failed one stays until somebody has seen why, as with systemd, and goes with reset-failed.
    if (unit === undefined || (unit.activeState === 'inactive' && !manager.jobs.has(name))) manager.soon(forget);
  };
  const observer: ManagerObserver = {
    onUnitChanged: (unit) => {
      if (unit.name === name) look();
    },
    onJobEnded: (job) => {
      if (job.unit === name) look();
    },
  };
  manager.observers.add(observer);
  return forget;
}

export const TRANSIENT_METHODS: readonly Method<undefined>[] = [
  method(
    'StartTransientUnit',
    'name:s mode:s properties:a(sv) aux:a(sa(sv))',
    'job:o',
    (context: Context, name: string, mode: string, properties: Properties, others: readonly Value[]) => [start(context, name, mode, properties, others)],
  ),
  method('AbandonScope', 'name:s', '', ({ api }: Context, name: string) => {
    if (scopesOf(api.manager).find(name) === undefined) throw CallError.systemd('NoSuchUnit', `Unit ${name} not loaded.`);
    return [];
  }),
  method('QueueSignalUnit', 'name:s whom:s signal:i value:i', '', () => {
    throw CallError.standard('NotSupported', 'rouse sends signals without values: KillUnit');
  }),
  query('GetJobAfter', 'id:u', 'jobs:a(usssoo)', () => [[]]),
  query('GetJobBefore', 'id:u', 'jobs:a(usssoo)', () => [[]]),
];
