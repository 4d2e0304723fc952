/**
 * Properties of units, by the names of systemd's D-Bus API; org.freedesktop.systemd1(5). A property is a row of a table: name, D-Bus
 * signature, and how its value is read. From the value comes both what D-Bus sends and, in text.ts, what `show` prints.
 */
import type { Subject } from './subject.js';

/** As D-Bus has it; a struct is a list of its fields. 't': Infinity is the largest number, which the API uses for infinity and for unknown. */
export type PropertyValue = string | number | boolean | Uint8Array | readonly PropertyValue[];

export interface Property {
  readonly name: string;
  readonly signature: string;
  /** undefined: this unit does not have it. */
  readonly read: (subject: Subject) => PropertyValue | undefined;
  /** It changes with the unit's state, and those who follow the unit are told. */
  readonly live: boolean;
}

export function property(name: string, signature: string, read: Property['read'], live = false): Property {
  return { name, signature, read, live };
}

/** Of a feature that rouse does not have: what a unit without it has. */
export function fixed(signature: string, value: PropertyValue, names: string): readonly Property[] {
  return names
    .split(' ')
    .filter(Boolean)
    .map((name) => property(name, signature, () => value));
}

export function live(name: string, signature: string, read: Property['read']): Property {
  return property(name, signature, read, true);
}

/** Milliseconds to microseconds; undefined is what a key that was not set stands for. */
export function usec(timeMs: number | undefined, unset = 0): number {
  return timeMs === undefined ? unset : Math.floor(Number((timeMs * 1000).toFixed(3)));
}

/** The API's `(uint32_t) -1`: no such user, group or number. */
export const NO_ID = 2 ** 32 - 1;
