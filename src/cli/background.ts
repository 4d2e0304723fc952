/** Starts a manager that outlives this command and its terminal, and waits until it answers. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Scope } from '../load/scope.js';
import { CliError } from './errors.js';
import type { CommonOptions } from './context.js';

/** In the child's environment: the descriptor on which it says that it is ready, or why it never will be. */
export const READY_FD_VARIABLE = 'ROUSE_READY_FD';

/** In the environment of one that was started in place of one that died: nobody waits for its word. */
export const AGAIN_VARIABLE = 'ROUSE_STARTED_AGAIN';

/** What it says there when it is ready; otherwise why it is not, and after `HINT` what to do. */
export const READY = 'ready';
export const HINT = '\nhint: ';

/**
 * A manager that mostly sleeps has no hot code to optimize: without the optimizing compiler it takes 5 MB less, and an activation
 * takes as long (bench/speed.mjs). A small young generation saves 2 MB more. What many questions leave behind is collected
 * instead of kept for the next ones: 30 MB less after ten lists of units.
 */
const NODE_OPTIONS = ['--no-opt', '--max-semi-space-size=1', '--optimize-for-size'];

/** Throws CliError with the manager's own words when it does not come up. */
export async function startInBackground(scope: Scope, options: CommonOptions): Promise<void> {
  const script = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, ...NODE_OPTIONS, script, 'daemon', ...(options.user === true ? ['--user'] : [])], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, [READY_FD_VARIABLE]: '3' },
  });
  const [words = '', hint] = (await readAll(child.stdio[3] as Readable)).split(HINT);
  child.unref();
  if (words === READY) return;
  throw new CliError(`The manager did not start${words === '' ? '' : `: ${words}`}`, hint ?? `its log is ${scope.logDir}/rouse.log; rouse daemon runs it in the foreground`);
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
