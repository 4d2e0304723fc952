/**
 * A TCP socket that a program has shut down does not listen any more, in whoever's hands it is: shutdown(2), tcp(7). It is bound still, and can listen
 * again: the guard does that when it hears of it. Who was in the queue at that moment has been reset with it.
 */
import type { Fd } from '../sys/fd.js';
import type { Poller } from '../sys/poller.js';
import { listen } from '../sys/socket.js';

export interface Guard {
  /** Whether it listens. */
  revive(): boolean;
  close(): void;
}

/** The descriptor stays the holder's, who closes the guard before it. */
export function guardListener(poller: Poller, fd: Fd, backlog: number): Guard {
  // One of its own, which waits for nothing: EPOLLHUP is told all the same, epoll_ctl(2).
  const copy = fd.dup();
  const revive = (): boolean => {
    try {
      listen(copy, backlog);
      return true;
    } catch {
      close();
      return false;
    }
  };
  const watch = poller.watch(copy, {}, revive);
  const close = (): void => {
    watch.close();
    copy.close();
  };
  return { revive, close };
}
