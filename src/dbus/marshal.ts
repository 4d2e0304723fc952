/** Values to bytes; D-Bus specification, "Marshaling (Wire Format)". Little endian. A value that is not of its type is a bug, and throws TypeError. */
import { alignmentOf, parseSignature, parseSingle, type Type } from './signature.js';
import { Variant, type Value } from './value.js';

const UINT64_MAX = 2n ** 64n - 1n;

/** Bytes that grow. Positions count from the start of the message, which alignment needs. */
export class Writer {
  #bytes: Buffer;
  #length = 0;

  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written. The writer must not be used again. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  align(alignment: number): void {
    const padding = (alignment - (this.#length % alignment)) % alignment;
    const at = this.#take(padding);
    this.#bytes.fill(0, at, at + padding);
  }

  uint32At(position: number, value: number): void {
    this.#bytes.writeUInt32LE(value, position);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  values(signature: string, values: readonly Value[]): void {
    const types = parseSignature(signature);
    if (types.length !== values.length) throw new TypeError(`'${signature}' has ${types.length} values, not ${values.length}`);
    types.forEach((type, i) => this.#value(type, values[i] as Value));
  }

  #take(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, at + count));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = at + count;
    return at;
  }

  #value(type: Type, value: Value): void {
    if ('element' in type) return this.#array(type.element, value);
    if ('fields' in type) return this.#fields(type.fields, value);
    if (type.code === 'v') return this.#variant(value);
    if ('sog'.includes(type.code)) return this.#text(type.code, value);
    if (type.code === 'x' || type.code === 't') return this.#wide(type.code, value);
    return this.#number(type.code, typeof value === 'boolean' ? Number(value) : value);
  }

  #number(code: string, value: Value): void {
    if (typeof value !== 'number') throw mismatch(code, value);
    const size = code === 'd' ? 8 : alignmentOf(code);
    this.align(size);
    const at = this.#take(size);
    switch (code) {
      case 'y':
        return void this.#bytes.writeUInt8(value, at);
      case 'n':
        return void this.#bytes.writeInt16LE(value, at);
      case 'q':
        return void this.#bytes.writeUInt16LE(value, at);
      case 'i':
        return void this.#bytes.writeInt32LE(value, at);
      case 'd':
        return void this.#bytes.writeDoubleLE(value, at);
      // 'u', 'h', and 'b', which is written as one.
      default:
        return void this.#bytes.writeUInt32LE(value, at);
    }
  }

  #wide(code: string, value: Value): void {
    if (typeof value !== 'bigint' && typeof value !== 'number') throw mismatch(code, value);
    this.align(8);
    const at = this.#take(8);
    if (code === 'x') this.#bytes.writeBigInt64LE(BigInt(value), at);
    else this.#bytes.writeBigUInt64LE(value === Infinity ? UINT64_MAX : BigInt(typeof value === 'number' ? Math.round(value) : value), at);
  }

  /** A signature has its length in one byte, the others in four; all end with NUL, and none may hold one. */
  #text(code: string, value: Value): void {
    if (typeof value !== 'string') throw mismatch(code, value);
    const text = value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
    const length = Buffer.byteLength(text);
    if (code === 'g') this.#number('y', length);
    else this.#number('u', length);
    const at = this.#take(length + 1);
    this.#bytes.write(text, at, 'utf8');
    this.#bytes[at + length] = 0;
  }

  #array(element: Type, value: Value): void {
    this.#number('u', 0);
    const lengthAt = this.#length - 4;
    this.align(alignmentOf(element.code));
    const start = this.#length;
    if (value instanceof Uint8Array && element.code === 'y') this.raw(value);
    else if (!Array.isArray(value)) throw mismatch(`a${element.code}`, value);
    else for (const each of value as readonly Value[]) this.#value(element, each);
    this.uint32At(lengthAt, this.#length - start);
  }

  #fields(fields: readonly Type[], value: Value): void {
    if (!Array.isArray(value) || value.length !== fields.length) throw mismatch(`a struct of ${fields.length}`, value);
    this.align(8);
    fields.forEach((field, i) => this.#value(field, (value as readonly Value[])[i] as Value));
  }

  #variant(value: Value): void {
    if (!(value instanceof Variant)) throw mismatch('v', value);
    this.#text('g', value.signature);
    this.#value(parseSingle(value.signature), value.value);
  }
}

function mismatch(code: string, value: Value): TypeError {
  return new TypeError(`Not a value of type ${code}: ${typeof value === 'object' ? value.constructor.name : String(value)}`);
}
