/**
 * Units without a file (those that Quadlet made, and rouse's own targets) as files that a client can open: systemctl's cat and edit read the
 * fragment themselves. A file is written when somebody asks for its path, and goes with the folder when the manager ends.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scope } from '../load/scope.js';
import type { LoadedUnit } from '../load/unit-store.js';
import { formatContents } from '../unitfile/format.js';
import type { UnitContents } from '../unitfile/unit-file.js';

/** In rouse's own folder. */
export const GENERATED_FOLDER = 'generated';

/** The path of the unit's fragment; '' for a unit that only drop-ins make, or none. */
export function fragmentPathOf({ rouseDir }: Scope, { name, contents }: LoadedUnit): string {
  if (contents === undefined) return '';
  const isFile = contents.fragmentPath.startsWith('/');
  if (isFile || (contents.fragmentPath === '' && contents.sourcePath === undefined)) return contents.fragmentPath;
  const path = join(rouseDir, GENERATED_FOLDER, name);
  writeChanged(path, formatContents(withoutDropIns(contents)));
  return path;
}

/** What drop-ins add has files of its own. */
function withoutDropIns(contents: UnitContents): UnitContents {
  const dropIns = new Set(contents.dropInPaths);
  const sections = contents.sections.map((section) => ({ ...section, assignments: section.assignments.filter(({ file }) => !dropIns.has(file)) }));
  return { ...contents, sections: sections.filter(({ assignments }) => assignments.length > 0) };
}

function writeChanged(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) return;
  } catch {
    // There is none yet.
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text);
  } catch {
    // A full file system: the path then leads nowhere, which is what whoever opens it is told.
  }
}
