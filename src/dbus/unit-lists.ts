/** Lists of units, unit files and jobs, as the Manager object answers them. */
import { join } from 'node:path';
import { GENERATED_FOLDER } from '../control/generated-file.js';
import { unitFileState } from '../load/install.js';
import { parseUnitName } from '../unit/name.js';
import type { Api } from './api.js';
import { jobPath, unitPath } from './names.js';
import { matchesAny } from './pattern.js';
import { scopesOf } from './scopes.js';
import type { Subject } from '../properties/subject.js';
import type { Value } from './value.js';

export const UNIT_RECORD = 'a(ssssssouso)';
export const JOB_RECORD = 'a(usssoo)';

function unitRecord(api: Api, { loaded, config, state }: Subject): Value {
  const job = api.manager.jobs.get(loaded.name);
  return [
    loaded.name,
    (loaded.config ?? config)?.description ?? loaded.name,
    loaded.loadState,
    state.activeState,
    state.subState,
    '',
    unitPath(loaded.name),
    job?.id ?? 0,
    job?.type ?? '',
    job === undefined ? '/' : jobPath(job.id),
  ];
}

/** Units that are loaded, in one of the states if there are any, and with a name that matches one of the patterns if there are any. */
export function listUnits(api: Api, states: readonly string[] = [], patterns: readonly string[] = []): Value {
  const matches = matchesAny(patterns);
  const scopes = scopesOf(api.manager).names.map((name) => ({ name, loaded: { loadState: 'loaded' }, activeState: 'active', subState: 'running' }));
  return [...api.manager.units.values(), ...scopes]
    .filter(
      ({ name, loaded, activeState, subState }) => (states.length === 0 || states.some((state) => [loaded.loadState, activeState, subState].includes(state))) && matches(name),
    )
    .map(({ name }) => unitRecord(api, api.subject(name)));
}

export function listUnitsByNames(api: Api, names: readonly string[]): Value {
  return names.filter((name) => parseUnitName(name) !== undefined).map((name) => unitRecord(api, api.subject(name)));
}

export function listJobs(api: Api): Value {
  return api.manager.jobs.all.map(({ id, unit, type, state }) => [id, unit, type, state, jobPath(id), unitPath(unit)]);
}

/** Path and state of each unit file. */
export function listUnitFiles(api: Api, states: readonly string[] = [], patterns: readonly string[] = []): Value {
  const matches = matchesAny(patterns);
  return api.store
    .names()
    .filter(matches)
    .map((name) => [pathOf(api, name), unitFileState(api.store, name)] as const)
    .filter(([, state]) => states.length === 0 || states.includes(state));
}

/** Clients take the file's name for the unit's. */
function pathOf({ store, scope }: Api, name: string): string {
  return store.index.find(name)?.path ?? join(scope.rouseDir, GENERATED_FOLDER, name);
}
