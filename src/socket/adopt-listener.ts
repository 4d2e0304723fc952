/** The Unix socket to which an OCI runtime sends the notify descriptor of each filter that it installs. It is the unit's own. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Fd } from '../sys/fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { accept4, bind, listen, receiveMessage, socket } from '../sys/socket.js';

/** The container's state comes along, in JSON: nothing in it is needed. */
const MESSAGE_MOST = 64 * 1024;
const BACKLOG = 64;

export class AdoptListener {
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #connections = new Map<Fd, Watch>();

  /** `onNotify` takes the descriptor; `listening` is one of a manager before us, and taken as well. Throws SysError. */
  constructor(
    readonly poller: Poller,
    readonly path: string,
    readonly onNotify: (notify: Fd) => void,
    listening?: Fd,
  ) {
    this.#fd = listening ?? openListener(path);
    this.#watch = poller.watch(this.#fd, { read: true }, () => this.#accept());
  }

  /** Lent, for who keeps a copy. */
  get fd(): Fd {
    return this.#fd;
  }

  close(): void {
    for (const connection of [...this.#connections.keys()]) this.#end(connection);
    this.#watch.close();
    this.#fd.close();
    rmSync(this.path, { force: true });
  }

  #accept(): void {
    for (let accepted = accept4(this.#fd); accepted !== undefined; accepted = accept4(this.#fd)) {
      const { fd } = accepted;
      this.#connections.set(
        fd,
        this.poller.watch(fd, { read: true }, () => this.#receive(fd)),
      );
    }
  }

  #receive(connection: Fd): void {
    const message = receiveMessage(connection, { maxBytes: MESSAGE_MOST });
    if (message === undefined) return;
    const [notify, ...others] = message.fds;
    for (const fd of others) fd.close();
    if (notify !== undefined) this.onNotify(notify);
    if (message.data.length === 0) this.#end(connection);
  }

  #end(connection: Fd): void {
    this.#connections.get(connection)?.close();
    this.#connections.delete(connection);
    connection.close();
  }
}

/** The folder is made, for this user alone. */
function openListener(path: string): Fd {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const fd = socket('unix', 'stream');
  try {
    bind(fd, { family: 'unix', path });
    listen(fd, BACKLOG);
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}
