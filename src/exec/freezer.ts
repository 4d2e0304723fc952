/** Freezing a service: cgroup.freeze, cgroups(7). Of a container only its own cgroup is frozen, as by podman pause: conmon stays awake. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from './processes.js';

/** The folder that can be frozen, of a unit with this cgroup and main process; undefined where there is none. */
export function freezableCgroup(cgroup: string | undefined, mainPid: number | undefined): string | undefined {
  if (cgroup === undefined || mainPid === undefined) return undefined;
  const own = innermost(cgroup, mainPid);
  const [child] = childrenOf(mainPid);
  const folder = commandName(mainPid) === 'conmon' ? (child === undefined ? undefined : innermost(cgroup, child)) : cgroup;
  if (folder === undefined || (folder === own && folder !== cgroup)) return undefined;
  return existsSync(join(folder, 'cgroup.freeze')) ? folder : undefined;
}

/** False where the kernel refuses. */
export function setFrozen(folder: string, frozen: boolean): boolean {
  try {
    writeFileSync(join(folder, 'cgroup.freeze'), frozen ? '1' : '0');
    return true;
  } catch {
    return false;
  }
}

/** Microseconds of processor time since the cgroup was made; 0 where it is not counted. */
export function cpuUsedUs(cgroup: string | undefined): number {
  try {
    return Number(/^usage_usec (\d+)$/m.exec(readFileSync(join(cgroup ?? '', 'cpu.stat'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The cgroup below `folder`, or itself, that a process is in. */
function innermost(folder: string, pid: number): string | undefined {
  try {
    if (readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').includes(String(pid))) return folder;
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return below.map(({ name }) => innermost(join(folder, name), pid)).find((found) => found !== undefined);
  } catch {
    return undefined;
  }
}

function commandName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
