/** The folders and descriptors of a unit that does not run, taken away on request; systemctl(1), clean. */
import { removeOwned } from '../exec/directories.js';
import { isInactive } from '../manager/active-state.js';
import { ServiceUnit } from '../manager/service.js';
import type { Api } from './api.js';
import { CallError } from './names.js';

/** Throws CallError. */
export function cleanUnit(api: Api, name: string, kinds: readonly string[]): void {
  api.known(name);
  const unit = api.manager.get(name);
  if (!(unit instanceof ServiceUnit) || unit.config === undefined) throw CallError.systemd('JobTypeNotApplicable', `Unit ${name} has nothing that could be removed`);
  if (!isInactive(unit.activeState)) throw CallError.systemd('UnitBusy', `Unit ${name} is not inactive or failed`);
  const chosen = (kind: string, usual: boolean): boolean => kinds.includes('all') || kinds.includes(kind) || (kinds.length === 0 && usual);
  if (chosen('fdstore', true)) unit.fdStore.clear();
  for (const { kind, usual } of KINDS) if (chosen(kind, usual)) removeOwned(api.manager.launchHost.folders, unit.config.exec, kind);
}

/** Without a word only what can be made again goes. */
const KINDS = [
  { kind: 'runtime', usual: true },
  { kind: 'state', usual: false },
  { kind: 'cache', usual: true },
  { kind: 'logs', usual: false },
  { kind: 'configuration', usual: false },
] as const;
