/** `rouse status`: what a unit is, what it does, and its last words. Without a name, the manager and what it has. */
import type { WireUnit } from '../control/protocol.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { shorten } from './io.js';
import { memoryOf, memoryText, ProcessTree } from './memory.js';
import { formatEntry, readEntries } from './log-file.js';
import { dot, ending, since, stateColour } from './words.js';

export interface StatusOptions {
  readonly lines?: string;
  readonly full?: boolean;
}

/** Returns systemctl's exit code: 0 for active, 3 for not, 4 for no such unit. */
export async function status(context: CliContext, given: readonly string[], options: StatusOptions): Promise<number> {
  const lines = Number(options.lines ?? 10);
  if (!Number.isInteger(lines) || lines < 0) throw new CliError(`'${options.lines ?? ''}' is not a number of lines`, 'expected a whole number');
  if (given.length === 0) return managerStatus(context);
  const units = await context.showUnits(context.unitNames(given));
  if (context.options.json === true) context.json(units);
  else context.io.out(units.map((unit) => describe(context, unit, lines, options.full === true ? undefined : context.io.columns)).join('\n'));
  for (const unit of units) if (unit.loadState === 'not-found') context.io.err(`Unit ${unit.name} could not be found.\n  hint: ${context.missingHint(unit.name)}\n`);
  return Math.max(0, ...units.map(exitCode));
}

function exitCode({ loadState, activeState }: WireUnit): number {
  if (loadState === 'not-found' && activeState === 'inactive') return EXIT.noSuchUnit;
  return activeState === 'inactive' || activeState === 'failed' ? EXIT.notActive : EXIT.success;
}

function describe(context: CliContext, unit: WireUnit, lines: number, columns: number | undefined): string {
  if (unit.loadState === 'not-found' && unit.activeState === 'inactive') return '';
  const { style } = context.io;
  const now = Date.now();
  const title = `${dot(unit, style)} ${style.bold(unit.name)}${unit.description === unit.name ? '' : ` - ${unit.description}`}`;
  const above = [...loadRows(unit, context), ...stateRows(unit, context, now), ...processRows(unit)];
  const commands = (unit.processes ?? []).map(({ pid, command }) => `${pid} ${command}`);
  const labels = [...above.map(([label]) => label), commands.length === 0 ? '' : 'Processes'];
  const width = Math.max(...labels.map((label) => label.length), 10);
  // A command is as long as its arguments: podman's fill a screen.
  const rows = [
    ...above,
    ...listRows(
      'Processes',
      commands.map((text) => shorten(text, columns === undefined ? undefined : Math.max(MIN_COMMAND, columns - width - 2))),
    ),
  ];
  const body = rows.map(([label, text]) => `${label === '' ? ' '.repeat(width + 2) : `${label.padStart(width)}: `}${text}`);
  const log = lines > 0 ? readEntries(context.scope.logDir, unit.name, lines).map((entry) => formatEntry(entry, 'short')) : [];
  return [title, ...body, ...(log.length === 0 ? [] : ['', ...log]), ''].join('\n');
}

/** Columns of a command that are shown on any terminal. */
const MIN_COMMAND = 20;

type Row = readonly [label: string, text: string];

/** The first has the label, the rest stand below it. */
function listRows(label: string, texts: readonly string[]): readonly Row[] {
  return texts.map((text, i) => [i === 0 ? label : '', text]);
}

function loadRows(unit: WireUnit, { io: { style } }: CliContext): readonly Row[] {
  const path = unit.sourcePath ?? unit.fragmentPath;
  const detail = [path, unit.unitFileState].filter(Boolean).join('; ');
  const loaded: Row = ['Loaded', `${unit.loadState === 'loaded' ? unit.loadState : style.red(unit.loadState)}${detail === '' ? '' : ` (${detail})`}`];
  const changed: readonly Row[] = unit.needsDaemonReload ? [['', style.yellow('its files have changed since: rouse daemon-reload reads them again')]] : [];
  const problems = unit.diagnostics.flatMap(({ text }) => text.split('\n')).map((text) => style.yellow(text));
  return [loaded, ...changed, ...listRows('Drop-In', unit.dropInPaths), ...listRows('Problem', problems)];
}

