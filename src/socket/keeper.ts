/**
 * The keeper: a small process (native/rouse-keeper) that holds copies of our descriptors and outlives us. When the manager is killed, clients wait in the
 * held sockets, programs in their calls to bind, and runtimes at their listener, until the next manager takes everything over.
 *
 * It is started when there is something to keep, and ends when a manager ends in order. It answers at once or has gone: whoever lets go of a
 * descriptor waits for that, because a port is free when the last copy is closed and no sooner.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { SysError } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import { nativeProgram } from '../sys/native-program.js';
import type { Poller, Watch } from '../sys/poller.js';
import { sendFds } from '../sys/scm-rights.js';
import { bind, connect, listen, receiveMessage, send, socket, socketPair } from '../sys/socket.js';
import { spawn } from '../sys/spawn.js';
import { waitReady } from '../sys/wait-ready.js';
import type { Kept, KeptGroup } from './kept-group.js';

/** MOST_KEY of rouse-keeper.c, and its letter. */
const MESSAGE_MOST = 1017;
const BACKLOG = 8;
/** It needs microseconds. */
const ANSWER_MS = 500;
/** One that ends so often has something against it. */
const STARTS_MOST = 4;

export interface KeeperOptions {
  readonly poller: Poller;
  /** The Unix socket at which the next manager finds it. */
  readonly path: string;
  /** What it runs when we are killed; undefined: somebody else starts the next manager. */
  readonly restart?: { readonly argv: readonly string[]; readonly env: readonly string[] } | undefined;
  /** Why nothing is kept from now on. */
  readonly onTrouble: (message: string) => void;
}

export class Keeper {
  #connection: Fd | undefined;
  #watch: Watch | undefined;
  #starts = 0;
  #ended = false;
  readonly #kept = new Map<string, Fd>();
  /** What the last manager left, as long as nobody has taken it. */
  readonly #found = new Map<string, Fd>();

  constructor(readonly options: KeeperOptions) {}

  /** Finds the keeper of a manager that died, and gets what that had. Before anything else is asked of it. */
  takeOver(): void {
    const connection = socket('unix', 'seqpacket');
    try {
      connect(connection, { family: 'unix', path: this.options.path });
    } catch {
      // There is none, or it has been killed too.
      return connection.close();
    }
    this.#use(connection);
    this.#receive((key, fd) => this.#found.set(key, fd));
  }

  get isThere(): boolean {
    return this.#connection !== undefined;
  }

