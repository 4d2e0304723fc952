/** The host that files are verified for: this one, or none, of which nothing can be said. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { statQuietly } from '../load/quietly.js';
import type { Host } from './subject.js';

const USUAL_FIRST_PORT = 1024;

/** Answers with "cannot be said" where the files are for another host. */
export const NO_HOST: Host = {
  exists: () => undefined,
  isFolder: () => undefined,
  isExecutable: () => undefined,
  canWrite: () => undefined,
  hasUser: () => undefined,
  hasGroup: () => undefined,
  firstOrdinaryPort: USUAL_FIRST_PORT,
};

export function thisHost(): Host {
  const users = names('passwd');
  const groups = names('group');
  return {
    exists: (path) => access(path, constants.F_OK),
    isFolder: (path) => statQuietly(path)?.isDirectory() ?? false,
    isExecutable: (path) => (access(path, constants.F_OK) === undefined ? undefined : isProgram(path)),
    canWrite: (path) => access(path, constants.W_OK),
    hasUser: (name) => users()?.has(name),
    hasGroup: (name) => groups()?.has(name),
    firstOrdinaryPort: Number(textOf('/proc/sys/net/ipv4/ip_unprivileged_port_start') ?? USUAL_FIRST_PORT),
  };
}

/** A folder that may not be entered keeps what is in it to itself. */
function access(path: string, mode: number): boolean | undefined {
  try {
    accessSync(path, mode);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' && mode !== constants.W_OK ? undefined : false;
  }
}

/** Whether anybody may execute it: the unit's user may be another than we are. */
function isProgram(path: string): boolean {
  const stat = statQuietly(path);
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
}

/** passwd(5), group(5). Where nsswitch.conf(5) names other sources, a name that is not in the file may exist all the same. */
function names(database: 'passwd' | 'group'): () => ReadonlySet<string> | undefined {
  let found: ReadonlySet<string> | undefined;
  return () => {
    if (found === undefined) {
      const sources =
        new RegExp(`^${database}:(.*)$`, 'm')
          .exec(textOf('/etc/nsswitch.conf') ?? '')?.[1]
          ?.split(/\s+/)
          .filter(Boolean) ?? [];
      if (sources.some((source) => !['files', 'compat', 'systemd', '[!NOTFOUND=return]'].includes(source))) return undefined;
      found = new Set((textOf(`/etc/${database}`) ?? '').split('\n').map((line) => line.split(':', 1)[0] ?? ''));
    }
    return found.size > 1 ? found : undefined;
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
