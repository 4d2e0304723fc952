/**
 * The descriptors that one socket unit holds: made together, watched together, handed over in the order of the unit's file,
 * and closed only here.
 */
import { lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Listen, SocketConfig } from '../unit/config.js';
import type { Fd } from '../sys/fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { accept4, receiveMessage } from '../sys/socket.js';
import { variantsOf, type Families } from './families.js';
import { openListen, type OpenContext } from './open.js';

interface Held {
  readonly listen: Listen;
  readonly fd: Fd;
  watch: Watch | undefined;
  armed: boolean;
}

export class HeldSockets {
  #held: Held[] = [];
  #onReadable: (() => void) | undefined;
  /** What the program turned out to want of a port alone. */
  #families: Families = 'each';
  readonly #poller: Poller;

  constructor(poller: Poller) {
    this.#poller = poller;
  }

  /** The descriptors stay held; each with the line of the unit's file that it was opened for. */
  get entries(): readonly { readonly fd: Fd; readonly listen: Listen }[] {
    return this.#held;
  }

  get listens(): readonly Listen[] {
    return this.#held.map(({ listen }) => listen);
  }

  /**
   * Opens every Listen…= of the unit, or none: on a failure what was opened is closed again. Returns warnings.
   * Throws ListenError for the first that fails.
   */
  open(config: SocketConfig, context: OpenContext): readonly string[] {
    const warnings: string[] = [];
    try {
      for (const [listen, variant] of config.listen.flatMap((line) => variantsOf(line, config, this.#families).map((each) => [line, each] as const))) {
        const opened = openListen(variant.listen, variant.config, context);
        this.#held.push({ listen, fd: opened.fd, watch: undefined, armed: false });
        warnings.push(...opened.warnings);
      }
      warnings.push(...this.#makeSymlinks(config));
    } catch (error) {
      this.close(config);
      throw error;
    }
    return warnings;
  }

  /** Calls back once when something waits on any of them; then not again until `watch` is called anew. */
  watch(onReadable: () => void): void {
    this.#onReadable = onReadable;
    for (const held of this.#held) {
      // One registration for the life of the descriptor, re-armed when it has fired: EPOLLONESHOT, epoll(7).
      if (held.watch === undefined) held.watch = this.#poller.watch(held.fd, { oneShot: true, read: true }, () => this.#onReady(held));
      else if (!held.armed) held.watch.rearm();
      held.armed = true;
    }
  }

  /** A descriptor that is still armed may wake us once more; that is cheaper than disarming all of them each time. */
  unwatch(): void {
    this.#onReadable = undefined;
  }

  #onReady(held: Held): void {
    held.armed = false;
    const onReadable = this.#onReadable;
    this.#onReadable = undefined;
    onReadable?.();
  }

  /** For descriptor 3 and on; lent, not given. */
  handOver(config: SocketConfig): readonly { readonly fd: Fd; readonly name: string }[] {
    const name = config.fileDescriptorName ?? config.name;
    return this.#held.map(({ fd }) => ({ fd, name }));
  }

  /** Of a pair that stands for one line, the one that the program does not want: the caller closes it. */
  giveUp(fd: Fd, families: Families): void {
    this.#families = families;
    this.#held.find((held) => held.fd === fd)?.watch?.close();
    this.#held = this.#held.filter((held) => held.fd !== fd);
  }

  /** FlushPending=: whatever waits is thrown away. */
  flush(): void {
    for (const { fd, listen } of this.#held) {
      fd.setNonblocking(true);
      if (listen.kind === 'datagram') drainDatagrams(fd);
      else if (listen.kind === 'stream' || listen.kind === 'sequential-packet') drainConnections(fd);
    }
  }

  close(config: SocketConfig): void {
    for (const { fd, watch } of this.#held) {
      watch?.close();
      fd.close();
    }
    if (config.removeOnStop) for (const { listen } of this.#held) removeNode(listen);
    if (config.removeOnStop) for (const link of config.symlinks) rmSync(link, { force: true });
    this.#held = [];
  }

  #makeSymlinks(config: SocketConfig): readonly string[] {
    const target = this.#held.find(({ listen }) => listen.address?.family === 'unix')?.listen.text;
    if (target === undefined) return [];
    return config.symlinks.flatMap((link) => {
      try {
        mkdirSync(dirname(link), { recursive: true, mode: config.directoryMode });
        if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(link);
        symlinkSync(target, link);
        return [];
      } catch (error) {
        return [`Failed to make the symlink '${link}', ignoring: ${(error as Error).message}`];
      }
    });
  }
}

function removeNode({ address, kind, text }: Listen): void {
  if (address?.family === 'unix') rmSync(address.path, { force: true });
  else if (kind === 'fifo') rmSync(text, { force: true });
}

/** A flood must not hold the manager: what comes after so many is the next activation's. */
const FLUSH_AT_MOST = 10_000;

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
