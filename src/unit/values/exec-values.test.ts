import { describe, expect, it } from 'vitest';
import { assignment, exitStatus, inputTarget, limit, outputTarget, variableName } from './exec-values.js';
import type { Value } from './value.js';

type Row = readonly [text: string, value: unknown];

function check(parse: (text: string) => Value<unknown>, good: readonly Row[], bad: readonly string[], expected: RegExp): void {
  it.each(good)('%j is understood', (text, value) => {
    expect(parse(text)).toEqual({ ok: true, value });
  });
  it.each(bad)('%j is refused with what is expected', (text) => {
    expect(parse(text)).toEqual({ ok: false, expected: expect.stringMatching(expected) as string });
  });
}

describe('a limit in bytes', () => {
  const value = (soft: number, hard = soft): object => ({ resource: 'core', soft, hard });
  check(
    limit('core'),
    [
      ['0', value(0)],
      ['1K', value(1024)],
      ['1G:infinity', value(2 ** 30, Infinity)],
      ['infinity', value(Infinity)],
      ['1K:2K', value(1024, 2048)],
    ],
    ['', 'x', '-1', ':', '1:2:3', '2:1', 'infinity:1'],
    /./,
  );
});

describe('a limit that counts', () => {
  const value = (soft: number, hard = soft): object => ({ resource: 'nofile', soft, hard });
  check(
    limit('nofile'),
    [
      ['1024', value(1024)],
      ['1024:4096', value(1024, 4096)],
      ['infinity', value(Infinity)],
    ],
    ['1K', '1.5', '100:50', ''],
    /infinity or SOFT:HARD$|not higher than the second$/,
  );
});

describe('a limit of time', () => {
  check(
    limit('cpu'),
    [
      ['60', { resource: 'cpu', soft: 60, hard: 60 }],
      ['1min:2min', { resource: 'cpu', soft: 60, hard: 120 }],
      ['1500ms', { resource: 'cpu', soft: 2, hard: 2 }],
    ],
    ['x'],
    /^a time such as/,
  );
  check(
    limit('rttime'),
    [
      ['1000', { resource: 'rttime', soft: 1000, hard: 1000 }],
      ['2s', { resource: 'rttime', soft: 2_000_000, hard: 2_000_000 }],
    ],
    ['x'],
    /^a time such as/,
  );
});

describe('a limit of niceness', () => {
  check(
    limit('nice'),
    [
      ['15', { resource: 'nice', soft: 15, hard: 15 }],
      ['+5', { resource: 'nice', soft: 15, hard: 15 }],
      ['-20', { resource: 'nice', soft: 40, hard: 40 }],
      ['+19:-20', { resource: 'nice', soft: 1, hard: 40 }],
    ],
    ['41', '+20', '-21', 'x'],
    /^a whole number/,
  );
});

describe('an output', () => {
  check(
    outputTarget,
    [
      ...['inherit', 'null', 'tty', 'journal', 'kmsg', 'socket'].map((type): Row => [type, { type }]),
      ['journal+console', { type: 'journal' }],
      ['syslog', { type: 'journal' }],
      ['file:/a b', { type: 'file', path: '/a b' }],
      ['append:/a', { type: 'append', path: '/a' }],
      ['truncate:/a', { type: 'truncate', path: '/a' }],
      ['fd', { type: 'fd', name: undefined }],
      ['fd:log', { type: 'fd', name: 'log' }],
    ],
    ['', 'Journal', 'file:a', 'file:', '/a', 'stdout', 'constructor'],
    /^inherit, null, journal/,
  );
});

describe('an input', () => {
  check(
    inputTarget,
    [
      ['null', { type: 'null' }],
      ['socket', { type: 'socket' }],
      ...['tty', 'tty-force', 'tty-fail'].map((text): Row => [text, { type: 'tty' }]),
      ['file:/a', { type: 'file', path: '/a' }],
      ['fd:web', { type: 'fd', name: 'web' }],
    ],
    ['', 'journal', 'file:a', 'tty-x'],
    /^null, socket/,
  );
});

describe('an exit status', () => {
  check(
    exitStatus,
    [
      ['0', 0],
      ['255', 255],
      ['TEMPFAIL', 75],
      ['EXEC', 203],
      ['EXCEPTION', 255],
      ['SIGKILL', 'SIGKILL'],
      ['TERM', 'SIGTERM'],
      ['SIGRTMIN+1', 'SIGRTMIN+1'],
    ],
    ['256', '300', '-1', 'NOSUCH', '1.5', ''],
    /^an exit code from 0 to 255/,
  );
});

describe('an assignment', () => {
  check(
    assignment,
    [
      ['A=1', ['A', '1']],
      ['_a9=', ['_a9', '']],
      ['A=b=c', ['A', 'b=c']],
      ['A= x', ['A', ' x']],
    ],
    ['', 'A', '=1', '9A=1', 'a-b=1', 'a b=1'],
    /^NAME=value/,
  );
});

describe('the name of a variable', () => {
  check(
    variableName,
    [
      ['PATH', 'PATH'],
      ['_1', '_1'],
    ],
    ['', '1', 'A-B', 'A=1'],
    /^the name of a variable$/,
  );
});
