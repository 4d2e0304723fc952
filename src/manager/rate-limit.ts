/** Counts events in a window, as systemd's rate limits do: `burst` of them in `intervalMs`, then no more until it ends. */
export class RateLimit {
  #begin = -Infinity;
  #count = 0;

  constructor(
    readonly intervalMs: number,
    readonly burst: number,
  ) {}

  /** True when this event is within the limit. An interval or burst of 0 sets no limit. `nowMs` is a monotonic clock's. */
  take(nowMs: number): boolean {
    if (this.intervalMs === 0 || this.burst === 0) return true;
    if (nowMs - this.#begin >= this.intervalMs) {
      this.#begin = nowMs;
      this.#count = 0;
    }
    this.#count++;
    return this.#count <= this.burst;
  }

  /** How long until events are within the limit again. */
  remainingMs(nowMs: number): number {
    return this.#count < this.burst ? 0 : Math.max(0, this.#begin + this.intervalMs - nowMs);
  }

  reset(): void {
    this.#begin = -Infinity;
    this.#count = 0;
  }
}

/** No rest is longer than this, unless the limit itself asks for more. */
const REST_MOST_MS = 60_000;

/** How long a socket rests: what the limit asks for at first, and twice as long each time while it keeps being hit. */
export class Backoff {
  #times = 0;
  #overMs = -Infinity;

  /** `leastMs` is when the limit would allow more; `nowMs` is a monotonic clock's. */
  next(nowMs: number, leastMs: number): number {
    if (nowMs - this.#overMs > REST_MOST_MS) this.#times = 0;
    const restMs = Math.max(leastMs, Math.min(leastMs * 2 ** this.#times, REST_MOST_MS));
    this.#times++;
    this.#overMs = nowMs + restMs;
    return restMs;
  }

  reset(): void {
    this.#times = 0;
  }
}
