/**
 * The rest of a socket: after a limit was hit it stays open and unwatched, and its clients wait in the kernel's queue until it is over.
 * The words for it say why, and until when.
 */
import { Backoff } from './rate-limit.js';

export interface RestWords {
  readonly reason: string;
  readonly hint: string | undefined;
}

export class SocketRest {
  readonly #backoff = new Backoff();
  #timer: NodeJS.Timeout | undefined;
  #words: RestWords | undefined;

  get words(): RestWords | undefined {
    return this.#words;
  }

  /**
   * `waitMs`: when the limit would allow more. With `growing`, what is hit again and again takes longer each time. Returns the words.
   */
  begin(why: string, hint: string | undefined, waitMs: number, growing: boolean, onOver: () => void): RestWords {
    const restMs = growing ? this.#backoff.next(performance.now(), waitMs) : waitMs;
    clearTimeout(this.#timer);
    // A timer may be early by a part of a millisecond, and would find the limit still hit.
    this.#timer = setTimeout(() => {
      this.end();
      onOver();
    }, restMs + 2);
    return (this.#words = { reason: `${why}, trying again at ${clock(Date.now() + restMs)} (in ${spell(restMs)}); clients wait in the queue meanwhile`, hint });
  }

  /** Somebody has ended what it was for. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#words = undefined;
  }

  forget(): void {
    this.end();
    this.#backoff.reset();
  }

  /** A run of the service ended well: what is hit now has another cause. */
  onSuccess(): void {
    this.#backoff.reset();
  }
}

export function clock(timeMs: number): string {
  const time = new Date(timeMs);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function spell(timeMs: number): string {
  return timeMs < 1000 ? `${Math.ceil(timeMs)} ms` : timeMs < 10_000 ? `${Math.ceil(timeMs / 100) / 10} s` : `${Math.ceil(timeMs / 1000)} s`;
}
