import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.js';

function taken(limit: RateLimit, ...times: readonly number[]): readonly boolean[] {
  return times.map((nowMs) => limit.take(nowMs));
}

describe('a rate limit', () => {
  it('lets so many through in an interval that begins with the first', () => {
    expect(taken(new RateLimit(1000, 2), 500, 600, 700, 1499, 1500, 1501, 1502)).toEqual([true, true, false, false, true, true, false]);
  });

  it('says how long it will be', () => {
    const limit = new RateLimit(1000, 1);
    expect(limit.remainingMs(0)).toBe(0);
    limit.take(100);
    expect(limit.remainingMs(300)).toBe(800);
    expect(limit.remainingMs(2000)).toBe(0);
  });

  it('can be forgotten', () => {
    const limit = new RateLimit(1000, 1);
    limit.take(0);
    limit.reset();
    expect(limit.take(1)).toBe(true);
  });

  it.each([
    [0, 5],
    [1000, 0],
  ])('of %d ms and %d is none', (intervalMs, burst) => {
    expect(taken(new RateLimit(intervalMs, burst), ...Array.from({ length: 50 }, () => 0)).every(Boolean)).toBe(true);
  });
});
