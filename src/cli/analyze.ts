/** `rouse analyze`: where the time of activations went, from the connection to readiness; percentiles over the last hundred. */
import type { WireActivation, WireActivations } from '../control/protocol.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { formatTable } from './io.js';

/** What happened until each stage. `listening` and `accepted` may come before or after `ready`: each is counted from the start of the program. */
const STAGES: readonly { readonly stage: string; readonly since?: string; readonly words: string }[] = [
  { stage: 'noticed', words: 'connection arrived, its turn has come' },
  { stage: 'queued', words: 'jobs planned and queued' },
  { stage: 'begun', words: 'the job runs' },
  { stage: 'spawning', words: 'commands before the main process (ExecStartPre= …)' },
  { stage: 'executed', words: 'process made and executed, let go, or thawed' },
  { stage: 'listening', since: 'executed', words: 'until the program called listen() (Adopt=)' },
  { stage: 'accepted', since: 'executed', words: 'until the program took what had arrived' },
  { stage: 'ready', since: 'executed', words: 'until the service was ready (Type=)' },
];

export async function analyze(context: CliContext, given: readonly string[], options: { readonly last?: boolean }): Promise<number> {
  const names = context.unitNames(given).map((name) => name.replace(/\.socket$/, '.service'));
  const reply = await context.ask({ method: 'analyze', units: names }, 'activations');
  if (reply === undefined) throw new CliError('rouse is not running: nothing was activated', undefined, EXIT.notActive);
  const services = options.last === true ? reply.services.map(({ unit, activations }) => ({ unit, activations: activations.slice(-1) })) : reply.services;
  if (context.options.json === true) return say(() => context.json(services));
  const active = services.filter(({ activations }) => activations.length > 0);
  if (active.length === 0) return nothing(context, names);
  const describe = options.last === true ? lastOf : stagesOf;
  context.io.out(options.last === true || given.length > 0 ? active.map((service) => describe(context, service)).join('\n') : overview(context, active));
  return EXIT.success;
}

/** A mistyped name is not one that nobody has connected to yet. */
async function nothing(context: CliContext, names: readonly string[]): Promise<number> {
  const missing = (await context.showUnits(names)).filter(({ loadState }) => loadState === 'not-found').map(({ name }) => name);
  for (const name of missing) context.io.err(`Unit ${name} could not be found.\n  hint: ${context.missingHint(name)}\n`);
  if (missing.length > 0) return EXIT.noSuchUnit;
  return say(() => context.warn(`No connection has started ${names.length === 0 ? 'a service' : names.join(', ')} yet`));
}

function say(action: () => void): number {
  action();
  return EXIT.success;
}

const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(value < 10 ? 2 : 0)} ms`);
const total = ({ stages }: WireActivation): number | undefined => stages['ready'];

/** MEDIAN, P90, P99 and MAX. */
function percentiles(values: readonly number[]): readonly (number | undefined)[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [...[0.5, 0.9, 0.99].map((part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]), sorted.at(-1)];
}

/** Slowest first. */
function overview({ io }: CliContext, services: readonly WireActivations[]): string {
  const rows = services.map(({ unit, activations }) => {
    const times = activations.flatMap((activation) => total(activation) ?? []);
    const count = (how: WireActivation['how']): string => String(activations.filter((activation) => activation.how === how).length);
    const figures = percentiles(times);
    return {
      median: figures[0] ?? Infinity,
      cells: [unit, String(activations.length), count('armed'), count('frozen'), String(activations.length - times.length), ...figures.map(ms)],
    };
  });
  const sorted = rows.toSorted((a, b) => b.median - a.median).map(({ cells }) => cells);
  return formatTable(['UNIT', 'ACTIVATIONS', 'ARMED', 'FROZEN', 'FAILED', 'MEDIAN', 'P90', 'P99', 'MAX'], sorted, io.style);
}

/** How long each stage took, over all that are kept. */
function stagesOf({ io }: CliContext, { unit, activations }: WireActivations): string {
  const rows = STAGES.flatMap(({ stage, words }, i) => {
    const took = activations.flatMap((activation) => tookOf(activation, i) ?? []);
    return took.length === 0 ? [] : [[stage, ...percentiles(took).map(ms), words]];
  });
  const all = percentiles(activations.flatMap((activation) => total(activation) ?? [])).map(ms);
  const hows = (['ordinary', 'armed', 'frozen'] as const)
    .map((how) => [how, activations.filter((activation) => activation.how === how).length] as const)
    .filter(([, count]) => count > 0);
  const title = `${io.style.bold(unit)}, the last ${activations.length}: ${hows.map(([how, count]) => `${count} ${how}`).join(', ')}`;
  return `${title}\n${formatTable(['STAGE', 'MEDIAN', 'P90', 'P99', 'MAX', 'WHAT'], [...rows, ['all', ...all, 'from the connection to readiness']], io.style)}`;
}

/** Since the last stage before it that was reached. */
function tookOf({ stages }: WireActivation, i: number): number | undefined {
  const at = stages[STAGES[i]?.stage ?? ''];
  const before = STAGES[i]?.since ?? STAGES.slice(0, i).findLast(({ stage }) => stages[stage] !== undefined)?.stage;
  return at === undefined ? undefined : Math.max(0, at - (stages[before ?? ''] ?? 0));
}

const TITLES: Readonly<Record<WireActivation['how'], string>> = { ordinary: 'ordinary start', armed: 'armed', frozen: 'frozen' };

function lastOf({ io }: CliContext, { unit, activations }: WireActivations): string {
  const last = activations.at(-1);
  if (last === undefined) return '';
  const rows = STAGES.flatMap(({ stage, words }, i) => {
    const took = tookOf(last, i);
    return took === undefined ? [] : [[stage, ms(last.stages[stage]), ms(took), words]];
  });
  return `${io.style.bold(unit)}, ${new Date(last.timeMs).toISOString()}, ${TITLES[last.how]}\n${formatTable(['STAGE', 'AT', 'TOOK', 'WHAT'], rows, io.style)}`;
}
