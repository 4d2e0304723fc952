import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Writer } from './marshal.js';
import { parseSignature } from './signature.js';
import { bigEndian } from './testing/big-endian.js';
import { arbitraryBody } from './testing/arbitrary.js';
import { Reader } from './unmarshal.js';
import { Variant, type Value } from './value.js';

function write(signature: string, values: readonly Value[]): Buffer {
  const writer = new Writer(1);
  writer.values(signature, values);
  return writer.bytes();
}

function read(signature: string, bytes: Buffer, littleEndian = true): readonly Value[] {
  const reader = new Reader(bytes, littleEndian);
  const values = reader.values(signature);
  expect(reader.position).toBe(bytes.length);
  return values;
}

/** The specification's own examples of alignment, and one of each type. */
const GOLDEN: readonly (readonly [signature: string, values: readonly Value[], hex: string])[] = [
  ['y', [7], '07'],
  ['b', [true], '01000000'],
  ['n', [-2], 'feff'],
  ['q', [65535], 'ffff'],
  ['i', [-1], 'ffffffff'],
  ['u', [1], '01000000'],
  ['x', [-1n], 'ffffffffffffffff'],
  ['t', [3n], '0300000000000000'],
  ['d', [1], '000000000000f03f'],
  ['s', ['foo'], '03000000666f6f00'],
  ['o', ['/a'], '020000002f6100'],
  ['g', ['a{sv}'], '05617b73767d00'],
  ['ay', [Buffer.from([1, 2])], '020000000102'],
  ['yu', [1, 2], '0100000002000000'],
  ['ss', ['foo', '+'], '03000000666f6f00010000002b00'],
  ['ax', [[5n]], '08000000000000000500000000000000'],
  ['at', [[]], '0000000000000000'],
  ['a{sv}', [[['a', new Variant('y', 9)]]], '0a000000000000000100000061000179' + '0009'],
  ['(yt)', [[1, 2n]], '01000000000000000200000000000000'],
  ['v', [new Variant('as', [['x']][0] as Value)], '0261730006000000' + '010000007800'],
];

describe('values on the wire', () => {
  it.each(GOLDEN)('%s is as the specification has it', (signature, values, hex) => {
    const bytes = write(signature, values);
    expect(bytes.toString('hex')).toBe(hex);
    expect(read(signature, bytes)).toEqual(values);
  });

  it('come back as they went, in either byte order', () => {
    fc.assert(
      fc.property(arbitraryBody(), ({ signature, values }) => {
        const bytes = write(signature, values);
        expect(read(signature, bytes)).toEqual(values);
        expect(read(signature, bigEndian(signature, values), false)).toEqual(values);
      }),
    );
  });

  it('may be plain numbers and Infinity where they have 64 bits', () => {
    expect(read('tt', write('tt', [12, Infinity]))).toEqual([12n, 2n ** 64n - 1n]);
  });

  it('hold no NUL in a string: it would end it', () => {
    expect(read('s', write('s', ['a\0b']))).toEqual(['a\uFFFDb']);
  });

  it('that are not of their type are a bug of whoever writes them', () => {
    expect(() => write('s', [1])).toThrow(TypeError);
    expect(() => write('as', ['x'])).toThrow(TypeError);
    expect(() => write('(ss)', [['x']])).toThrow(TypeError);
    expect(() => write('v', ['x'])).toThrow(TypeError);
    expect(() => write('ss', ['x'])).toThrow(TypeError);
  });
});

describe('bytes that are no values', () => {
  it('are refused, and never read past their end', () => {
    fc.assert(
      fc.property(arbitraryBody(), fc.uint8Array({ maxLength: 64 }), ({ signature }, bytes) => {
        try {
          new Reader(Buffer.from(bytes), true).values(signature);
        } catch (error) {
          expect(error instanceof RangeError || error instanceof SyntaxError).toBe(true);
        }
      }),
    );
  });

  it.each([
    ['as', '05000000010000006100', 'ends in the middle of an element'],
    ['s', '01000000' + '6161', 'end with NUL'],
    ['ay', 'ffffff7f', 'longer than allowed'],
    ['u', '0000', 'shorter than it says'],
  ])('%s of %s', (signature, hex, words) => {
    expect(() => new Reader(Buffer.from(hex, 'hex'), true).values(signature)).toThrow(words);
  });
});

describe('a signature', () => {
  it.each(['a', '(', '()', 'a{s}', 'a{vs}', 'a{sss}', 'z', ')', '{sv}', 'a'.repeat(40) + 'y', '('.repeat(40), 'y'.repeat(256)])('%s is none', (signature) => {
    expect(() => parseSignature(signature)).toThrow(SyntaxError);
  });

  it('can hold several types', () => {
    expect(parseSignature('a(sasbttttuii)sv').map(({ code }) => code)).toEqual(['a', 's', 'v']);
  });
});
