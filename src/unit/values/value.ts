/** What a parser of one value returns: the value, or what was expected in its place. */

export type Value<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

export function good<T>(value: T): Value<T> {
  return { ok: true, value };
}

/** `expected` completes "expected …". */
export function bad(expected: string): { readonly ok: false; readonly expected: string } {
  return { ok: false, expected };
}

export type ValueParser<T> = (text: string) => Value<T>;
