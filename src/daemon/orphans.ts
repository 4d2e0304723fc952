/**
 * Orphans: the manager is the subreaper of what it starts, so processes that their parents left become its children, and
 * somebody has to wait for them; PR_SET_CHILD_SUBREAPER, prctl(2). Nothing here runs while no child ends.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { reapOrphan } from '../sys/pidfd.js';

/** Whoever watches a process by its pidfd has taken its status long before that, counted from its end. */
const GRACE_MS = 1000;

export class OrphanReaper {
  #timer: NodeJS.Timeout | undefined;
  /** Those that had ended when it was looked last: one that has ended since may be somebody's whose turn has not come yet. */
  #ended: ReadonlySet<number> = new Set();
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
      const ended = zombies();
      const left = ended.filter((pid) => !this.#ended.has(pid));
      for (const pid of ended) if (this.#ended.has(pid)) reapOrphan(pid);
      this.#ended = new Set(left);
      if (left.length > 0) this.#schedule();
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
