/** Merges a fragment and its drop-ins, in order; systemd.unit(5). Each assignment keeps its file and line. */
import type { Assignment, Section, UnitContents, UnitFile } from './unit-file.js';

type Sections = Map<string, { section: Section; assignments: Assignment[] }>;

export function mergeUnitFiles(name: string, fragment: UnitFile | undefined, dropIns: readonly UnitFile[], extra: { readonly sourcePath?: string } = {}): UnitContents {
  const sections: Sections = new Map();
  for (const file of fragment === undefined ? dropIns : [fragment, ...dropIns]) addFile(sections, file);
  return { name, fragmentPath: fragment?.path ?? '', dropInPaths: dropIns.map(({ path }) => path), sections: toSections(sections), ...extra };
}

/** Drop-ins on top of contents that were generated, or merged before. */
export function addDropIns(contents: UnitContents, dropIns: readonly UnitFile[]): UnitContents {
  const sections: Sections = new Map(contents.sections.map((section) => [section.name, { section, assignments: [...section.assignments] }]));
  for (const file of dropIns) addFile(sections, file);
  return { ...contents, dropInPaths: [...contents.dropInPaths, ...dropIns.map(({ path }) => path)], sections: toSections(sections) };
}

function toSections(sections: Sections): readonly Section[] {
  return [...sections.values()].map(({ section: { name, place }, assignments }) => ({ name, place, assignments }));
}

function addFile(sections: Sections, file: UnitFile): void {
  let current: Assignment[] | undefined;
  for (const line of file.lines) {
    if (line.type === 'assignment') current?.push({ file: file.path, line: line.line, key: line.key, value: line.value });
    else if (line.type === 'section') {
      let entry = sections.get(line.name);
      if (entry === undefined) sections.set(line.name, (entry = { section: { name: line.name, place: { file: file.path, line: line.line }, assignments: [] }, assignments: [] }));
      current = entry.assignments;
    }
  }
}
