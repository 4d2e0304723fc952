/**
 * Notices that nobody uses listening sockets, though another process serves them: no connection is open, and nothing has arrived for
 * a while. It looks a few times in that while, and not at all between: nobody's bytes go through here, and no wake-up is spent on
 * a client who comes.
 *
 * - Connections are counted in the kernel's tables (connections.ts). TCP remembers for a minute those that came and went between two
 *   looks; for the others, and for Unix sockets, the event loop is woken once per look by the first client who waits to be
 *   accepted. A quick service may have accepted before that is seen: one short connection can be missed, many cannot.
 * - Datagrams have no connections: an epoll instance that nobody waits for notes that something arrived, whoever read it since.
 * - A socket about which the kernel does not tell counts as in use.
 */
import type { Fd } from '../sys/fd.js';
import { ArrivalCall, ArrivalNote } from '../sys/arrivals.js';
import { presenceOf, type Presence } from './connections.js';

export interface IdleOptions {
  /** Nobody for so long is idle. */
  readonly idleMs: number;
}

/** Looks in that while; what is idle is noticed at most one part of it late. */
const LOOKS = 4;
/** TCP forgets after a minute. */
const STEP_MOST_MS = 30_000;

export class IdleWatch {
  readonly #asks: readonly (() => Presence)[];
  readonly #datagrams: ArrivalNote | undefined;
  readonly #clients: ArrivalCall | undefined;
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When somebody was there last, as far as is known; performance.now(). */
  #lastBusy = performance.now();
  #wasBusy = true;

  /** Calls back once, and then not again. The descriptors stay the caller's, who closes this before them. Throws SysError. */
  constructor(sockets: readonly Fd[], { idleMs }: IdleOptions, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    const streams: Fd[] = [];
    const datagrams: Fd[] = [];
    const asks: (() => Presence)[] = [];
    for (const fd of sockets) {
      const ask = presenceOf(fd);
      (ask === undefined ? datagrams : streams).push(fd);
      if (ask !== undefined) asks.push(ask);
    }
    this.#asks = asks;
    this.#datagrams = datagrams.length === 0 ? undefined : new ArrivalNote(datagrams);
    this.#clients = streams.length === 0 ? undefined : new ArrivalCall(streams, () => this.touch());
    this.#schedule();
  }

  /** Somebody is known to be there now. */
  touch(): void {
    this.#lastBusy = performance.now();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#clients?.close();
    this.#datagrams?.close();
  }

  /** While somebody is there a part of the time at most; then until it is over. */
  #schedule(): void {
    const left = Math.max(1, this.#lastBusy + this.#idleMs - performance.now());
    const step = Math.min(this.#idleMs / LOOKS, STEP_MOST_MS);
    this.#timer = setTimeout(() => this.#look(), this.#wasBusy ? Math.min(left, step) : Math.min(left, STEP_MOST_MS));
    this.#timer.unref();
  }

  #look(): void {
    this.#clients?.arm();
    const now = performance.now();
    const goneMs = this.#datagrams?.takeArrived() === true ? 0 : Math.min(...this.#asks.map((ask) => goneFor(ask())), Infinity);
    this.#wasBusy = goneMs === 0;
    this.#lastBusy = Math.max(this.#lastBusy, now - goneMs);
    if (now - this.#lastBusy >= this.#idleMs) {
      this.close();
      return this.#onIdle();
    }
    this.#schedule();
  }
}

function goneFor(presence: Presence): number {
  return presence === 'busy' || presence === 'unknown' ? 0 : presence.goneMs;
}
