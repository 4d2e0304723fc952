/**
 * Which generators there are; systemd.generator(7). They are programs that packages and administrators put into systemd's folders, and write unit
 * files when the manager starts and at each reload.
 */
import { accessSync, constants, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn, statQuietly } from './quietly.js';

/**
 * Unlike systemd: its own generators are left out, as what they write (mounts, consoles, the switch to a root file system) is for a machine's init;
 * and so is podman's, since rouse reads Quadlet files itself.
 */
const NOT_OURS = /^(systemd-|podman-(system|user)-generator$)/;

/** Of several with one name the first counts; a link to /dev/null or an empty file masks the others. */
export function findGenerators(folders: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const folder of folders) for (const name of list(folder)) if (!found.has(name)) found.set(name, join(folder, name));
  return [...found]
    .filter(([name, path]) => !NOT_OURS.test(name) && isProgram(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, path]) => path);
}

function isProgram(path: string): boolean {
  const stat = statQuietly(path);
  if (stat?.isFile() !== true || stat.size === 0 || linkOf(path) === '/dev/null') return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function list(folder: string): readonly string[] {
  return namesIn(folder).filter((name) => !name.startsWith('.') && !/(~|\.(dpkg|ucf|rpm)-?\w*)$/.test(name));
}
