/**
 * When a program has taken the client that woke it: from then on its socket has nothing that waits. The kernel tells nobody of that, so
 * the socket is looked at: after each turn of a millisecond at first, then less often, as long as it has taken already.
 */
import { WaitingNote } from '../sys/arrivals.js';
import type { Fd } from '../sys/fd.js';

const LEAST_MS = 1;
/** A look comes after this part of the time that has passed. */
const PART = 0.05;
const GIVE_UP_MS = 30_000;

export class FirstAccept {
  #note: WaitingNote | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #begun = performance.now();

  /** The program runs now. The descriptor stays the caller's, who closes this before it. */
  constructor(
    fd: Fd,
    readonly onAccepted: () => void,
  ) {
    try {
      this.#note = new WaitingNote([fd]);
      setImmediate(() => this.#look());
    } catch {
      // A descriptor of a kind that epoll does not take: nobody will know.
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#note?.close();
    this.#note = undefined;
  }

  #look(): void {
    if (this.#note === undefined) return;
    const passedMs = performance.now() - this.#begun;
    const waits = this.#note.waits;
    if (!waits) this.onAccepted();
    if (!waits || passedMs > GIVE_UP_MS) return this.close();
    this.#timer = setTimeout(() => this.#look(), Math.max(LEAST_MS, passedMs * PART)).unref();
  }
}
