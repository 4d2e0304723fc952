/** `rouse list-units`, `list-sockets` and `list-unit-files`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WireUnit } from '../control/protocol.js';
import { unitFileState } from '../load/install.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { formatTable, type TableOptions } from './io.js';
import { memoryOf, memoryText, ProcessTree } from './memory.js';
import { mark, stateColour } from './words.js';
import { globExpression } from '../unitfile/glob.js';

export interface ListOptions {
  readonly all?: boolean;
  readonly type?: readonly string[];
  readonly state?: readonly string[];
  readonly failed?: boolean;
  readonly legend?: boolean;
  readonly plain?: boolean;
  readonly full?: boolean;
}

const TYPES = ['service', 'socket', 'target'];

/** Throws CliError for what no unit can be. */
function typesOf({ type }: ListOptions): readonly string[] | undefined {
  const types = split(type);
  const unknown = types?.find((name) => !TYPES.includes(name));
  if (unknown !== undefined) throw new CliError(`Unknown unit type '${unknown}'`, `expected ${TYPES.join(', ')}`);
  return types;
}

function tableOptions({ io }: CliContext, { legend, full }: ListOptions): TableOptions {
  return { legend, columns: full === true ? undefined : io.columns };
}

const split = (values: readonly string[] | undefined): readonly string[] | undefined => values?.flatMap((value) => value.split(','));

function matches(unit: WireUnit, patterns: readonly string[], options: ListOptions): boolean {
  const types = typesOf(options);
  const states = options.failed === true ? ['failed'] : split(options.state);
  if (types !== undefined && !types.some((type) => unit.name.endsWith(`.${type}`))) return false;
  if (states !== undefined && ![unit.activeState, unit.subState, unit.loadState].some((state) => states.includes(state))) return false;
  if (patterns.length > 0 && !patterns.some((pattern) => globMatches(pattern, unit.name))) return false;
  return options.all === true || states !== undefined || unit.activeState !== 'inactive' || unit.job !== undefined;
}

function globMatches(pattern: string, name: string): boolean {
  const expression = globExpression(pattern);
  return expression.test(name) || expression.test(name.replace(/\.[a-z]+$/, ''));
}

const byName = (a: WireUnit, b: WireUnit): number => (a.name < b.name ? -1 : 1);

/** Without a manager nothing is loaded: the list is that of the files. */
async function loadedUnits(context: CliContext): Promise<readonly WireUnit[]> {
  const reply = await context.ask({ method: 'list-units' }, 'units');
  if (reply !== undefined) return reply.units;
  // rouse-keeper is there when a manager was killed; docs/keeper.md.
  const waits = existsSync(join(context.scope.rouseDir, 'keeper'));
  context.warn(
    `rouse: No manager runs: these are the units of the files, and ${waits ? 'what the last one held waits for the next one (rouse start default.target)' : 'none of them is active'}`,
  );
  context.sayNotice();
  return context.store
    .names()
    .filter((name) => /\.(socket|service|target)$/.test(name) && !name.includes('@.'))
    .map((name) => context.offlineUnit(name));
}

export async function listUnits(context: CliContext, patterns: readonly string[], options: ListOptions): Promise<number> {
  const units = [...(await loadedUnits(context))]
    .filter((unit) => unit.loadState !== 'not-found' || options.all === true)
    .filter((unit) => matches(unit, patterns, options))
    .sort(byName);
  const { io } = context;
  if (context.options.json === true)
    return done(() =>
      context.json(units.map(({ name, loadState, activeState, subState, description }) => ({ unit: name, load: loadState, active: activeState, sub: subState, description }))),
    );
  const rows = units.map((unit) => [`${options.plain === true ? '' : `${mark(unit, io.style)} `}${unit.name}`, unit.loadState, unit.activeState, unit.subState, unit.description]);
  io.out(formatTable([options.plain === true ? 'UNIT' : '  UNIT', 'LOAD', 'ACTIVE', 'SUB', 'DESCRIPTION'], rows, io.style, tableOptions(context, options)));
  if (options.legend !== false)
    io.out(`\n${units.length} loaded unit${units.length === 1 ? '' : 's'} listed.${options.all === true ? '' : ' Pass --all to see loaded but inactive units, too.'}\n`);
  return EXIT.success;
}

