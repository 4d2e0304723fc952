/**
 * One D-Bus connection: the conversation at its beginning, then messages in both directions, over a Unix socket. The same for a client of
 * the private socket and for our place on a bus.
 */
import type { Socket } from 'node:net';
import type { AuthStep } from './auth.js';
import { encodeMessage, MessageStream, type Message } from './message.js';
import { CallError } from './names.js';
import type { Value } from './value.js';

export interface ConnectionEvents {
  /** The conversation is over; what is sent from now on is messages. */
  readonly onReady?: () => void;
  /** Calls and signals; replies go to whoever waits for them. */
  readonly onMessage: (message: Message) => void;
  /** Once, however it ended. */
  readonly onClose: () => void;
}

interface Auth {
  push(bytes: Buffer): AuthStep;
}

type Waiter = { readonly resolve: (body: readonly Value[]) => void; readonly reject: (error: Error) => void };

/** A peer that does not read what it asked for is let go of. */
const MAX_UNREAD = 64 * 1024 * 1024;

export class Connection {
  #auth: Auth | undefined;
  #serial = 0;
  readonly #stream = new MessageStream();
  readonly #waiting = new Map<number, Waiter>();

  /** Takes the socket. `greeting` is what a client begins with. */
  constructor(
    readonly socket: Socket,
    auth: Auth,
    readonly events: ConnectionEvents,
    greeting = '',
  ) {
    this.#auth = auth;
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
    if (greeting !== '') socket.write(greeting, 'latin1');
  }

  send(message: Message): number {
    const serial = ++this.#serial;
    if (!this.socket.writable) return serial;
    this.socket.write(encodeMessage(message, serial));
    if (this.socket.writableLength > MAX_UNREAD) this.socket.destroy();
    return serial;
  }

  /** Calls a method of the peer; rejects with CallError for an error that it answers. */
  call(message: Omit<Message, 'type'>): Promise<readonly Value[]> {
    return new Promise((resolve, reject) => this.#waiting.set(this.send({ type: 'call', ...message }), { resolve, reject }));
  }

  close(): void {
    this.socket.end();
  }

  #onData(bytes: Buffer): void {
    try {
      const rest = this.#auth === undefined ? bytes : this.#authenticate(this.#auth, bytes);
      if (rest !== undefined) for (const message of this.#stream.push(rest)) this.#onMessage(message);
    } catch (error) {
      // What is no D-Bus cannot be read any further. A bug of ours is no reason to drop a client, and is not caught here.
      if (!(error instanceof RangeError) && !(error instanceof SyntaxError)) throw error;
      this.socket.destroy();
    }
  }

  /** The bytes that follow the conversation; undefined: it goes on, or has failed. */
  #authenticate(auth: Auth, bytes: Buffer): Buffer | undefined {
    const step = auth.push(bytes);
    if (step.reply !== '') this.socket.write(step.reply, 'latin1');
    if (step.failed) this.socket.destroy();
    if (!step.done) return undefined;
    this.#auth = undefined;
    this.events.onReady?.();
    return step.rest;
  }

  #onMessage(message: Message): void {
    if (message.type === 'call' || message.type === 'signal') return this.events.onMessage(message);
    const waiter = this.#waiting.get(message.replySerial ?? 0);
    this.#waiting.delete(message.replySerial ?? 0);
    if (message.type === 'return') waiter?.resolve(message.body ?? []);
    else waiter?.reject(new CallError(message.errorName ?? '', String(message.body?.[0] ?? message.errorName)));
  }

  #onClose(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('The connection was closed'));
    this.#waiting.clear();
    this.events.onClose();
  }
}
