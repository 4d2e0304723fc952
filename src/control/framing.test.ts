import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage, MessageReader } from './framing.js';

describe('messages', () => {
  it('come back whole, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text: fc.string({ unit: 'binary' }), number: fc.integer() })), fc.integer({ min: 1, max: 7 }), (messages, size) => {
        const bytes = Buffer.from(messages.map(encodeMessage).join(''));
        const reader = new MessageReader();
        const read = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => reader.push(bytes.subarray(i * size, (i + 1) * size))).flat();
        expect(read).toEqual(JSON.parse(JSON.stringify(messages)));
      }),
    );
  });

  it('that have not ended are kept', () => {
    const reader = new MessageReader();
    expect(reader.push(Buffer.from('{"a":'))).toEqual([]);
    expect(reader.push(Buffer.from('1}\0{"b":2}\0{'))).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it('that are none are refused', () => {
    expect(() => new MessageReader().push(Buffer.from('nonsense\0'))).toThrow(SyntaxError);
    expect(() => new MessageReader().push(Buffer.from('\0'))).toThrow(SyntaxError);
  });

  it('that never end are refused', () => {
    const reader = new MessageReader();
    const much = Buffer.alloc(33 * 1024 * 1024, 'x');
    reader.push(much);
    expect(() => reader.push(much)).toThrow(new RangeError('The message has no end'));
  });
});
