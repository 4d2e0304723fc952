/** What a keeper of descriptors can be asked, by those who have some: keeper.ts is the one that outlives us. */
import type { Fd } from '../sys/fd.js';

export interface Kept {
  readonly name: string;
  /** The receiver's to close. */
  readonly fd: Fd;
}

/** The descriptors that one unit has for one purpose, each by a name. */
export interface KeptGroup {
  /** Until it is dropped, or one of the same name comes. The descriptor is lent. */
  keep(name: string, fd: Fd): void;
  /** All of them, or the one of this name. When this returns they are open nowhere but with us. */
  drop(name?: string): void;
  /** What a manager that died has left here. It stays kept. */
  take(): readonly Kept[];
}

/** Of a process whose descriptors end with it. */
export const NOT_KEPT: KeptGroup = { keep: () => undefined, drop: () => undefined, take: () => [] };
