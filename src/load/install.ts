/**
 * enable, disable, mask and is-enabled: the links that systemd would make, in the same folders, so that either of the two finds
 * what the other did; systemctl(1), "Unit File Commands", and systemd.unit(5), "[Install] SECTION OPTIONS".
 */
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { InstallConfig } from '../unit/config.js';
import { instanceName, parseUnitName, templateOf } from '../unit/name.js';
import type { Scope } from './scope.js';
import type { LoadedUnit, UnitStore } from './unit-store.js';
import { namesIn } from './quietly.js';

export interface LinkChange {
  readonly type: 'created' | 'removed';
  readonly path: string;
  /** Where the link leads. */
  readonly target: string;
}

export interface InstallResult {
  readonly changes: readonly LinkChange[];
  /** Units without an [Install] section: there was nothing to do for them. */
  readonly static: readonly string[];
}

/** systemctl(1), "is-enabled". */
export type UnitFileState = 'enabled' | 'linked' | 'alias' | 'masked' | 'static' | 'indirect' | 'disabled' | 'generated' | 'bad' | 'not-found';

/** What was asked for cannot be done; nothing was changed for this unit. */
export class InstallError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

interface Link {
  readonly path: string;
  readonly target: string;
}

/** Makes the links that the units' [Install] sections ask for. Throws InstallError. */
export function enableUnits(store: UnitStore, names: readonly string[], force: boolean): InstallResult {
  const { links, withoutInstall } = collectLinks(store, names, 'enable');
  return { changes: links.flatMap((link) => makeLink(link, force)), static: withoutInstall };
}

/** Removes every link in the administrator's folder that leads to the units. Throws InstallError. */
export function disableUnits(store: UnitStore, names: readonly string[]): InstallResult {
  const { units, withoutInstall } = collectLinks(store, names, 'disable');
  const unitNames = new Set(units);
  const links = ownLinks(store.scope).filter(({ path, target }) => target !== '/dev/null' && leadsTo(unitNames, path, target));
  return { changes: links.map(removeLink), static: withoutInstall.filter(() => links.length === 0) };
}

/** Throws InstallError. */
export function maskUnits(store: UnitStore, names: readonly string[]): InstallResult {
  const changes = names.flatMap((name) => {
    const path = join(store.scope.configUnitDir, name);
    if (parseUnitName(name) === undefined) throw new InstallError(`Invalid unit name '${name}'`);
    return makeLink({ path, target: '/dev/null' }, false);
  });
  return { changes, static: [] };
}

export function unmaskUnits(store: UnitStore, names: readonly string[]): InstallResult {
  const links = names.map((name) => ({ path: join(store.scope.configUnitDir, name), target: '/dev/null' })).filter(({ path }) => readLink(path) === '/dev/null');
  return { changes: links.map(removeLink), static: [] };
}

export function unitFileState(store: UnitStore, name: string): UnitFileState {
  const entry = store.index.find(name);
  const loaded = store.load(name);
  if (loaded.loadState === 'masked') return 'masked';
  if (loaded.loadState === 'not-found') return 'not-found';
  if (entry === undefined && loaded.contents?.sourcePath !== undefined) return 'generated';
  if (loaded.name !== name && entry?.target !== undefined) return 'alias';
  if (loaded.loadState !== 'loaded') return 'bad';
  return stateOf(store, name, loaded);
}

function stateOf(store: UnitStore, name: string, loaded: LoadedUnit): UnitFileState {
  const install = loaded.config?.install;
  const aliases = install?.alias.filter((alias) => store.index.aliasesOf(name).includes(alias)) ?? [];
  if (store.index.isPulledIn(name) || store.index.isPulledIn(loaded.name) || aliases.length > 0) return 'enabled';
  const target = store.index.find(name)?.target;
  if (target !== undefined) return basename(target) === name ? 'linked' : basename(target) === templateOf(name) ? 'enabled' : 'alias';
  if (install === undefined || !hasInstall(install)) return 'static';
  return install.also.length > 0 && install.wantedBy.length + install.requiredBy.length + install.upheldBy.length + install.alias.length === 0 ? 'indirect' : 'disabled';
}

// From names to links

type Verb = 'enable' | 'disable';

/** Follows Also=. */
function collectLinks(store: UnitStore, names: readonly string[], verb: Verb): { links: readonly Link[]; units: readonly string[]; withoutInstall: readonly string[] } {
  const links: Link[] = [];
  const withoutInstall: string[] = [];
  const seen = new Set<string>();
  const todo = [...names];
  for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
    const { unit, install, path } = installOf(store, name, verb);
    if (seen.has(unit)) continue;
    seen.add(unit);
    if (!hasInstall(install)) withoutInstall.push(unit);
    // Removing looks at what there is, not at what would be made.
    if (verb === 'enable') links.push(...linksOf(store.scope, unit, path, install));
    todo.push(...install.also);
  }
  return { links, units: [...seen], withoutInstall };
}

