/** The processes below ours, from /proc: to reap those that were left to us, and to end those that do not end. */
import { readdirSync, readFileSync } from 'node:fs';
import { openPidfd, reapOrphan, sendSignal } from '../sys/pidfd.js';

interface Process {
  readonly pid: number;
  readonly parent: number;
}

function readProcess(pid: number): Process | undefined {
  try {
    // The name before it, in parentheses, may have anything in it.
    const [, parent] = /\) \S (\d+) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return parent === undefined ? undefined : { pid, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function allProcesses(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
}

/** Zombies that were left to us as their subreaper; `except` is waited for elsewhere. */
export function reapOrphans(except: number | undefined): void {
  for (const { pid, parent } of allProcesses()) if (parent === process.pid && pid !== except) reapOrphan(pid);
}

/**
 * SIGKILL to those below us that have nobody below themselves. Whoever looks after them (a shell, conmon) sees them end, and can
 * still tidy up; called again, it is their turn.
 */
export function killLeaves(): void {
  const all = allProcesses();
  const parents = new Set(all.map(({ parent }) => parent));
  const below = new Set([process.pid]);
  // A child may have a smaller number than its parent: as often as there is something new.
  for (let size = 0; size !== below.size;) {
    size = below.size;
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
  }
  below.delete(process.pid);
  for (const pid of below) if (!parents.has(pid) && !isPodmanPause(pid)) kill(pid);
}

/** It keeps the user namespace of all rootless containers, and is only left to us because we were the first to start one. */
function isPodmanPause(pid: number): boolean {
  try {
    const [program = '', option] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return (program.endsWith('catatonit') && option === '-P') || (program.endsWith('podman') && option === 'pause');
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    const pidfd = openPidfd(pid);
    try {
      sendSignal(pidfd, 'SIGKILL');
    } finally {
      pidfd.close();
    }
  } catch {
    // It has gone already.
    return;
  }
}
