import { describe, expect, it } from 'vitest';
import type { PropertyValue } from './property.js';
import { propertyLines, timestamp } from './text.js';

const rows: readonly (readonly [name: string, signature: string, value: PropertyValue, lines: readonly string[]])[] = [
  ['Description', 's', 'two\nlines', ['[unprintable]']],
  ['Accept', 'b', true, ['yes']],
  ['RestartUSec', 't', 90_000_000, ['1min 30s']],
  ['RuntimeMaxUSec', 't', Infinity, ['infinity']],
  ['ManagedOOMMemoryPressureDurationUSec', 't', Infinity, ['[not set]']],
  ['ActiveEnterTimestamp', 't', 0, ['']],
  ['ActiveEnterTimestampMonotonic', 't', 12, ['12']],
  ['LimitNOFILE', 't', Infinity, ['infinity']],
  ['MemoryCurrent', 't', Infinity, ['[not set]']],
  ['IPIngressBytes', 't', Infinity, ['[no data]']],
  ['SocketMode', 'u', 0o600, ['0600']],
  ['UID', 'u', 2 ** 32 - 1, ['[not set]']],
  ['Mark', 'i', -1, ['-1']],
  ['Environment', 'as', ['A=1', 'B=x y', 'C="$'], ['A=1 "B=x y" "C=\\"\\$"']],
  ['Documentation', 'as', [], ['']],
  ['InvocationID', 'ay', Buffer.from('00ff', 'hex'), ['00ff']],
  ['Job', '(uo)', [0, '/'], ['']],
  ['Job', '(uo)', [7, '/org/freedesktop/systemd1/job/7'], ['7']],
  ['LoadError', '(ss)', ['a.b', 'Not there.'], ['a.b "Not there."']],
  [
    'SuccessExitStatus',
    '(aiai)',
    [
      [3, 4],
      [15, 10],
    ],
    ['3 4 TERM USR1'],
  ],
  [
    'EnvironmentFiles',
    'a(sb)',
    [
      ['/a', true],
      ['/b', false],
    ],
    ['/a (ignore_errors=yes)', '/b (ignore_errors=no)'],
  ],
  ['Listen', 'a(ss)', [['Stream', '@x']], ['@x (Stream)']],
  [
    'ExecStop',
    'a(sasbttttuii)',
    [['/bin/a', ['/bin/a', 'b c'], true, 0, 0, 0, 0, 0, 0, 0]],
    ['{ path=/bin/a ; argv[]=/bin/a b c ; ignore_errors=yes ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }'],
  ],
  [
    'ExecStartEx',
    'a(sasasttttuii)',
    [['/bin/a', ['/bin/a'], ['ignore-failure'], 0, 0, 0, 0, 7, 2, 9]],
    ['{ path=/bin/a ; argv[]=/bin/a ; flags=ignore-failure ; start_time=[n/a] ; stop_time=[n/a] ; pid=7 ; code=killed ; status=9/KILL }'],
  ],
];

describe('the text of a property', () => {
  it.each(rows)('%s of type %s', (name, signature, value, lines) => {
    expect(propertyLines(name, signature, value)).toEqual(lines);
  });
});

it('a time is as systemctl prints it', () => {
  expect(timestamp(0)).toBe('');
  expect(timestamp(Date.UTC(2026, 10, 24, 20, 6, 15))).toMatch(/^(Tue|Wed) 2026-11-2[45] \d\d:\d\d:15 \S+$/);
});
