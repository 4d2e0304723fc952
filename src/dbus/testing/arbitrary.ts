/** Any signature with values of it, for tests of marshalling. */
import fc from 'fast-check';
import { Variant, type Value } from '../value.js';

export interface Body {
  readonly signature: string;
  readonly values: readonly Value[];
}

interface Typed {
  readonly signature: string;
  readonly value: Value;
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((each) => !each.includes('\0'));

const BASIC: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  y: fc.integer({ min: 0, max: 255 }),
  b: fc.boolean(),
  n: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  q: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
  i: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  u: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  x: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  t: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  d: fc.double({ noNaN: true }),
  s: text,
  o: fc.constantFrom('/', '/a', '/a/b_1'),
  g: fc.constantFrom('', 'as', 'a{sv}', '(ii)'),
};

/** Values of one signature, so that all elements of an array have the same. */
interface Shape {
  readonly signature: string;
  readonly values: fc.Arbitrary<Value>;
}

const basic: fc.Arbitrary<Shape> = fc.constantFrom(...Object.entries(BASIC).map(([signature, values]) => ({ signature, values })));

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    basic,
    tie('shape').map(({ signature, values }) => ({ signature: `a${signature}`, values: arrayOf(signature, values) })),
    fc
      .array(tie('shape'), { minLength: 1, maxLength: 3 })
      .map((fields) => ({ signature: `(${fields.map((field) => field.signature).join('')})`, values: fc.tuple(...fields.map(({ values }) => values)) })),
    fc
      .tuple(basic, tie('shape'))
      .map(([key, value]) => ({ signature: `a{${key.signature}${value.signature}}`, values: fc.array(fc.tuple(key.values, value.values), { maxLength: 3 }) })),
    tie('shape').map(({ signature, values }) => ({ signature: 'v', values: values.map((value) => new Variant(signature, value)) })),
  ),
}));

function arrayOf(signature: string, values: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return signature === 'y' ? fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)) : fc.array(values, { maxLength: 4 });
}

const typed: fc.Arbitrary<Typed> = shape.chain(({ signature, values }) => values.map((value) => ({ signature, value })));

export function arbitraryBody(): fc.Arbitrary<Body> {
  return fc
    .array(typed, { maxLength: 4 })
    .map((all) => ({ signature: all.map(({ signature }) => signature).join(''), values: all.map(({ value }) => value) }))
    .filter(({ signature }) => signature.length < 256);
}
