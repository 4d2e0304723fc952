/**
 * Descriptors that a service has given us to keep, and gets back when it is started again; sd_notify(3), FDSTORE=1. As many as
 * FileDescriptorStoreMax= says.
 */
import { fstatSync } from 'node:fs';
import type { Fd } from '../sys/fd.js';

interface Stored {
  readonly fd: Fd;
  readonly name: string;
}

export class FdStore {
  #stored: readonly Stored[] = [];

  get size(): number {
    return this.#stored.length;
  }

  get all(): readonly Stored[] {
    return this.#stored;
  }

  /** Takes the descriptor. False, and it is closed, when there is no room; one of a file that is here already takes none. */
  add(fd: Fd, name: string, max: number): boolean {
    const known = this.#stored.some((other) => isSame(other.fd, fd));
    if (known || this.#stored.length >= max) fd.close();
    else this.#stored = [...this.#stored, { fd, name }];
    return known || fd.isOpen;
  }

  remove(name: string): void {
    for (const { fd } of this.#stored.filter((each) => each.name === name)) fd.close();
    this.#stored = this.#stored.filter((each) => each.name !== name);
  }

  clear(): void {
    for (const { fd } of this.#stored) fd.close();
    this.#stored = [];
  }
}

function isSame(a: Fd, b: Fd): boolean {
  const [one, other] = [fstatSync(a.number), fstatSync(b.number)];
  return one.dev === other.dev && one.ino === other.ino;
}

/** FDNAME=: what is not a name counts as none. */
export function storedName(text: string | undefined): string {
  return text !== undefined && /^[^\p{Cc}:]{1,255}$/u.test(text) ? text : 'stored';
}
