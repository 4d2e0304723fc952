/** `rouse analyze`: where the time of activations went, from the connection to readiness; percentiles over the last hundred. */
import type { WireActivation, WireActivations } from '../control/protocol.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { formatTable } from './io.js';

/** What happened between a stage and the one before it. */
const STAGES: readonly (readonly [stage: string, words: string])[] = [
  ['begun', 'connection noticed, job queued and begun'],
  ['spawning', 'commands before the main process (ExecStartPre= …)'],
  ['executed', 'process made and executed, or container let go'],
  ['ready', 'until it was ready (Type=)'],
];

export async function analyze(context: CliContext, given: readonly string[], options: { readonly last?: boolean }): Promise<number> {
  const names = context.unitNames(given).map((name) => name.replace(/\.socket$/, '.service'));
  const reply = await context.ask({ method: 'analyze', units: names }, 'activations');
  if (reply === undefined) throw new CliError('rouse is not running: nothing was activated', undefined, EXIT.notActive);
  if (context.options.json === true) return say(() => context.json(reply.services));
  const active = reply.services.filter(({ activations }) => activations.length > 0);
  if (active.length === 0) return say(() => context.warn('No connection has started a service yet'));
  context.io.out(options.last === true ? active.map((service) => lastOf(context, service)).join('\n') : overview(context, active));
  return EXIT.success;
}

function say(action: () => void): number {
  action();
  return EXIT.success;
}

const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(value < 10 ? 2 : 0)} ms`);
const total = ({ stages }: WireActivation): number | undefined => stages['ready'];

/** Slowest first. */
function overview({ io }: CliContext, services: readonly WireActivations[]): string {
  const rows = services.map(({ unit, activations }) => {
    const times = activations.flatMap((activation) => total(activation) ?? []).toSorted((a, b) => a - b);
    const at = (part: number): number | undefined => times[Math.min(times.length - 1, Math.floor(times.length * part))];
    const armed = activations.filter(({ how }) => how === 'armed').length;
    return {
      median: at(0.5) ?? Infinity,
      cells: [unit, String(activations.length), String(armed), String(activations.length - times.length), ms(at(0.5)), ms(at(0.9)), ms(at(0.99)), ms(times.at(-1))],
    };
  });
  const sorted = rows.toSorted((a, b) => b.median - a.median).map(({ cells }) => cells);
  return formatTable(['UNIT', 'ACTIVATIONS', 'ARMED', 'FAILED', 'MEDIAN', 'P90', 'P99', 'MAX'], sorted, io.style);
}

function lastOf({ io }: CliContext, { unit, activations }: WireActivations): string {
  const last = activations.at(-1);
  if (last === undefined) return '';
  let before = 0;
  const rows = STAGES.map(([stage, words]) => {
    const at = last.stages[stage];
    const took = at === undefined ? undefined : at - before;
    before = at ?? before;
    return [ms(at), ms(took), words];
  });
  const title = `${io.style.bold(unit)}, ${new Date(last.timeMs).toISOString()}, ${last.how === 'armed' ? 'armed container' : 'ordinary start'}`;
  return `${title}\n${formatTable(['AT', 'TOOK', 'WHAT'], rows, io.style)}`;
}
