/** Bytes to values; D-Bus specification, "Marshaling (Wire Format)", in either byte order. Throws RangeError or SyntaxError for what is not valid. */
import { alignmentOf, parseSignature, parseSingle, type Type } from './signature.js';
import { Variant, type Value } from './value.js';

/** The specification's limits: of an array, and of variants in variants. */
const MAX_ARRAY = 64 * 1024 * 1024;
const MAX_VARIANTS = 64;

export class Reader {
  #at: number;
  #variants = 0;

  /** `bytes` begins where the message does, so that alignment can be counted. */
  constructor(
    readonly bytes: Buffer,
    readonly littleEndian: boolean,
    start = 0,
  ) {
    this.#at = start;
  }

  get position(): number {
    return this.#at;
  }

  align(alignment: number): void {
    this.#take((alignment - (this.#at % alignment)) % alignment);
  }

  values(signature: string): Value[] {
    return parseSignature(signature).map((type) => this.#value(type));
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.bytes.length) throw new RangeError('The message is shorter than it says');
    this.#at = at + count;
    return at;
  }

  #value(type: Type): Value {
    if ('element' in type) return this.#array(type.element);
    if ('fields' in type) {
      this.align(8);
      return type.fields.map((field) => this.#value(field));
    }
    switch (type.code) {
      case 'v':
        return this.#variant();
      case 's':
      case 'o':
        return this.#text(this.#uint32());
      case 'g':
        return this.#text(this.#number('y'));
      case 'x':
      case 't':
        return this.#wide(type.code);
      case 'b':
        return this.#uint32() !== 0;
      default:
        return this.#number(type.code);
    }
  }

  #uint32(): number {
    return this.#number('u');
  }

  #number(code: string): number {
    const size = code === 'd' ? 8 : alignmentOf(code);
    this.align(size);
    const at = this.#take(size);
    const { bytes, littleEndian } = this;
    switch (code) {
      case 'y':
        return bytes.readUInt8(at);
      case 'n':
        return littleEndian ? bytes.readInt16LE(at) : bytes.readInt16BE(at);
      case 'q':
        return littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
      case 'i':
        return littleEndian ? bytes.readInt32LE(at) : bytes.readInt32BE(at);
      case 'd':
        return littleEndian ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at);
      default:
        return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    }
  }

  #wide(code: 'x' | 't'): bigint {
    this.align(8);
    const at = this.#take(8);
    if (code === 'x') return this.littleEndian ? this.bytes.readBigInt64LE(at) : this.bytes.readBigInt64BE(at);
    return this.littleEndian ? this.bytes.readBigUInt64LE(at) : this.bytes.readBigUInt64BE(at);
  }

  #text(length: number): string {
    const at = this.#take(length + 1);
    if (this.bytes[at + length] !== 0) throw new RangeError('A string does not end with NUL');
    return this.bytes.toString('utf8', at, at + length);
  }

  #array(element: Type): Value {
    const length = this.#uint32();
    if (length > MAX_ARRAY) throw new RangeError('An array is longer than allowed');
    this.align(alignmentOf(element.code));
    if (element.code === 'y') {
      const at = this.#take(length);
      return this.bytes.subarray(at, at + length);
    }
    const end = this.#at + length;
    const values: Value[] = [];
    while (this.#at < end) values.push(this.#value(element));
    if (this.#at !== end) throw new RangeError('An array ends in the middle of an element');
    return values;
  }

  #variant(): Variant {
    const signature = this.#text(this.#number('y'));
    if (++this.#variants > MAX_VARIANTS) throw new RangeError('Variants are nested too deeply');
    const value = this.#value(parseSingle(signature));
    this.#variants--;
    return new Variant(signature, value);
  }
}
