/**
 * Notices that something arrived at descriptors which another process serves, through an epoll instance of its own; epoll(7). The
 * descriptors stay the caller's, who closes these before them.
 */
import { check, Fd } from './fd.js';
import * as libc from './libc.js';
import { EPOLL_EVENT } from './poller.js';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL = { add: 1, modify: 3 } as const;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLET = 1 << 31;

/** Whether something waits at a descriptor for whoever reads or accepts it. */
export class WaitingNote {
  readonly #epoll: Fd;
  readonly #events = Buffer.alloc(EPOLL_EVENT.size);

  /** Throws SysError. */
  constructor(fds: readonly Fd[]) {
    this.#epoll = new Fd(check('epoll_create1', libc.epollCreate1(EPOLL_CLOEXEC)));
    const event = Buffer.alloc(EPOLL_EVENT.size);
    event.writeInt32LE(EPOLLIN, 0);
    try {
      for (const fd of fds) check('epoll_ctl', libc.epollCtl(this.#epoll.number, EPOLL_CTL.add, fd.number, event));
    } catch (error) {
      this.#epoll.close();
      throw error;
    }
  }

  get waits(): boolean {
    return libc.epollWait(this.#epoll.number, this.#events, 1, 0) > 0;
  }

  close(): void {
    this.#epoll.close();
  }
}

/** Edges: each arrival is reported once, and not again because nobody has read it yet. */
class Edges {
  readonly #epoll: Fd;
  readonly #events: Buffer;
  readonly #most: number;
  readonly #fds: readonly Fd[];
  readonly #event = Buffer.alloc(EPOLL_EVENT.size);

  /** Throws SysError. */
  constructor(fds: readonly Fd[], mask: number) {
    this.#fds = fds;
    this.#most = Math.max(1, fds.length);
    this.#events = Buffer.alloc(EPOLL_EVENT.size * this.#most);
    this.#epoll = new Fd(check('epoll_create1', libc.epollCreate1(EPOLL_CLOEXEC)));
    this.#event.writeInt32LE(mask | EPOLLET, 0);
    this.#control('add');
  }

  /** What is ready now counts as an edge once more. */
  refresh(): void {
    this.#control('modify');
  }

  #control(operation: keyof typeof EPOLL_CTL): void {
    for (const fd of this.#fds) check('epoll_ctl', libc.epollCtl(this.#epoll.number, EPOLL_CTL[operation], fd.number, this.#event));
  }

  get number(): number {
    return this.#epoll.number;
  }

  /** Whether there were any since it was asked last. */
  take(): boolean {
    return check('epoll_wait', libc.epollWait(this.#epoll.number, this.#events, this.#most, 0)) > 0;
  }

  close(): void {
    this.#epoll.close();
  }
}

/** For datagrams: nobody is woken, an arrival costs the kernel one entry in a list, and we look at it when we like. */
export class ArrivalNote {
  readonly #edges: Edges;

  /** Throws SysError. */
  constructor(fds: readonly Fd[]) {
    // What was read is no longer readable, and epoll leaves out what is not ready any more. But a datagram socket is always
    // writable: with EPOLLOUT the edge that an arrival makes is reported, whatever became of it.
    this.#edges = new Edges(fds, EPOLLIN | EPOLLOUT);
    this.#edges.take();
  }

  /** Whether anything came, or was sent, since it was asked last. */
  takeArrived(): boolean {
    return this.#edges.take();
  }

  close(): void {
    this.#edges.close();
  }
}

/** For listening sockets: the event loop is woken once by the next client who waits to be accepted, then not again until `arm`. */
export class ArrivalCall {
  readonly #edges: Edges;
  readonly #onArrival: () => void;
  #handle: { stop(): void } | undefined;

  /** Armed. Throws SysError. */
  constructor(fds: readonly Fd[], onArrival: () => void) {
    this.#edges = new Edges(fds, EPOLLIN);
    this.#onArrival = onArrival;
    this.arm();
  }

  /**
   * Somebody who waits already counts as an arrival now. Later, that the loop is woken says enough: by then the client may have been
   * accepted, and epoll would say that there is none.
   */
  arm(): void {
    this.#edges.refresh();
    if (this.#edges.take()) this.#onArrival();
    this.#handle ??= libc.pollInLoop(this.#edges.number, () => {
      this.#disarm();
      this.#onArrival();
    });
  }

  #disarm(): void {
    this.#handle?.stop();
    this.#handle = undefined;
  }

  close(): void {
    this.#disarm();
    this.#edges.close();
  }
}
