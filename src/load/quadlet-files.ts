/**
 * Reads Quadlet files and their drop-ins from disk; podman-systemd.unit(5). Of two files with one name the first counts. Links are
 * followed, so `foo@bar.container -> foo@.container` is an instance; so is what has a folder of drop-ins, `foo@bar.container.d`.
 * Like podman, and unlike systemd, a file with a line that cannot be read is not used at all.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isTemplate, splitName } from '../quadlet/kinds.js';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { dropInFolders } from '../unitfile/search-path.js';
import type { UnitContents, UnitFile } from '../unitfile/unit-file.js';
import { quadletFolders, readFolder, type Folder } from './quadlet-folders.js';
import { namesIn, realPath, statQuietly } from './quietly.js';

/** One object for all files: Node copies its defaults where it is given less. */
const READ = { encoding: 'utf8', flag: 'r' } as const;

export interface QuadletFiles {
  readonly files: readonly UnitContents[];
  readonly diagnostics: readonly Diagnostic[];
}

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

/** A template before its drop-ins are merged: its instances have drop-ins of their own. */
interface Template {
  readonly fragment: UnitFile;
  /** The folder that it is linked from, where that is none of the others. */
  readonly linked: Folder | undefined;
}

class Reader {
  /** By name. */
  readonly #files = new Map<string, UnitContents>();
  readonly #templates = new Map<string, Template>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #folders: readonly Folder[];
  /** Drop-ins of many files are read once. */
  readonly #parts = new Map<string, UnitFile | undefined>();
  readonly #listed = new Map<string, readonly string[]>();
  /** Folders of files that others are links to. */
  readonly #targets = new Map<string, Folder>();
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
    for (const path of first) this.#read(path, basename(path), true);
    for (const { path, quadlets, links } of this.#folders) for (const name of quadlets) this.#read(`${path}/${name}`, name, links.has(name));
    if (this.#templates.size > 0) this.#addInstances();
    return { files: [...this.#files.values()], diagnostics: this.#diagnostics };
  }

  #read(path: string, name: string, mayBeLink: boolean): void {
    if (this.#files.has(name)) return;
    const fragment = this.#parse(path, 'error', 'refusing to load');
    if (fragment === undefined) return;
    const linked = mayBeLink ? this.#folderOfTarget(path) : undefined;
    if (isTemplate(name)) this.#templates.set(name, { fragment, linked });
    this.#add(name, fragment, linked);
  }

  #add(name: string, fragment: UnitFile, linked: Folder | undefined): void {
    this.#files.set(name, mergeUnitFiles(name, fragment, this.#dropIns(name, linked)));
  }

  /** Instances of templates that have no file of their own, only drop-ins. */
  #addInstances(): void {
    for (const { path, dropIns } of this.#folders) {
      for (const dropIn of dropIns) {
        const name = dropIn.slice(0, -'.d'.length);
        const { prefix, instance, type } = splitName(name);
        if (instance === undefined || instance === '' || this.#files.has(name)) continue;
        const template = this.#templates.get(`${prefix}@.${type}`);
        if (template !== undefined && statQuietly(`${path}/${dropIn}`)?.isDirectory() === true) this.#add(name, template.fragment, template.linked);
      }
    }
  }

  /** Where a link leads there may be drop-ins too, although the folder is on no search path. */
  #folderOfTarget(path: string): Folder | undefined {
    const folder = dirname(realPath(path) ?? path);
    if (this.#folders.some((each) => each.path === folder)) return undefined;
    let read = this.#targets.get(folder);
    if (read === undefined) this.#targets.set(folder, (read = readFolder(folder)));
    return read;
  }

  /** The most specific of one name counts; they apply in the order of their names. */
  #dropIns(name: string, linked: Folder | undefined): readonly UnitFile[] {
    const found = new Map<string, string>();
    const folders = linked === undefined ? this.#folders : [...this.#folders, linked];
    for (const dropIn of quadletDropInFolders(name)) {
      if (!this.#dropInFolders.has(dropIn) && linked?.dropIns.has(dropIn) !== true) continue;
      for (const { path, dropIns } of folders) {
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
      files = namesIn(folder)
        .filter((file) => file.endsWith('.conf'))
        .sort();
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
      text = readFileSync(path, READ);
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      const message = code === 'ENOENT' ? `The link leads nowhere, ${consequence}` : `Failed to read the file: ${code}, ${consequence}`;
      this.#diagnostics.push({ severity, code: 'unreadable', file: path, line: 0, message });
      return undefined;
    }
    const { value, diagnostics } = parseUnitFile(path, text, 'podman');
    for (const diagnostic of diagnostics) this.#diagnostics.push({ ...diagnostic, severity, message: diagnostic.message.replace(/(ignoring|refusing to load)$/, consequence) });
    return diagnostics.length === 0 || this.tolerant ? value : undefined;
  }
}

/** Most specific first. Of a template `a-b@.container` there is `a-@.container.d` besides `a-.container.d`. */
function quadletDropInFolders(name: string): readonly string[] {
  const { instance, type } = splitName(name);
  const folders = dropInFolders(name);
  if (instance === undefined) return folders;
  return folders.flatMap((folder) => (folder.endsWith(`-.${type}.d`) ? [folder.replace(/-\.(?=[a-z]+\.d$)/, '-@.'), folder] : [folder]));
}
