import { describe, expect, it } from 'vitest';
import { absolutePath, boolean, mode, oneOf, signal, size, wholeNumber } from './simple.js';
import type { ValueParser } from './value.js';

interface Row {
  readonly what: string;
  readonly parse: ValueParser<unknown>;
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
  readonly expected: string;
}

const TABLE: readonly Row[] = [
  {
    what: 'a boolean',
    parse: boolean,
    good: [
      ...['1', 'yes', 'y', 'true', 't', 'on', 'YES', 'On'].map((text) => [text, true] as const),
      ...['0', 'no', 'n', 'false', 'f', 'off', 'NO', 'oFF'].map((text) => [text, false] as const),
    ],
    bad: ['', 'ja', '2', 'yess', ' yes', 'enabled'],
    expected: 'yes or no',
  },
  {
    what: 'a mode',
    parse: mode,
    good: [
      ['0660', 0o660],
      ['660', 0o660],
      ['7777', 0o7777],
      ['0', 0],
      ['00755', 0o755],
    ],
    bad: ['', '0888', '10000', '-1', 'rw', '0o660', '77777'],
    expected: 'an octal mode such as 0660',
  },
  {
    what: 'a size',
    parse: size,
    good: [
      ['0', 0],
      ['4096', 4096],
      ['64K', 65536],
      ['64 K', 65536],
      ['1.5K', 1536],
      ['8M', 2 ** 23],
      ['1G', 2 ** 30],
      ['2T', 2 ** 41],
      ['1P', 2 ** 50],
      ['1E', 2 ** 60],
      ['7B', 7],
    ],
    bad: ['', 'K', '-1', '64k', '64KB', '64 KiB', '1,5K', 'big', '0x10'],
    expected: 'a size in bytes, such as 4096 or 64K',
  },
  {
    what: 'a whole number',
    parse: wholeNumber(-20, 19),
    good: [
      ['-20', -20],
      ['0', 0],
      ['19', 19],
      ['007', 7],
    ],
    bad: ['', '20', '-21', '1.5', '1e1', 'x', '+1'],
    expected: 'a whole number from -20 to 19',
  },
  {
    what: 'one of several words',
    parse: oneOf('a', 'b', 'c'),
    good: [
      ['a', 'a'],
      ['c', 'c'],
    ],
    bad: ['', 'A', 'd', 'a b'],
    expected: 'a, b or c',
  },
  { what: 'the only word', parse: oneOf('a'), good: [['a', 'a']], bad: ['b'], expected: "'a'" },
  {
    what: 'a signal',
    parse: signal,
    good: [
      ...['TERM', 'SIGTERM', '15'].map((text) => [text, 'SIGTERM'] as const),
      ['1', 'SIGHUP'],
      ['9', 'SIGKILL'],
      ['31', 'SIGSYS'],
      ['WINCH', 'SIGWINCH'],
      ['SIGRTMIN+3', 'SIGRTMIN+3'],
      ['RTMIN', 'SIGRTMIN'],
      ['SIGRTMAX-5', 'SIGRTMAX-5'],
      ['34', 'SIGRTMIN+0'],
      ['37', 'SIGRTMIN+3'],
      ['64', 'SIGRTMIN+30'],
    ],
    bad: ['', '0', '32', '33', '65', '-1', 'FOO', 'term', 'SIG', 'SIG15', 'rtmin', 'RTMIN+31', 'RTMIN-1', 'RTMAX+1'],
    expected: 'a signal such as SIGTERM',
  },
  {
    what: 'a path',
    parse: absolutePath,
    good: [
      ['/', '/'],
      ['/a/b', '/a/b'],
      ['/a//b/', '/a/b'],
    ],
    bad: ['', 'a/b', './a', '~/a', '/a\0b'],
    expected: 'an absolute path',
  },
];

describe.each(TABLE)('$what', ({ parse, good, bad, expected }) => {
  it.each(good)('%j is understood', (text, value) => {
    expect(parse(text)).toEqual({ ok: true, value });
  });

  it.each(bad)('%j is refused with what is expected', (text) => {
    expect(parse(text)).toEqual({ ok: false, expected });
  });
});
