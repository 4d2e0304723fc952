/** Links that no [Install] section asks for: link, add-wants, set-default; and revert, which takes an administrator's changes back; systemctl(1). */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseUnitName } from '../unit/name.js';
import { isVendorFolder } from '../unitfile/search-path.js';
import { InstallError, makeLink, removeLink, type InstallResult, type LinkChange } from './install.js';
import type { UnitStore } from './unit-store.js';

/** Makes files elsewhere known by their names. Throws InstallError. */
export function linkUnits(store: UnitStore, paths: readonly string[], force: boolean): InstallResult {
  for (const path of paths) {
    if (!path.startsWith('/') || parseUnitName(basename(path)) === undefined) throw new InstallError(`Failed to link unit: '${path}' is not the absolute path of a unit file`);
    if (!existsSync(path)) throw new InstallError(`Failed to link unit: File ${path} does not exist`);
  }
  return { changes: paths.flatMap((path) => makeLink({ path: join(store.scope.configUnitDir, basename(path)), target: path }, force)), static: [] };
}

/** Throws InstallError. */
export function addDependencies(store: UnitStore, names: readonly string[], target: string, kind: 'wants' | 'requires', force: boolean): InstallResult {
  const links = names.map((name) => ({ path: join(store.scope.configUnitDir, `${target}.${kind}`, name), target: pathOf(store, name) }));
  return { changes: links.flatMap((link) => makeLink(link, force)), static: [] };
}

/** Throws InstallError. */
export function setDefaultTarget(store: UnitStore, name: string): InstallResult {
  if (parseUnitName(name)?.type !== 'target') throw new InstallError(`Failed to set default target: '${name}' is not a target`);
  return { changes: makeLink({ path: join(store.scope.configUnitDir, 'default.target'), target: pathOf(store, name) }, true), static: [] };
}

/** Throws InstallError. */
function pathOf(store: UnitStore, name: string): string {
  const path = store.load(name).contents?.fragmentPath ?? '';
  if (path === '') throw new InstallError(`Failed to add dependency: Unit ${name} does not exist`);
  return path;
}

/** Removes drop-ins of the administrator's, and his file where a vendor has one. */
export function revertUnits(store: UnitStore, names: readonly string[]): readonly LinkChange[] {
  const { unitDirs } = store.scope;
  const own = unitDirs.filter((folder) => !isVendorFolder(folder));
  return names.flatMap((name) => {
    const folders = own.map((folder) => join(folder, `${name}.d`)).filter((folder) => existsSync(folder));
    const fromVendor = unitDirs.some((folder) => isVendorFolder(folder) && existsSync(join(folder, name)));
    const files = fromVendor ? own.map((folder) => join(folder, name)).filter((path) => existsSync(path)) : [];
    const changes = [...folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file))), ...files].map((path) => removeLink({ path, target: '' }));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    return [...changes, ...folders.map((path): LinkChange => ({ type: 'removed', path, target: '' }))];
  });
}
