/**
 * Notes that something arrived at descriptors which another process reads. An epoll instance that nobody waits for: an arrival costs
 * the kernel one entry in a list, and we look at it when we like; epoll(7).
 */
import { check, Fd } from './fd.js';
import * as libc from './libc.js';
import { EPOLL_EVENT } from './poller.js';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLET = 1 << 31;

export class ArrivalNote {
  readonly #epoll: Fd;
  readonly #events: Buffer;

  /** The descriptors stay the caller's. Throws SysError. */
  constructor(readonly fds: readonly Fd[]) {
    this.#epoll = new Fd(check('epoll_create1', libc.epollCreate1(EPOLL_CLOEXEC)));
    this.#events = Buffer.alloc(EPOLL_EVENT.size * Math.max(1, fds.length));
    for (const fd of fds) this.#add(fd);
    this.takeArrived();
  }

  /** Whether anything came, or was sent, since it was asked last. */
  takeArrived(): boolean {
    return check('epoll_wait', libc.epollWait(this.#epoll.number, this.#events, Math.max(1, this.fds.length), 0)) > 0;
  }

  close(): void {
    this.#epoll.close();
  }

  /**
   * What arrived and was read is no longer readable, and epoll leaves out what is not ready any more. A datagram socket is always
   * writable: with EPOLLOUT the edge that an arrival makes is reported, whatever became of it.
   */
  #add(fd: Fd): void {
    const event = Buffer.alloc(EPOLL_EVENT.size);
    event.writeInt32LE(EPOLLIN | EPOLLOUT | EPOLLET, 0);
    event.writeUInt32LE(fd.number, EPOLL_EVENT.data);
    check('epoll_ctl', libc.epollCtl(this.#epoll.number, EPOLL_CTL_ADD, fd.number, event));
  }
}
