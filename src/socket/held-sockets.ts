/**
 * The descriptors that one socket unit holds: made together, watched together, handed over in the order of the unit's file,
 * and closed only here.
 */
import { lstatSync, readSync, rmSync, symlinkSync } from 'node:fs';
import type { Listen, ListenKind, SocketConfig } from '../unit/config.js';
import type { Fd } from '../sys/fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { drainMessageQueue, unlinkMessageQueue } from '../sys/mqueue.js';
import { accept4, receiveMessage } from '../sys/socket.js';
import { variantsOf } from './families.js';
import { NOT_KEPT, type Kept, type KeptGroup } from './kept-group.js';
import { guardListener, type Guard } from './listener-guard.js';
import { makeParents } from './open-node.js';
import { ListenError, openListen, type OpenContext } from './open.js';

/** One descriptor on which something waits. */
export interface Ready {
  readonly listen: Listen;
  readonly fd: Fd;
  /** Whoever had the descriptor has shut it down for everybody, shutdown(2): nobody can connect any more. */
  readonly hungUp: boolean;
}

interface Held {
  readonly listen: Listen;
  readonly fd: Fd;
  /** What the keeper calls it. */
  readonly keptAs: string;
  /** Of an adopted one: it notices that its program has shut it down. */
  guard: Guard | undefined;
  watch: Watch | undefined;
  armed: boolean;
  /** Not polled before this is over; PollLimitBurst=. */
  pause: NodeJS.Timeout | undefined;
}

export class HeldSockets {
  #held: Held[] = [];
  #onReadable: ((ready: Ready) => void) | undefined;
  readonly #poller: Poller;
  readonly #keeper: KeptGroup;

  /** `keeper` has copies of what is held, for the time after us. */
  constructor(poller: Poller, keeper: KeptGroup = NOT_KEPT) {
    this.#poller = poller;
    this.#keeper = keeper;
  }

  /** The descriptors stay held; each with the line of the unit's file that it was opened for. */
  get entries(): readonly { readonly fd: Fd; readonly listen: Listen }[] {
    return this.#held;
  }

  get listens(): readonly Listen[] {
    return this.#held.map(({ listen }) => listen);
  }

  /**
   * Opens every Listen…= of the unit, or none: on a failure what was opened is closed again. A line for which the last manager, which
   * died, held something has that: its clients wait there. Returns warnings. Throws ListenError for the first that fails.
   */
  open(config: SocketConfig, context: OpenContext): readonly string[] {
    const warnings: string[] = [];
    const left = this.#keeper.take();
    try {
      for (const listen of config.listen) {
        const found = left.filter(({ name }) => lineOf(name) === keyOf(listen));
        if (found.length > 0) for (const { name, fd } of found) this.#hold(listen, fd, name);
        else warnings.push(...this.#openLine(listen, config, context));
      }
      warnings.push(...this.#makeSymlinks(config));
      this.#dropOthers(left);
      this.#guardAdopted(config);
    } catch (error) {
      this.close(config);
      throw error;
    }
    return warnings;
  }

  #openLine(listen: Listen, config: SocketConfig, context: OpenContext): readonly string[] {
    return variantsOf(listen, config, context.familiesOf?.(config.name, listen) ?? 'each').flatMap((variant) => {
      const { fd, warnings } = openListen(variant.listen, variant.config, context);
      const keptAs = `${keyOf(listen)} ${this.#held.length}`;
      this.#hold(listen, fd, keptAs);
      this.#keeper.keep(keptAs, fd);
      if (listen.kind === 'special') this.#checkPollable(listen, fd);
      return warnings;
    });
  }

  #hold(listen: Listen, fd: Fd, keptAs: string): void {
    this.#held.push({ listen, fd, keptAs, guard: undefined, watch: undefined, armed: false, pause: undefined });
  }

  /** Programs that open their sockets themselves may shut them down when they end, for everybody who has them: the ones that they adopted listen again at once. */
  #guardAdopted(config: SocketConfig): void {
    if (config.adopt.mode !== 'yes') return;
    for (const held of this.#held) if (held.listen.kind === 'stream' && held.listen.address?.family !== 'unix') held.guard = guardListener(this.#poller, held.fd, config.backlog);
  }

  /** Lines that the file does not have any more. */
  #dropOthers(left: readonly Kept[]): void {
    for (const { name, fd } of left) {
      if (this.#held.some((held) => held.fd === fd)) continue;
      fd.close();
      this.#keeper.drop(name);
    }
  }

