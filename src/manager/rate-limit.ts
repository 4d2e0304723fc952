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
