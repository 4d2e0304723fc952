import { describe, expect, it } from 'vitest';
import { ALLOW, compileFilter, fail, KILL, type Rule } from './filter.js';

const X64 = 0xc000003e;

interface Call {
  readonly machine?: number;
  readonly number: number;
  readonly arguments?: readonly number[];
}

/** What the kernel does with a filter, for the few instructions that there are; <linux/bpf_common.h>. */
function decide(hex: string, { machine = X64, number, arguments: values = [] }: Call): number {
  const bytes = Buffer.from(hex, 'hex');
  const word = (offset: number): number => (offset === 0 ? number : offset === 4 ? machine : (values[(offset - 16) / 8] ?? 0));
  let accumulator = 0;
  for (let at = 0; at < bytes.length; at += 8) {
    const [code, onTrue, onFalse, operand] = [bytes.readUInt16LE(at), bytes.readUInt8(at + 2), bytes.readUInt8(at + 3), bytes.readUInt32LE(at + 4)];
    if (code === 0x06) return operand;
    if (code === 0x20) accumulator = word(operand);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) at += 8 * (accumulator === operand ? onTrue : onFalse);
    else if (code === 0x35) at += 8 * (accumulator >= operand ? onTrue : onFalse);
    else throw new Error(`instruction ${code.toString(16)}`);
  }
  throw new Error('a filter ends with a return');
}

const RULES: readonly Rule[] = [
  { call: 1, tests: [], action: fail(1) },
  { call: 2, tests: [{ index: 0, equals: 7 }], action: fail(2) },
  {
    call: 2,
    tests: [
      { index: 0, mask: 0x40, equals: 0x40 },
      { index: 2, equals: 3 },
    ],
    action: fail(3),
  },
  { call: 3, tests: [{ index: 1, equals: 5, not: true }], action: fail(4) },
];

describe('a filter', () => {
  const filter = compileFilter('x64', RULES, ALLOW);
  it.each([
    ['a call without a rule', { number: 0 }, ALLOW],
    ['a call that is refused', { number: 1 }, fail(1)],
    ['an argument that is refused', { number: 2, arguments: [7] }, fail(2)],
    ['an argument that is not', { number: 2, arguments: [8] }, ALLOW],
    ['both of two arguments', { number: 2, arguments: [0x41, 0, 3] }, fail(3)],
    ['one of two arguments', { number: 2, arguments: [0x41, 0, 4] }, ALLOW],
    ['any argument but one', { number: 3, arguments: [0, 6] }, fail(4)],
    ['that one argument', { number: 3, arguments: [0, 5] }, ALLOW],
    ['another architecture', { number: 0, machine: 0x40000003 }, KILL],
    ['x32', { number: 0x40000001 }, KILL],
  ])('decides about %s', (_, call, action) => {
    expect(decide(filter, call)).toBe(action);
  });

  it('of arm64 knows no x32', () => {
    expect(decide(compileFilter('arm64', [], ALLOW), { number: 0x40000001, machine: 0xc00000b7 })).toBe(ALLOW);
  });
});
