/** One epoll descriptor for all that this library serves. It is there, and keeps the process alive, while someone uses it. */
import { Poller } from '../sys/poller.js';

let shared: Poller | undefined;
let users = 0;

/** Each call wants one of `leavePoller`. */
export function joinPoller(): Poller {
  users++;
  return (shared ??= new Poller(throwInLoop));
}

export function leavePoller(): void {
  if (--users > 0) return;
  shared?.close();
  shared = undefined;
}

/** What the program's callbacks throw is an uncaught exception, as with Node's own servers. */
export function throwInLoop(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
