/** Verbs about the manager as a whole, and about what it remembers: daemon-reload, exit, reset-failed, kill. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';

/** Every problem in the files comes out; they stop nothing that runs. */
export async function daemonReload(context: CliContext): Promise<number> {
  const { diagnostics } = await context.change({ method: 'daemon-reload' }, 'done');
  if (context.options.json === true) context.json(diagnostics);
  else for (const { text } of diagnostics) context.warn(text);
  return EXIT.success;
}

/** Stops every unit in order and ends the manager; resolves when it is gone. */
export async function exit(context: CliContext): Promise<number> {
  const hello = await context.ask({ method: 'hello' }, 'hello');
  if (hello === undefined) {
    context.warn('rouse is not running');
    if (context.options.json === true) context.json({ ended: false });
    return EXIT.success;
  }
  await context.ask({ method: 'exit' }, 'done');
  while (isRunning(hello.pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  if (context.options.json === true) context.json({ ended: true, pid: hello.pid });
  return EXIT.success;
}

/** One that has ended and was not waited for yet has ended. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

export async function resetFailed(context: CliContext, given: readonly string[]): Promise<number> {
  const units = given.length === 0 ? [] : context.unitNames(given);
  const reply = await context.ask({ method: 'reset-failed', units }, 'done');
  if (reply === undefined) context.warn('rouse is not running: nothing has failed');
  if (context.options.json === true) context.json(units);
  return EXIT.success;
}

/** signal(7), real-time signals too. */
function isSignal(name: string): boolean {
  if (/^\d+$/.test(name)) return Number(name) >= 1 && Number(name) <= 64;
  return Object.hasOwn(constants.signals, name) || /^SIGRT(MIN(\+\d+)?|MAX(-\d+)?)$/.test(name);
}

export interface KillOptions {
  readonly signal?: string;
  readonly killWhom?: string;
}

export async function kill(context: CliContext, given: readonly string[], options: KillOptions): Promise<number> {
  const whom = options.killWhom ?? 'all';
  if (whom !== 'all' && whom !== 'main' && whom !== 'control') throw new CliError(`Unknown --kill-whom=${whom}`, 'expected all, main or control');
  const signal = options.signal ?? 'SIGTERM';
  const name = /^\d+$/.test(signal) ? signal : signal.startsWith('SIG') ? signal : `SIG${signal}`;
  if (!isSignal(name)) throw new CliError(`Failed to parse signal '${signal}'`, 'expected a name such as TERM, SIGHUP or RTMIN+3, or a number from 1 to 64');
  const units = context.unitNames(given);
  const reply = await context.ask({ method: 'kill', units, signal: name, whom }, 'done');
  if (reply === undefined) throw new CliError('rouse is not running: there is nothing to kill');
  if (context.options.json === true) context.json(units.map((unit) => ({ unit, signal: name, whom })));
  return EXIT.success;
}
