/**
 * A seccomp filter as the kernel takes it: classic BPF over `struct seccomp_data`; seccomp(2), <linux/filter.h>. A filter here is a list of
 * rules, each for one system call; what no rule is for is as `otherwise` says.
 *
 * Unlike systemd: programs of another architecture than the machine's own (32-bit ones) cannot run under a filter at all, so that
 * they are no way round it.
 */

export const ALLOW = 0x7fff0000;
export const KILL = 0x80000000;

export function fail(errno: number): number {
  return 0x00050000 | errno;
}

/** One argument of a call, of which these bits have (or `not`: have not) this value. Only the low half: flags and families need no more. */
export interface ArgumentTest {
  readonly index: number;
  readonly mask?: number;
  readonly equals: number;
  readonly not?: boolean;
}

export interface Rule {
  readonly call: number;
  /** All must hold; none: the call alone. */
  readonly tests: readonly ArgumentTest[];
  readonly action: number;
}

/** Fields of `struct seccomp_data`. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const ARGUMENTS = 16;

const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
/** x32's calls have this bit; <asm/unistd.h>. */
const X32 = 0x40000000;

const LOAD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;

type Instruction = readonly [code: number, onTrue: number, onFalse: number, operand: number];

/** Hexadecimal, as rouse-spawn reads it. */
export function compileFilter(machine: 'x64' | 'arm64', rules: readonly Rule[], otherwise: number): string {
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH[machine]],
    [RETURN, 0, 0, KILL],
    [LOAD, 0, 0, NUMBER],
    ...(machine === 'x64'
      ? ([
          [JUMP_IF_AT_LEAST, 0, 1, X32],
          [RETURN, 0, 0, KILL],
        ] as const)
      : []),
    ...rules.flatMap(compileRule),
    [RETURN, 0, 0, otherwise],
  ];
  const bytes = Buffer.alloc(8 * program.length);
  for (const [i, [code, onTrue, onFalse, operand]] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * i);
    bytes.writeUInt8(onTrue, 8 * i + 2);
    bytes.writeUInt8(onFalse, 8 * i + 3);
    bytes.writeUInt32LE(operand >>> 0, 8 * i + 4);
  }
  return bytes.toString('hex');
}

/** When a test fails the rest of the rule is jumped over, and the number is loaded again for the next one. */
function compileRule({ call, tests, action }: Rule): readonly Instruction[] {
  const body: Instruction[] = [];
  // From the end, where the jumps lead: a return, and then the number again.
  const after: readonly Instruction[] = tests.length === 0 ? [] : [[LOAD, 0, 0, NUMBER]];
  body.unshift([RETURN, 0, 0, action]);
  for (const { index, mask, equals, not } of tests.toReversed()) {
    const over = body.length;
    body.unshift(
      [LOAD, 0, 0, ARGUMENTS + 8 * index],
      ...(mask === undefined ? [] : ([[AND, 0, 0, mask]] as const)),
      not === true ? [JUMP_IF_EQUAL, over, 0, equals] : [JUMP_IF_EQUAL, 0, over, equals],
    );
  }
  return [[JUMP_IF_EQUAL, 0, body.length + after.length, call], ...body, ...after];
}
