/**
 * Instances of one template that differ in nothing but their names, because no value asks for the instance: a socket with Accept=yes
 * loads one for each connection, and reading and checking the same text a hundred times a second would be most of its work.
 */
import type { UnitContents } from '../unitfile/unit-file.js';
import { changed } from '../unit/inherit.js';
import { templateOf } from '../unit/name.js';
import type { FileIndex } from './file-index.js';
import { statQuietly } from './quietly.js';
import type { LoadedUnit, UnitStore } from './unit-store.js';

interface Entry {
  readonly loaded: LoadedUnit;
  /** What it was made of; another one when anything of it has changed. */
  readonly index: FileIndex;
  readonly stamp: string;
  /** When that was looked at. */
  lookedMs: number;
}

/** The files are looked at no more often than this. */
const LOOK_MS = 50;

export class InstanceCache {
  readonly #entries = new Map<string, Entry>();

  constructor(readonly store: UnitStore) {}

  load(name: string): LoadedUnit {
    const template = templateOf(name);
    const entry = template === undefined ? undefined : this.#entries.get(template);
    if (entry !== undefined && this.#isCurrent(entry) && this.#isPlain(name)) return renamed(entry.loaded, name);
    const loaded = this.store.load(name);
    if (template !== undefined) this.#keep(template, name, loaded);
    return loaded;
  }

  #keep(template: string, name: string, loaded: LoadedUnit): void {
    const alike =
      loaded.loadState === 'loaded' && loaded.name === name && loaded.contents !== undefined && loaded.contents.fragmentPath.startsWith('/') && isForAny(loaded.contents);
    if (alike && this.#isPlain(name)) this.#entries.set(template, { loaded, index: this.store.index, stamp: stampOf(loaded.contents), lookedMs: performance.now() });
    else this.#entries.delete(template);
  }

  #isCurrent(entry: Entry): boolean {
    if (entry.index !== this.store.index) return false;
    const now = performance.now();
    if (now - entry.lookedMs < LOOK_MS) return true;
    entry.lookedMs = now;
    return entry.stamp === stampOf(entry.loaded.contents);
  }

  /** No file is about this one instance. */
  #isPlain(name: string): boolean {
    return !this.store.index.has(name) && this.store.index.dropInFolders(`${name}.d`).length === 0;
  }
}

/** No specifier, and no template among what it depends on, which would become an instance of the same name. */
function isForAny({ sections }: UnitContents): boolean {
  return !sections.some(({ assignments }) => assignments.some(({ value }) => value.includes('%') || value.includes('@.')));
}

function stampOf(contents: UnitContents | undefined): string {
  const paths = contents === undefined ? [] : [contents.fragmentPath, ...contents.dropInPaths];
  return paths.map((path) => fileStamp(path)).join(' ');
}

function fileStamp(path: string): string {
  const stat = statQuietly(path);
  return stat === undefined ? 'gone' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}

function renamed(loaded: LoadedUnit, name: string): LoadedUnit {
  const { config, contents } = loaded;
  if (config === undefined || contents === undefined) return loaded;
  const description = config.description === loaded.name ? name : config.description;
  return { ...loaded, name, config: changed(config, { name, description }), contents: { ...contents, name } };
}
