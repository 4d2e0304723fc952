/** Values as D-Bus has them, in JavaScript's types. */

/**
 * Numbers of every width are numbers; a 64-bit one that is read is a bigint, and either is written ('t': Infinity is the largest, which
 * systemd's API uses for it). 'ay' is bytes. A struct is a list of its fields, a dictionary a list of pairs.
 */
export type Value = string | number | bigint | boolean | Uint8Array | Variant | readonly Value[];

export class Variant {
  constructor(
    readonly signature: string,
    readonly value: Value,
  ) {}
}
