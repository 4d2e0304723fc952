/** Waits for one descriptor, and keeps the process waiting: only for an answer that another process gives at once; poll(2). */
import type { Fd } from './fd.js';
import * as libc from './libc.js';

const POLL = { read: 1, write: 4 } as const;

/** False when the time is over. */
export function waitReady(fd: Fd, what: keyof typeof POLL, timeoutMs: number): boolean {
  const deadline = performance.now() + timeoutMs;
  // struct pollfd: descriptor, events, and what came of them.
  const bytes = Buffer.alloc(8);
  for (let left = timeoutMs; left > 0; left = deadline - performance.now()) {
    bytes.writeInt32LE(fd.number, 0);
    bytes.writeInt16LE(POLL[what], 4);
    if (libc.poll(bytes, 1, Math.ceil(left)) > 0) return true;
  }
  return false;
}
