/** A real manager of sockets and targets in this process, on its private socket, and a client of it. */
import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { LaunchHost } from '../../exec/launch.js';
import type { PodmanHost } from '../../exec/podman.js';
import { privateLink } from '../../load/private-link.js';
import { UnitTree } from '../../load/testing/unit-tree.js';
import { Manager } from '../../manager/manager.js';
import { Poller } from '../../sys/poller.js';
import { ClientAuth } from '../auth.js';
import { Connection } from '../connection.js';
import type { Message } from '../message.js';
import { MANAGER_PATH } from '../names.js';
import { PrivateSocket } from '../private-socket.js';
import type { Value } from '../value.js';

export class ServedManager {
  readonly tree = new UnitTree();
  readonly printed: string[] = [];
  readonly manager: Manager;
  readonly #socket: PrivateSocket;
  exits = 0;

  private constructor(files: Readonly<Record<string, string>>) {
    this.tree.add(files);
    const { scope } = this.tree;
    mkdirSync(scope.rouseDir, { recursive: true });
    this.manager = new Manager({
      scope: { ...scope, uid: process.getuid?.() ?? 0 },
      store: this.tree.store(),
      poller: new Poller((error) => this.printed.push(String(error))),
      cgroups: { layout: 'none', base: undefined, path: undefined, twins: [] } as never,
      // Nothing is launched here.
      launchHost: { environment: new Map([['LANG', 'C']]) } as unknown as LaunchHost,
      podmanHost: {} as PodmanHost,
      openContext: {
        resolveUser: () => {
          throw new Error('no users');
        },
        resolveGroup: () => {
          throw new Error('no groups');
        },
      },
      print: (line) => this.printed.push(line),
    });
    this.#socket = new PrivateSocket(this.manager, () => this.exits++);
  }

  static async start(files: Readonly<Record<string, string>>): Promise<ServedManager> {
    const served = new ServedManager(files);
    await served.#socket.listen();
    return served;
  }

  get link(): string {
    return privateLink(this.manager.host.scope).link;
  }

  client(): Promise<Client> {
    return Client.connect(this.link);
  }

  async stop(): Promise<void> {
    await this.#socket.close();
    await this.manager.stopAll();
    this.manager.keeper.end();
    this.manager.poller.close();
    this.tree.remove();
  }
}

export class Client {
  readonly signals: Message[] = [];
  readonly #waiting: (() => void)[] = [];

  private constructor(readonly connection: Connection) {}

  static connect(path: string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.on('error', reject);
      const connection: Connection = new Connection(
        socket,
        new ClientAuth(),
        {
          onReady: () => resolve(client),
          onMessage: (message) => client.#onSignal(message),
          onClose: () => reject(new Error('closed')),
        },
        ClientAuth.greeting(process.getuid?.() ?? 0),
      );
      const client = new Client(connection);
    });
  }

  #onSignal(message: Message): void {
    this.signals.push(message);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  manager(member: string, signature = '', ...body: readonly Value[]): Promise<readonly Value[]> {
    return this.connection.call({ path: MANAGER_PATH, interface: 'org.freedesktop.systemd1.Manager', member, signature, body });
  }

  call(path: string, interfaceName: string, member: string, signature = '', ...body: readonly Value[]): Promise<readonly Value[]> {
    return this.connection.call({ path, interface: interfaceName, member, signature, body });
  }

  get(path: string, interfaceName: string, name: string): Promise<readonly Value[]> {
    return this.call(path, 'org.freedesktop.DBus.Properties', 'Get', 'ss', interfaceName, name);
  }

  /** The first signal that satisfies, also one that has come already. */
  async signal(satisfies: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.signals.find(satisfies);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): void {
    this.connection.close();
  }
}
