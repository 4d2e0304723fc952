/**
 * The cgroups that podman makes for a pod outside of the unit's own, below `libpod_parent`. podman leaves that behind, and on a host where v1
 * and v2 are mixed the pod's own, too. They are looked up while the pod runs and removed when it has gone; what is still used stays.
 */
import { readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listProcesses } from './processes.js';

const PARENT = 'libpod_parent';

/** Folders, the deepest first, of the containers below these processes (conmon). */
export function podCgroups(pids: readonly number[]): readonly string[] {
  const conmons = new Set(pids);
  const children = listProcesses().filter(({ parent }) => conmons.has(parent));
  const paths = new Set(children.flatMap(({ pid }) => cgroupPaths(pid)).filter((path) => path.split('/').includes(PARENT)));
  const mounts = cgroupMounts();
  const folders = new Set([...paths].flatMap((path) => upToParent(path)).flatMap((path) => mounts.flatMap(({ point, root }) => below(point, root, path) ?? [])));
  return [...folders].sort((a, b) => b.split('/').length - a.split('/').length);
}

export function removePodCgroups(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // Another pod is in it, or it has gone already.
    }
  }
}

/** proc_pid_cgroup(5): one line a hierarchy. */
function cgroupPaths(pid: number): readonly string[] {
  return readText(`/proc/${pid}/cgroup`)
    .split('\n')
    .flatMap((line) => /^\d+:[^:]*:(.*)$/.exec(line)?.[1] ?? []);
}

/** '/a/libpod_parent/pod/container' to itself, '/a/libpod_parent/pod' and '/a/libpod_parent'. */
function upToParent(path: string): readonly string[] {
  return path.endsWith(`/${PARENT}`) || path === '/' ? [path] : [path, ...upToParent(dirname(path))];
}

interface Mount {
  readonly point: string;
  readonly root: string;
}

/** proc_pid_mountinfo(5): every hierarchy that is mounted, v1 and v2. */
function cgroupMounts(): readonly Mount[] {
  return readText('/proc/self/mountinfo')
    .split('\n')
    .flatMap((line) => {
      const [before, after] = line.split(' - ');
      const [, , , root, point] = before?.split(' ') ?? [];
      return /^cgroup2? /.test(after ?? '') && root !== undefined && point !== undefined ? [{ root, point }] : [];
    });
}

function below(point: string, root: string, path: string): string | undefined {
  if (root === '/') return join(point, path);
  return path.startsWith(`${root}/`) ? join(point, path.slice(root.length)) : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
