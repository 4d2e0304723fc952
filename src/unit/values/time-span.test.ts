import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTimeSpan, timeout, timeSpan } from './time-span.js';

// Each as `systemd-analyze timespan` has it.
const GOOD: readonly (readonly [text: string, timeMs: number])[] = [
  ['0', 0],
  ['90', 90_000],
  ['1.5', 1500],
  ['.5s', 500],
  ['1 ', 1000],
  ['1us', 0.001],
  ['1usec', 0.001],
  ['1µs', 0.001],
  ['250ms', 250],
  ['250msec', 250],
  ['2s', 2000],
  ['2sec', 2000],
  ['2second', 2000],
  ['2seconds', 2000],
  ['3m', 180_000],
  ['3min', 180_000],
  ['3minutes', 180_000],
  ['1h', 3_600_000],
  ['1hr', 3_600_000],
  ['2hours', 7_200_000],
  ['1d', 86_400_000],
  ['2days', 172_800_000],
  ['1w', 604_800_000],
  ['2weeks', 1_209_600_000],
  ['1M', 2_629_800_000],
  ['1month', 2_629_800_000],
  ['1y', 31_557_600_000],
  ['2years', 63_115_200_000],
  ['5min 20s', 320_000],
  ['1h30min', 5_400_000],
  ['5 5', 10_000],
  ['2 s 10 ms', 2010],
  ['infinity', Infinity],
];
const BAD = ['', ' ', '-5', '1.s', '12.34.56', '1H', '1e3', '0x10', 'five', '5 fortnights', 's', 'infinitely', 'infinity 5s'];

describe('a time span', () => {
  it.each(GOOD)('%j is %d ms', (text, timeMs) => {
    const parsed = timeSpan(text);
    expect(parsed.ok && parsed.value).toBeCloseTo(timeMs, 6);
  });

  it.each(BAD)('%j is refused', (text) => {
    expect(timeSpan(text)).toEqual({ ok: false, expected: expect.stringContaining('a time such as') as string });
  });

  it('of 0 is none where it is a timeout', () => {
    expect(timeout('0')).toEqual({ ok: true, value: Infinity });
    expect(timeout('1')).toEqual({ ok: true, value: 1000 });
    expect(timeout('x').ok).toBe(false);
  });
});

describe('a time span in words', () => {
  it.each([
    [0, '0'],
    [100, '100ms'],
    [0.5, '500us'],
    [1500, '1.500000s'],
    [1.5, '1.500ms'],
    [90_000, '1min 30s'],
    [90_500, '1min 30.500000s'],
    [3_600_000, '1h'],
    [86_400_000, '1d'],
    [604_800_000, '1w'],
    [2_629_800_000, '1month'],
    [31_557_600_000, '1y'],
    [Infinity, 'infinity'],
  ])('%d ms is %s', (timeMs, text) => {
    expect(formatTimeSpan(timeMs)).toBe(text);
  });

  it('means the same when it is read again', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (timeMs) => {
        const again = timeSpan(formatTimeSpan(timeMs));
        expect(again.ok && Math.round(again.value)).toBe(timeMs);
      }),
    );
  });
});
