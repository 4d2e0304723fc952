/** `rouse is-active`, `is-failed` and `is-enabled`: one word a unit, and an exit code for scripts. */
import { unitFileState, type UnitFileState } from '../load/install.js';
import type { WireUnit } from '../control/protocol.js';
import type { CliContext } from './context.js';
import { EXIT } from './errors.js';

/** 0 when any of them is active, 3 when none is, 4 when none exists. */
export async function isActive(context: CliContext, given: readonly string[]): Promise<number> {
  const units = await context.showUnits(context.unitNames(given));
  sayStates(
    context,
    units.map(({ name, activeState }) => [name, activeState]),
  );
  if (units.some(({ activeState }) => activeState === 'active' || activeState === 'reloading')) return EXIT.success;
  return units.every(isMissing) ? EXIT.noSuchUnit : EXIT.notActive;
}

/** 0 when any of them has failed. Without names: whether any unit has. */
export async function isFailed(context: CliContext, given: readonly string[]): Promise<number> {
  const units = given.length > 0 ? await context.showUnits(context.unitNames(given)) : ((await context.ask({ method: 'list-units' }, 'units'))?.units ?? []);
  const failed = units.some(({ activeState }) => activeState === 'failed');
  if (given.length === 0) sayStates(context, [['rouse', failed ? 'degraded' : 'running']]);
  else
    sayStates(
      context,
      units.map(({ name, activeState }) => [name, activeState]),
    );
  if (failed) return EXIT.success;
  return units.length > 0 && units.every(isMissing) ? EXIT.noSuchUnit : EXIT.failure;
}

/** systemctl's words: 'offline' is said where no manager runs. */
export async function isSystemRunning(context: CliContext): Promise<number> {
  const units = (await context.ask({ method: 'list-units' }, 'units'))?.units;
  const state = units === undefined ? 'offline' : units.some(({ activeState }) => activeState === 'failed') ? 'degraded' : 'running';
  sayStates(context, [['rouse', state]]);
  return state === 'running' ? EXIT.success : EXIT.failure;
}

const ENABLED: readonly UnitFileState[] = ['enabled', 'static', 'alias', 'indirect', 'generated'];

/** 0 when any of them is enabled or needs no enabling; 4 when none exists. */
export async function isEnabled(context: CliContext, given: readonly string[]): Promise<number> {
  const states = context.unitNames(given).map((name) => [name, unitFileState(context.store, name)] as const);
  sayStates(context, states);
  if (states.some(([, state]) => ENABLED.includes(state))) return EXIT.success;
  return states.every(([, state]) => state === 'not-found') ? EXIT.noSuchUnit : EXIT.failure;
}

function isMissing({ loadState, activeState }: WireUnit): boolean {
  return loadState === 'not-found' && activeState === 'inactive';
}

function sayStates(context: CliContext, states: readonly (readonly [name: string, state: string])[]): void {
  if (context.options.json === true) context.json(Object.fromEntries(states));
  else if (context.options.quiet !== true) context.io.out(states.map(([, state]) => `${state}\n`).join(''));
}
