/** Sections and keys: misspelt, in the wrong place, set twice, out of date. */
import { quadletKeys } from '../quadlet/convert.js';
import { suggest } from '../unitfile/suggest.js';
import { isList, replacementOf, sectionsOf } from './key-tables.js';
import { ownSection, type Finding, type Subject } from './subject.js';
import { linesOf } from './text.js';

/** The generator refuses a file for one such key; this says all of them. */
export function* unknownQuadletKey(subject: Subject): Iterable<Finding> {
  if (!subject.isQuadlet) return;
  for (const line of linesOf(subject)) {
    const keys = quadletKeys(subject.type, line.section);
    if (keys === undefined || keys.has(line.key)) continue;
    const hint = misplacedHint(subject, line.section, line.key) ?? nearHint(line.key, keys);
    yield { at: line, section: line.section, message: `Unknown key '${line.key}' in section [${line.section}], refusing to load`, ...hint };
  }
}

export function* unknownQuadletSection(subject: Subject): Iterable<Finding> {
  if (!subject.isQuadlet) return;
  const known = [...sectionsOf(subject).keys()];
  for (const { name, place } of subject.contents.sections) {
    if (known.includes(name) || name.startsWith('X-')) continue;
    const near = suggest(name, known);
    const hint = near === undefined ? `the section of a .${subject.type} file is [${ownSection(subject)}]` : `did you mean [${near}]?`;
    yield { at: place, section: name, message: `Unknown section [${name}], ignoring all that is in it`, hint };
  }
}

/** Where the key is right and only its section is wrong. */
export function misplacedHint(subject: Subject, section: string, key: string): { hint: string } | undefined {
  const other = [...sectionsOf(subject)].find(([name, keys]) => name !== section && keys.has(key))?.[0];
  return other === undefined ? undefined : { hint: `it belongs in section [${other}]` };
}

function nearHint(key: string, keys: Iterable<string>): { hint: string } | undefined {
  const near = suggest(key, keys);
  return near === undefined ? undefined : { hint: `did you mean '${near}'?` };
}

/** Within one file; a drop-in is there to override. */
export function* overriddenKey(subject: Subject): Iterable<Finding> {
  const later = new Map<string, number>();
  for (const line of linesOf(subject).toReversed()) {
    const id = `${line.file}\0${line.section}\0${line.key}`;
    const by = later.get(id);
    if (isList(line.section, line.key) || line.section.startsWith('X-')) continue;
    if (line.value === '') later.delete(id);
    else if (by === undefined) later.set(id, line.line);
    else yield { at: line, section: line.section, message: `${line.key}= is set again in line ${by}, using that one`, hint: 'remove one of the two lines' };
  }
}

export function* deprecatedKey(subject: Subject): Iterable<Finding> {
  for (const line of linesOf(subject)) {
    const hint = replacementOf(line.section, line.key);
    if (hint !== undefined && line.value !== '')
      yield {
        at: line,
        section: line.section,
        message: `${line.key}= in section [${line.section}] is deprecated`,
        hint: hint.startsWith('nothing') ? `in its place: ${hint}` : `use ${hint}`,
      };
  }
}
