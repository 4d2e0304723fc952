/**
 * The notify socket of one unit; sd_notify(3). Unlike systemd: each unit has one of its own, so a message belongs to its unit
 * whoever sent it, also where no cgroup tells whose process the sender was.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Fd } from '../sys/fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { bind, receiveMessage, setsockopt, socket, SOL_SOCKET, SO_PASSCRED } from '../sys/socket.js';

/** What sd_notify(3) defines; assignments that rouse does not know are kept in `other`. */
export interface Notification {
  readonly pid: number | undefined;
  readonly ready: boolean;
  readonly reloading: boolean;
  readonly stopping: boolean;
  readonly watchdog: boolean;
  readonly watchdogTrigger: boolean;
  readonly status: string | undefined;
  readonly mainPid: number | undefined;
  readonly extendTimeoutMs: number | undefined;
  readonly errno: number | undefined;
  readonly watchdogMs: number | undefined;
  readonly storeFds: boolean;
  readonly removeFds: boolean;
  readonly fdName: string | undefined;
}

/** Whoever keeps one of the descriptors takes it out of its Fd. */
export type NotificationHandler = (notification: Notification, fds: readonly Fd[]) => void;

const MAX_BYTES = 64 * 1024;

export class NotifySocket {
  readonly path: string;
  readonly #fd: Fd;
  readonly #watch: Watch;

  /** `id` names the file: short, because a Unix socket's path may have 107 bytes. Throws SysError. */
  constructor(folder: string, id: string, poller: Poller, onNotification: NotificationHandler) {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    this.path = join(folder, id);
    rmSync(this.path, { force: true });
    this.#fd = socket('unix', 'datagram');
    // Services may run as other users: who sent what is checked by NotifyAccess=, on the kernel's word.
    const old = process.umask(0);
    try {
      bind(this.#fd, { family: 'unix', path: this.path });
      setsockopt(this.#fd, SOL_SOCKET, SO_PASSCRED, 1);
    } finally {
      process.umask(old);
    }
    this.#watch = poller.watch(this.#fd, { read: true }, () => this.#drain(onNotification));
  }

  close(): void {
    this.#watch.close();
    this.#fd.close();
    rmSync(this.path, { force: true });
  }

  #drain(onNotification: NotificationHandler): void {
    while (this.#fd.isOpen) {
      const message = receiveMessage(this.#fd, { maxBytes: MAX_BYTES });
      if (message === undefined) return;
      onNotification(parseNotification(message.data.toString('utf8'), message.pid), message.fds);
      // Those that nobody took are let go: closing a barrier's (BARRIER=1) is its answer.
      for (const fd of message.fds) fd.close();
    }
  }
}

export function parseNotification(text: string, pid: number | undefined): Notification {
  const fields = new Map(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => splitOnce(line)),
  );
  return {
    pid,
    ready: fields.get('READY') === '1',
    reloading: fields.get('RELOADING') === '1',
    stopping: fields.get('STOPPING') === '1',
    watchdog: fields.get('WATCHDOG') === '1',
    watchdogTrigger: fields.get('WATCHDOG') === 'trigger',
    status: fields.get('STATUS'),
    mainPid: wholeNumber(fields.get('MAINPID'), 1),
    extendTimeoutMs: wholeNumber(fields.get('EXTEND_TIMEOUT_USEC'), 1000),
    errno: wholeNumber(fields.get('ERRNO'), 1),
    watchdogMs: wholeNumber(fields.get('WATCHDOG_USEC'), 1000),
    storeFds: fields.get('FDSTORE') === '1',
    removeFds: fields.get('FDSTOREREMOVE') === '1',
    fdName: fields.get('FDNAME'),
  };
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

function wholeNumber(text: string | undefined, divisor: number): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) / divisor : undefined;
}
