/**
 * Runs generators; systemd.generator(7). Each is given three folders: for units that stand behind the administrator's, before all others, and
 * behind all others. All run at the same time; one that fails or takes too long is said, and keeps no other from its work.
 */
import { closeSync, mkdirSync, openSync, rmdirSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Fd } from '../sys/fd.js';
import type { ExitInfo } from '../sys/pidfd.js';
import { pipe } from '../sys/pipe.js';
import type { Poller } from '../sys/poller.js';
import { spawn } from '../sys/spawn.js';
import { generatedFolders } from '../unitfile/search-path.js';
import { TrackedProcess } from './processes.js';

export interface GeneratorRun {
  readonly programs: readonly string[];
  /** Folder for what is generated; the other two are beside it. */
  readonly folder: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly poller: Poller;
  readonly print: (line: string) => void;
}

/** As in systemd. */
const LONGEST_MS = 90_000;
/** What a generator left running in the background may hold its output open. */
const OUTPUT_GRACE_MS = 50;

/** What generators wrote before is gone. Resolves when all of them have ended. */
export async function runGenerators(run: GeneratorRun): Promise<void> {
  const folders = Object.values(generatedFolders(run.folder));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  if (run.programs.length === 0) return;
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o755 });
  await Promise.all(run.programs.map((program) => runOne(run, program, folders)));
  for (const folder of folders) removeEmpty(folder);
}

async function runOne(run: GeneratorRun, program: string, folders: readonly string[]): Promise<void> {
  const name = basename(program);
  try {
    const { exit, output } = await execute(run, program, folders);
    for (const line of output.split('\n').filter(Boolean)) run.print(`${name}: ${line}`);
    if (exit.code !== 'exited' || exit.status !== 0)
      run.print(`${program}: It failed (${exit.code === 'exited' ? `exit code ${exit.status}` : `signal ${exit.status}`}), going on without what it would have made`);
  } catch (error) {
    run.print(`${program}: It cannot be run, going on without what it would have made: ${(error as Error).message}`);
  }
}

async function execute(run: GeneratorRun, program: string, folders: readonly string[]): Promise<{ readonly exit: ExitInfo; readonly output: string }> {
  const output = pipe();
  const stream = new Socket({ fd: output.read.take(), readable: true, writable: false });
  const printed = text(stream).catch(() => '');
  try {
    const child = start(run, program, folders, output.write);
    const exit = await exitOf(run.poller, child.pid, child.pidfd);
    setTimeout(() => stream.destroy(), OUTPUT_GRACE_MS).unref();
    return { exit, output: await printed };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** Takes the output's end. */
function start(run: GeneratorRun, program: string, folders: readonly string[], output: Fd): { readonly pid: number; readonly pidfd: Fd } {
  const nothing = openSync('/dev/null', 'r');
  try {
    return spawn({
      path: program,
      argv: [program, ...folders],
      env: [...run.environment].map(([name, value]) => `${name}=${value}`),
      fds: [nothing, output.number, output.number],
      setup: { newSession: true, umask: 0o022, workingDirectory: '/' },
    });
  } finally {
    closeSync(nothing);
    output.close();
  }
}

function exitOf(poller: Poller, pid: number, pidfd: Fd): Promise<ExitInfo> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.signal('SIGKILL'), LONGEST_MS);
    const child: TrackedProcess = new TrackedProcess(poller, pid, pidfd, (exit) => {
      clearTimeout(timer);
      resolve(exit);
    });
  });
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It holds what was generated.
  }
}
