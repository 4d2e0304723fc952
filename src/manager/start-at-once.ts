/** Whether a start of a service, asked for now, would come to its main process within the same turn of the event loop: nothing is to be waited for, and nothing can refuse it. */
import { isInactive } from './active-state.js';
import type { Manager } from './manager.js';
import type { ServiceUnit } from './service.js';

const NEEDED = ['requires', 'bindsTo', 'requisite', 'wants'] as const;

export function startsAtOnce(manager: Manager, unit: ServiceUnit): boolean {
  const { config } = unit.loaded;
  if (config?.type !== 'service' || !isInactive(unit.activeState) || unit.subState === 'auto-restart' || !manager.jobs.isEmpty || !unit.mayStart) return false;
  if (config.execStartPre.length + config.execCondition.length + config.conditions.length > 0) return false;
  const isUp = (name: string): boolean => {
    const other = manager.find(name);
    return other?.activeState === 'active' || other?.loaded.loadState === 'not-found';
  };
  const isDown = (name: string): boolean => isInactive(manager.find(name)?.activeState ?? 'inactive');
  return NEEDED.every((relation) => manager.graph.get(unit.name, relation).every(isUp)) && manager.graph.get(unit.name, 'conflicts').every(isDown);
}
