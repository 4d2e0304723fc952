/** Looking values up in merged contents, by the two rules of unit files: the last one counts, or all do until an empty one. */
import type { Assignment, Section, UnitContents } from './unit-file.js';

export function findSection(contents: UnitContents, section: string): Section | undefined {
  for (const each of contents.sections) if (each.name === section) return each;
  return undefined;
}

export function lastValue(contents: UnitContents, section: string, key: string): Assignment | undefined {
  const assignments = findSection(contents, section)?.assignments ?? [];
  for (let i = assignments.length - 1; i >= 0; i--) if (assignments[i]?.key === key) return assignments[i];
  return undefined;
}

/** Every value since the last empty one, which resets the list. */
export function allValues(contents: UnitContents, section: string, key: string): readonly Assignment[] {
  const all: Assignment[] = [];
  for (const assignment of findSection(contents, section)?.assignments ?? []) {
    if (assignment.key !== key) continue;
    if (assignment.value === '') all.length = 0;
    else all.push(assignment);
  }
  return all;
}
