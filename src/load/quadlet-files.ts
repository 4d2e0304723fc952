/**
 * Reads Quadlet files and their drop-ins from disk; podman-systemd.unit(5). Folders are read with their sub-folders, of two
 * files with one name the first counts, and links are followed, so `foo@bar.container -> foo@.container` is an instance. Like
 * podman, and unlike systemd, a file with a line that cannot be read is not used at all.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { kindOf, splitName } from '../quadlet/kinds.js';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { dropInFolders } from '../unitfile/search-path.js';
import type { UnitContents, UnitFile } from '../unitfile/unit-file.js';

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
  return new Reader([...new Set([...files.map((file) => dirname(file)), ...quadletFolders(dirs)])], tolerant).read(files);
}

class Reader {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #folders: readonly Folder[];

  constructor(
    folders: readonly string[],
    readonly tolerant: boolean,
  ) {
    this.#folders = folders.map((path) => ({ path, names: list(path) }));
  }

  read(first: readonly string[]): QuadletFiles {
    const fragments = new Map<string, UnitFile>();
    for (const path of first) this.#addFragment(fragments, path);
    for (const { path, names } of this.#folders) for (const name of names) if (kindOf(name) !== undefined) this.#addFragment(fragments, join(path, name));
    const files = [...fragments].map(([name, fragment]) => mergeUnitFiles(name, fragment, this.#dropIns(name)));
    return { files, diagnostics: this.#diagnostics };
  }

  #addFragment(fragments: Map<string, UnitFile>, path: string): void {
    const name = basename(path);
    if (fragments.has(name)) return;
    const file = this.#parse(path, 'error', 'refusing to load');
    if (file !== undefined) fragments.set(name, file);
  }

  /** The most specific of one name counts; they apply in the order of their names. */
  #dropIns(name: string): readonly UnitFile[] {
    const found = new Map<string, string>();
    for (const folder of quadletDropInFolders(name)) {
      for (const { path, names } of this.#folders) {
        if (!names.includes(folder)) continue;
        for (const file of list(join(path, folder))) if (file.endsWith('.conf') && !found.has(file)) found.set(file, join(path, folder, file));
      }
    }
    const paths = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
    return paths.flatMap((path) => this.#parse(path, 'warning', 'leaving this drop-in out') ?? []);
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
    this.#diagnostics.push(...diagnostics.map((diagnostic) => ({ ...diagnostic, severity, message: diagnostic.message.replace(/(ignoring|refusing to load)$/, consequence) })));
    return diagnostics.length === 0 || this.tolerant ? value : undefined;
  }
}

interface Folder {
  readonly path: string;
  readonly names: readonly string[];
}

/** Every folder with its sub-folders, each once, in the order in which their files count. */
function quadletFolders(dirs: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const users = USERS_FOLDERS.map((path) => realPath(path) ?? path);
  for (const dir of dirs) addFolder(dir, realPath(dir) ?? dir, users, found);
  return [...found];
}

function addFolder(path: string, root: string, users: readonly string[], found: Set<string>): void {
  const real = realPath(path);
  if (real === undefined || found.has(real) || real.endsWith('.d') || !isFolder(real) || belongsToOther(real, root, users)) return;
  found.add(real);
  for (const name of list(real)) addFolder(join(real, name), root, users, found);
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

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
