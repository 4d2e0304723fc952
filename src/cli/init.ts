/**
 * `rouse init`: the manager as the first process of a container. What units write and what the manager says goes to the container's own
 * output; orphans are reaped; a stop signal ends everything in order, within a time; a command beside it gets the other signals, and
 * its end is the end of the container.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { AlreadyRunning, runDaemon } from '../daemon/daemon.js';
import { timeSpan } from '../unit/values/time-span.js';
import type { CliContext } from './context.js';
import { CliError } from './errors.js';

/** podman and docker kill a container ten seconds after they have asked it to stop. */
const STOP_MS = 9000;
/** These the command gets. SIGTERM and SIGINT are for the manager, which then ends the command, too, and so is SIGHUP: it reads the files again. */
const FORWARDED = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

export interface InitOptions {
  readonly timeout?: string;
}

/** Resolves with the exit code of the command, or 0. */
export async function init({ scope, io }: CliContext, command: readonly string[], options: InitOptions): Promise<number> {
  const stopWithinMs = timeoutOf(options);
  const main = new MainCommand(command);
  const early = new EarlyStop();
  try {
    await runDaemon(scope, {
      env: process.env,
      print: (line) => io.err(`${line}\n`),
      echo: (unit, line) => io.out(`${unit}: ${line}\n`),
      stopWithinMs,
      onStopping: () => main.end(stopWithinMs),
      onReady: () => {
        early.end();
        if (early.signal === undefined) main.start();
        else process.kill(process.pid, early.signal);
      },
    });
  } catch (error) {
    if (error instanceof AlreadyRunning) throw new CliError(error.message, 'rouse exit ends it');
    throw error;
  }
  process.exit(await main.exitCode);
}

function timeoutOf({ timeout }: InitOptions): number {
  if (timeout === undefined) return STOP_MS;
  const parsed = timeSpan(timeout);
  if (!parsed.ok) throw new CliError(`Invalid value '${timeout}' of --timeout`, `expected ${parsed.expected}`);
  return parsed.value;
}

/** For process 1 the kernel drops signals that it has no handler for: one that comes before the manager listens is kept for it. */
class EarlyStop {
  signal: NodeJS.Signals | undefined;
  readonly #note = (signal: NodeJS.Signals): void => {
    this.signal = signal;
  };

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, this.#note);
  }

  end(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, this.#note);
  }
}

/** The command beside the manager, with the container's own standard streams. */
class MainCommand {
  #child: ChildProcess | undefined;
  #stopping = false;
  #settle: (code: number) => void = () => undefined;
  readonly exitCode: Promise<number>;

  constructor(readonly argv: readonly string[]) {
    this.exitCode = new Promise((resolve) => (this.#settle = resolve));
    if (argv.length === 0) this.#settle(0);
  }

  start(): void {
    const [program, ...args] = this.argv;
    if (program === undefined) return;
    const child = spawn(program, args, { stdio: 'inherit' });
    this.#child = child;
    child.on('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      this.#ended(127);
    });
    child.on('exit', (code, signal) => this.#ended(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  }

  /** The manager is stopping. */
  end(withinMs: number): void {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined) return this.#settle(0);
    child.kill('SIGTERM');
    if (withinMs !== Infinity) setTimeout(() => child.kill('SIGKILL'), withinMs).unref();
  }

  /** A second SIGTERM would have everything killed that is still on its way down. */
  #ended(code: number): void {
    this.#child = undefined;
    this.#settle(code);
    if (!this.#stopping) process.kill(process.pid, 'SIGTERM');
  }
}
