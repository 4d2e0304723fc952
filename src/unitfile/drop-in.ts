/** Merges a fragment and its drop-ins, in order; systemd.unit(5). Each assignment keeps its file and line. */
import type { Assignment, Section, UnitContents, UnitFile } from './unit-file.js';

export function mergeUnitFiles(name: string, fragment: UnitFile | undefined, dropIns: readonly UnitFile[], extra: { readonly sourcePath?: string } = {}): UnitContents {
  const sections = new Map<string, { section: Section; assignments: Assignment[] }>();
  for (const file of fragment === undefined ? dropIns : [fragment, ...dropIns]) addFile(sections, file);
  return {
    name,
    fragmentPath: fragment?.path ?? '',
    dropInPaths: dropIns.map(({ path }) => path),
    sections: [...sections.values()].map(({ section, assignments }) => ({ ...section, assignments })),
    ...extra,
  };
}

function addFile(sections: Map<string, { section: Section; assignments: Assignment[] }>, file: UnitFile): void {
  let current: Assignment[] | undefined;
  for (const line of file.lines) {
    const place = { file: file.path, line: line.line };
    if (line.type === 'section') {
      let entry = sections.get(line.name);
      if (entry === undefined) sections.set(line.name, (entry = { section: { name: line.name, place, assignments: [] }, assignments: [] }));
      current = entry.assignments;
    } else if (line.type === 'assignment') current?.push({ ...place, key: line.key, value: line.value });
  }
}
