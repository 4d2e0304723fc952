/**
 * Units by name, from the files of a scope: fragment, drop-ins, links and what Quadlet makes, as systemd finds them; the same
 * for the manager and for verbs that answer without one. Nothing that a file holds makes it throw.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { convertQuadlets, type ConvertedQuadlet } from '../quadlet/convert.js';
import type { Dependency, LoadState, UnitConfig } from '../unit/config.js';
import { loadUnit } from '../unit/load.js';
import { instanceName, parseUnitName, templateOf } from '../unit/name.js';
import type { SpecifierFacts } from '../unit/specifiers.js';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { addDropIns, mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { dropInFolders } from '../unitfile/search-path.js';
import type { UnitContents, UnitFile } from '../unitfile/unit-file.js';
import { BUILTIN_FOLDER, builtinNames, builtinUnit } from './builtin-units.js';
import { FileIndex, type DependencyLink, type IndexEntry } from './file-index.js';
import { hostFacts } from './host-facts.js';
import { readQuadletFiles } from './quadlet-files.js';
import { ReadCache } from './read-cache.js';
import type { Scope } from './scope.js';
import { namesIn, statQuietly } from './quietly.js';

/** A unit as its files say it. */
export interface LoadedUnit {
  /** The unit's own name, where an alias was asked for. */
  readonly name: string;
  readonly loadState: LoadState;
  /** Set exactly when `loadState` is 'loaded'. */
  readonly config: UnitConfig | undefined;
  readonly contents: UnitContents | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The newest change of any of its files, in milliseconds since the epoch. */
  readonly changedMs: number;
}

/** Where a unit's text comes from. */
type Source =
  | { readonly type: 'file'; readonly name: string; readonly path: string }
  | { readonly type: 'masked'; readonly name: string }
  | { readonly type: 'quadlet'; readonly name: string; readonly converted: ConvertedQuadlet }
  | { readonly type: 'builtin'; readonly name: string; readonly text: string }
  | { readonly type: 'none'; readonly name: string };

/** A chain of links that is longer leads in a circle. */
const MAX_LINKS = 16;

export class UnitStore {
  readonly #facts: SpecifierFacts;
  #index: FileIndex;
  /** By the name of the service; for a refused file, the name that it would have had. */
  #quadlets: ReadonlyMap<string, ConvertedQuadlet> = new Map();
  #quadletDiagnostics: readonly Diagnostic[] = [];
  #extra: ReadonlyMap<string, readonly Dependency[]> = new Map();
  readonly #cache = new ReadCache();

  constructor(
    readonly scope: Scope,
    readonly env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#facts = hostFacts(scope, env);
    this.#index = new FileIndex(scope.unitDirs);
    this.#readQuadlets();
  }

  get index(): FileIndex {
    return this.#index;
  }

  get quadlets(): ReadonlyMap<string, ConvertedQuadlet> {
    return this.#quadlets;
  }

  get facts(): SpecifierFacts {
    return this.#facts;
  }

  /** Lists the folders again. Returns what concerns no unit that could be asked for. */
  reload(): readonly Diagnostic[] {
    this.#index = new FileIndex(this.scope.unitDirs);
    this.#readQuadlets();
    return this.#quadletDiagnostics;
  }

