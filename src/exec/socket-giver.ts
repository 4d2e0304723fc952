/**
 * The Unix socket at which the OCI runtimes of one service ask for its sockets (native/rouse-sockets): each container that podman creates
 * gets all of them, again when podman restarts it. Only this user reaches it, and nothing is left of it after `close`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Fd } from '../sys/fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { sendFds } from '../sys/scm-rights.js';
import { accept4, bind, listen, socket } from '../sys/socket.js';

export interface GivenSocket {
  /** Lent. */
  readonly fd: Fd;
  readonly name: string;
}

const BACKLOG = 64;

export class SocketGiver {
  readonly #fd: Fd;
  readonly #watch: Watch;

  /** `given` is asked each time: the sockets may have been closed and opened since. The folder of `path` is made. Throws SysError. */
  constructor(
    poller: Poller,
    readonly path: string,
    readonly given: () => readonly GivenSocket[],
  ) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    rmSync(path, { force: true });
    this.#fd = socket('unix', 'stream');
    try {
      bind(this.#fd, { family: 'unix', path });
      listen(this.#fd, BACKLOG);
    } catch (error) {
      this.#fd.close();
      throw error;
    }
    this.#watch = poller.watch(this.#fd, { read: true }, () => this.#onConnections());
  }

  close(): void {
    this.#watch.close();
    this.#fd.close();
    rmSync(this.path, { force: true });
  }

  #onConnections(): void {
    for (let accepted = accept4(this.#fd); accepted !== undefined; accepted = accept4(this.#fd)) {
      const { fd } = accepted;
      try {
        this.#give(fd);
      } catch {
        // The runtime has gone: it does not need them any more.
      } finally {
        fd.close();
      }
    }
  }

  #give(connection: Fd): void {
    const sockets = this.given();
    if (sockets.length === 0) return;
    const note = `${sockets.length}\n${sockets.map(({ name }) => name).join(':')}`;
    sendFds(
      connection,
      Buffer.from(note),
      sockets.map(({ fd }) => fd),
    );
  }
}
