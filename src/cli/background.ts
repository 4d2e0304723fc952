/** Starts a manager that outlives this command and its terminal, and waits until it answers. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Scope } from '../load/scope.js';
import { CliError } from './errors.js';
import type { CommonOptions } from './context.js';

/** In the child's environment: the descriptor on which it says that it is ready, or why it never will be. */
export const READY_FD_VARIABLE = 'ROUSE_READY_FD';

/**
 * A manager that mostly sleeps has no hot code to optimize: without the optimizing compiler it takes 5 MB less, and an activation
 * takes as long (bench/first-byte.mjs). A small young generation saves 2 MB more, and what many questions leave behind is collected.
 */
const NODE_OPTIONS = ['--no-opt', '--max-semi-space-size=1', '--optimize-for-size'];

/** Throws CliError with the manager's own words when it does not come up. */
export async function startInBackground(scope: Scope, options: CommonOptions): Promise<void> {
  mkdirSync(scope.logDir, { recursive: true, mode: 0o700 });
  const script = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, ...NODE_OPTIONS, script, 'daemon', ...(options.user === true ? ['--user'] : [])], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, [READY_FD_VARIABLE]: '3' },
  });
  const words = await readAll(child.stdio[3] as Readable);
  child.unref();
  if (words === 'ready') return;
  throw new CliError(`The manager did not start${words === '' ? '' : `: ${words}`}`, `its log is ${scope.logDir}/rouse.log; rouse daemon runs it in the foreground`);
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
