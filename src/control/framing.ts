/** Messages on the control socket: JSON objects, each ended by NUL. */
import { StringDecoder } from 'node:string_decoder';

/** A peer that sends more without an end is no client of ours. */
const MAX_MESSAGE = 64 * 1024 * 1024;

export function encodeMessage(message: object): string {
  return `${JSON.stringify(message)}\0`;
}

/** Cuts a stream of bytes into messages. */
export class MessageReader {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** Throws SyntaxError for what is not JSON, and RangeError for what has no end. */
  push(bytes: Buffer): unknown[] {
    const pieces = (this.#rest + this.#decoder.write(bytes)).split('\0');
    this.#rest = pieces.pop() ?? '';
    if (this.#rest.length > MAX_MESSAGE) throw new RangeError('The message has no end');
    return pieces.map((piece): unknown => JSON.parse(piece));
  }
}
