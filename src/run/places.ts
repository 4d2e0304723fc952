/** Where the files of `rouse run` and `rouse import` are written: for as long as the host is up, or, to stay, among the user's own. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_UNITS, type Scope } from '../load/scope.js';
import type { UnitFileText } from './unit-files.js';

/** What stands in systemd's folders; everything else is Quadlet's. */
const UNIT_FILE = /\.(socket|service|target)$/;

export function folderFor({ name }: Pick<UnitFileText, 'name'>, scope: Pick<Scope, 'rouseDir' | 'configUnitDir' | 'quadletDirs' | 'runtimeDir'>, save: boolean): string {
  if (!save) return join(scope.rouseDir, RUN_UNITS);
  if (UNIT_FILE.test(name) || scope.quadletDirs.includes(scope.configUnitDir)) return scope.configUnitDir;
  return scope.quadletDirs.find((folder) => folder.endsWith('/containers/systemd') && !folder.startsWith(`${scope.runtimeDir}/`)) ?? scope.configUnitDir;
}

/** Whether the file is there with just this text. */
export function isThere(folder: string, { name, text }: UnitFileText): boolean {
  try {
    return readFileSync(join(folder, name), 'utf8') === text;
  } catch {
    return false;
  }
}

/** For the user's eyes only: variables may hold secrets. Returns the path. */
export function writeUnitFile(folder: string, { name, text }: UnitFileText): string {
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
}
