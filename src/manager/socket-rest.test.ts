import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SocketRest } from './socket-rest.js';

beforeEach(() => vi.useFakeTimers({ now: new Date(2026, 0, 31, 12, 0, 0) }));
afterEach(() => vi.useRealTimers());

function rests(waits: readonly number[], { growing = true, between = 1 } = {}): readonly (string | undefined)[] {
  const rest = new SocketRest();
  return waits.map((waitMs) => {
    const words = rest.begin('Start limit hit', undefined, waitMs, growing, () => undefined);
    vi.advanceTimersByTime(200_000);
    vi.advanceTimersByTime(between);
    return / \(in (.*)\)/.exec(words.reason)?.[1];
  });
}

describe('a rest', () => {
  it('says why, until when, and what becomes of the clients', () => {
    const words = new SocketRest().begin('web.service: Start limit hit (5 starts in 10 s)', 'rouse logs web.service', 8000, false, () => undefined);
    expect(words).toEqual({
      reason: 'web.service: Start limit hit (5 starts in 10 s), trying again at 12:00:08 (in 8 s); clients wait in the queue meanwhile',
      hint: 'rouse logs web.service',
    });
  });

  it('is over when the limit allows more, and not before', () => {
    const rest = new SocketRest();
    let over = 0;
    rest.begin('Trigger limit hit', undefined, 2000, false, () => over++);
    vi.advanceTimersByTime(2000);
    expect([over, rest.words === undefined]).toEqual([0, false]);
    vi.advanceTimersByTime(10);
    expect([over, rest.words === undefined]).toEqual([1, true]);
  });

  it('can be ended early, and then is over for good', () => {
    const rest = new SocketRest();
    rest.begin('Trigger limit hit', undefined, 2000, false, () => expect.unreachable());
    rest.end();
    vi.advanceTimersByTime(10_000);
    expect(rest.words).toBeUndefined();
  });

  it('takes as long as the limit says, however often', () => {
    expect(rests([300, 300, 300], { growing: false })).toEqual(['300 ms', '300 ms', '300 ms']);
  });
});

describe('a rest that grows', () => {
  /** Each begins as soon as the last is over. */
  function closely(count: number, waitMs: number, between: (rest: SocketRest) => void = () => undefined): readonly (string | undefined)[] {
    const rest = new SocketRest();
    return Array.from({ length: count }, () => {
      let over = false;
      const words = rest.begin('Start limit hit', undefined, waitMs, true, () => (over = true));
      while (!over) vi.advanceTimersByTime(100);
      between(rest);
      return / \(in (.*)\)/.exec(words.reason)?.[1];
    });
  }

  it('takes twice as long each time, up to a minute', () => {
    expect(closely(5, 10_000)).toEqual(['10 s', '20 s', '40 s', '60 s', '60 s']);
  });

  it('takes no less than the limit asks for, however long that is', () => {
    expect(closely(2, 300_000)).toEqual(['300 s', '300 s']);
  });

  it('begins anew when the service has ended well, or all was quiet for a while', () => {
    expect(closely(3, 10_000, (rest) => rest.onSuccess())).toEqual(['10 s', '10 s', '10 s']);
    expect(closely(3, 10_000, () => vi.advanceTimersByTime(61_000))).toEqual(['10 s', '10 s', '10 s']);
  });
});
