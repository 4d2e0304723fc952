/**
 * The world as the files make it: the named files first, then what stands beside them, then the search path. Every unit is
 * loaded as the manager would load it, and every Quadlet file converted as the generator would.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readQuadletFiles } from '../load/quadlet-files.js';
import type { Scope } from '../load/scope.js';
import { UnitStore } from '../load/unit-store.js';
import { convertQuadlets, quadletKeys, type ConvertedQuadlet } from '../quadlet/convert.js';
import { kindOf, serviceNameOf } from '../quadlet/kinds.js';
import type { DependencyKind, UnitConfig } from '../unit/config.js';
import { loadUnit } from '../unit/load.js';
import { parseUnitName, templateOf } from '../unit/name.js';
import type { SpecifierFacts } from '../unit/specifiers.js';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { allValues } from '../unitfile/lookup.js';
import type { UnitContents } from '../unitfile/unit-file.js';
import type { Input } from './inputs.js';
import { readOrphan, readUnit } from './read-unit.js';
import type { Host, KnownUnit, Subject, World } from './subject.js';

interface LoadedQuadlet {
  readonly converted: ConvertedQuadlet;
  readonly known: KnownUnit;
  readonly diagnostics: readonly Diagnostic[];
}

const STARTING: readonly DependencyKind[] = ['requires', 'wants', 'bindsTo', 'upholds'];
const INSTALL_KEYS = ['WantedBy', 'RequiredBy', 'UpheldBy'];

export class FilesWorld implements World {
  readonly #store: UnitStore;
  readonly #units = new Map<string, Subject>();
  readonly #named: ReadonlySet<string>;
  /** By the name of the service. */
  readonly #quadlets = new Map<string, LoadedQuadlet>();
  /** By the name of the file. */
  readonly #bySource = new Map<string, LoadedQuadlet>();
  readonly #sources: ReadonlyMap<string, UnitContents>;
  readonly #found = new Map<string, KnownUnit | undefined>();
  readonly #folders: readonly string[];
  /** Filled once, when every file has been read. */
  #known: readonly KnownUnit[] | undefined;
  #starters: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  readonly subjects: readonly Subject[];
  /** About files that made no subject. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(
    readonly scope: Scope,
    env: Readonly<Record<string, string | undefined>>,
    readonly host: Host,
    readonly complete: boolean,
    inputs: readonly Input[],
  ) {
    // Quadlet files are read here, for the named ones count before them.
    this.#store = new UnitStore({ ...scope, quadletDirs: [] }, env);
    this.#folders = [...new Set(inputs.map(({ path }) => dirname(path)))];
    this.#named = new Set(inputs.map(({ path }) => path));
    const whole = inputs.filter(({ orphan }) => orphan !== true);
    const units = whole.filter(({ name }) => kindOf(name) === undefined).map((input) => this.#readUnit(input));
    for (const { subject } of units) if (subject !== undefined && !this.#units.has(subject.name)) this.#units.set(subject.name, subject);
    const read = readQuadletFiles(scope.quadletDirs, { files: whole.filter(({ name }) => kindOf(name) !== undefined).map(({ path }) => path), tolerant: true });
    this.#sources = new Map(read.files.map((contents) => [contents.name, contents]));
    this.#convert(read.files, read.diagnostics);
    const quadlets = whole.flatMap(({ name, path }) => this.#quadletSubject(name, path));
    const orphans = inputs.filter(({ orphan }) => orphan === true).map((input) => this.#readOrphan(input));
    this.subjects = [...units, ...orphans].flatMap(({ subject }) => subject ?? []).concat(quadlets);
    const paths = new Set(whole.map(({ path }) => path));
    const unread = read.diagnostics.filter(({ file, code }) => code === 'unreadable' && paths.has(file));
    this.diagnostics = [...[...units, ...orphans].flatMap(({ loose }) => loose), ...unread];
  }

  get mode(): 'system' | 'user' {
    return this.scope.mode;
  }

  get facts(): SpecifierFacts {
    return this.#store.facts;
  }

  get quadlets(): readonly UnitContents[] {
    return [...this.#sources.values()];
  }

  quadlet = (fileName: string): UnitContents | undefined => this.#sources.get(fileName);

  find = (name: string): KnownUnit | undefined => {
    if (!this.#found.has(name)) this.#found.set(name, this.#find(name));
    return this.#found.get(name);
  };

  hasUnitFile = (name: string): boolean => this.#units.has(name) || this.#store.index.find(name)?.vendor === false;

  units = (): readonly KnownUnit[] => (this.#known ??= this.#collectUnits());

  #collectUnits(): readonly KnownUnit[] {
    const { index } = this.#store;
    const own = index.names.filter((name) => index.find(name)?.vendor === false);
    const names = new Set([...this.#units.keys(), ...this.#quadlets.keys(), ...own]);
    return [...names].flatMap((name) => this.find(name) ?? []).filter(({ name }) => names.has(name));
  }

  names = (): readonly string[] => [...new Set([...this.#units.keys(), ...this.#quadlets.keys(), ...this.#store.names()])];

  startersOf = (name: string): readonly string[] => [...((this.#starters ??= this.#collectStarters()).get(name) ?? [])];

  // Reading

  #readUnit({ path, name }: Input): { readonly subject: Subject | undefined; readonly loose: readonly Diagnostic[] } {
    const { value, diagnostics } = readUnit(path, name, this.#store.index);
    if (value === undefined) return { subject: undefined, loose: diagnostics };
    const { config, diagnostics: more } = this.#load(value, diagnostics);
    return { subject: { name, unitName: name, type: parseUnitName(name)?.type ?? '', isQuadlet: false, contents: value, config, diagnostics: more }, loose: [] };
  }

  /** Of a drop-in alone only its lines are judged, and not what may be missing. */
  #readOrphan({ path, name }: Input): { readonly subject: Subject | undefined; readonly loose: readonly Diagnostic[] } {
    const { value, diagnostics } = readOrphan(path, name);
    if (value === undefined) return { subject: undefined, loose: diagnostics };
    const kind = kindOf(name);
    const lines = kind === undefined ? this.#load(value, []).diagnostics.filter(({ severity, line }) => severity === 'warning' && line > 0) : [];
    const type = kind?.type ?? parseUnitName(name)?.type ?? '';
    return { subject: { name, unitName: name, type, isQuadlet: kind !== undefined, contents: value, config: undefined, diagnostics: [...diagnostics, ...lines] }, loose: [] };
  }

  #load(contents: UnitContents, before: readonly Diagnostic[]): { readonly config: UnitConfig | undefined; readonly diagnostics: readonly Diagnostic[] } {
    const { value, diagnostics } = loadUnit(contents, { facts: this.facts });
    return { config: before.some(({ severity }) => severity === 'error') ? undefined : value, diagnostics: [...before, ...diagnostics] };
  }

  /** Keys that the generator refuses are a check's to report; here they are left out, so that the rest can be judged. */
  #convert(files: readonly UnitContents[], diagnostics: readonly Diagnostic[]): void {
    const { mode, uid } = this.scope;
    for (const converted of convertQuadlets(files.map(withoutUnknownKeys), { mode, uid, podman: '/usr/bin/podman' })) {
      const { source, service } = converted;
      const kind = kindOf(source.name);
      const name = service?.name ?? (kind === undefined ? source.name : serviceNameOf(source, kind));
      const paths = new Set([source.fragmentPath, ...source.dropInPaths]);
      const before = [...diagnostics.filter(({ file }) => paths.has(file)), ...converted.diagnostics];
      const loaded = service === undefined ? { config: undefined, diagnostics: this.#judgeLines(source, name) } : this.#load(service, []);
      const quadlet: LoadedQuadlet = { converted, known: { name, config: loaded.config, quadlet: source }, diagnostics: [...before, ...loaded.diagnostics] };
      this.#bySource.set(source.name, quadlet);
      // Of two that make one service the first counts.
      if (!this.#quadlets.has(name)) this.#quadlets.set(name, quadlet);
    }
  }

  /** Of a refused file the sections that are systemd's can be judged all the same, line by line. */
  #judgeLines(source: UnitContents, name: string): readonly Diagnostic[] {
    const sections = source.sections.filter((section) => ['Unit', 'Service', 'Install'].includes(section.name));
    return this.#load({ ...source, name, sections }, []).diagnostics.filter(({ severity, line }) => severity === 'warning' && line > 0);
  }

  #quadletSubject(name: string, path: string): readonly Subject[] {
    const contents = this.#sources.get(name);
    const kind = kindOf(name);
    const made = this.#bySource.get(name);
    if (contents === undefined || kind === undefined || made === undefined || contents.fragmentPath !== path) return [];
    return [{ name, unitName: made.known.name, type: kind.type, isQuadlet: true, contents, config: made.known.config, diagnostics: made.diagnostics }];
  }

  // Finding

  /** The named files count first, whatever they stand beside; then their neighbours; then the search path. */
  #find(name: string): KnownUnit | undefined {
    const template = templateOf(name);
    const candidates = template === undefined ? [name] : [name, template];
    const first = <T>(find: (candidate: string) => T | undefined): T | undefined => candidates.map(find).find((found) => found !== undefined);
    const unit = first((candidate) => this.#units.get(candidate));
    if (unit !== undefined) return { name: unit.name, config: unit.config, quadlet: undefined };
    const made = first((candidate) => this.#quadlets.get(candidate));
    if (made !== undefined && this.#named.has(made.known.quadlet?.fragmentPath ?? '')) return made.known;
    const beside = first((candidate) => this.#beside(candidate));
    if (beside !== undefined) return beside;
    if (made !== undefined && !candidates.some((candidate) => this.#store.index.find(candidate)?.vendor === false)) return made.known;
    const loaded = this.#store.load(name);
    return loaded.loadState === 'not-found' ? undefined : { name: loaded.name, config: loaded.config, quadlet: undefined };
  }

  #beside(name: string): KnownUnit | undefined {
    const path = this.#folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
    const subject = path === undefined ? undefined : this.#readUnit({ path, name }).subject;
    return subject === undefined ? undefined : { name, config: subject.config, quadlet: undefined };
  }

  #collectStarters(): ReadonlyMap<string, ReadonlySet<string>> {
    const starters = new Map<string, Set<string>>();
    const add = (started: string, by: string): void => {
      const set = starters.get(started);
      if (set === undefined) starters.set(started, new Set([by]));
      else set.add(by);
    };
    for (const { unit, name } of this.#store.index.links) add(name, unit);
    for (const { name, config, quadlet } of this.units()) {
      for (const dependency of config?.dependencies ?? []) if (STARTING.includes(dependency.kind)) add(dependency.name, name);
      if (quadlet !== undefined) for (const by of installed(quadlet)) add(name, by);
    }
    return starters;
  }
}

/** A Quadlet file's [Install] counts by itself. */
function installed(contents: UnitContents): readonly string[] {
  return INSTALL_KEYS.flatMap((key) => allValues(contents, 'Install', key).flatMap(({ value }) => value.split(/\s+/).filter(Boolean)));
}

function withoutUnknownKeys(contents: UnitContents): UnitContents {
  const type = kindOf(contents.name)?.type ?? '';
  const sections = contents.sections.map((section) => {
    const keys = quadletKeys(type, section.name);
    return keys === undefined ? section : { ...section, assignments: section.assignments.filter(({ key }) => keys.has(key)) };
  });
  return { ...contents, sections };
}
