/** Merges a fragment and its drop-ins, in order; systemd.unit(5). Each assignment keeps its file and line. */
import type { Place } from './diagnostic.js';
import type { Assignment, UnitContents, UnitFile } from './unit-file.js';

type Sections = Map<string, Growing>;

/** A section while it is put together. */
interface Growing {
  readonly name: string;
  readonly place: Place;
  readonly assignments: Assignment[];
}

export function mergeUnitFiles(name: string, fragment: UnitFile | undefined, dropIns: readonly UnitFile[], extra: { readonly sourcePath?: string } = {}): UnitContents {
  const sections: Sections = new Map();
  if (fragment !== undefined) addFile(sections, fragment);
  for (const file of dropIns) addFile(sections, file);
  return { name, fragmentPath: fragment?.path ?? '', dropInPaths: dropIns.map(({ path }) => path), sections: [...sections.values()], ...extra };
}

/** Drop-ins on top of contents that were generated, or merged before. */
export function addDropIns(contents: UnitContents, dropIns: readonly UnitFile[]): UnitContents {
  const sections: Sections = new Map(contents.sections.map(({ name, place, assignments }) => [name, { name, place, assignments: [...assignments] }]));
  for (const file of dropIns) addFile(sections, file);
  return { ...contents, dropInPaths: [...contents.dropInPaths, ...dropIns.map(({ path }) => path)], sections: [...sections.values()] };
}

function addFile(sections: Sections, { path: file, lines }: UnitFile): void {
  let current: Assignment[] | undefined;
  for (const line of lines) {
    if (line.type === 'assignment') current?.push({ file, line: line.line, key: line.key, value: line.value });
    else if (line.type === 'section') {
      let section = sections.get(line.name);
      if (section === undefined) sections.set(line.name, (section = { name: line.name, place: { file, line: line.line }, assignments: [] }));
      current = section.assignments;
    }
  }
}
