/** Reads one unit file, wherever it stands, with the drop-ins beside it and those of the search path. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileIndex } from '../load/file-index.js';
import { kindOf } from '../quadlet/kinds.js';
import type { Diagnostic, Parsed } from '../unitfile/diagnostic.js';
import { mergeUnitFiles } from '../unitfile/drop-in.js';
import { parseUnitFile, type Joining } from '../unitfile/parse.js';
import { dropInFolders } from '../unitfile/search-path.js';
import type { UnitContents, UnitFile } from '../unitfile/unit-file.js';

/** `value` is undefined when the file itself cannot be read. */
export function readUnit(path: string, name: string, index: FileIndex): Parsed<UnitContents | undefined> {
  const fragment = readPart(path, 'error', 'refusing to load');
  const dropIns = readDropIns(dirname(path), name, index);
  const value = fragment.value === undefined ? undefined : mergeUnitFiles(name, fragment.value, dropIns.value);
  return { value, diagnostics: [...fragment.diagnostics, ...dropIns.diagnostics] };
}

/** A drop-in whose unit is not there. */
export function readOrphan(path: string, name: string): Parsed<UnitContents | undefined> {
  const { value, diagnostics } = readPart(path, 'error', 'ignoring', kindOf(name) === undefined ? 'systemd' : 'podman');
  return { value: value === undefined ? undefined : mergeUnitFiles(name, undefined, [value]), diagnostics };
}

/** The drop-ins of a unit: of several with one name the first counts; they apply in the order of their names. */
function readDropIns(folder: string, name: string, index: FileIndex): Parsed<readonly UnitFile[]> {
  const found = new Map<string, string>();
  for (const dropIn of dropInFolders(name)) {
    for (const path of [join(folder, dropIn), ...index.dropInFolders(dropIn)]) {
      for (const file of listConf(path)) if (!found.has(file)) found.set(file, join(path, file));
    }
  }
  const parts = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => readPart(path, 'warning', 'ignoring'));
  return { value: parts.flatMap(({ value }) => value ?? []), diagnostics: parts.flatMap(({ diagnostics }) => diagnostics) };
}

function readPart(path: string, severity: Diagnostic['severity'], consequence: string, joining?: Joining): Parsed<UnitFile | undefined> {
  try {
    return parseUnitFile(path, readFileSync(path, 'utf8'), joining);
  } catch (error) {
    const message = `Failed to read the file: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}, ${consequence}`;
    return { value: undefined, diagnostics: [{ severity, code: 'unreadable', file: path, line: 0, message }] };
  }
}

function listConf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.conf') && !file.startsWith('.'));
  } catch {
    return [];
  }
}
