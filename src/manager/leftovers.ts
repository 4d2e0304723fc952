/**
 * What a manager that was killed left running. Each running service is remembered in a small file; the next manager goes on with what
 * it finds there (takeover.ts), and ends what it cannot go on with.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentOf } from '../exec/processes.js';
import type { Client } from '../socket/accepted.js';

export interface Running {
  readonly pid: number;
  /** Folder of its cgroup, and that as the kernel names it. */
  readonly cgroup: { readonly path: string; readonly name: string } | undefined;
  readonly invocationId: string;
  /** Ready, with `pid` as its main process. */
  readonly isReady: boolean;
  /** Accept=yes: whose connection it has. */
  readonly connection?: { readonly socket: string; readonly client: Client } | undefined;
}

export interface Leftover extends Running {
  readonly unit: string;
  /** Field 22 of proc_pid_stat(5): with the pid, it names one process only. */
  readonly startTime: string;
}

export class Leftovers {
  readonly #remembered = new Set<string>();

  constructor(readonly folder: string) {}

  remember(unit: string, running: Running): void {
    this.#remembered.add(unit);
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      const entry: Leftover = { unit, startTime: startTime(running.pid) ?? '', ...running };
      writeFileSync(join(this.folder, `${unit}.json`), JSON.stringify(entry), { mode: 0o600 });
    } catch {
      // A full /run costs the clean-up after a crash, not the service.
    }
  }

  forget(unit: string): void {
    if (this.#remembered.delete(unit)) this.#remove(unit);
  }

  #remove(unit: string): void {
    rmSync(join(this.folder, `${unit}.json`), { force: true });
  }

  /** Ends what was left of one service, and says what it was. Waits at most `timeoutMs` for it to be gone. */
  async end(entry: Leftover, timeoutMs: number): Promise<string | undefined> {
    const pids = entry.cgroup === undefined ? [] : pidsIn(entry.cgroup.path);
    // A container's first process is below conmon, and in no cgroup of ours where we could make none.
    if (isSame(entry)) pids.push(...withDescendants(entry.pid));
    for (const pid of new Set(pids)) killNow(pid);
    await gone(pids, timeoutMs);
    if (entry.cgroup !== undefined) removeTree(entry.cgroup.path);
    this.#remove(entry.unit);
    const processes = [...new Set(pids)];
    return processes.length === 0
      ? undefined
      : `${entry.unit}: Was left running by a manager that died, ending it (${processes.length === 1 ? 'process' : 'processes'} ${processes.join(' ')})`;
  }

  /** Of the last manager. */
  read(): readonly Leftover[] {
    return filesIn(this.folder).flatMap((path) => {
      try {
        return [JSON.parse(readFileSync(path, 'utf8')) as Leftover];
      } catch {
        // It was being written when the manager died: the cgroup's next service ends what is there.
        return [];
      }
    });
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Whether the process that is meant still runs. */
export function isSame({ pid, startTime: then }: Leftover): boolean {
  return then !== '' && startTime(pid) === then;
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function withDescendants(root: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(Number(name))] as const);
  const found = new Set([root]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid);
  }
  return [...found];
}

function pidsIn(cgroup: string): number[] {
  try {
    const below = readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const own = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    return [...own, ...below.flatMap((entry) => pidsIn(join(cgroup, entry.name)))];
  } catch {
    return [];
  }
}

function removeTree(cgroup: string): void {
  try {
    for (const entry of readdirSync(cgroup, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(cgroup, entry.name));
    rmdirSync(cgroup);
  } catch {
    // A process in it did not go in time: the folder stays with it.
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}

async function gone(pids: readonly number[], timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (pids.some((pid) => existsSync(`/proc/${pid}`)) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
}
