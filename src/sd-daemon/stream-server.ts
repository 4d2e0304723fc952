/** Accepts the connections of a listening socket that Node's `net.Server` refuses: VSOCK, seqpacket. */
import { SysError } from '../sys/errno.js';
import { Fd } from '../sys/fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { accept4 } from '../sys/socket.js';
import { Connection } from './connection.js';
import type { Listener, ListenOptions } from './listen.js';
import { joinPoller, leavePoller, throwInLoop } from './shared-poller.js';

/** So that many clients at once do not keep those already connected waiting. */
const MOST_PER_TURN = 64;
/** Out of descriptors or memory: the clients stay in the queue, and there is nothing to wait for but time. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
const RETRY_MS = 100;

export class StreamServer implements Listener {
  readonly #fd: Fd;
  readonly #packets: boolean;
  readonly #options: ListenOptions;
  readonly #poller: Poller;
  readonly #connections = new Set<Connection>();
  readonly #whenClosed: (() => void)[] = [];
  #watch: Watch | undefined;
  #retry: NodeJS.Timeout | undefined;

  /** Takes the descriptor. `packets`: the socket is of type seqpacket. Throws SysError. */
  constructor(fdNumber: number, packets: boolean, options: ListenOptions) {
    this.#fd = new Fd(fdNumber);
    this.#packets = packets;
    this.#options = options;
    // Another process may take the client between the poll and the accept: then accept4(2) has to return.
    this.#fd.setNonblocking(true);
    this.#poller = joinPoller();
    this.#accept();
  }

  close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#watch?.close();
    const closed = new Promise<void>((resolve) => this.#whenClosed.push(resolve));
    if (this.#fd.isOpen) {
      this.#fd.close();
      this.#leaveWhenDone();
    } else if (this.#connections.size === 0) {
      this.#settle();
    }
    return closed;
  }

  #accept(): void {
    this.#watch = this.#poller.watch(this.#fd, { read: true }, () => this.#acceptSome());
  }

  #acceptSome(): void {
    for (let i = 0; i < MOST_PER_TURN && this.#fd.isOpen; i++) {
      const connection = this.#next();
      if (connection === undefined) return;
      this.#serve(connection);
    }
  }

  /** undefined when nobody waits, or nobody can be accepted now. */
  #next(): Connection | undefined {
    try {
      const accepted = accept4(this.#fd);
      return accepted === undefined ? undefined : this.#connect(accepted.fd);
    } catch (error) {
      this.#watch?.close();
      if (error instanceof SysError && EXHAUSTED.has(error.code)) this.#retry = setTimeout(() => this.#accept(), RETRY_MS);
      else (this.#options.onError ?? throwInLoop)(error as Error);
      return undefined;
    }
  }

  #serve(connection: Connection): void {
    this.#connections.add(connection);
    connection.once('close', () => {
      this.#connections.delete(connection);
      this.#leaveWhenDone();
    });
    this.#options.onConnection?.(connection);
  }

  #connect(fd: Fd): Connection {
    try {
      return new Connection(fd, { poller: this.#poller, allowHalfOpen: this.#options.allowHalfOpen ?? false, packets: this.#packets });
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  #leaveWhenDone(): void {
    if (this.#fd.isOpen || this.#connections.size > 0) return;
    leavePoller();
    this.#settle();
  }

  #settle(): void {
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }
}
