/** The service that comes out of a Quadlet file, while it is made: the file's own sections, and what is added to them. */
import type { Place } from '../unitfile/diagnostic.js';
import type { Assignment, UnitContents } from '../unitfile/unit-file.js';

interface DraftSection {
  name: string;
  readonly place: Place;
  assignments: Assignment[];
}

export class ServiceDraft {
  readonly #source: UnitContents;
  #sections: DraftSection[];

  constructor(source: UnitContents) {
    this.#source = source;
    this.#sections = source.sections.map(({ name, place, assignments }) => ({ name, place, assignments: [...assignments] }));
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
    return this.#find(section)?.assignments.findLast((assignment) => assignment.key === key);
  }

  all(section: string, key: string): readonly Assignment[] {
    return this.#find(section)?.assignments.filter((assignment) => assignment.key === key) ?? [];
  }

  /** Each key once, in the order of the section. */
  keys(section: string): Iterable<string> {
    return new Set(this.#find(section)?.assignments.map(({ key }) => key));
  }

  unset(section: string, key: string): void {
    const found = this.#find(section);
    if (found !== undefined) found.assignments = found.assignments.filter((assignment) => assignment.key !== key);
  }

  /** A section of the new name that is there already takes the assignments in. */
  rename(section: string, name: string): void {
    const found = this.#find(section);
    const other = this.#find(name);
    if (found === undefined) return;
    if (other === undefined) {
      found.name = name;
      return;
    }
    other.assignments.push(...found.assignments);
    this.#sections = this.#sections.filter((each) => each !== found);
  }

  toContents(name: string): UnitContents {
    const sourcePath = this.#source.fragmentPath;
    return { name, fragmentPath: '', ...(sourcePath === '' ? {} : { sourcePath }), dropInPaths: [], sections: this.#sections.map((section) => ({ ...section })) };
  }

  #find(name: string): DraftSection | undefined {
    return this.#sections.find((section) => section.name === name);
  }

  #section(name: string): DraftSection {
    let found = this.#find(name);
    if (found === undefined) this.#sections.push((found = { name, place: this.#nobody, assignments: [] }));
    return found;
  }

  #assignment(key: string, value: string, place = this.#nobody): Assignment {
    return { key, value, file: place.file, line: place.line };
  }

  get #nobody(): Place {
    return { file: this.#source.fragmentPath, line: 0 };
  }
}
