/** What several checks need of a subject's text. */
import { expandSpecifiers } from '../unitfile/specifier.js';
import { specifierTable } from '../unit/specifiers.js';
import { suggestUnit } from '../unit/suggest-unit.js';
import type { Assignment } from '../unitfile/unit-file.js';
import { perWorld } from './per-world.js';
import { ownSection, type Subject, type World } from './subject.js';

export interface Line extends Assignment {
  readonly section: string;
}

const linesBySubject = new WeakMap<Subject, readonly Line[]>();

/** Every assignment of the file and its drop-ins. */
export function linesOf(subject: Subject): readonly Line[] {
  let lines = linesBySubject.get(subject);
  if (lines === undefined)
    linesBySubject.set(subject, (lines = subject.contents.sections.flatMap(({ name, assignments }) => assignments.map((assignment) => ({ ...assignment, section: name })))));
  return lines;
}

/** Every value of a key, in a Quadlet file of its own section, since the last empty one. */
export function valuesOf(subject: Subject, key: string, section = ownSection(subject)): readonly Line[] {
  const all = linesOf(subject).filter((line) => line.section === section && line.key === key);
  return all.slice(all.findLastIndex(({ value }) => value === '') + 1);
}

/** The value that counts, where it is not empty. */
export function lastOf(subject: Subject, key: string, section = ownSection(subject)): Line | undefined {
  return valuesOf(subject, key, section).at(-1);
}

/** With what each specifier stands for in the unit. */
export function expand(subject: Subject, { facts }: World, text: string): string {
  return expandSpecifiers(text, specifierTable(subject.unitName, facts, subject.contents.fragmentPath)).value;
}

/** The words of a list, each once. */
export function listOf({ value }: Line): readonly string[] {
  return [...new Set(value.split(/\s+/).filter(Boolean))];
}

/** What systemd takes for true. */
export function isYes(text: string | undefined): boolean {
  return text !== undefined && /^(1|yes|y|true|t|on)$/i.test(text);
}

/** "Did you mean": a unit of the same type with a name that is near. */
export function nearestUnit(name: string, world: World): string | undefined {
  const known = nearest(world);
  if (!known.has(name)) known.set(name, suggestUnit(name, world.names()));
  return known.get(name);
}

const nearest = perWorld(() => new Map<string, string | undefined>());

/** A list in words: 'a, b or c'. */
export function oneOfText(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
