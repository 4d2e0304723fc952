/**
 * How a table of keys works: one row a key, which says where its value goes and how it is read. Reading an assignment
 * returns what was expected when the value is not that; the message around it is made in one place, load.ts.
 */
import type { Place } from '../unitfile/diagnostic.js';
import { expandSpecifiers, type SpecifierTable } from '../unitfile/specifier.js';
import type { Value, ValueParser } from './values/value.js';

/** A config that is being filled. It becomes typed and frozen at the end of loading. */
export type Draft = Record<string, unknown>;

export interface KeyContext {
  readonly specifiers: SpecifierTable;
  readonly place: Place;
}

export interface KeyRow {
  readonly key: string;
  /** What was expected, when the value was not that. */
  readonly read: (draft: Draft, text: string, context: KeyContext) => string | undefined;
  /** Set for a key that is known and has no effect in rouse yet: what the user goes without. */
  readonly without?: string;
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
      else return store(parse(text, context), (values) => (draft[field] = [...((draft[field] as readonly T[] | undefined) ?? []), ...values]));
      return undefined;
    },
  };
}

/** Words with specifiers expanded, each one element. */
export function wordList(key: string, field: string): KeyRow {
  return many(key, field, (text, context) => ({ ok: true, value: expand(text, context).split(/\s+/).filter(Boolean) }));
}

/** Known, and without effect: `consequence` completes the warning, for what would be missed. */
export function unsupported(consequence: string, keys: string): readonly KeyRow[] {
  return keys.split(/\s+/).filter(Boolean).map((key) => ({ key, read: () => undefined, without: consequence }));
}

/** Known, and without effect in a manager that is not systemd: nothing is missed, so nothing is said. */
export function silent(keys: string): readonly KeyRow[] {
  return keys.split(/\s+/).filter(Boolean).map((key) => ({ key, read: () => undefined }));
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
