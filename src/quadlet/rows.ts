/**
 * Rows of the tables that say which key becomes which podman option. A row names its keys, so that a table is also the list of
 * keys that its section may hold; the order of the rows is that of the options.
 */
import type { Conversion } from './conversion.js';
import type { PodmanCommand } from './podman-args.js';

export interface Row {
  readonly keys: readonly string[];
  /** It has something to say where none of its keys is set. */
  readonly always?: true;
  readonly apply: (conversion: Conversion, command: PodmanCommand) => void;
}

/** The last value: `--tz local`. */
export function last(key: string, option: string): Row {
  return one(key, (text) => [option, text]);
}

/** The last value in one word with the option: `--pull=never`. */
export function joined(key: string, option: string): Row {
  return one(key, (text) => [`${option}=${text}`]);
}

/** The last value as a part of `--security-opt`: `label=type:spc_t`. */
export function security(key: string, prefix: string): Row {
  return one(key, (text) => ['--security-opt', `${prefix}${text}`]);
}

/** `--security-opt label=disable`, where the key is true. */
export function securityFlag(key: string, ...words: readonly string[]): Row {
  return row([key], ({ source }, command) => {
    if (source.flag(key) === true) command.add(...words);
  });
}

/** Every value, whole: `--dns 1.1.1.1 --dns 8.8.8.8`. */
export function each(key: string, option: string): Row {
  return row([key], ({ source }, command) => {
    for (const { text } of source.all(key)) command.add(option, text);
  });
}

/** Every word of every value; backslashes stand for themselves. */
export function words(key: string, option: string, change: (word: string) => string = (word) => word): Row {
  return row([key], ({ source }, command) => {
    for (const { text } of source.words(key)) command.add(option, change(text));
  });
}

/** Every word of every value, with escapes decoded. */
export function args(key: string, option: string, prefix = ''): Row {
  return row([key], ({ source }, command) => {
    for (const { text } of source.args(key)) command.add(option, `${prefix}${text}`);
  });
}

/** `--env A=b --env C=d` */
export function pairs(key: string, option: string): Row {
  return row([key], ({ source }, command) => {
    for (const pair of source.pairs(key)) command.add(option, pair);
  });
}

/** `--init` or `--init=false`; nothing where the key is not set. */
export function flag(key: string, option: string): Row {
  return row([key], ({ source }, command) => {
    const value = source.flag(key);
    if (value !== undefined) command.flag(option, value);
  });
}

/** PodmanArgs=: whatever the user wants podman to be told. */
export const podmanArgs: Row = row(['PodmanArgs'], ({ source }, command) => {
  for (const { text } of source.args('PodmanArgs')) command.add(text);
});

export function row(keys: readonly string[], apply: Row['apply']): Row {
  return { keys, apply };
}

export function always(keys: readonly string[], apply: Row['apply']): Row {
  return { keys, apply, always: true };
}

/** Applies the rows that have something to do, in the order of the table: of a hundred, a file needs ten. */
export function applyRows(rows: readonly Row[], conversion: Conversion, command: PodmanCommand): void {
  const { byKey, always: fixed } = indexOf(rows);
  const wanted = new Uint8Array(rows.length);
  for (const at of fixed) wanted[at] = 1;
  for (const key of conversion.source.keys()) wanted[byKey.get(key) ?? rows.length] = 1;
  for (let at = wanted.indexOf(1); at >= 0; at = wanted.indexOf(1, at + 1)) rows[at]?.apply(conversion, command);
}

interface RowIndex {
  readonly byKey: ReadonlyMap<string, number>;
  readonly always: readonly number[];
}

const indexes = new WeakMap<readonly Row[], RowIndex>();

/** Which row has which key; worked out once for each table. */
function indexOf(rows: readonly Row[]): RowIndex {
  let index = indexes.get(rows);
  if (index === undefined) {
    const byKey = new Map(rows.flatMap(({ keys }, at) => keys.map((key) => [key, at] as const)));
    indexes.set(rows, (index = { byKey, always: rows.flatMap((each, at) => (each.always === true ? [at] : [])) }));
  }
  return index;
}

export function keysOf(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ keys }) => keys);
}

function one(key: string, build: (text: string) => readonly string[]): Row {
  return row([key], ({ source }, command) => {
    const value = source.set(key);
    if (value !== undefined) command.add(...build(value.text));
  });
}
