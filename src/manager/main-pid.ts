/**
 * The main process of a service that forked: the pid in PIDFile=, or the one process that is left of those that
 * the manager is the parent of (GuessMainPID=); systemd.service(5). A daemon may write its file a moment after its parent has left, so the file is waited for.
 */
import { mkdirSync, readFileSync, watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { parentOf } from '../exec/processes.js';
import type { ServiceConfig } from '../unit/config.js';

export interface MainPidCallbacks {
  readonly onFound: (pid: number) => void;
  readonly onMissing: () => void;
}

export class MainPidFinder {
  #watcher: FSWatcher | undefined;
  #settled = false;

  constructor(
    readonly config: ServiceConfig,
    readonly pids: () => readonly number[],
    readonly callbacks: MainPidCallbacks,
  ) {}

  start(): void {
    const { pidFile } = this.config;
    if (pidFile === undefined) return this.#guess();
    if (this.#tryFile(pidFile)) return;
    try {
      mkdirSync(dirname(pidFile), { recursive: true });
      this.#watcher = watch(dirname(pidFile), () => this.#tryFile(pidFile));
      this.#watcher.on('error', () => this.close());
    } catch {
      return this.callbacks.onMissing();
    }
    // It may have come between the first look and the watch.
    this.#tryFile(pidFile);
  }

  close(): void {
    this.#settled = true;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #guess(): void {
    const pids = this.pids();
    const [only, second] = pids.length === 1 ? pids : pids.filter((pid) => parentOf(pid) === process.pid);
    if (this.config.guessMainPid && only !== undefined && second === undefined) this.callbacks.onFound(only);
    else this.callbacks.onMissing();
  }

  #tryFile(path: string): boolean {
    if (this.#settled) return true;
    const pid = readPid(path);
    if (pid === undefined) return false;
    this.close();
    this.callbacks.onFound(pid);
    return true;
  }
}

function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^\d{1,10}$/.test(text) && Number(text) > 1 ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
