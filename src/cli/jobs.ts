/** start, stop, restart, try-restart, reload and reload-or-restart: a job for each unit, waited for unless told not to. */
import type { JobVerb, WireJob, WireJobMode } from '../control/protocol.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';

export interface JobOptions {
  readonly block?: boolean;
  readonly jobMode?: string;
}

const MODES: readonly WireJobMode[] = ['fail', 'replace', 'isolate', 'ignore-dependencies'];

/** Returns the exit code; says each job that failed, and why. */
export async function runJobs(context: CliContext, verb: JobVerb, given: readonly string[], options: JobOptions = {}): Promise<number> {
  const units = context.unitNames(given);
  if (units.length === 0) throw new CliError(`No unit matches ${given.join(' ')}`, 'rouse list-unit-files shows what is there', EXIT.noSuchUnit);
  const mode = (options.jobMode ?? 'replace') as WireJobMode;
  if (!MODES.includes(mode)) throw new CliError(`Unknown job mode '${mode}'`, `expected ${MODES.join(', ')}`);
  const reply = await context.change({ method: 'job', verb, units, mode, wait: options.block !== false }, 'jobs', (text) => context.warn(text));
  if (context.options.json === true) context.json(reply.jobs);
  for (const { text } of reply.diagnostics) context.warn(text);
  const codes = reply.jobs.map((job) => report(context, job));
  if (verb === 'stop') await warnTriggers(context, units);
  return Math.max(...codes);
}

function report(context: CliContext, job: WireJob): number {
  if (job.result === 'done') return EXIT.success;
  if (job.result === 'skipped') {
    context.warn(job.message ?? `${job.unit}: Skipped`);
    return EXIT.success;
  }
  const words = job.code === undefined ? `Job for ${job.unit} ${ENDINGS[job.result] ?? 'failed'}${job.message === undefined ? '' : `: ${withoutName(job)}`}` : (job.message ?? '');
  const hint = job.code === 'no-such-unit' ? context.missingHint(job.unit) : job.hint;
  context.io.err(`${context.io.style.red(words)}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`);
  if (job.code === undefined) context.warn(`See 'rouse status ${job.unit}' and 'rouse logs ${job.unit}' for details.`);
  if (job.code === 'not-applicable') return EXIT.notActive;
  return job.code === 'no-such-unit' ? EXIT.notLoaded : EXIT.failure;
}

const ENDINGS: Partial<Record<WireJob['result'], string>> = { canceled: 'canceled', timeout: 'timed out', dependency: 'was not started', assert: 'was refused' };

function withoutName({ unit, message = '' }: WireJob): string {
  return message.startsWith(`${unit}: `) ? message.slice(unit.length + 2) : message;
}

/** As systemctl: a service that is stopped while its socket listens comes back with the next client. */
async function warnTriggers(context: CliContext, units: readonly string[]): Promise<void> {
  const sockets = units.map((name) => name.replace(/\.service$/, '.socket')).filter((name) => !units.includes(name));
  for (const socket of await context.showUnits(sockets)) {
    if (socket.activeState !== 'active') continue;
    context.warn(`Stopping '${socket.triggers.join(' ')}', but its triggering units are still active:\n${socket.name}\n  hint: rouse stop ${socket.name} ends the listening too`);
  }
}
