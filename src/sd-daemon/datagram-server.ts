/** Receives the messages of a datagram socket that Node's `dgram` refuses: Unix, VSOCK. */
import { SysError } from '../sys/errno.js';
import { Fd } from '../sys/fd.js';
import type { Watch } from '../sys/poller.js';
import { decodeAddress } from '../sys/sockaddr.js';
import { receiveFrom, sendTo } from '../sys/socket.js';
import { addressText } from './address-text.js';
import { LARGEST_PACKET } from './connection.js';
import type { Listener, ListenOptions } from './listen.js';
import { joinPoller, leavePoller, throwInLoop } from './shared-poller.js';

const MOST_PER_TURN = 64;

/** Everything is received into it first, so that a message takes no more memory than it has bytes. */
const space = Buffer.allocUnsafeSlow(LARGEST_PACKET);

export class DatagramServer implements Listener {
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #options: ListenOptions;

  /** Takes the descriptor. Throws SysError. */
  constructor(fdNumber: number, options: ListenOptions) {
    this.#fd = new Fd(fdNumber);
    this.#options = options;
    this.#watch = joinPoller().watch(this.#fd, { read: true }, () => this.#receiveSome());
  }

  close(): Promise<void> {
    if (this.#fd.isOpen) {
      this.#watch.close();
      this.#fd.close();
      leavePoller();
    }
    return Promise.resolve();
  }

  #receiveSome(): void {
    for (let i = 0; i < MOST_PER_TURN && this.#fd.isOpen; i++) {
      const message = this.#receive();
      if (message === undefined) return;
      const { length, from } = message;
      this.#options.onDatagram?.({
        data: Buffer.from(space.subarray(0, length)),
        from: addressText(decodeAddress(from)),
        reply: (answer) => this.#reply(Buffer.from(answer), from),
      });
    }
  }

  #receive(): ReturnType<typeof receiveFrom> {
    try {
      return receiveFrom(this.#fd, space);
    } catch (error) {
      this.#watch.close();
      (this.#options.onError ?? throwInLoop)(error as Error);
      return undefined;
    }
  }

  /** A sender that is bound to no address cannot be answered, nor one that has gone or reads too slowly. */
  #reply(answer: Buffer, to: Buffer): void {
    if (!this.#fd.isOpen) return;
    try {
      sendTo(this.#fd, answer, to);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
    }
  }
}
