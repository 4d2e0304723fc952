/** The other byte order, which rouse reads and never writes: a writer of its own, straight from the specification. */
import { alignmentOf, parseSignature, parseSingle, type Type } from '../signature.js';
import { Variant, type Value } from '../value.js';

export function bigEndian(signature: string, values: readonly Value[]): Buffer {
  const bytes: number[] = [];
  parseSignature(signature).forEach((type, i) => write(bytes, type, values[i] as Value));
  return Buffer.from(bytes);
}

function write(bytes: number[], type: Type, value: Value): void {
  if ('element' in type) return writeArray(bytes, type.element, value as readonly Value[]);
  pad(bytes, alignmentOf(type.code));
  if ('fields' in type) return type.fields.forEach((field, i) => write(bytes, field, (value as readonly Value[])[i] as Value));
  if (value instanceof Variant) {
    write(bytes, { code: 'g' }, value.signature);
    return write(bytes, parseSingle(value.signature), value.value);
  }
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    number(bytes, BigInt(text.length), type.code === 'g' ? 1 : 4);
    bytes.push(...text, 0);
  } else if (type.code === 'd') {
    const double = Buffer.alloc(8);
    double.writeDoubleBE(value as number);
    bytes.push(...double);
  } else number(bytes, BigInt(value as number), type.code === 'b' ? 4 : type.code === 'y' ? 1 : alignmentOf(type.code));
}

function writeArray(bytes: number[], element: Type, values: Iterable<Value>): void {
  pad(bytes, 4);
  const lengthAt = bytes.length;
  bytes.push(0, 0, 0, 0);
  pad(bytes, alignmentOf(element.code));
  const start = bytes.length;
  for (const value of values) write(bytes, element, value);
  const length: number[] = [];
  number(length, BigInt(bytes.length - start), 4);
  bytes.splice(lengthAt, 4, ...length);
}

function pad(bytes: number[], alignment: number): void {
  while (bytes.length % alignment !== 0) bytes.push(0);
}

function number(bytes: number[], value: bigint, size: number): void {
  for (let i = size - 1; i >= 0; i--) bytes.push(Number((value >> BigInt(8 * i)) & 255n));
}
