/** The folders that Quadlet files and their drop-ins are read from: those of the search path with their sub-folders; podman-systemd.unit(5). */
import { basename, dirname, join } from 'node:path';
import { kindOf } from '../quadlet/kinds.js';
import { entriesIn, realPath, statQuietly } from './quietly.js';

/** For users' managers only; those of single users stand in a folder for each uid. */
const USERS_FOLDERS = ['/etc/containers/systemd/users', '/usr/share/containers/systemd/users'];

export interface Folder {
  readonly path: string;
  /** Names of Quadlet files, in order. */
  readonly quadlets: readonly string[];
  /** Those of them that may be links. */
  readonly links: ReadonlySet<string>;
  /** Names of drop-in folders. */
  readonly dropIns: ReadonlySet<string>;
  /** Names of what may be a folder, in order. */
  readonly subfolders: readonly string[];
}

/** Tells what is in a folder by names and directory entries alone: a folder holds thousands of files. */
export function readFolder(path: string): Folder {
  const quadlets: string[] = [];
  const links = new Set<string>();
  const dropIns = new Set<string>();
  const subfolders: string[] = [];
  for (const entry of entriesIn(path)) {
    const { name } = entry;
    if (kindOf(name) !== undefined) quadlets.push(name);
    if (entry.isFile()) continue;
    links.add(name);
    if (name.endsWith('.d')) dropIns.add(name);
    // A link may lead to a folder that is called otherwise.
    if (!name.endsWith('.d') || entry.isSymbolicLink()) subfolders.push(name);
  }
  return { path, quadlets: quadlets.sort(), links, dropIns, subfolders: subfolders.sort() };
}

/** Every folder with its sub-folders, each once, in the order in which their files count. */
export function quadletFolders(dirs: readonly string[]): readonly Folder[] {
  const found = new Map<string, Folder>();
  const users = USERS_FOLDERS.map((path) => realPath(path) ?? path);
  for (const dir of dirs) addFolder(dir, realPath(dir) ?? dir, users, found);
  return [...found.values()];
}

function addFolder(path: string, root: string, users: readonly string[], found: Map<string, Folder>): void {
  const real = realPath(path);
  if (real === undefined || found.has(real) || real.endsWith('.d') || statQuietly(real)?.isDirectory() !== true || belongsToOther(real, root, users)) return;
  const folder = readFolder(real);
  found.set(real, folder);
  for (const name of folder.subfolders) addFolder(join(real, name), root, users, found);
}

/** The system leaves the users' folder alone, and what is there for all users leaves those of single users alone. */
function belongsToOther(path: string, root: string, users: readonly string[]): boolean {
  if (path === root) return false;
  return users.includes(path) || (users.includes(root) && dirname(path) === root && /^\d+$/.test(basename(path)));
}
