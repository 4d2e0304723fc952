/**
 * Reads Quadlet files and their drop-ins from disk; podman-systemd.unit(5). Folders are read with their sub-folders, of two
 * files with one name the first counts, and links are followed, so `foo@bar.container -> foo@.container` is an instance. Like
 * podman, and unlike systemd, a file with a line that cannot be read is not used at all.
 */
import { readdirSync, readFileSync, realpathSync, type Dirent } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { kindOf, splitName } from '../quadlet/kinds.js';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { dropInFolders } from '../unitfile/search-path.js';
import type { UnitContents, UnitFile } from '../unitfile/unit-file.js';
import { statQuietly } from './stat.js';

export interface QuadletFiles {
  readonly files: readonly UnitContents[];
  readonly diagnostics: readonly Diagnostic[];
}

/** For users' managers only; those of single users stand in a folder for each uid. */
const USERS_FOLDERS = ['/etc/containers/systemd/users', '/usr/share/containers/systemd/users'];

export interface ReadOptions {
  /** Absolute paths of files that count before all others, with what stands beside them. */
  readonly files?: readonly string[];
  /** Use what can be read of a file, and say what cannot. */
  readonly tolerant?: boolean;
}

/** `dirs` in the order of the search path. */
export function readQuadletFiles(dirs: readonly string[], { files = [], tolerant = false }: ReadOptions = {}): QuadletFiles {
  return new Reader(files, quadletFolders(dirs), tolerant).read(files);
}

class Reader {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #folders: readonly Folder[];
  /** Drop-ins of many files are read once. */
  readonly #parts = new Map<string, UnitFile | undefined>();
  readonly #listed = new Map<string, readonly string[]>();
  /** Names of the drop-in folders that there are. */
  readonly #dropInFolders: ReadonlySet<string>;

  constructor(
    paths: readonly string[],
    folders: readonly Folder[],
    readonly tolerant: boolean,
  ) {
    const beside = [...new Set(paths.map((path) => dirname(path)))].map(readFolder);
    this.#folders = [...beside, ...folders];
    this.#dropInFolders = new Set(this.#folders.flatMap(({ dropIns }) => [...dropIns]));
  }

  read(first: readonly string[]): QuadletFiles {
    const files = new Map<string, UnitContents>();
    for (const path of first) this.#add(files, path, basename(path));
    for (const { path, quadlets } of this.#folders) for (const name of quadlets) this.#add(files, `${path}/${name}`, name);
    return { files: [...files.values()], diagnostics: this.#diagnostics };
  }

  #add(files: Map<string, UnitContents>, path: string, name: string): void {
    if (files.has(name)) return;
    const fragment = this.#parse(path, 'error', 'refusing to load');
    if (fragment !== undefined) files.set(name, mergeUnitFiles(name, fragment, this.#dropIns(name)));
  }

  /** The most specific of one name counts; they apply in the order of their names. */
  #dropIns(name: string): readonly UnitFile[] {
    const found = new Map<string, string>();
    for (const dropIn of quadletDropInFolders(name)) {
      if (!this.#dropInFolders.has(dropIn)) continue;
      for (const { path, dropIns } of this.#folders) {
        if (!dropIns.has(dropIn)) continue;
        for (const file of this.#list(`${path}/${dropIn}`, dropIn === `${name}.d`)) if (!found.has(file)) found.set(file, `${path}/${dropIn}/${file}`);
      }
    }
    const names = [...found.keys()].sort();
    return names.flatMap((file) => this.#dropIn(found.get(file) ?? '', name) ?? []);
  }

  /** What stands in a file's own folder is asked for once. */
  #list(folder: string, own: boolean): readonly string[] {
    let files = this.#listed.get(folder);
    if (files === undefined) {
      files = list(folder).filter((file) => file.endsWith('.conf'));
      if (!own) this.#listed.set(folder, files);
    }
    return files;
  }

  #dropIn(path: string, name: string): UnitFile | undefined {
    if (this.#parts.has(path)) return this.#parts.get(path);
    const part = this.#parse(path, 'warning', 'leaving this drop-in out');
    if (!path.includes(`/${name}.d/`)) this.#parts.set(path, part);
    return part;
  }

  /** undefined, and a diagnostic, for what cannot be read to the end. */
  #parse(path: string, severity: 'error' | 'warning', consequence: string): UnitFile | undefined {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      const message = code === 'ENOENT' ? `The link leads nowhere, ${consequence}` : `Failed to read the file: ${code}, ${consequence}`;
      this.#diagnostics.push({ severity, code: 'unreadable', file: path, line: 0, message });
      return undefined;
    }
    const { value, diagnostics } = parseUnitFile(path, text);
    for (const diagnostic of diagnostics) this.#diagnostics.push({ ...diagnostic, severity, message: diagnostic.message.replace(/(ignoring|refusing to load)$/, consequence) });
    return diagnostics.length === 0 || this.tolerant ? value : undefined;
  }
}

interface Folder {
  readonly path: string;
  /** Names of Quadlet files, in order. */
  readonly quadlets: readonly string[];
  /** Names of drop-in folders. */
  readonly dropIns: ReadonlySet<string>;
  /** Names of what may be a folder, in order. */
  readonly subfolders: readonly string[];
}

/** Tells what is in a folder by names and directory entries alone: a folder holds thousands of files. */
function readFolder(path: string): Folder {
  const quadlets: string[] = [];
  const dropIns = new Set<string>();
  const subfolders: string[] = [];
  for (const entry of entries(path)) {
    const { name } = entry;
    if (kindOf(name) !== undefined) quadlets.push(name);
    if (entry.isFile()) continue;
    if (name.endsWith('.d')) dropIns.add(name);
    // A link may lead to a folder that is called otherwise.
    if (!name.endsWith('.d') || entry.isSymbolicLink()) subfolders.push(name);
  }
  return { path, quadlets: quadlets.sort(), dropIns, subfolders: subfolders.sort() };
}

/** Every folder with its sub-folders, each once, in the order in which their files count. */
function quadletFolders(dirs: readonly string[]): readonly Folder[] {
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

/** Most specific first. Of a template `a-b@.container` there is `a-@.container.d` besides `a-.container.d`. */
function quadletDropInFolders(name: string): readonly string[] {
  const { instance, type } = splitName(name);
  const folders = dropInFolders(name);
  if (instance === undefined) return folders;
  return folders.flatMap((folder) => (folder.endsWith(`-.${type}.d`) ? [folder.replace(/-\.(?=[a-z]+\.d$)/, '-@.'), folder] : [folder]));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function entries(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
