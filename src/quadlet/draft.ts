/** The service that comes out of a Quadlet file, while it is made: the file's own sections, and what is added to them. */
import type { Place } from '../unitfile/diagnostic.js';
import type { Assignment, UnitContents } from '../unitfile/unit-file.js';

interface DraftSection {
  readonly place: Place;
  assignments: Assignment[];
}

export class ServiceDraft {
  readonly #source: UnitContents;
  /** By name, in the order in which they will stand. */
  readonly #sections = new Map<string, DraftSection>();
  /** Of what nobody wrote. */
  readonly #nobody: Place;

  constructor(source: UnitContents) {
    this.#source = source;
    this.#nobody = { file: source.fragmentPath, line: 0 };
    for (const { name, place, assignments } of source.sections) this.#sections.set(name, { place, assignments: assignments.slice() });
  }

  /** `place` is the line that brought the assignment about; without it nobody wrote it. */
  add(section: string, key: string, value: string, place?: Place): void {
    this.#section(section).assignments.push(this.#assignment(key, value, place));
  }

  /** Before everything that the file says, so that an empty value in the file takes it back. */
  prepend(section: string, key: string, value: string): void {
    this.#section(section).assignments.unshift(this.#assignment(key, value, undefined));
  }

  /** In the place of the last value, where there is one. */
  set(section: string, key: string, value: string, place?: Place): void {
    const { assignments } = this.#section(section);
    const at = assignments.findLastIndex((assignment) => assignment.key === key);
    if (at < 0) this.add(section, key, value, place);
    else assignments[at] = this.#assignment(key, value, place);
  }

  /** Unless the file says something itself. */
  setDefault(section: string, key: string, value: string): void {
    if (this.last(section, key) === undefined) this.add(section, key, value);
  }

  last(section: string, key: string): Assignment | undefined {
    return this.#sections.get(section)?.assignments.findLast((assignment) => assignment.key === key);
  }

  all(section: string, key: string): readonly Assignment[] {
    return this.#sections.get(section)?.assignments.filter((assignment) => assignment.key === key) ?? [];
  }

  /** Each key once, in the order of the section. */
  keys(section: string): Iterable<string> {
    return new Set(this.#sections.get(section)?.assignments.map(({ key }) => key));
  }

  unset(section: string, key: string): void {
    const found = this.#sections.get(section);
    if (found !== undefined) found.assignments = found.assignments.filter((assignment) => assignment.key !== key);
  }

  /** A section of the new name that is there already takes the assignments in. */
  rename(section: string, name: string): void {
    const found = this.#sections.get(section);
    const other = this.#sections.get(name);
    if (found === undefined) return;
    if (other !== undefined) {
      other.assignments.push(...found.assignments);
      this.#sections.delete(section);
      return;
    }
    // The new name stands where the old one stood.
    const all = [...this.#sections];
    this.#sections.clear();
    for (const [old, each] of all) this.#sections.set(each === found ? name : old, each);
  }

  toContents(name: string): UnitContents {
    const sourcePath = this.#source.fragmentPath;
    const sections = [...this.#sections].map(([section, { place, assignments }]) => ({ name: section, place, assignments }));
    return { name, fragmentPath: '', ...(sourcePath === '' ? {} : { sourcePath }), dropInPaths: [], sections };
  }

  #section(name: string): DraftSection {
    let found = this.#sections.get(name);
    if (found === undefined) this.#sections.set(name, (found = { place: this.#nobody, assignments: [] }));
    return found;
  }

  #assignment(key: string, value: string, { file, line }: Place = this.#nobody): Assignment {
    return { key, value, file, line };
  }
}
