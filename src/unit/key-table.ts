/**
 * How a table of keys works: one row a key, which says where its value goes and how it is read. Reading an assignment
 * returns what was expected when the value is not that; the message around it is made in one place, load.ts.
 */
import type { Place } from '../unitfile/diagnostic.js';
import { expandSpecifiers, type SpecifierTable } from '../unitfile/specifier.js';
import { good, type Value, type ValueParser } from './values/value.js';

/** A config that is being filled. It becomes typed and frozen at the end of loading. */
export type Draft = Record<string, unknown>;

export interface KeyContext {
  readonly specifiers: SpecifierTable;
  readonly place: Place;
  /** Says that one word of the value is left out; the others count. `expected` completes "is not …". */
  readonly skip: (word: string, expected: string) => void;
}

export interface KeyRow {
  readonly key: string;
  /** What was expected, when the value was not that. */
  readonly read: (draft: Draft, text: string, context: KeyContext) => string | undefined;
  /** Set for a key that is known and has no effect in rouse yet: what the user goes without. */
  readonly without?: string;
  /** Values with which nothing is missed. */
  readonly moot?: (text: string) => boolean;
  /** Whether this value is one that the unit must not run without: then it does not load when the value cannot be read. */
  readonly vital?: (text: string) => boolean;
}

function expand(text: string, { specifiers }: KeyContext): string {
  return expandSpecifiers(text, specifiers).value;
}

/** The last one counts; an empty value is the default again. */
export function one<T>(key: string, field: string, parse: ValueParser<T>, fallback?: T): KeyRow {
  return {
    key,
    read: (draft, text, context) => {
      if (text === '') draft[field] = fallback;
      else return store(parse(expand(text, context)), (value) => (draft[field] = value));
      return undefined;
    },
  };
}

/** Each adds to the list; an empty value empties it. */
export function many<T>(key: string, field: string, parse: (text: string, context: KeyContext) => Value<readonly T[]>): KeyRow {
  return {
    key,
    read: (draft, text, context) => {
      if (text === '') draft[field] = [];
      else return store(parse(text, context), (values) => append(draft, field, values));
      return undefined;
    },
  };
}

const growing = new WeakSet<object>();

/** Adds to a list of a draft, which begins as the one of all defaults. A copy each time would make long lists take for ever. */
export function append<T>(draft: Draft, field: string, values: readonly T[]): void {
  const list = draft[field] as T[] | undefined;
  if (list !== undefined && growing.has(list)) for (const value of values) list.push(value);
  else growing.add((draft[field] = [...(list ?? []), ...values]));
}

/** Words with specifiers expanded, each one element; those that `valid` refuses are left out. */
export function wordList(key: string, field: string, valid: ValueParser<string> = good): KeyRow {
  return many(key, field, (text, context) => good(validWords(text, context, valid)));
}

export function validWords<T>(text: string, context: KeyContext, valid: ValueParser<T>): readonly T[] {
  return expand(text, context)
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((word) => {
      const parsed = valid(word);
      if (!parsed.ok) context.skip(word, parsed.expected);
      return parsed.ok ? [parsed.value] : [];
    });
}

/** The same row, for a key whose value decides with which rights or in which place something runs. */
export function vital(row: KeyRow, when: (text: string) => boolean = () => true): KeyRow {
  return { ...row, vital: when };
}

/** Known, and without effect: `consequence` completes the warning, for what would be missed. */
export function unsupported(consequence: string, keys: string, moot: (text: string) => boolean = () => false): readonly KeyRow[] {
  return keys
    .split(/\s+/)
    .filter(Boolean)
    .map((key) => ({ key, read: () => undefined, without: consequence, moot }));
}

/** Known, and without effect in a manager that is not systemd: nothing is missed, so nothing is said. */
export function silent(keys: string): readonly KeyRow[] {
  return keys
    .split(/\s+/)
    .filter(Boolean)
    .map((key) => ({ key, read: () => undefined }));
}

function store<T>(value: Value<T>, keep: (value: T) => void): string | undefined {
  if (!value.ok) return value.expected;
  keep(value.value);
  return undefined;
}

/** Several fields set by one key. */
export function custom(key: string, read: (draft: Draft, text: string, context: KeyContext) => string | undefined): KeyRow {
  return { key, read };
}

export function tableOf(...rows: readonly (KeyRow | readonly KeyRow[])[]): ReadonlyMap<string, KeyRow> {
  return new Map(rows.flat().map((row) => [row.key, row]));
}
