/**
 * One epoll descriptor of our own inside Node's event loop: any descriptor can be watched, a listening socket without
 * accepting, and what epoll refuses is an error rather than an abort; epoll(7).
 */
import { SysError } from './errno.js';
import { check, Fd } from './fd.js';
import * as libc from './libc.js';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL = { add: 1, remove: 2, modify: 3 } as const;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLONESHOT = 1 << 30;
const EPOLLET = 1 << 31;
/** struct epoll_event is packed on x86-64 and nowhere else; epoll_event(3type). */
export const EPOLL_EVENT = process.arch === 'x64' ? { size: 12, data: 4 } : { size: 16, data: 8 };
const MOST_EVENTS = 64;
/** How long callbacks may hold the event loop in one go. */
const TURN_MS = 3;

export interface WatchOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  /** One call, then none until `rearm`. */
  readonly oneShot?: boolean;
  readonly edge?: boolean;
  /** Served before others that are ready at the same time: a client waits there. */
  readonly first?: boolean;
}

export interface Watch {
  rearm(): void;
  close(): void;
}

interface Entry {
  readonly onReady: (events: number) => void;
  readonly first: boolean;
}

export class Poller {
  readonly #epoll: Fd;
  readonly #entries = new Map<number, Entry>();
  readonly #handle: { stop(): void };
  readonly #events = Buffer.alloc(EPOLL_EVENT.size * MOST_EVENTS);
  #nextId = 1;
  readonly #ready: [id: number, events: number][] = [];
  #scheduled = false;
  /** When the kernel told of the events that are being served; performance.now(). */
  wokenMs = 0;

  /** `onError` gets what a callback throws: koffi would lose it. */
  constructor(readonly onError: (error: unknown) => void) {
    this.#epoll = new Fd(check('epoll_create1', libc.epollCreate1(EPOLL_CLOEXEC)));
    this.#handle = libc.pollInLoop(this.#epoll.number, () => this.#drain());
  }

  /** The descriptor stays the caller's, who closes the watch before it. Throws SysError (EPERM: not pollable). */
  watch(fd: Fd, options: WatchOptions, onReady: (events: number) => void): Watch {
    const id = this.#nextId++;
    const mask =
      (options.read === true ? EPOLLIN : 0) | (options.write === true ? EPOLLOUT : 0) | (options.oneShot === true ? EPOLLONESHOT : 0) | (options.edge === true ? EPOLLET : 0);
    this.#control('add', fd, mask, id);
    this.#entries.set(id, { onReady, first: options.first === true });
    return {
      rearm: () => this.#control('modify', fd, mask, id),
      close: () => {
        if (!this.#entries.delete(id) || !fd.isOpen || !this.#epoll.isOpen) return;
        this.#control('remove', fd, 0, id);
      },
    };
  }

  close(): void {
    if (!this.#epoll.isOpen) return;
    this.#handle.stop();
    this.#entries.clear();
    this.#epoll.close();
  }

  #control(operation: keyof typeof EPOLL_CTL, fd: Fd, mask: number, id: number): void {
    const event = Buffer.alloc(EPOLL_EVENT.size);
    event.writeInt32LE(mask | 0, 0);
    event.writeUInt32LE(id, EPOLL_EVENT.data);
    check('epoll_ctl', libc.epollCtl(this.#epoll.number, EPOLL_CTL[operation], fd.number, event));
  }

  #drain(): void {
    if (!this.#epoll.isOpen) return;
    const count = libc.epollWait(this.#epoll.number, this.#events, MOST_EVENTS, 0);
    this.wokenMs = performance.now();
    if (count < 0) return this.onError(new SysError('epoll_wait', libc.errno()));
    // Read out first: a callback may close watches that have events in this batch.
    const first: [id: number, events: number][] = [];
    for (let i = 0; i < count; i++) {
      const at = i * EPOLL_EVENT.size;
      const id = this.#events.readUInt32LE(at + EPOLL_EVENT.data);
      (this.#entries.get(id)?.first === true ? first : this.#ready).push([id, this.#events.readUInt32LE(at)]);
    }
    this.#ready.unshift(...first);
    this.#serve();
  }

  /** A crowd is served in turns: whatever else the loop has to do comes between. */
  #serve(): void {
    const until = performance.now() + TURN_MS;
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) {
      this.#call(...next);
      if (this.#ready.length === 0 || performance.now() < until) continue;
      if (!this.#scheduled) setImmediate(() => this.#resume());
      this.#scheduled = true;
      return;
    }
  }

  #resume(): void {
    this.#scheduled = false;
    if (this.#epoll.isOpen) this.#serve();
  }

  #call(id: number, events: number): void {
    try {
      this.#entries.get(id)?.onReady(events);
    } catch (error) {
      this.onError(error);
    }
  }
}