export async function listSockets(context: CliContext, patterns: readonly string[], options: ListOptions): Promise<number> {
  const reply = await context.ask({ method: 'list-units' }, 'units');
  const all = reply?.units ?? (await loadedUnits(context));
  // Without a manager nothing listens: what would, is what was asked for.
  const shown: ListOptions = reply === undefined ? { ...options, all: true } : options;
  const sockets = all.filter((unit) => unit.name.endsWith('.socket') && unit.loadState === 'loaded' && matches(unit, patterns, shown)).sort(byName);
  const units = new Map(all.map((unit) => [unit.name, unit]));
  const tree = new ProcessTree();
  const rows = sockets.flatMap((unit) => {
    const readiness = readinessOf(units.get(unit.triggers[0] ?? ''), tree);
    return (unit.listen ?? []).map(({ kind, address }) => ({
      listen: address,
      type: kind,
      unit: unit.name,
      activates: unit.triggers.join(' '),
      state: unit.subState,
      ...readiness,
    }));
  });
  if (context.options.json === true) return done(() => context.json(rows));
  const { io } = context;
  io.out(
    formatTable(
      ['LISTEN', 'TYPE', 'STATE', 'UNIT', 'ACTIVATES', 'ARM', 'MEMORY'],
      rows.map(({ listen, type, state, unit, activates, arm, memoryBytes }) => [
        listen,
        type,
        stateColour(units.get(unit) ?? NO_UNIT, io.style)(state),
        unit,
        activates,
        arm ?? '-',
        memoryText(memoryBytes),
      ]),
      io.style,
      tableOptions(context, options),
    ),
  );
  if (options.legend !== false)
    io.out(`\n${rows.length} socket${rows.length === 1 ? '' : 's'} listed.${shown.all === true ? '' : ' Pass --all to see loaded but inactive sockets, too.'}\n`);
  return EXIT.success;
}

const NO_UNIT = { activeState: 'inactive', loadState: 'loaded', subState: 'dead' } as const;

/** Of the service behind a socket: how ready it is, and what that takes. */
function readinessOf(service: WireUnit | undefined, tree: ProcessTree): { readonly arm?: string; readonly memoryBytes?: number } {
  const root = service?.armedPid ?? service?.mainPid;
  const memoryBytes = root === undefined ? undefined : memoryOf(tree.below(root));
  return { ...(service?.armLevel === undefined ? {} : { arm: service.armLevel }), ...(memoryBytes === undefined ? {} : { memoryBytes }) };
}

export async function listUnitFiles(context: CliContext, patterns: readonly string[], options: ListOptions): Promise<number> {
  const states = split(options.state);
  const types = typesOf(options);
  const files = context.store
    .names()
    .filter((name) => /\.(socket|service|target)$/.test(name) || options.all === true)
    .filter((name) => (patterns.length === 0 || patterns.some((pattern) => globMatches(pattern, name))) && (types === undefined || types.some((type) => name.endsWith(`.${type}`))))
    .map((name) => ({ unit_file: name, state: unitFileState(context.store, name) }))
    .filter(({ state }) => states === undefined || states.includes(state));
  if (context.options.json === true) return done(() => context.json(files));
  const { io } = context;
  const colour = (state: string): string =>
    state === 'enabled' || state === 'generated' ? io.style.green(state) : state === 'bad' || state === 'masked' ? io.style.red(state) : state;
  io.out(
    formatTable(
      ['UNIT FILE', 'STATE'],
      files.map(({ unit_file, state }) => [unit_file, colour(state)]),
      io.style,
      tableOptions(context, options),
    ),
  );
  if (options.legend !== false) io.out(`\n${files.length} unit file${files.length === 1 ? '' : 's'} listed.\n`);
  context.sayNotice();
  return files.length === 0 && patterns.length > 0 ? EXIT.failure : EXIT.success;
}

function done(action: () => void): number {
  action();
  return EXIT.success;
}