  /** epoll_ctl(2), EPERM: an ordinary file is always readable, and nobody could wait for it. */
  #checkPollable(listen: Listen, fd: Fd): void {
    try {
      this.#poller.watch(fd, { read: true, oneShot: true }, () => undefined).close();
    } catch (error) {
      throw new ListenError(listen.text, (error as Error).message, 'it is an ordinary file: a .path unit is for those', { cause: error });
    }
  }

  /** Calls back once when something waits on any of them; then not again until `watch` is called anew. */
  watch(onReadable: (ready: Ready) => void): void {
    this.#onReadable = onReadable;
    for (const held of this.#held) if (held.pause === undefined) this.#arm(held);
  }

  #arm(held: Held): void {
    // One registration for the life of the descriptor, re-armed when it has fired: EPOLLONESHOT, epoll(7).
    if (held.watch === undefined) held.watch = this.#poller.watch(held.fd, { oneShot: true, read: true, first: true }, (events) => this.#onReady(held, events));
    else if (!held.armed) held.watch.rearm();
    held.armed = true;
  }

  /** Leaves one descriptor alone for a while, whatever waits there. */
  pause(fd: Fd, timeMs: number, onOver: () => void): void {
    const held = this.#held.find((each) => each.fd === fd);
    if (held === undefined) return;
    clearTimeout(held.pause);
    held.pause = setTimeout(() => {
      held.pause = undefined;
      if (this.#onReadable !== undefined) this.#arm(held);
      onOver();
    }, timeMs);
  }

  /** A descriptor that is still armed may wake us once more; that is cheaper than disarming all of them each time. */
  unwatch(): void {
    this.#onReadable = undefined;
  }

  #onReady(held: Held, events: number): void {
    held.armed = false;
    if ((events & EPOLLHUP) !== 0 && held.guard?.revive() === true) {
      if (this.#onReadable !== undefined) this.#arm(held);
      return;
    }
    const onReadable = this.#onReadable;
    this.#onReadable = undefined;
    onReadable?.({ listen: held.listen, fd: held.fd, hungUp: (events & EPOLLHUP) !== 0 && CONNECTED.has(held.listen.kind) });
  }

  /** For descriptor 3 and on; lent, not given. */
  handOver(config: SocketConfig): readonly { readonly fd: Fd; readonly name: string }[] {
    const name = config.fileDescriptorName ?? config.name;
    return this.#held.map(({ fd }) => ({ fd, name }));
  }

  /** Of a pair that stands for one line, the one that the program does not want: the caller closes it. */
  giveUp(fd: Fd): void {
    const given = this.#held.find((held) => held.fd === fd);
    clearTimeout(given?.pause);
    given?.watch?.close();
    given?.guard?.close();
    if (given !== undefined) this.#keeper.drop(given.keptAs);
    this.#held = this.#held.filter((held) => held !== given);
  }

  /** FlushPending=: whatever waits is thrown away. */
  flush(): void {
    for (const { fd, listen } of this.#held) {
      fd.setNonblocking(true);
      try {
        DRAINS[listen.kind](fd);
      } catch {
        // Nothing is left, or the descriptor was shut down: the next look at it says so.
      }
    }
  }

  close(config: SocketConfig): void {
    for (const { fd, watch, guard, pause } of this.#held) {
      clearTimeout(pause);
      watch?.close();
      guard?.close();
      fd.close();
    }
    if (this.#held.length > 0) this.#keeper.drop();
    if (config.removeOnStop) for (const { listen } of this.#held) removeNode(listen);
    if (config.removeOnStop) for (const link of config.symlinks) rmSync(link, { force: true });
    this.#held = [];
  }

  #makeSymlinks(config: SocketConfig): readonly string[] {
    const target = this.#held.map(({ listen }) => nodeOf(listen)).find((path) => path !== undefined);
    if (target === undefined) return [];
    return config.symlinks.flatMap((link) => {
      try {
        makeParents(link, config.directoryMode);
        if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(link);
        symlinkSync(target, link);
        return [];
      } catch (error) {
        return [`Failed to make the symlink '${link}', ignoring: ${(error as Error).message}`];
      }
    });
  }
}

/** <sys/epoll.h> */
const EPOLLHUP = 0x10;
const CONNECTED: ReadonlySet<ListenKind> = new Set<ListenKind>(['stream', 'sequential-packet']);

/** A line of the unit's file, as the keeper knows it; behind it stands a number, for a line that has several. */
function keyOf({ kind, text }: Listen): string {
  return `${kind} ${text}`;
}

function lineOf(keptAs: string): string {
  return keptAs.slice(0, keptAs.lastIndexOf(' '));
}

/** What stands in the file system. */
function nodeOf({ address, kind, text }: Listen): string | undefined {
  return address?.family === 'unix' ? address.path : kind === 'fifo' ? text : undefined;
}

function removeNode(listen: Listen): void {
  const path = nodeOf(listen);
  if (path !== undefined) rmSync(path, { force: true });
  if (listen.kind === 'message-queue') unlinkMessageQueue(listen.text);
}

/** A flood must not hold the manager: what comes after so many is the next activation's. */
const FLUSH_AT_MOST = 10_000;

const DRAINS: Readonly<Record<ListenKind, (fd: Fd) => void>> = {
  stream: drainConnections,
  datagram: drainDatagrams,
  'sequential-packet': drainConnections,
  fifo: drainBytes,
  special: drainBytes,
  netlink: drainDatagrams,
  'message-queue': (fd) => drainMessageQueue(fd, FLUSH_AT_MOST),
  'usb-function': () => undefined,
};

function drainConnections(fd: Fd): void {
  for (let i = 0; i < FLUSH_AT_MOST; i++) {
    const accepted = accept4(fd);
    if (accepted === undefined) return;
    accepted.fd.close();
  }
}

function drainDatagrams(fd: Fd): void {
  for (let i = 0; i < FLUSH_AT_MOST; i++) {
    const message = receiveMessage(fd, { maxBytes: 1 });
    if (message === undefined) return;
    for (const passed of message.fds) passed.close();
  }
}

/** A FIFO, or a device: until it has nothing, or nothing more. */
function drainBytes(fd: Fd): void {
  const bytes = Buffer.alloc(65_536);
  for (let i = 0; i < FLUSH_AT_MOST; i++) if (readSync(fd.number, bytes) === 0) return;
}
