/**
 * What the processes of a unit take, for `status` and `list-sockets`: read here and not by the manager, which others may be waiting for.
 * Each counts its own pages and its part of those that it shares (Pss); proc_pid_smaps(5).
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Bytes; undefined where nothing runs, or where we may not look. */
export function memoryOf(pids: Iterable<number>): number | undefined {
  const sizes = [...pids].flatMap((pid) => pssOf(pid) ?? []);
  return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
}

function pssOf(pid: number): number | undefined {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Every process with those below it. */
export class ProcessTree {
  readonly #children = new Map<number, number[]>();

  constructor() {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = read(`/proc/${name}/stat`);
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      this.#children.set(parent, [...(this.#children.get(parent) ?? []), Number(name)]);
    }
  }

  below(pid: number): readonly number[] {
    return [pid, ...(this.#children.get(pid) ?? []).flatMap((child) => this.below(child))];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** '1.2 MB' */
export function memoryText(bytes: number | undefined): string {
  if (bytes === undefined) return '-';
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