  /** Every name that has a file, is made by Quadlet, or comes with rouse; templates and aliases too. */
  names(): readonly string[] {
    return [...new Set([...this.#index.names, ...this.#quadlets.keys(), ...builtinNames(this.scope.mode)])].sort();
  }

  load(name: string): LoadedUnit {
    const source = this.#lookUp(name);
    switch (source.type) {
      case 'none':
        return { name: source.name, loadState: 'not-found', config: undefined, contents: undefined, diagnostics: [], changedMs: 0 };
      case 'masked':
        return { name: source.name, loadState: 'masked', config: undefined, contents: undefined, diagnostics: [], changedMs: 0 };
      case 'file':
        return this.#read(source.name, [source.path], () => this.#loadFile(source.name, source.path));
      case 'builtin':
        return this.#read(source.name, [], () => this.#finish(source.name, parseUnitFile(`${BUILTIN_FOLDER}/${source.name}`, source.text), []));
      case 'quadlet':
        return this.#loadQuadlet(source.name, source.converted);
    }
  }

  // Finding

  /** As systemd, a unit that was not there is looked for again when a folder has changed: a new file needs no daemon-reload. */
  #lookUp(name: string): Source {
    const found = this.#find(name);
    if (found.type !== 'none' || !this.#index.isStale) return found;
    this.#index = new FileIndex(this.scope.unitDirs);
    this.#readQuadlets();
    return this.#find(name);
  }

  #find(name: string, depth = 0): Source {
    if (depth > MAX_LINKS) return { type: 'none', name };
    const template = templateOf(name);
    const candidates = template === undefined ? [name] : [name, template];
    for (const candidate of candidates) {
      const entry = this.#index.find(candidate);
      if (entry !== undefined && !entry.vendor) return this.#follow(name, entry, depth);
    }
    for (const candidate of candidates) {
      const converted = this.#quadlets.get(candidate);
      if (converted !== undefined) return { type: 'quadlet', name, converted };
    }
    const text = builtinUnit(name, this.scope.mode);
    if (text !== undefined) return { type: 'builtin', name, text };
    for (const candidate of candidates) {
      const entry = this.#index.find(candidate);
      if (entry !== undefined) return this.#follow(name, entry, depth);
    }
    return { type: 'none', name };
  }

  /** A link to another unit's name makes an alias; one to /dev/null, or an empty file, masks. */
  #follow(name: string, { path, target }: IndexEntry, depth: number): Source {
    if (target === '/dev/null' || statQuietly(path)?.size === 0) return { type: 'masked', name };
    const file: Source = { type: 'file', name, path };
    if (target === undefined || parseUnitName(basename(target)) === undefined) return file;
    const real = aliasName(name, basename(target));
    if (real === undefined) return { type: 'none', name };
    if (real === name) return this.scope.unitDirs.includes(dirname(target)) ? { ...file, path: target } : file;
    // A link out of the folders makes the unit known by the link's own name.
    const found = this.#find(real, depth + 1);
    return found.type === 'none' && !this.#index.has(basename(target)) ? file : found;
  }

  // Reading

  #read(name: string, paths: readonly string[], read: () => LoadedUnit): LoadedUnit {
    // Connections have instances of their own by the hundred, and none is asked for twice.
    if (templateOf(name) !== undefined) return read();
    return this.#cache.get(name, [...paths, ...this.#dropInPathsOf(name)], this.#extraOf(name), read);
  }

