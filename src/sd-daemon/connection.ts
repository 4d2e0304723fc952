/**
 * A connection on a socket that Node has no stream for (VSOCK, seqpacket), as a Duplex stream like Node's own. The descriptor
 * is its, and is closed when the stream is destroyed.
 */
import { Duplex } from 'node:stream';
import { SysError } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { getpeername, receive, send, shutdownWrite } from '../sys/socket.js';
import { addressText } from './address-text.js';

const STREAM_CHUNK = 64 * 1024;
/** More than net.core.wmem_max is by default: a packet that does not fit is cut off by the kernel. */
export const LARGEST_PACKET = 256 * 1024;

/** Everything is read into it first, so that a chunk takes no more memory than it has bytes. */
const space = Buffer.allocUnsafeSlow(LARGEST_PACKET);

export interface ConnectionOptions {
  readonly poller: Poller;
  readonly allowHalfOpen: boolean;
  /** Each chunk read is one packet, and each chunk written becomes one. */
  readonly packets: boolean;
}

interface Unsent {
  readonly bytes: Buffer;
  readonly done: (error?: Error) => void;
}

export class Connection extends Duplex {
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #most: number;
  #wantsRead = false;
  #unsent: Unsent | undefined;

  /** Takes the descriptor, which does not block. Throws SysError. */
  constructor(fd: Fd, { poller, allowHalfOpen, packets }: ConnectionOptions) {
    super({ allowHalfOpen, readableObjectMode: packets });
    this.#fd = fd;
    this.#most = packets ? LARGEST_PACKET : STREAM_CHUNK;
    // Edge-triggered: one registration for its whole life, and no call to say what is wanted now.
    this.#watch = poller.watch(fd, { read: true, write: true, edge: true }, () => this.#ready());
    // As net.Socket does: so that the client's end is seen also by a program that only writes.
    this.read(0);
  }

  /** 'vsock:3:1025'; '' for a client without a name, and when it has gone. */
  get remoteAddress(): string {
    try {
      return this.#fd.isOpen ? addressText(getpeername(this.#fd)) : '';
    } catch {
      return '';
    }
  }

  #ready(): void {
    if (this.#unsent !== undefined) this.#flush(this.#unsent);
    if (this.#wantsRead && !this.destroyed) this.#receive();
  }

  override _read(): void {
    this.#wantsRead = true;
    this.#receive();
  }

  #receive(): void {
    try {
      const got = receive(this.#fd, space.subarray(0, this.#most));
      if (got === undefined) return;
      this.#wantsRead = false;
      this.push(got === 0 ? null : Buffer.from(space.subarray(0, got)));
      if (got === 0) this.read(0);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#flush({ bytes: chunk, done });
  }

  #flush({ bytes, done }: Unsent): void {
    this.#unsent = undefined;
    try {
      for (let rest = bytes; rest.length > 0;) {
        const sent = send(this.#fd, rest);
        if (sent === undefined) {
          this.#unsent = { bytes: rest, done };
          return;
        }
        rest = rest.subarray(sent);
      }
    } catch (error) {
      return done(error as Error);
    }
    done();
  }

  override _final(done: (error?: Error) => void): void {
    try {
      shutdownWrite(this.#fd);
    } catch (error) {
      if (!(error instanceof SysError && error.code === 'ENOTCONN')) return done(error as Error);
    }
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#watch.close();
    this.#fd.close();
    done(error);
  }
}
