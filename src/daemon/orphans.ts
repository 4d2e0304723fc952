/**
 * Orphans: the manager is the subreaper of what it starts, so processes that their parents left become its children, and
 * somebody has to wait for them; PR_SET_CHILD_SUBREAPER, prctl(2). Nothing here runs while no child ends.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { reapOrphan } from '../sys/pidfd.js';

/** Whoever watches a process by its pidfd has taken its status long before that. */
const GRACE_MS = 1000;

export class OrphanReaper {
  #timer: NodeJS.Timeout | undefined;
  readonly #onChild = (): void => this.#schedule();

  start(): void {
    process.on('SIGCHLD', this.#onChild);
  }

  stop(): void {
    process.off('SIGCHLD', this.#onChild);
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const pid of zombies()) reapOrphan(pid);
    }, GRACE_MS).unref();
  }
}

function zombies(): readonly number[] {
  return children().filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
    } catch {
      return false;
    }
  });
}

/** proc_tid_children(5): any thread may have got them. */
function children(): readonly number[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}
