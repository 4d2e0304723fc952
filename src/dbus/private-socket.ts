/**
 * systemd's private socket, in rouse's hands: a socket in rouse's own folder, and at the place where systemctl looks a link to it. The link
 * is how everybody sees that it is rouse that answers there (load/resolve-scope.ts): systemd itself puts a socket there and never a link.
 * The code that speaks D-Bus is loaded when the first client comes.
 */
import { chmodSync, mkdirSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Manager } from '../manager/manager.js';
import { privateLink } from '../load/private-link.js';
import type { PeerServer } from './peer-server.js';

export class PrivateSocket {
  readonly #server: Server;
  readonly #made: string[] = [];
  #peers: Promise<PeerServer> | undefined;

  constructor(
    readonly manager: Manager,
    readonly onExit: () => void,
  ) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Throws Node's errors. */
  async listen(): Promise<void> {
    const { socket, link, target } = privateLink(this.manager.host.scope);
    rmSync(socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path: socket, backlog: 4096 }, resolve);
    });
    chmodSync(socket, 0o600);
    this.makeFolder(dirname(link));
    rmSync(link, { force: true });
    symlinkSync(target, link);
  }

  /** A folder that goes with us, if it was not there before and is empty then. */
  makeFolder(path: string): void {
    const first = mkdirSync(path, { recursive: true, mode: 0o755 });
    for (let folder = path; first !== undefined && folder.length >= first.length; folder = dirname(folder)) this.#made.push(folder);
  }

  /** Removes the link, unless a systemd has come meanwhile and put its socket there. */
  async close(): Promise<void> {
    const { link, target } = privateLink(this.manager.host.scope);
    if (linkTarget(link) === target) rmSync(link, { force: true });
    for (const folder of this.#made) removeEmpty(folder);
    this.#server.close();
    (await this.#peers)?.close();
  }

  #serve(socket: Socket): void {
    this.#peers ??= import('./peer-server.js').then(({ PeerServer: Peers }) => new Peers(this.manager, this.onExit));
    this.#peers.then(
      (peers) => peers.serve(socket),
      (error: unknown) => {
        socket.destroy();
        this.manager.onBug(error);
      },
    );
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Others use it too.
  }
}
