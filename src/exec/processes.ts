/**
 * The processes of one unit: which there are, how they are told to go, and when the last has gone. With a cgroup the kernel
 * knows; without one they are found in /proc, as descendants and by the INVOCATION_ID that they inherited.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { KillConfig } from '../unit/config.js';
import { Fd } from '../sys/fd.js';
import { openPidfd, sendSignal, waitExited, type ExitInfo } from '../sys/pidfd.js';
import type { Poller, Watch } from '../sys/poller.js';
import type { UnitCgroup } from './cgroup.js';

/** Children that appear while their parents are killed: more than so many generations are not waited for. */
const MOST_ROUNDS = 20;

/** A process that is watched by pidfd, so that its number cannot come to mean another one. */
export class TrackedProcess {
  readonly #watch: Watch;

  /** Takes the pidfd. `onExit` is called once, from the event loop. */
  constructor(
    poller: Poller,
    readonly pid: number,
    readonly pidfd: Fd,
    onExit: (exit: ExitInfo) => void,
  ) {
    this.#watch = poller.watch(pidfd, { oneShot: true, read: true }, () => {
      const exit = reap(pidfd);
      this.close();
      onExit(exit);
    });
  }

  signal(signal: string): void {
    try {
      if (this.pidfd.isOpen) sendSignal(this.pidfd, signal);
    } catch {
      // ESRCH: it has just gone, and its exit is on its way to us.
    }
  }

  close(): void {
    this.#watch.close();
    this.pidfd.close();
  }
}

/** A process that is not our child has no exit status for us: it counts as a clean end, as in systemd. */
function reap(pidfd: Fd): ExitInfo {
  try {
    return waitExited(pidfd) ?? { code: 'exited', status: 0 };
  } catch {
    return { code: 'exited', status: 0 };
  }
}

export type Signalling = 'terminate' | 'kill' | 'watchdog';

export class UnitProcesses {
  main: TrackedProcess | undefined;
  control: TrackedProcess | undefined;
  /** Processes that a stop waits for where there is no cgroup to ask. */
  #others: TrackedProcess[] = [];

  constructor(
    readonly poller: Poller,
    readonly cgroup: UnitCgroup | undefined,
    readonly invocationId: string,
  ) {}

  /** Every process of the unit, the main one first. */
  pids(): readonly number[] {
    const known = [this.main?.pid, this.control?.pid].filter((pid) => pid !== undefined);
    const found = this.cgroup?.pids() ?? findProcesses(known, this.invocationId);
    return [...new Set([...known, ...found])];
  }

  /**
   * Sends the signals that KillMode= asks for (systemd.kill(5)). True when something is left to wait for; `onEmpty` is then
   * called when that has gone.
   */
  signal(operation: Signalling, kill: KillConfig, watchdogSignal: string, onEmpty: () => void): boolean {
    const signal = operation === 'terminate' ? kill.killSignal : operation === 'kill' ? kill.finalKillSignal : watchdogSignal;
    if (kill.killMode === 'none') return false;
    if (this.main === undefined && this.control === undefined && this.cgroup?.populated === false) return false;
    // A stopped process takes a signal in when it goes on.
    const signals = operation === 'kill' ? [signal] : operation === 'terminate' && kill.sendSighup ? [signal, 'SIGHUP', 'SIGCONT'] : [signal, 'SIGCONT'];
    for (const each of signals) this.main?.signal(each);
    for (const each of signals) this.control?.signal(each);
    const everyone = kill.killMode === 'control-group' || (kill.killMode === 'mixed' && operation === 'kill');
    if (everyone) this.#signalOthers(signals);
    return this.#waitFor(everyone, onEmpty);
  }

  /** Lets go of everything. The cgroup is removed when nothing runs in it. */
  close(): void {
    for (const process of [this.main, this.control, ...this.#others]) process?.close();
    this.main = this.control = undefined;
    this.#others = [];
    this.cgroup?.remove();
  }

  /**
   * One by one, and again as long as they have children. Not by cgroup.kill: since Linux 6.13 whatever is cloned into a cgroup after that is
   * killed at once, and ExecStopPost= runs in this one.
   */
  #signalOthers(signals: readonly string[]): void {
    const seen = new Set([this.main?.pid, this.control?.pid]);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const fresh = this.pids().filter((pid) => !seen.has(pid));
      if (fresh.length === 0) return;
      for (const pid of fresh) {
        seen.add(pid);
        const process = this.#track(pid);
        for (const signal of signals) process?.signal(signal);
      }
    }
  }

  #track(pid: number): TrackedProcess | undefined {
    try {
      const process: TrackedProcess = new TrackedProcess(this.poller, pid, openPidfd(pid), () => {
        this.#others = this.#others.filter((other) => other !== process);
        this.#onOtherGone?.();
      });
      this.#others.push(process);
      return process;
    } catch {
      return undefined;
    }
  }

  #onOtherGone: (() => void) | undefined;

  /** Main and control processes are reported by their owner, which asks `isEmpty` then. */
  #waitFor(everyone: boolean, onEmpty: () => void): boolean {
    const check = (): void => {
      if (this.isEmpty(everyone)) onEmpty();
    };
    this.#onOtherGone = check;
    if (everyone) this.cgroup?.onChange(check);
    return !this.isEmpty(everyone);
  }

  /** Whether nothing is left that a stop waits for. */
  isEmpty(everyone: boolean): boolean {
    if (this.main !== undefined || this.control !== undefined) return false;
    if (!everyone) return true;
    return this.cgroup === undefined ? this.#others.length === 0 : !this.cgroup.populated;
  }
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
}

/** Descendants of `roots`, and our own adopted children that carry the invocation's id; proc_pid_environ(5). */
function findProcesses(roots: readonly number[], invocationId: string): readonly number[] {
  const all = listProcesses();
  const found = new Set(roots);
  for (const { pid, parent } of all) {
    if (parent === process.pid && !found.has(pid) && carries(pid, invocationId)) found.add(pid);
  }
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** proc_pid_task_children(5), of a process with one thread; none where the kernel does not say. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Every process that there is, as its own /proc has it. */
export function listProcesses(): readonly Stat[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const parent = parentOf(Number(name));
    return parent === undefined ? [] : [{ pid: Number(name), parent }];
  });
}

/** proc_pid_stat(5), field 4. */
export function parentOf(pid: number): number | undefined {
  try {
    // The command name may hold anything, so the fields are counted from its closing parenthesis.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function carries(pid: number, invocationId: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`INVOCATION_ID=${invocationId}`);
  } catch {
    return false;
  }
}

/** The command line of a process, for `status`. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
