/**
 * Which unit files, links, drop-in folders and dependency folders there are; systemd.unit(5), "UNIT FILE LOAD PATH". The
 * folders are listed once and no file is opened, so that thousands of units cost a moment.
 */
import { readlinkSync, type Dirent } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { instanceName, parseUnitName, templateOf } from '../unit/name.js';
import { isVendorFolder } from '../unitfile/search-path.js';
import { entriesIn, realPath, statQuietly } from './quietly.js';

/** One name in the first folder that has it. */
export interface IndexEntry {
  readonly path: string;
  /** Where a link leads, resolved one step; undefined for a file. */
  readonly target: string | undefined;
  readonly vendor: boolean;
}

export type DependencyFolderKind = 'wants' | 'requires' | 'upholds';

/** `UNIT.wants/NAME`. */
export interface DependencyLink {
  readonly unit: string;
  readonly kind: DependencyFolderKind;
  readonly name: string;
  readonly path: string;
  readonly target: string;
}

const DEPENDENCY_FOLDER = /^(.+)\.(wants|requires|upholds)$/;

/**
 * Unlike systemd: parts of systemd itself, and log-in prompts, are not pulled in by the links that their packages made when
 * they were installed. Without systemd as PID 1 they have nothing to do; started by name they are as any other unit.
 */
const PARTS_OF_SYSTEMD = /^(systemd-|getty@|serial-getty@|console-getty|autovt@|dbus-org\.freedesktop\.|remote-fs\.target$|nfs-client\.target$)/;

export class FileIndex {
  readonly #entries = new Map<string, IndexEntry>();
  readonly #dropInFolders = new Map<string, { readonly path: string; readonly location: number }[]>();
  readonly #links: DependencyLink[] = [];
  /** Every name that a link of a dependency folder may stand for. */
  readonly #pulledIn = new Set<string>();
  readonly #aliases = new Map<string, Set<string>>();

  readonly #times: ReadonlyMap<string, number>;

  constructor(folders: readonly string[]) {
    this.#times = new Map(folders.map((folder) => [folder, changeTime(folder)]));
    for (const [location, folder] of distinct(folders).entries()) this.#scan(folder, location);
    for (const [name, { target }] of this.#entries) this.#noteAlias(name, target);
  }

  find(name: string): IndexEntry | undefined {
    return this.#entries.get(name);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Whether a name has come, gone or changed its file since; what is in a file, or below a folder, does not count. */
  get isStale(): boolean {
    return [...this.#times].some(([folder, time]) => changeTime(folder) !== time);
  }

  /** Folders called `name`, best first. */
  dropInFolders(name: string): readonly string[] {
    return this.dropInFoldersOf([name]);
  }

  /** Folders called by any of these names, best first: location by location, and in each in the order of the names. */
  dropInFoldersOf(names: readonly string[]): readonly string[] {
    const found = names.flatMap((name) => this.#dropInFolders.get(name) ?? []);
    return found.sort((a, b) => a.location - b.location).map(({ path }) => path);
  }

  get links(): readonly DependencyLink[] {
    return this.#links;
  }

  /** Whether a link of a dependency folder leads to this unit. */
  isPulledIn(name: string): boolean {
    return this.#pulledIn.has(name);
  }

  /** Other names that lead to this one. */
  aliasesOf(name: string): readonly string[] {
    return [...(this.#aliases.get(name) ?? [])];
  }

  #scan(folder: string, location: number): void {
    const vendor = isVendorFolder(folder);
    for (const entry of list(folder)) {
      const path = join(folder, entry.name);
      const dependency = DEPENDENCY_FOLDER.exec(entry.name);
      if (entry.name.endsWith('.d') && isFolder(entry, path)) this.#dropInFolders.set(entry.name, [...(this.#dropInFolders.get(entry.name) ?? []), { path, location }]);
      else if (dependency?.[1] !== undefined && isFolder(entry, path)) this.#scanLinks(dependency[1], dependency[2] as DependencyFolderKind, path, vendor);
      else if (!this.#entries.has(entry.name) && parseUnitName(entry.name) !== undefined && !entry.isDirectory()) {
        this.#entries.set(entry.name, { path, target: targetOf(entry, path), vendor });
      }
    }
  }

  /** Unlike systemd: what a vendor's folder pulls in is left out. Its targets bring up a whole machine, which is running already. */
  #scanLinks(unit: string, kind: DependencyFolderKind, folder: string, vendor: boolean): void {
    if (vendor) return;
    for (const entry of list(folder)) {
      const path = join(folder, entry.name);
      const target = targetOf(entry, path);
      // A file there is none of systemd's either.
      if (target === undefined || parseUnitName(entry.name) === undefined || PARTS_OF_SYSTEMD.test(entry.name)) continue;
      this.#links.push({ unit, kind, name: entry.name, path, target });
      this.#notePulledIn(entry.name, basename(target));
    }
  }

  /** A link `b@x.service` to the file of `b@.service` stands for all of them, and for the template. */
  #notePulledIn(own: string, file: string): void {
    for (const name of [own, file, templateOf(own) ?? own]) this.#pulledIn.add(name);
    if (parseUnitName(file)?.instance === '') this.#pulledIn.add(instanceName(file, parseUnitName(own)?.instance ?? ''));
  }

  #noteAlias(name: string, target: string | undefined): void {
    if (target === undefined) return;
    const real = basename(target);
    if (real === name || parseUnitName(real) === undefined) return;
    const names = this.#aliases.get(real) ?? new Set();
    this.#aliases.set(real, names.add(name));
  }
}

/** /lib is a link to /usr/lib on most hosts: each folder counts once. */
function distinct(folders: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return folders.filter((folder) => {
    const real = realPath(folder);
    if (real === undefined || seen.has(real)) return false;
    seen.add(real);
    return true;
  });
}

function changeTime(folder: string): number {
  return statQuietly(folder)?.mtimeMs ?? 0;
}

/** By name: of two with one meaning the first counts. */
function list(folder: string): readonly Dirent[] {
  return [...entriesIn(folder)].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isFolder(entry: Dirent, path: string): boolean {
  return entry.isDirectory() || (entry.isSymbolicLink() && statQuietly(path)?.isDirectory() === true);
}

function targetOf(entry: Dirent, path: string): string | undefined {
  return entry.isSymbolicLink() ? resolve(dirname(path), readlinkSync(path)) : undefined;
}
