/** Clients of the private socket: each connection is one client, which may do what the manager's user may. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Manager } from '../manager/manager.js';
import { Api } from './api.js';
import { ServerAuth } from './auth.js';
import { Connection } from './connection.js';
import { Endpoint } from './endpoint.js';
import type { Caller } from './interface.js';
import { Notifier } from './notifier.js';

export class PeerServer {
  readonly #guid = randomBytes(16).toString('hex');
  readonly #connections = new Set<Connection>();
  readonly #notifier: Notifier;
  readonly #endpoint: Endpoint;

  constructor(
    readonly manager: Manager,
    onExit: () => void,
  ) {
    this.#notifier = new Notifier(manager);
    this.#endpoint = new Endpoint(new Api(manager, this.#notifier, onExit));
  }

  /** Takes the socket. As with systemd, every client hears every signal, whether it has subscribed or not. */
  serve(socket: Socket): void {
    const { uid } = this.manager.host.scope;
    const nothing = (): void => undefined;
    const caller: Caller = { sender: undefined, subscribe: nothing, unsubscribe: nothing, hold: nothing, release: nothing };
    const connection = new Connection(socket, new ServerAuth(this.#guid, (other) => other === uid || other === 0), {
      onReady: () => this.#notifier.add(connection),
      onMessage: (message) => {
        if (message.type === 'call') this.#endpoint.answer(message, caller, (reply) => connection.send(reply));
      },
      onClose: () => {
        this.#notifier.remove(connection);
        this.#connections.delete(connection);
      },
    });
    this.#connections.add(connection);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