/** Under its own name, where an alias was given. */
function installOf(store: UnitStore, name: string, verb: Verb): { unit: string; install: InstallConfig; path: string } {
  const loaded = store.load(name);
  const path = loaded.contents?.fragmentPath ?? '';
  if (loaded.loadState === 'not-found')
    throw new InstallError(`Failed to ${verb} unit: Unit ${name} does not exist`, existsSync(name) ? `copy it to ${store.scope.configUnitDir} first` : undefined);
  if (loaded.loadState === 'masked') throw new InstallError(`Failed to ${verb} unit: Unit ${name} is masked`, `rouse unmask ${name}`);
  const { sourcePath } = loaded.contents ?? {};
  if (sourcePath !== undefined) {
    throw new InstallError(
      `Failed to ${verb} unit: Unit ${name} is generated from ${sourcePath}`,
      'its [Install] section counts as soon as the file is read; remove the section so that only a connection starts it',
    );
  }
  if (loaded.config === undefined)
    throw new InstallError(`Failed to ${verb} unit: Unit ${name} has a bad setting: ${loaded.diagnostics.find(({ severity }) => severity === 'error')?.message ?? ''}`);
  return { unit: loaded.name, install: loaded.config.install, path };
}

function hasInstall({ alias, wantedBy, requiredBy, upheldBy, also }: InstallConfig): boolean {
  return alias.length + wantedBy.length + requiredBy.length + upheldBy.length + also.length > 0;
}

function linksOf({ configUnitDir }: Scope, name: string, target: string, install: InstallConfig): readonly Link[] {
  const isTemplate = parseUnitName(name)?.instance === '';
  if (isTemplate && install.defaultInstance === undefined && install.wantedBy.length + install.requiredBy.length + install.upheldBy.length > 0)
    throw new InstallError(`Failed to enable unit: ${name} is a template without DefaultInstance=`, `name an instance: ${instanceName(name, 'NAME')}`);
  const linkName = isTemplate && install.defaultInstance !== undefined ? instanceName(name, install.defaultInstance) : name;
  const into = (kind: string, units: readonly string[]): readonly Link[] => units.map((unit) => ({ path: join(configUnitDir, `${unit}.${kind}`, linkName), target }));
  return [
    ...install.alias
      .map((alias) => aliasOf(linkName, alias))
      .filter((alias) => alias !== name)
      .map((alias) => ({ path: join(configUnitDir, alias), target })),
    ...into('wants', install.wantedBy),
    ...into('requires', install.requiredBy),
    ...into('upholds', install.upheldBy),
  ];
}

/** Plain names for plain units, templates for templates; an instance's alias has its instance. Throws InstallError. */
function aliasOf(name: string, alias: string): string {
  const [own, other] = [parseUnitName(name), parseUnitName(alias)];
  if (own !== undefined && other?.type === own.type) {
    if (other.instance === own.instance) return alias;
    if (other.instance === '' && own.instance !== undefined) return instanceName(alias, own.instance);
  }
  throw new InstallError(`Failed to enable unit: Cannot alias ${name} as ${alias}`);
}

// Links on disk

/** Throws InstallError. */
export function makeLink({ path, target }: Link, force: boolean): readonly LinkChange[] {
  const existing = readLink(path);
  if (existing === target) return [];
  if (existing !== undefined && (force || basename(existing) === basename(target))) rmSync(path);
  else if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw new InstallError(
      `Failed to make the link ${path}: a file of this name exists already`,
      existing === undefined ? 'move it away' : `it leads to ${existing}; --force replaces it`,
    );
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  } catch (error) {
    throw new InstallError(`Failed to make the link ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  return [{ type: 'created', path, target }];
}

/** Throws InstallError. */
export function removeLink({ path, target }: Link): LinkChange {
  try {
    rmSync(path);
  } catch (error) {
    throw new InstallError(`Failed to remove the link ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  try {
    if (dirname(path).endsWith('.wants') || dirname(path).endsWith('.requires') || dirname(path).endsWith('.upholds')) rmdirSync(dirname(path));
  } catch {
    // Others are enabled in it too.
  }
  return { type: 'removed', path, target };
}

function readLink(path: string): string | undefined {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return undefined;
  }
}

/** Links directly in the administrator's folder, and those in its dependency folders. */
function ownLinks({ configUnitDir }: Scope): readonly Link[] {
  return list(configUnitDir).flatMap((name) => {
    const path = join(configUnitDir, name);
    const paths = /\.(wants|requires|upholds)$/.test(name) ? list(path).map((entry) => join(path, entry)) : [path];
    return paths.flatMap((each) => {
      const target = readLink(each);
      return target === undefined ? [] : [{ path: each, target }];
    });
  });
}

/** By the file that it leads to, as an instance of the template that it leads to, or by its own name where units are pulled in. */
function leadsTo(names: ReadonlySet<string>, path: string, target: string): boolean {
  const own = basename(path);
  const file = basename(target);
  const instance = parseUnitName(own)?.instance;
  if (names.has(file) || (parseUnitName(file)?.instance === '' && names.has(instanceName(file, instance ?? '')))) return true;
  return /\.(wants|requires|upholds)$/.test(dirname(path)) && (names.has(own) || names.has(templateOf(own) ?? own));
}

function list(folder: string): readonly string[] {
  return [...namesIn(folder)].sort();
}
