/**
 * Reads the values of a Quadlet file by podman's rules, which are looser than systemd's: what a list holds after an unknown
 * escape is left out with a warning, quotes that never close are closed, and quotes around a whole single value are taken off.
 */
import type { Place } from '../unitfile/diagnostic.js';
import { findSection, lastValue } from '../unitfile/lookup.js';
import type { Assignment, UnitContents } from '../unitfile/unit-file.js';
import { splitWords, type Words } from '../unitfile/words.js';

/** A value, or one word of it, and where it stands. */
export interface Value {
  readonly text: string;
  readonly place: Place;
}

export interface Warning {
  readonly place: Place;
  readonly section: string;
  readonly key: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** The last value of a key, without the double quotes around it; undefined where the key is not set. */
export function lastText(contents: UnitContents, section: string, key: string): string | undefined {
  const value = lastValue(contents, section, key)?.value;
  return value === undefined ? undefined : unquoted(value);
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

const FALSE = ['0', 'no', 'false', 'off', ''];

/** Whatever is not a word for true is false. */
export function isTrue(text: string): boolean {
  return ['1', 'yes', 'true', 'on'].includes(text.toLowerCase());
}

/** The values of a section by key. */
type Index = ReadonlyMap<string, readonly Assignment[]>;

export class QuadletSource {
  readonly #indexes = new Map<string, Index>();
  readonly #warned = new Set<string>();
  readonly #warnings: Warning[] = [];

  constructor(
    readonly contents: UnitContents,
    /** The kind's own section, which every method reads where no other is named. */
    readonly section: string,
  ) {}

  get warnings(): readonly Warning[] {
    return this.#warnings;
  }

  /** Where the kind's section begins; the file as a whole where it has none. */
  get place(): Place {
    return findSection(this.contents, this.section)?.place ?? this.whole;
  }

  get whole(): Place {
    return { file: this.contents.fragmentPath, line: 0 };
  }

  has(key: string): boolean {
    return this.#index(this.section).has(key);
  }

  /** Every key that the section sets. */
  keys(): Iterable<string> {
    return this.#index(this.section).keys();
  }

  last(key: string, section = this.section): Value | undefined {
    const found = this.#values(key, section).at(-1);
    return found === undefined ? undefined : { text: unquoted(found.value), place: found };
  }

  /** The last value, unless it is empty: an empty one takes back what stands before it. */
  set(key: string, section = this.section): Value | undefined {
    const found = this.last(key, section);
    return found === undefined || found.text === '' ? undefined : found;
  }

  /** Every value as it is written. */
  all(key: string): readonly Value[] {
    const values = this.#values(key, this.section);
    if (values.length === 0) return NONE;
    const counted = values.slice(values.findLastIndex(({ value }) => value === '') + 1);
    return counted.map((found) => ({ text: found.value, place: found }));
  }

  /** Words of every value; backslashes stand for themselves. */
  words(key: string): readonly Value[] {
    return this.all(key).flatMap((value) => this.#words(key, value, splitWords(value.text, { keepEscapes: true })));
  }

  /** Words of every value, as on a command line. */
  args(key: string): readonly Value[] {
    return this.all(key).flatMap((value) => this.#words(key, value, splitArgs(value.text)));
  }

  /** Words of the last value, as on a command line. */
  lastArgs(key: string): readonly Value[] {
    const found = this.#values(key, this.section).at(-1);
    return found === undefined ? NONE : this.#words(key, { text: found.value, place: found }, splitArgs(found.value));
  }

  /** `A=b` words of every value, sorted by name; of two with one name the later counts. A word without `=` is a name alone. */
  pairs(key: string): readonly string[] {
    const pairs = new Map<string, string>();
    for (const value of this.all(key)) {
      const { words, error } = splitArgs(value.text);
      if (error !== undefined) this.#warnOfError(key, value, error);
      else this.#warnOfLooseWords(key, value.place, words);
      for (const word of error === undefined ? words : NONE) pairs.set(nameOf(word), word);
    }
    const names = [...pairs.keys()].sort();
    return names.map((name) => pairs.get(name) ?? name);
  }

  /** undefined where the key is not set. */
  flag(key: string, section = this.section): boolean | undefined {
    const value = this.last(key, section);
    if (value === undefined) return undefined;
    const known = isTrue(value.text) || FALSE.includes(value.text.toLowerCase());
    if (!known) this.#warn(value.place, section, key, 'bad-value', `Failed to parse ${key}=, using no: '${value.text}' is not a boolean`);
    return isTrue(value.text);
  }

  /** 0 for what is no number, as podman has it. */
  number(key: string): number {
    const value = this.last(key);
    const number = parseNumber(value?.text ?? '0');
    if (number !== undefined) return number;
    // Everyone knows what number root has.
    if (value !== undefined && value.text !== 'root') this.#warn(value.place, this.section, key, 'bad-value', `Failed to parse ${key}=, using 0: '${value.text}' is not a number`);
    return 0;
  }

  /** Each file is asked for a hundred keys, of which it has a few. */
  #index(section: string): Index {
    let index = this.#indexes.get(section);
    if (index === undefined) this.#indexes.set(section, (index = indexOf(this.contents, section)));
    return index;
  }

  #values(key: string, section: string): readonly Assignment[] {
    return this.#index(section).get(key) ?? NONE;
  }

  #words(key: string, value: Value, { words, error }: Words): readonly Value[] {
    if (error === undefined) return words.map((word) => ({ text: word, place: value.place }));
    this.#warnOfError(key, value, error);
    return NONE;
  }

  #warnOfError(key: string, { text, place }: Value, error: string): void {
    const hint = error === UNSUPPORTED_ESCAPE ? 'a backslash that stands for itself is written twice' : undefined;
    this.#warn(place, this.section, key, 'bad-value', `Failed to parse ${key}=, ignoring '${text}': ${error}`, hint);
  }

