/**
 * The end of a health check that takes too long. podman waits for the check's command however long it runs, and only then sees that the
 * time was exceeded. So the command is killed, and podman counts the check as failed.
 */
import { readFileSync } from 'node:fs';
import { listProcesses } from './processes.js';

/**
 * Kills what runs in the exec sessions that podman, started by us, has in this container: their conmon comes back to us as the
 * subreaper, and that of a user's `podman exec` does not. `known` are sessions that were there before the check.
 */
export function killCheck(containerId: string, known: ReadonlySet<number>): void {
  const all = listProcesses();
  const sessions = execSessions(containerId).filter((pid) => !known.has(pid));
  const found = new Set(sessions);
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  for (const pid of found) if (!sessions.includes(pid)) kill(pid);
}

/** conmon's of our exec sessions in a container: `-c CONTAINER -u SESSION`. */
export function execSessions(containerId: string): readonly number[] {
  return listProcesses()
    .filter(({ parent }) => parent === process.pid)
    .map(({ pid }) => pid)
    .filter((pid) => {
      const words = commandWords(pid);
      const session = words[words.indexOf('-u') + 1];
      return words[words.indexOf('-c') + 1] === containerId && session !== containerId && words.includes('--exec-attach');
    });
}

function commandWords(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}
