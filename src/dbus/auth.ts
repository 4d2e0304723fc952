/**
 * The conversation before the first message, from both ends; D-Bus specification, "Authentication Protocol". Only EXTERNAL: who the peer is
 * the kernel has checked already, by the mode of the socket or by its credentials. No descriptors are passed.
 */

/** What to answer, and when the conversation is over the bytes that followed it. */
export interface AuthStep {
  readonly reply: string;
  readonly done: boolean;
  readonly failed: boolean;
  readonly rest: Buffer;
}

const MAX_LINE = 16 * 1024;

/** Takes bytes of the peer and hands them on line by line. */
class Lines {
  #pending: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
  }

  next(): string | undefined {
    const end = this.#pending.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  get rest(): Buffer {
    return this.#pending;
  }

  skip(count: number): void {
    this.#pending = this.#pending.subarray(count);
  }
}

/** The server's side. A client may send everything at once, without waiting for answers: sd-bus does. */
export class ServerAuth {
  readonly #lines = new Lines();
  #greeted = false;
  #waitsForData = false;
  #accepted = false;

  constructor(
    readonly guid: string,
    /** Users that may come in. A client that does not say who it is comes in by the socket's mode. */
    readonly mayEnter: (uid: number) => boolean,
  ) {}

  push(bytes: Buffer): AuthStep {
    this.#lines.push(bytes);
    let reply = '';
    const step = (state: 'going' | 'done' | 'failed'): AuthStep => ({ reply, done: state === 'done', failed: state === 'failed', rest: this.#lines.rest });
    if (!this.#greeted) {
      const [first] = this.#lines.rest;
      if (first === undefined) return step('going');
      // The byte that carries credentials where the kernel sends them along.
      if (first !== 0) return step('failed');
      this.#lines.skip(1);
      this.#greeted = true;
    }
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      if (line === 'BEGIN') return step(this.#accepted ? 'done' : 'failed');
      reply += this.#answer(line);
    }
    return step(this.#lines.rest.length > MAX_LINE ? 'failed' : 'going');
  }

  #answer(line: string): string {
    const [command, mechanism, identity] = line.split(' ');
    if (command === 'AUTH' && mechanism === 'EXTERNAL') {
      if (identity !== undefined) return this.#identify(identity);
      this.#waitsForData = true;
      return 'DATA\r\n';
    }
    if (command === 'DATA' && this.#waitsForData) return this.#identify(mechanism ?? '');
    if (command === 'NEGOTIATE_UNIX_FD') return 'ERROR Descriptors are not passed\r\n';
    return command === 'AUTH' || command === 'CANCEL' || command === 'ERROR' ? this.#reject() : 'ERROR Unknown command\r\n';
  }

  #identify(hex: string): string {
    this.#waitsForData = false;
    const text = Buffer.from(hex, 'hex').toString('latin1');
    if (hex !== '' && !(/^\d{1,10}$/.test(text) && this.mayEnter(Number(text)))) return this.#reject();
    this.#accepted = true;
    return `OK ${this.guid}\r\n`;
  }

  #reject(): string {
    this.#accepted = false;
    return 'REJECTED EXTERNAL\r\n';
  }
}

/** The client's side, at a bus. */
export class ClientAuth {
  readonly #lines = new Lines();

  /** What a client begins with. */
  static greeting(uid: number): string {
    return `\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString('hex')}\r\n`;
  }

  push(bytes: Buffer): AuthStep {
    this.#lines.push(bytes);
    const line = this.#lines.next();
    const ok = line?.startsWith('OK ') === true;
    return { reply: ok ? 'BEGIN\r\n' : '', done: ok, failed: (line !== undefined && !ok) || this.#lines.rest.length > MAX_LINE, rest: this.#lines.rest };
  }
}