  #warnOfLooseWords(key: string, place: Place, words: readonly string[]): void {
    const first = words.findIndex((word) => word.includes('='));
    const loose = first < 0 ? undefined : words.find((word, i) => i > first && !word.includes('='));
    if (loose === undefined) return;
    const message = `${key}=: token "${loose}" has no '=' and follows a KEY=VALUE on the same line; this usually means an earlier value contained unquoted whitespace and was truncated`;
    this.#warn(place, this.section, key, 'loose-word', message, `a value with spaces in it is quoted: ${key}="KEY=value with spaces"`);
  }

  /** Once, however often the value is read. */
  #warn(place: Place, section: string, key: string, code: string, message: string, hint?: string): void {
    const id = `${place.file}:${place.line}:${message}`;
    if (this.#warned.has(id)) return;
    this.#warned.add(id);
    this.#warnings.push({ place: { file: place.file, line: place.line }, section, key, code, message, ...(hint === undefined ? {} : { hint }) });
  }
}

/** What stands before the first `=`. */
function nameOf(pair: string): string {
  const at = pair.indexOf('=');
  return at < 0 ? pair : pair.slice(0, at);
}

const NONE: readonly never[] = [];

function indexOf(contents: UnitContents, section: string): Index {
  const index = new Map<string, Assignment[]>();
  for (const assignment of findSection(contents, section)?.assignments ?? []) {
    const same = index.get(assignment.key);
    if (same === undefined) index.set(assignment.key, [assignment]);
    else same.push(assignment);
  }
  return index;
}

const UNSUPPORTED_ESCAPE = 'unsupported escape char';

/** Quotes that never close are closed, and a backslash at the end is left out: what is wrong after that is an escape. */
function splitArgs(text: string): Words {
  const split = splitWords(text);
  if (split.error === undefined) return split;
  const trimmed = text.replace(/\\$/, '');
  for (const mended of [trimmed, `${text}"`, `${text}'`, `${trimmed}"`, `${trimmed}'`]) {
    const { words, error } = splitWords(mended);
    if (error === undefined) return { words };
  }
  return { words: [], error: UNSUPPORTED_ESCAPE };
}

/** strtol(3): decimal, 0x for hexadecimal, 0 for octal; a uid or gid, so nothing below 0 or above 32 bits. */
function parseNumber(text: string): number | undefined {
  const match = /^\+?(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/.exec(text);
  if (match === null) return undefined;
  const [, hexadecimal, octal, decimal] = match;
  const number = hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : octal !== undefined ? Number.parseInt(octal, 8) : Number(decimal);
  return number > 0xffffffff ? undefined : number;
}
