/**
 * --idle: the command runs while somebody is connected, and for a while after. This process stays its parent, keeps the sockets, and
 * starts it again for the next client, who waits in the sockets' backlog meanwhile.
 *
 *   waiting   the sockets are watched, the command does not run
 *   running   the command has the sockets; nobody here watches them but for idleness
 *   ending    SIGTERM was sent, and after some seconds what still runs is killed; then waiting again, or the end
 */
import { isatty } from 'node:tty';
import type { Fd } from '../sys/fd.js';
import { sendSignal, waitExited, type ExitInfo } from '../sys/pidfd.js';
import { Poller, type Watch } from '../sys/poller.js';
import { setChildSubreaper } from '../sys/process.js';
import { IdleWatch } from '../socket/idle.js';
import { formatTimeSpan } from '../unit/values/time-span.js';
import { LISTEN_FDS_START } from './environment.js';
import type { Log } from './log.js';
import { notifyReady } from '../socket/notify-ready.js';
import { fdNamesWarning, inetdProblem, type ActivateOptions } from './options.js';
import { killLeaves, reapOrphans } from './process-tree.js';
import { startCommand, type StartedCommand } from './start-command.js';

/** As `podman stop` waits. */
const STOP_MS = 10_000;
const KILL_AGAIN_MS = 500;
/** systemd.socket(5), TriggerLimitIntervalSec= and TriggerLimitBurst=. */
const TRIGGER_LIMIT = { intervalMs: 2000, burst: 20 };

type RestingOptions = ActivateOptions & { readonly idleMs: number };

/** Resolves with the exit code: the command's when a signal ended both, 1 when it cannot be started. */
export async function serveWithRests(options: RestingOptions, sockets: readonly Fd[], log: Log): Promise<number> {
  const problem = inetdProblem(options, sockets.length);
  if (problem !== undefined) {
    log.error(problem);
    return 1;
  }
  const warning = fdNamesWarning(options, sockets.length);
  if (warning !== undefined) log.warning(warning);
  setChildSubreaper();
  return new Promise((resolve, reject) => {
    const resting = new Resting(options, sockets, log, { resolve, reject });
    notifyReady(process.env);
    resting.begin();
  });
}

class Resting {
  readonly #poller: Poller;
  readonly #starts: number[] = [];
  #watches: readonly Watch[] | undefined;
  #armed = new Set<number>();
  #waiting = false;
  #running: StartedCommand | undefined;
  #idle: IdleWatch | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  /** Set by a signal: the end of the command is ours too. */
  #leaving = false;

  constructor(
    readonly options: RestingOptions,
    readonly sockets: readonly Fd[],
    readonly log: Log,
    readonly outcome: { readonly resolve: (exitCode: number) => void; readonly reject: (error: unknown) => void },
  ) {
    this.#poller = new Poller((error) => this.#fail(error));
  }

  begin(): void {
    process.on('SIGCHLD', () => reapOrphans(this.#running?.pid));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => this.#onSignal(signal));
    if (this.options.now) this.#start();
    else this.#wait();
  }

  #wait(): void {
    this.#waiting = true;
    this.#watches ??= this.sockets.map((fd, i) => {
      this.#armed.add(i);
      return this.#poller.watch(fd, { read: true, oneShot: true }, () => this.#onReadable(i));
    });
    this.#watches.forEach((watch, i) => {
      if (this.#armed.has(i)) return;
      this.#armed.add(i);
      watch.rearm();
    });
  }

  #onReadable(i: number): void {
    this.#armed.delete(i);
    if (!this.#waiting) return;
    this.log.info(`Communication attempt on fd ${LISTEN_FDS_START + i}.`);
    if (this.#withinLimit()) return this.#start();
    this.log.error(`Trigger limit hit (${TRIGGER_LIMIT.burst} starts in ${formatTimeSpan(TRIGGER_LIMIT.intervalMs)}): the command ends without serving its clients`);
    this.#leave(1);
  }

  #withinLimit(): boolean {
    const now = performance.now();
    this.#starts.push(now);
    while ((this.#starts[0] ?? now) < now - TRIGGER_LIMIT.intervalMs) this.#starts.shift();
    return this.#starts.length <= TRIGGER_LIMIT.burst;
  }

  #start(): void {
    this.#waiting = false;
    try {
      const started = startCommand(
        this.options,
        this.sockets.map((fd) => fd.number),
        this.log,
      );
      this.#running = started;
      const watch = this.#poller.watch(started.pidfd, { read: true }, () => this.#onEnd(started, watch));
      if (started.failed) return this.#leave(1);
      this.#idle = new IdleWatch(this.sockets, { idleMs: this.options.idleMs }, () => this.#onIdle(started));
    } catch (error) {
      this.#fail(error);
    }
  }

  #onIdle({ pid }: StartedCommand): void {
    this.log.info(`Nobody was connected for ${formatTimeSpan(this.options.idleMs)}, ending PID ${pid}.`);
    this.#stop('SIGTERM');
  }

  #stop(signal: NodeJS.Signals): void {
    if (this.#running === undefined) return;
    this.#idle?.close();
    send(this.#running, signal);
    this.#killTimer ??= setTimeout(() => this.#kill(), STOP_MS);
  }

  #kill(): void {
    clearTimeout(this.#killTimer);
    killLeaves();
    this.#killTimer = setTimeout(() => this.#kill(), KILL_AGAIN_MS);
  }

  #onEnd(child: StartedCommand, watch: Watch): void {
    const ended = waitExited(child.pidfd);
    if (ended === undefined) return;
    watch.close();
    child.pidfd.close();
    clearTimeout(this.#killTimer);
    this.#killTimer = undefined;
    this.#idle?.close();
    this.#running = undefined;
    this.log.info(`Child ${child.pid} died with code ${ended.status}`);
    if (this.#leaving) return this.#leave(exitCodeOf(ended));
    this.#wait();
  }

  /** The first is handed on and ends us with the command; another one does not wait for it any longer. */
  #onSignal(signal: NodeJS.Signals): void {
    if (this.#running === undefined) return endBySignal(signal);
    if (this.#leaving) return this.#kill();
    this.#leaving = true;
    // A terminal sends its signals to the command as well: twice would mean more than once.
    if (signal !== 'SIGINT' && signal !== 'SIGQUIT') this.#stop(signal);
    else this.#stop(isatty(0) ? 'SIGCONT' : signal);
  }

  #leave(exitCode: number): void {
    this.#idle?.close();
    this.#poller.close();
    process.removeAllListeners('SIGCHLD');
    this.outcome.resolve(exitCode);
  }

  #fail(error: unknown): void {
    if (this.#running !== undefined) send(this.#running, 'SIGTERM');
    this.#poller.close();
    this.outcome.reject(error);
  }
}

function send({ pidfd }: StartedCommand, signal: NodeJS.Signals): void {
  try {
    sendSignal(pidfd, signal);
  } catch {
    // It has ended: the poller is about to say so.
    return;
  }
}

function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** As a shell has it. */
function exitCodeOf({ code, status }: ExitInfo): number {
  return code === 'exited' ? status : 128 + status;
}
