/**
 * --accept: one process a connection, with the connection at descriptor 3 or as its standard input and output. This process stays,
 * and is never in the way of the bytes.
 */
import { SysError } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import { strerror } from '../sys/libc.js';
import { sendSignal, waitExited } from '../sys/pidfd.js';
import { Poller } from '../sys/poller.js';
import { accept4 } from '../sys/socket.js';
import { prettyOwnName, prettyPeerName } from '../socket/pretty.js';
import { LISTEN_FDS_START } from './environment.js';
import type { Log } from './log.js';
import { notifyReady } from '../socket/notify-ready.js';
import type { ActivateOptions } from './options.js';
import { startCommand, type StartedCommand } from './start-command.js';

/** Resolves with an exit code when a socket fails; signals end it with all its children. */
export async function serveEach(options: ActivateOptions, sockets: readonly Fd[], log: Log): Promise<number> {
  const server = new EachConnection(options, log);
  endWithSignals((signal) => server.end(signal));
  notifyReady(process.env);
  return server.serve(sockets);
}

class EachConnection {
  readonly #children = new Set<StartedCommand>();
  readonly #poller: Poller;
  #onFailure: (error: unknown) => void = () => undefined;

  constructor(
    readonly options: ActivateOptions,
    readonly log: Log,
  ) {
    this.#poller = new Poller((error) => this.#onFailure(error));
  }

  async serve(sockets: readonly Fd[]): Promise<number> {
    const failed = new Promise<number>((resolve, reject) => {
      this.#onFailure = (error) => (error instanceof AcceptFailed ? resolve(1) : reject(error));
    });
    sockets.forEach((fd, i) => this.#poller.watch(fd, { read: true }, () => this.#accept(fd, LISTEN_FDS_START + i)));
    return failed.finally(() => this.#poller.close());
  }

  /** The children do not outlive us, as they do not outlive systemd's. */
  end(signal: NodeJS.Signals): void {
    for (const child of this.#children) this.#signal(child);
    process.kill(process.pid, signal);
  }

  #signal(child: StartedCommand): void {
    try {
      sendSignal(child.pidfd, 'SIGTERM');
    } catch {
      return;
    }
  }

  #accept(fd: Fd, place: number): void {
    this.log.info(`Communication attempt on fd ${place}.`);
    const connection = this.#take(fd, place);
    if (connection === undefined) return;
    try {
      this.log.info(`Connection from ${prettyPeerName(connection)} to ${prettyOwnName(connection)}`);
      connection.setNonblocking(false);
      this.#watchChild(startCommand(this.options, [connection.number], this.log));
    } finally {
      connection.close();
    }
  }

  #take(fd: Fd, place: number): Fd | undefined {
    try {
      return accept4(fd)?.fd;
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      this.log.error(`Failed to accept connection on fd:${place}: ${strerror(error.errno)}`);
      throw new AcceptFailed('accept4', { cause: error });
    }
  }

  #watchChild(child: StartedCommand): void {
    this.#children.add(child);
    const watch = this.#poller.watch(child.pidfd, { read: true }, () => {
      const ended = waitExited(child.pidfd);
      if (ended === undefined) return;
      watch.close();
      child.pidfd.close();
      this.#children.delete(child);
      this.log.info(`Child ${child.pid} died with code ${child.failed ? 1 : ended.status}`);
    });
  }
}

/** It has been said what failed. */
class AcceptFailed extends Error {}

/** `end` is called once, with signals back at what they do by themselves, which is to end us. */
export function endWithSignals(end: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    process.once(signal, () => {
      process.removeAllListeners(signal);
      end(signal);
    });
  }
}
