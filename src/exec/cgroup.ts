/**
 * The cgroup v2 tree as this host has it, and one cgroup for each unit that runs. cgroups(7): a unit's processes are found
 * and ended by it, whatever they did to leave.
 *
 * Hosts differ (a table of what containers can do with each is in docs/containers.md):
 *   unified   /sys/fs/cgroup is cgroup v2, and our own cgroup may be divided: everything works.
 *   undelegated  cgroup v2, but our own cgroup belongs to someone else: units are tracked by their processes alone.
 *   hybrid    v1 controllers, with a v2 tree beside them that has none: units are tracked there, limits do not exist.
 *   none      no cgroup v2 at all.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, watch, writeFileSync, type FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';

export type CgroupLayout = 'unified' | 'undelegated' | 'hybrid' | 'none';

export interface CgroupTree {
  readonly layout: CgroupLayout;
  /** The folder in which units get their cgroups; undefined where none can be made. */
  readonly base: string | undefined;
  /** `base` as the kernel names it, without the mount point. */
  readonly path: string | undefined;
  /** What a hybrid host has besides: container runtimes make the same folders in each of its v1 hierarchies. */
  readonly twins: readonly Twin[];
}

interface Twin {
  /** Where the v1 hierarchy is mounted. */
  readonly point: string;
  /** Folders on the way to ours that were not there when we came, the deepest first: they go with what they were made for. */
  readonly missing: readonly string[];
}

const NO_TREE = { base: undefined, path: undefined, twins: [] } as const;

/** Where cgroup2 is mounted, from proc_pid_mountinfo(5) text; the last mount wins, as it covers the others. */
function findMount(mountinfo: string): { point: string; root: string } | undefined {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const fields = before?.split(' ') ?? [];
    return after?.startsWith('cgroup2 ') === true && fields[3] !== undefined && fields[4] !== undefined ? [{ root: fields[3], point: fields[4] }] : [];
  });
  return mounts.at(-1);
}

/** Finds the tree and makes `name` in our own cgroup, for the units. Never throws: a host without is a host. */
export function openCgroupTree(name: string): CgroupTree {
  const mount = findMount(readText('/proc/self/mountinfo'));
  const own = /^0::(.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  if (mount === undefined || own === undefined) return { layout: 'none', ...NO_TREE };
  const hybrid = mount.point !== '/sys/fs/cgroup';
  const path = join(ownPath(own, mount.root), name);
  const base = join(mount.point, path);
  try {
    mkdirSync(base, { recursive: true });
    // The move of a process into it is what an undelegated tree refuses.
    if (!existsSync(join(base, 'cgroup.procs'))) throw new Error('not a cgroup');
    mkdirSync(join(base, 'probe.service'), { recursive: true });
    rmdirSync(join(base, 'probe.service'));
    return { layout: hybrid ? 'hybrid' : 'unified', base, path, twins: hybrid ? twinsOf(mount.point, path) : [] };
  } catch {
    return { layout: hybrid ? 'hybrid' : 'undelegated', ...NO_TREE };
  }
}

/** Inside a container the mount's root is our own cgroup already, or the namespace hides what is above it. */
function ownPath(own: string, root: string): string {
  return root !== '/' && own.startsWith(root) ? own.slice(root.length) : own.startsWith('/..') ? '/' : own;
}

function twinsOf(mountPoint: string, path: string): readonly Twin[] {
  const parent = dirname(mountPoint);
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && join(parent, entry.name) !== mountPoint)
    .map((entry) => join(parent, entry.name))
    .map((point) => ({
      point,
      missing: ancestors(path)
        .map((folder) => join(point, folder))
        .filter((folder) => !existsSync(folder)),
    }));
}

/** '/a/b' to '/a/b' and '/a'. */
function ancestors(path: string): readonly string[] {
  return path === '/' ? [] : [path, ...ancestors(dirname(path))];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The cgroup of one unit, made when its first process starts and removed when the last has gone. */
export class UnitCgroup {
  #watcher: FSWatcher | undefined;

  /** Throws Node's file errors. */
  constructor(
    readonly path: string,
    /** As the kernel names it. */
    readonly name: string,
    readonly tree: CgroupTree,
  ) {
    mkdirSync(path, { recursive: true });
  }

  static open(tree: CgroupTree, unit: string): UnitCgroup | undefined {
    return tree.base === undefined || tree.path === undefined ? undefined : new UnitCgroup(join(tree.base, unit), join(tree.path, unit), tree);
  }

  /** Delegate=: the service's user may divide it; cgroups(7), "Delegation". */
  delegate(uid: number, gid: number): void {
    for (const name of ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control']) {
      try {
        chownSync(join(this.path, name), uid, gid);
      } catch {
        // Not every kernel has each of them.
      }
    }
  }

  /** Every process in it and below it. */
  pids(): number[] {
    return subtree(this.path).flatMap((folder) => readText(join(folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number));
  }

  get populated(): boolean {
    return /^populated 1$/m.test(readText(join(this.path, 'cgroup.events')));
  }

  /** SIGKILL to all at once, also to those that fork meanwhile (Linux 5.14). False where the kernel cannot. */
  killAll(): boolean {
    try {
      writeFileSync(join(this.path, 'cgroup.kill'), '1');
      return true;
    } catch {
      return false;
    }
  }

  /** Calls back each time the kernel says that the tree became empty or populated. */
  onChange(callback: () => void): void {
    this.#watcher?.close();
    try {
      this.#watcher = watch(join(this.path, 'cgroup.events'), callback);
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // It went away in this moment: there is nothing to wait for.
      setImmediate(callback);
    }
  }

  protected unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Removes it and what is below it. What still has a process stays. */
  remove(): void {
    this.unwatch();
    // Mostly nothing is below it.
    if (!isRemoved(this.path)) removeTree(this.path);
    removeFromTwins(this.tree, this.name);
  }
}

/** Removes an instance's folder when the manager ends; empty unit cgroups in it go along. */
export function closeCgroupTree(tree: CgroupTree): void {
  if (tree.base === undefined || tree.path === undefined) return;
  removeTree(tree.base);
  removeFromTwins(tree, tree.path);
}

function removeFromTwins({ twins }: CgroupTree, path: string): void {
  for (const { point, missing } of twins) {
    if (!existsSync(join(point, path))) continue;
    removeTree(join(point, path));
    for (const folder of missing) removeFolder(folder);
  }
}

function removeTree(folder: string): void {
  for (const each of subtree(folder).toReversed()) removeFolder(each);
}

/** Busy, or gone already: neither is ours to report. */
function removeFolder(folder: string): void {
  isRemoved(folder);
}

function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** A folder and all below it, parents first. */
function subtree(folder: string): string[] {
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [folder, ...below.flatMap((entry) => subtree(join(folder, entry.name)))];
  } catch {
    return [];
  }
}
