/** An owned file descriptor: closed once, by its owner. A bare number is `fdNumber`, and is seen only here and at exec. */
import { SysError } from './errno.js';
import * as libc from './libc.js';

/** <asm-generic/fcntl.h> */
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_NONBLOCK = 0o4000;

export class Fd {
  #number: number;

  /** Takes the descriptor. */
  constructor(fdNumber: number) {
    this.#number = fdNumber;
  }

  get isOpen(): boolean {
    return this.#number >= 0;
  }

  /** Throws when it is closed or was given away: that is a bug. */
  get number(): number {
    if (this.#number < 0) throw new Error('The descriptor is closed already');
    return this.#number;
  }

  close(): void {
    if (this.#number >= 0) libc.close(this.take());
  }

  /** Gives the descriptor away: the caller closes it. */
  take(): number {
    const taken = this.number;
    this.#number = -1;
    return taken;
  }

  dup(): Fd {
    return new Fd(check('fcntl', libc.fcntl(this.number, F_DUPFD_CLOEXEC, 3)));
  }

  get isNonblocking(): boolean {
    return (check('fcntl', libc.fcntl(this.number, F_GETFL, 0)) & O_NONBLOCK) !== 0;
  }

  /** A flag of the open file description: whoever else has it sees the change too. */
  setNonblocking(on: boolean): void {
    const flags = check('fcntl', libc.fcntl(this.number, F_GETFL, 0));
    const wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted !== flags) check('fcntl', libc.fcntl(this.number, F_SETFL, wanted));
  }
}

/** The result of a call, or its errno as an exception. */
export function check(syscall: string, result: number): number {
  if (result < 0) throw new SysError(syscall, libc.errno());
  return result;
}
