/** Starts the command as a process of its own, for --accept and --idle: this process stays its parent. */
import { givenFileLimit, RLIMIT_NOFILE } from '../sys/exec.js';
import { strerror } from '../sys/libc.js';
import { waitExited } from '../sys/pidfd.js';
import { spawn, type SpawnedProcess } from '../sys/spawn.js';
import { commandEnvironment } from './environment.js';
import type { Log } from './log.js';
import { describeCommand, type ActivateOptions } from './options.js';
import { findProgram } from './program.js';

const ENOEXEC = 8;

/** How it was started, or why it could not be; a process that could not become the program has ended and is to be waited for. */
export interface StartedCommand extends SpawnedProcess {
  readonly failed: boolean;
}

/** `fds` are lent: descriptor 3 and on, or standard input and output. Throws SysError when there is no process at all. */
export function startCommand(options: ActivateOptions, fds: readonly number[], log: Log): StartedCommand {
  const path = findProgram(options.command[0], process.env['PATH']);
  const first = start(options, path, options.command, fds);
  // execvp(3): what the kernel does not know is a script for the shell.
  const started =
    first.failure?.stage === 'x' && first.failure.errno === ENOEXEC ? retry(first, () => start(options, '/bin/sh', ['/bin/sh', path, ...options.command.slice(1)], fds)) : first;
  log.info(`Spawned ${describeCommand(options)} as PID ${started.pid}.`);
  log.info(`Execing ${describeCommand(options)}`);
  if (started.failure !== undefined) log.error(`Failed to execp ${describeCommand(options)}: ${strerror(started.failure.errno)}`);
  return { ...started, failed: started.failure !== undefined };
}

/** The first attempt has ended by itself, and stays to be reaped by whoever reaps all children. */
function retry(first: SpawnedProcess, again: () => SpawnedProcess): SpawnedProcess {
  waitExited(first.pidfd);
  first.pidfd.close();
  return again();
}

function start(options: ActivateOptions, path: string, argv: readonly string[], fds: readonly number[]): SpawnedProcess {
  const files = givenFileLimit();
  return spawn({
    path,
    argv,
    env: commandEnvironment(options, process.env, fds.length, ''),
    fds: options.inetd ? [fds[0] ?? 0, fds[0] ?? 1, 2] : [0, 1, 2, ...fds],
    setup: { limits: files === undefined ? [] : [{ resource: RLIMIT_NOFILE, ...files }] },
  });
}