  #loadFile(name: string, path: string): LoadedUnit {
    try {
      return this.#finish(name, parseUnitFile(path, readFileSync(path, 'utf8')), [path]);
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      const message = code === 'ENOENT' ? 'The link leads nowhere, refusing to load' : `Failed to read the file: ${code}, refusing to load`;
      const diagnostic: Diagnostic = { severity: 'error', code: 'unreadable', file: path, line: 0, message };
      return { name, loadState: code === 'ENOENT' ? 'not-found' : 'error', config: undefined, contents: undefined, diagnostics: [diagnostic], changedMs: 0 };
    }
  }

  #finish(name: string, fragment: ReturnType<typeof parseUnitFile>, paths: readonly string[]): LoadedUnit {
    const dropIns = this.#readDropIns(name);
    const contents = mergeUnitFiles(name, fragment.value, dropIns.files);
    return this.#load(contents, [...fragment.diagnostics, ...dropIns.diagnostics], [...paths, ...contents.dropInPaths]);
  }

  #loadQuadlet(name: string, converted: ConvertedQuadlet): LoadedUnit {
    const { service, source, diagnostics } = converted;
    const paths = [source.fragmentPath, ...source.dropInPaths].filter((path) => path !== '');
    if (service === undefined) return { name, loadState: 'bad-setting', config: undefined, contents: undefined, diagnostics, changedMs: newest(paths) };
    const dropIns = this.#readDropIns(name);
    return this.#load(addDropIns({ ...service, name }, dropIns.files), [...diagnostics, ...dropIns.diagnostics], [...paths, ...dropIns.files.map(({ path }) => path)]);
  }

  #load(contents: UnitContents, before: readonly Diagnostic[], paths: readonly string[]): LoadedUnit {
    const loaded = loadUnit(contents, { facts: this.#facts, extraDependencies: this.#extraOf(contents.name) });
    const diagnostics = [...before, ...loaded.diagnostics];
    const config = before.some(({ severity }) => severity === 'error') ? undefined : loaded.value;
    return { name: contents.name, loadState: config === undefined ? 'bad-setting' : 'loaded', config, contents, diagnostics, changedMs: newest(paths) };
  }

  /** What folders and Quadlet files say of a unit, by any of its names. */
  #extraOf(name: string): readonly Dependency[] {
    const names = [name, templateOf(name) ?? name, ...this.#index.aliasesOf(name)];
    return [...new Set(names)].flatMap((each) => this.#extra.get(each) ?? []);
  }

  #readDropIns(name: string): { files: readonly UnitFile[]; diagnostics: readonly Diagnostic[] } {
    const parsed = this.#dropInPathsOf(name).flatMap((path) => readDropIn(path));
    return { files: parsed.map(({ value }) => value), diagnostics: parsed.flatMap(({ diagnostics }) => diagnostics) };
  }

  /** Of several with one name the first counts; they apply in the order of their names. */
  #dropInPathsOf(name: string): readonly string[] {
    const found = new Map<string, string>();
    const own = [name, ...this.#index.aliasesOf(name)].flatMap((each) => this.#index.dropInFoldersOf(dropInFolders(each).slice(0, -1)));
    for (const folder of [...own, ...this.#index.dropInFoldersOf(dropInFolders(name).slice(-1))]) {
      for (const file of listConf(folder)) if (!found.has(file)) found.set(file, join(folder, file));
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  }

  // Quadlet, and what pulls in what

  #readQuadlets(): void {
    const { files, diagnostics } = readQuadletFiles(this.scope.quadletDirs);
    const converted = convertQuadlets(files, { mode: this.scope.mode, uid: this.scope.uid, podman: podmanPath(this.env['PATH']) });
    this.#quadlets = new Map(converted.map((each) => [each.service?.name ?? serviceName(each.source.name), each]));
    const known = new Set(converted.flatMap((each) => each.diagnostics));
    this.#quadletDiagnostics = diagnostics.filter((diagnostic) => !known.has(diagnostic));
    this.#extra = groupDependencies([...this.#index.links.flatMap(linkDependency), ...converted.flatMap(installDependencies)]);
  }

  /** Diagnostics of Quadlet files that made no unit at all. */
  get looseDiagnostics(): readonly Diagnostic[] {
    return this.#quadletDiagnostics;
  }
}

/** 'foo.service' for a link foo-alias.service -> foo.service; an instance for a link to a template; undefined: no name for it. */
function aliasName(name: string, target: string): string | undefined {
  const parsed = parseUnitName(target);
  if (parsed === undefined || parsed.type !== parseUnitName(name)?.type) return undefined;
  const instance = parseUnitName(name)?.instance;
  if (parsed.instance === instance) return target;
  return parsed.instance === '' && instance !== undefined ? instanceName(target, instance) : undefined;
}

interface NamedDependency extends Dependency {
  readonly of: string;
}

function linkDependency({ unit, kind, name, path, target }: DependencyLink): readonly NamedDependency[] {
  return target === '/dev/null' ? [] : [{ of: unit, kind, name, place: { file: path, line: 0 } }];
}

const INSTALL_KINDS = { WantedBy: 'wants', RequiredBy: 'requires', UpheldBy: 'upholds' } as const;

/** Unlike a file that is enabled by hand, a Quadlet's [Install] counts by itself; podman-systemd.unit(5). */
function installDependencies({ service }: ConvertedQuadlet): readonly NamedDependency[] {
  const install = service?.sections.find(({ name }) => name === 'Install')?.assignments ?? [];
  const instance = install.findLast(({ key }) => key === 'DefaultInstance')?.value;
  return install.flatMap(({ key, value, file, line }) => {
    const kind = INSTALL_KINDS[key as keyof typeof INSTALL_KINDS];
    const name = service === undefined ? undefined : instantiate(service.name, instance);
    if (kind === undefined || name === undefined) return [];
    return value
      .split(/\s+/)
      .filter(Boolean)
      .map((of) => ({ of, kind, name, place: { file, line } }));
  });
}

/** A template is pulled in as its default instance, or not at all. */
function instantiate(name: string, instance: string | undefined): string | undefined {
  if (parseUnitName(name)?.instance !== '') return name;
  return instance === undefined || instance === '' ? undefined : instanceName(name, instance);
}

function groupDependencies(all: readonly NamedDependency[]): ReadonlyMap<string, readonly Dependency[]> {
  const groups = new Map<string, Dependency[]>();
  for (const { of, ...dependency } of all) {
    const group = groups.get(of);
    if (group === undefined) groups.set(of, [dependency]);
    else group.push(dependency);
  }
  return groups;
}

/** 'data.volume' to 'data-volume.service', 'echo.container' to 'echo.service': what a refused file would have made. */
function serviceName(quadlet: string): string {
  const at = quadlet.lastIndexOf('.');
  const type = quadlet.slice(at + 1);
  const base = quadlet.slice(0, at);
  return type === 'container' || type === 'kube' ? `${base}.service` : `${base}-${type}.service`;
}

function podmanPath(path = ''): string {
  const found = path
    .split(':')
    .map((folder) => join(folder, 'podman'))
    .find((file) => statQuietly(file)?.isFile() === true);
  return found ?? '/usr/bin/podman';
}

function listConf(folder: string): readonly string[] {
  return namesIn(folder).filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
}

function readDropIn(path: string): readonly ReturnType<typeof parseUnitFile>[] {
  try {
    return [parseUnitFile(path, readFileSync(path, 'utf8'))];
  } catch (error) {
    const message = `Failed to read the drop-in: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}, ignoring`;
    return [{ value: { path, lines: [] }, diagnostics: [{ severity: 'warning', code: 'unreadable', file: path, line: 0, message }] }];
  }
}

function newest(paths: readonly string[]): number {
  return Math.max(0, ...paths.map((path) => statQuietly(path)?.mtimeMs ?? 0));
}