  /** Names of units that the last manager had descriptors of, for this purpose. */
  foundUnits(purpose: string): readonly string[] {
    return [...new Set([...this.#found.keys()].flatMap((key) => (key.startsWith(`${purpose}\n`) ? (key.split('\n')[1] ?? []) : [])))];
  }

  /** Nobody wants what is left. */
  dropFound(): void {
    for (const [key, fd] of this.#found) {
      fd.close();
      this.#send('d', key);
    }
    this.#found.clear();
  }

  group(purpose: string, unit: string): KeptGroup {
    const prefix = `${purpose}\n${unit}\n`;
    return {
      keep: (name, fd) => this.#keep(`${prefix}${name}\n`, fd),
      drop: (name) => this.#drop(name === undefined ? prefix : `${prefix}${name}\n`),
      take: () => this.#take(prefix),
    };
  }

  /** Everything is let go of, and the keeper ends. */
  end(): void {
    this.#ended = true;
    if (this.#connection === undefined) return;
    this.#send('q', '');
    this.#receive(() => undefined);
    this.#lose();
    rmSync(this.options.path, { force: true });
  }

  #keep(key: string, fd: Fd): void {
    if (this.#ended || Buffer.byteLength(key) >= MESSAGE_MOST) return;
    this.#kept.set(key, fd);
    if (this.#connection === undefined) this.#start();
    else this.#send('k', key, fd);
  }

  #drop(prefix: string): void {
    const keys = [...this.#kept.keys()].filter((key) => key.startsWith(prefix));
    if (keys.length === 0) return;
    for (const key of keys) this.#kept.delete(key);
    this.#send('d', prefix);
    this.#send('s', '');
    this.#receive(() => undefined);
  }

  #take(prefix: string): readonly Kept[] {
    return [...this.#found].flatMap(([key, fd]) => {
      if (!key.startsWith(prefix)) return [];
      this.#found.delete(key);
      this.#kept.set(key, fd);
      return [{ name: key.slice(prefix.length, -1), fd }];
    });
  }

  /** A new one, which gets everything that is to be kept. */
  #start(): void {
    if (this.#starts === STARTS_MOST) return;
    this.#starts++;
    try {
      this.#use(startKeeper(this.options));
    } catch (error) {
      this.#starts = STARTS_MOST;
      return this.options.onTrouble(error instanceof Error ? error.message : String(error));
    }
    for (const [key, fd] of this.#kept) if (fd.isOpen) this.#send('k', key, fd);
  }

  #use(connection: Fd): void {
    this.#connection = connection;
    this.#watch = this.options.poller.watch(connection, { read: true }, () => this.#onReadable());
  }

  /** Its answers are taken where they are asked for: what is read here is its end. */
  #onReadable(): void {
    const connection = this.#connection;
    try {
      if (connection === undefined || receiveMessage(connection, { maxBytes: MESSAGE_MOST })?.data.length !== 0) return;
    } catch {
      // As good as its end.
    }
    this.#lose();
    if (!this.#ended && this.#kept.size > 0) this.#start();
    if (this.#starts === STARTS_MOST) this.options.onTrouble('rouse-keeper ended again and again');
  }

  #lose(): void {
    this.#watch?.close();
    this.#connection?.close();
    this.#watch = this.#connection = undefined;
  }

  #send(letter: string, key: string, fd?: Fd): void {
    const bytes = Buffer.from(letter + key);
    const deadline = performance.now() + ANSWER_MS;
    while (this.#connection !== undefined) {
      try {
        if (fd !== undefined) return sendFds(this.#connection, bytes, [fd]);
        if (send(this.#connection, bytes) !== undefined) return;
        waitReady(this.#connection, 'write', ANSWER_MS);
      } catch (error) {
        if (!(error instanceof SysError) || !BUSY.has(error.code)) return this.#lose();
        // Too many descriptors under way (unix(7), ETOOMANYREFS) is nothing that could be waited for.
        waitReady(this.#connection, error.code === 'ETOOMANYREFS' ? 'read' : 'write', 1);
      }
      if (performance.now() > deadline) return this.#lose();
    }
  }

  /** Until it says that this is all, or has gone. */
  #receive(onKept: (key: string, fd: Fd) => void): void {
    while (this.#connection !== undefined) {
      try {
        const message = waitReady(this.#connection, 'read', ANSWER_MS) ? receiveMessage(this.#connection, { maxBytes: MESSAGE_MOST }) : undefined;
        const text = message?.data.toString() ?? '';
        if (text === 's') return;
        const [fd] = message?.fds ?? [];
        if (text === '' || fd === undefined) return this.#lose();
        onKept(text.slice(1), fd);
      } catch {
        return this.#lose();
      }
    }
  }
}

const BUSY: ReadonlySet<string> = new Set(['EAGAIN', 'EWOULDBLOCK', 'ETOOMANYREFS', 'ENOBUFS']);

/** Our end of the connection to a new keeper. Throws SysError. */
function startKeeper({ path, restart }: KeeperOptions): Fd {
  const [ours, theirs] = socketPair('seqpacket');
  const listener = socket('unix', 'seqpacket');
  const nothing = openSync('/dev/null', 'r+');
  try {
    rmSync(path, { force: true });
    bind(listener, { family: 'unix', path });
    listen(listener, BACKLOG);
    // Both ends block at its side, and ours at none.
    for (const fd of [theirs, listener]) fd.setNonblocking(false);
    const program = nativeProgram('rouse-keeper');
    const child = spawn({
      path: program,
      argv: [basename(program).replace(/\..*/, ''), path, ...(restart === undefined ? [] : [restart.argv[0] ?? '', ...restart.argv])],
      env: restart?.env ?? [],
      fds: [nothing, nothing, nothing, theirs.number, listener.number],
      setup: { newSession: true, workingDirectory: '/' },
    });
    child.pidfd.close();
    return ours;
  } catch (error) {
    ours.close();
    throw error;
  } finally {
    closeSync(nothing);
    theirs.close();
    listener.close();
  }
}
