/**
 * Cgroups for what comes and goes many times a second: the instances of a socket with Accept=yes. Making a cgroup and removing it
 * costs more than all the rest of a short connection, and the kernel some more afterwards; so empty ones are kept and lent out again.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { UnitCgroup, type CgroupTree } from './cgroup.js';

/** So many stay, of each template: as many as mostly run at the same time. */
const KEPT_MOST = 16;

export class CgroupPool {
  readonly #idle = new Map<string, PooledCgroup[]>();
  readonly #made = new Map<string, number>();

  constructor(readonly tree: CgroupTree) {}

  /** undefined where no cgroup can be made. */
  take(template: string): UnitCgroup | undefined {
    const { base, path } = this.tree;
    if (base === undefined || path === undefined) return undefined;
    const idle = this.#idle.get(template)?.pop();
    if (idle !== undefined) return idle;
    const number = this.#made.get(template) ?? 0;
    this.#made.set(template, number + 1);
    const name = join(template, String(number));
    return new PooledCgroup(join(base, name), join(path, name), this.tree, (cgroup) => this.#giveBack(template, cgroup));
  }

  /** Nobody is going to need them for now. */
  drop(template: string): void {
    for (const cgroup of this.#idle.get(template) ?? []) cgroup.discard();
    this.#idle.delete(template);
  }

  #giveBack(template: string, cgroup: PooledCgroup): void {
    const idle = this.#idle.get(template) ?? [];
    this.#idle.set(template, idle);
    if (idle.length < KEPT_MOST) idle.push(cgroup);
    else cgroup.discard();
  }
}

class PooledCgroup extends UnitCgroup {
  readonly #events: number;
  readonly #text = Buffer.alloc(64);

  constructor(
    path: string,
    name: string,
    tree: CgroupTree,
    readonly onIdle: (cgroup: PooledCgroup) => void,
  ) {
    super(path, name, tree);
    this.#events = openSync(join(path, 'cgroup.events'), 'r');
  }

  override get populated(): boolean {
    const length = readSync(this.#events, this.#text, 0, this.#text.length, 0);
    return this.#text.toString('latin1', 0, length).includes('populated 1');
  }

  /** What still has a process is not lent out again. */
  override remove(): void {
    this.unwatch();
    if (this.populated) this.discard();
    else this.onIdle(this);
  }

  discard(): void {
    closeSync(this.#events);
    super.remove();
  }
}
