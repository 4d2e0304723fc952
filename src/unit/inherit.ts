/**
 * Configs hold what a unit's files say, and inherit the rest: thousands of units share one set of defaults, and an instance shares all of its
 * template. A reader cannot tell the difference; a copy by `{ ...config }` would lose what is inherited, so `changed` is there for that.
 */
import type { Draft } from './key-table.js';

/** A draft that has these values until something else is written to it. */
export function inheriting(defaults: object): Draft {
  return Object.create(defaults) as Draft;
}

/** The same config but for these values; frozen. */
export function changed<T extends object>(config: T, changes: Partial<T>): T {
  const result = Object.create(config) as T;
  // Not by assignment, which what is inherited from a frozen object would refuse.
  for (const field of Object.keys(changes)) Object.defineProperty(result, field, { value: changes[field as keyof T], enumerable: true });
  return Object.freeze(result);
}

/** Of a draft what stands in these fields, over these defaults; the defaults themselves when nothing does. */
export function part<T extends object>(draft: Draft, fields: ReadonlySet<string>, defaults: T): T {
  const said = Object.entries(draft).filter(([field]) => fields.has(field));
  return said.length === 0 ? defaults : changed(defaults, Object.fromEntries(said) as Partial<T>);
}

/** The values are frozen and not the object, which would keep drafts that inherit from it from having values of their own. */
export function frozenValues<T extends object>(defaults: T): T {
  for (const value of Object.values(defaults)) deepFreeze(value);
  return defaults;
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}
