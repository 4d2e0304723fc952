/** `rouse show` and `rouse cat`: a unit's properties as systemctl names them, and its files as they are. */
import { readFileSync } from 'node:fs';
import type { WireUnit } from '../control/protocol.js';
import type { CliContext } from './context.js';
import { EXIT } from './errors.js';

export interface ShowOptions {
  readonly property?: readonly string[];
  readonly value?: boolean;
}

/** As systemctl: an empty property is shown to whoever asks for it, and the exit code is 0 also for a unit that does not exist (its LoadState says so). */
export async function show(context: CliContext, given: readonly string[], options: ShowOptions): Promise<number> {
  const units = await context.showUnits(context.unitNames(given));
  const wanted = options.property?.flatMap((names) => names.split(','));
  const blocks = units.map(({ properties = [] }) =>
    wanted === undefined ? properties.filter(([, value]) => value !== '') : wanted.flatMap((name) => properties.filter(([known]) => known === name)),
  );
  if (context.options.json === true) context.json(units.map((unit, i) => ({ name: unit.name, ...toObject(blocks[i] ?? []) })));
  else context.io.out(blocks.map((block) => block.map(([name, value]) => (options.value === true ? `${value}\n` : `${name}=${value}\n`)).join('')).join('\n'));
  return EXIT.success;
}

/** A property that stands more than once becomes a list. */
function toObject(properties: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = {};
  for (const [name, value] of properties) {
    const before = object[name];
    object[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return object;
}

/** The fragment and the drop-ins, each under its path; what Quadlet makes of a file stands as it was made. */
export async function cat(context: CliContext, given: readonly string[]): Promise<number> {
  const units = await context.showUnits(context.unitNames(given));
  const found = units.filter(({ loadState }) => loadState !== 'not-found');
  for (const unit of units) {
    if (unit.loadState === 'not-found') context.io.err(`No files found for ${unit.name}.\n  hint: ${context.missingHint(unit.name)}\n`);
    for (const { text } of unit.loadState === 'not-found' ? [] : unit.diagnostics) context.warn(text);
  }
  if (context.options.json === true)
    context.json(found.map(({ name, fragmentPath, sourcePath, dropInPaths, contents }) => ({ name, fragmentPath, sourcePath, dropInPaths, contents })));
  else context.io.out(found.map((unit) => catOne(context, unit)).join('\n'));
  return found.length === units.length ? EXIT.success : EXIT.failure;
}

function catOne({ io: { style }, store }: CliContext, unit: WireUnit): string {
  const head = (text: string): string => style.dim(`# ${text}`);
  const parts: string[] = [];
  if (unit.contents !== undefined) parts.push(`${head(`${unit.name}, made from ${unit.sourcePath ?? ''}`)}\n${unit.contents}`);
  else if (unit.fragmentPath.startsWith('/')) parts.push(`${head(unit.fragmentPath)}\n${textOf(unit.fragmentPath)}`);
  else if (unit.loadState === 'masked') parts.push(`${head(`${unit.name} is masked`)}\n`);
  else if (unit.fragmentPath !== '')
    parts.push(
      `${head(`${unit.name} comes with rouse`)}\n${
        store
          .load(unit.name)
          .contents?.sections.map(({ name, assignments }) => `[${name}]\n${assignments.map(({ key, value }) => `${key}=${value}\n`).join('')}`)
          .join('\n') ?? ''
      }`,
    );
  // What Quadlet made has its own drop-ins in it already.
  return [...parts, ...(unit.contents === undefined ? unit.dropInPaths.map((path) => `${head(path)}\n${textOf(path)}`) : [])].join('\n');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return `# Failed to read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}\n`;
  }
}
