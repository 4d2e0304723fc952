/**
 * What a manager that was killed left running. Each running service is remembered in a small file; the next manager ends what
 * it finds there, before it opens the sockets that those processes still hold.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Leftover {
  readonly unit: string;
  readonly pid: number;
  /** Field 22 of proc_pid_stat(5): with the pid, it names one process only. */
  readonly startTime: string;
  readonly cgroup: string | undefined;
}

export class Leftovers {
  readonly #remembered = new Set<string>();

  constructor(readonly folder: string) {}

  remember(unit: string, pid: number, cgroup: string | undefined): void {
    this.#remembered.add(unit);
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      const entry: Leftover = { unit, pid, startTime: startTime(pid) ?? '', cgroup };
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

  /** Ends what the last manager left, and says what it was. Waits at most `timeoutMs` for it to be gone. */
  async sweep(timeoutMs: number): Promise<readonly string[]> {
    const words: string[] = [];
    for (const entry of this.#read()) {
      const pids = entry.cgroup === undefined ? [] : pidsIn(entry.cgroup);
      // A container's first process is below conmon, and in no cgroup of ours where we could make none.
      if (isSame(entry)) pids.push(...withDescendants(entry.pid));
      if (pids.length > 0) words.push(`${entry.unit}: Was left running by a manager that died, ending it (${pids.length === 1 ? 'process' : 'processes'} ${pids.join(' ')})`);
      for (const pid of new Set(pids)) killNow(pid);
      await gone(pids, timeoutMs);
      if (entry.cgroup !== undefined) removeTree(entry.cgroup);
      this.#remove(entry.unit);
    }
    return words;
  }

  #read(): readonly Leftover[] {
    try {
      return readdirSync(this.folder).map((name) => JSON.parse(readFileSync(join(this.folder, name), 'utf8')) as Leftover);
    } catch {
      return [];
    }
  }
}

function isSame({ pid, startTime: then }: Leftover): boolean {
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

/** proc_pid_stat(5), field 4. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function withDescendants(root: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const);
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
    rmSync(cgroup, { recursive: false, force: true });
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