function stateRows(unit: WireUnit, { io: { style } }: CliContext, now: number): readonly Row[] {
  const result = unit.activeState === 'failed' ? ` (Result: ${unit.result})` : ` (${unit.subState})`;
  const reason = [unit.reason, unit.hint === undefined ? undefined : `hint: ${unit.hint}`].filter((text) => text !== undefined);
  return [
    ['Active', `${stateColour(unit, style)(unit.activeState + result)}${since(unit.stateChangeMs, now)}`],
    ...listRows('Reason', reason),
    ...(unit.job === undefined ? [] : [['Job', `${unit.job.id} (${unit.job.verb}, ${unit.job.state})`] as const]),
    ...listRows('TriggeredBy', unit.triggeredBy),
    ...listRows('Triggers', unit.triggers),
    ...listRows('Docs', unit.documentation),
    ...listRows(
      'Listen',
      (unit.listen ?? []).map(({ kind, address }) => `${address} (${kind})`),
    ),
    ...activationRows(unit),
  ];
}

function activationRows({ activations, accepted, connections = 0, refused = 0, activeState }: WireUnit): readonly Row[] {
  if (accepted !== undefined) return [['Accepted', `${accepted}; Connected: ${connections};${refused === 0 ? '' : ` Refused: ${refused}`}`]];
  return activations === undefined || activeState !== 'active' ? [] : [['Started', `${activations} time${activations === 1 ? '' : 's'} by a connection`]];
}

function processRows(unit: WireUnit): readonly Row[] {
  return [
    ...(unit.mainPid === undefined ? [] : [['Main PID', String(unit.mainPid)] as const]),
    ...(unit.mainPid === undefined && unit.mainCode !== undefined ? [['Main PID', ending(unit.mainCode, unit.mainStatus ?? 0)] as const] : []),
    ...(unit.arming === undefined ? [] : [['Arm', unit.arming] as const]),
    ...memoryRows(unit),
    ...(unit.statusText === undefined ? [] : [['Status', `"${unit.statusText}"`] as const]),
    ...(unit.controlGroup === undefined ? [] : [['CGroup', unit.controlGroup] as const]),
  ];
}

function memoryRows({ processes = [], armedPid }: WireUnit): readonly Row[] {
  const pids = armedPid === undefined ? processes.map(({ pid }) => pid) : new ProcessTree().below(armedPid);
  const bytes = memoryOf(pids);
  return bytes === undefined ? [] : [['Memory', memoryText(bytes)]];
}

async function managerStatus(context: CliContext): Promise<number> {
  const hello = await context.ask({ method: 'hello' }, 'hello');
  const listed = await context.ask({ method: 'list-units' }, 'units');
  const { scope, io } = context;
  if (hello === undefined || listed === undefined) {
    if (context.options.json === true) context.json({ running: false, mode: scope.mode });
    else io.out(`○ rouse (${scope.mode} manager)\n    State: not running; a verb such as start runs it, or rouse daemon\n`);
    context.sayNotice();
    return EXIT.notActive;
  }
  const failed = listed.units.filter(({ activeState }) => activeState === 'failed');
  if (context.options.json === true) context.json({ running: true, ...hello, units: listed.units.length, failed: failed.map(({ name }) => name) });
  else {
    const started = Math.min(...listed.units.map(({ activeEnterMs }) => activeEnterMs).filter((time) => time > 0), Date.now());
    const state = failed.length > 0 ? io.style.red('degraded') : io.style.green('running');
    io.out(
      [
        `${failed.length > 0 ? io.style.red('●') : io.style.green('●')} rouse (${scope.mode} manager)`,
        `    State: ${state}${since(started, Date.now())}`,
        `    Units: ${listed.units.length} loaded`,
        `   Failed: ${failed.length} units${failed.map(({ name }) => `\n           ${name}`).join('')}`,
        `      PID: ${hello.pid}`,
        `   Socket: ${scope.controlSocket}`,
        '',
      ].join('\n'),
    );
  }
  for (const notice of hello.notices) context.warn(`rouse: ${notice}`);
  return EXIT.success;
}
