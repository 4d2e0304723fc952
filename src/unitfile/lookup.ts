/** Looking values up in merged contents, by the two rules of unit files: the last one counts, or all do until an empty one. */
import type { Assignment, Section, UnitContents } from './unit-file.js';

export function findSection(contents: UnitContents, section: string): Section | undefined {
  return contents.sections.find(({ name }) => name === section);
}

export function lastValue(contents: UnitContents, section: string, key: string): Assignment | undefined {
  return findSection(contents, section)?.assignments.findLast((assignment) => assignment.key === key);
}

/** Every value since the last empty one, which resets the list. */
export function allValues(contents: UnitContents, section: string, key: string): readonly Assignment[] {
  const all = (findSection(contents, section)?.assignments ?? []).filter((assignment) => assignment.key === key);
  return all.slice(all.findLastIndex(({ value }) => value === '') + 1);
}
