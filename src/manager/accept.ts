/**
 * Accept=yes: the connections of one socket unit. Each is taken from the kernel's queue, refused or given to an instance of the
 * template, and let go of when that instance is down; systemd.socket(5), Accept=, MaxConnections=, MaxConnectionsPerSource=.
 */
import { applyOne, connectionOptions, type OptionFamily } from '../socket/options.js';
import { identifyClient, type Client } from '../socket/accepted.js';
import type { Ready } from '../socket/held-sockets.js';
import { SysError } from '../sys/errno.js';
import { Fd } from '../sys/fd.js';
import { accept4 } from '../sys/socket.js';
import type { SocketConfig } from '../unit/config.js';
import { changed } from '../unit/inherit.js';
import { serviceOf } from '../unit/load.js';
import { instanceName } from '../unit/name.js';
import type { LoadedUnit } from '../load/unit-store.js';
import { noteWork } from './hot.js';
import type { ServiceUnit } from './service.js';
import type { SocketUnit } from './socket.js';

/** What an instance has of its client, for as long as it is up. */
export interface Connection {
  readonly socket: SocketUnit;
  readonly client: Client;
  /** Closed when the connection has ended. */
  readonly fd: Fd;
  /** FileDescriptorName=, whose default is another one here. */
  readonly fdName: string;
  end(): void;
}

/** Not the client's fault, and over some time: ours is to try again. */
const OUT_OF = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
/** How many instances that failed are kept for somebody to look at. Unlike systemd, which keeps all of them. */
const FAILED_MOST = 100;
const RETRY_MS = 1000;

export class Connections {
  /** The number of the next is the first part of its instance. As in systemd, which forgets a socket that is down and has no instances. */
  accepted = 0;
  refused = 0;
  /** Unit to source, of those that are up. */
  readonly #open = new Map<string, string>();
  readonly #failed: string[] = [];
  #templateIsBad = false;
  #options: { readonly config: SocketConfig; readonly of: Map<OptionFamily, ReturnType<typeof connectionOptions>> } | undefined;

  constructor(readonly socket: SocketUnit) {}

  get count(): number {
    return this.#open.size;
  }

  /** The socket is started: unless instances of an earlier time are still there, it counts anew. */
  begin(): void {
    if (this.count > 0) return;
    this.accepted = 0;
    this.refused = 0;
  }

  /** Looks at the template before any client can be lost to it. The words for what is wrong with it. */
  checkTemplate(config: SocketConfig): string | undefined {
    const name = serviceOf(config);
    const { loadState, diagnostics } = this.socket.manager.host.store.load(name);
    this.#templateIsBad = loadState !== 'loaded';
    if (!this.#templateIsBad) return undefined;
    return loadState === 'not-found' ? `There is no ${name}` : `${name} cannot be used: ${diagnostics.find(({ severity }) => severity === 'error')?.message ?? loadState}`;
  }

  /** Takes one client from the queue, if there is one. */
  accept(config: SocketConfig, ready: Ready): void {
    const problem = this.#templateIsBad ? this.checkTemplate(config) : undefined;
    if (problem !== undefined && config.onLimit === 'rest') return this.socket.limit('start-job', problem);
    const fd = this.#take(ready.fd);
    if (fd === undefined) return;
    const client = this.#admit(config, ready, fd);
    if (client === undefined) return fd.close();
    this.#start(config, fd, client);
  }

  /** The connection of a client that nobody will serve. */
  refuse(listening: Fd): void {
    this.#take(listening)?.close();
    this.refused++;
  }

  #take(listening: Fd): Fd | undefined {
    try {
      return accept4(listening, { blocking: true })?.fd;
    } catch (error) {
      // What the network has to say of this one client is no concern of the socket; accept(2), "Error handling".
      if (error instanceof SysError && OUT_OF.has(error.code)) this.socket.limit('accept', `Failed to accept a connection: ${error.message}`, RETRY_MS);
      return undefined;
    }
  }

  /** undefined: it is to be closed. */
  #admit(config: SocketConfig, { listen }: Ready, fd: Fd): Client | undefined {
    if (this.count >= config.maxConnections) return this.#drop(`Too many incoming connections (${this.count}), dropping connection`, `MaxConnections=${config.maxConnections}`);
    let client: Client;
    try {
      client = identifyClient(fd, listen);
    } catch {
      // It has gone already.
      return undefined;
    }
    const most = config.maxConnectionsPerSource;
    const same = most === 0 ? 0 : [...this.#open.values()].filter((source) => source === client.source).length;
    if (most > 0 && same >= most)
      return this.#drop(`Too many incoming connections (${same + 1}) from source ${client.source}, dropping connection`, `MaxConnectionsPerSource=${most}`);
    for (const option of this.#optionsFor(familyOf(listen), config)) for (const warning of applyOne(fd, option)) this.socket.manager.sayOnce(`${this.socket.name}: ${warning}`);
    return client;
  }

  #optionsFor(family: OptionFamily, config: SocketConfig): ReturnType<typeof connectionOptions> {
    if (this.#options?.config !== config) this.#options = { config, of: new Map() };
    const known = this.#options.of.get(family) ?? connectionOptions(family, config);
    this.#options.of.set(family, known);
    return known;
  }

  #drop(words: string, hint: string): undefined {
    this.refused++;
    this.socket.manager.say(this.socket, words, hint);
  }

  #start(config: SocketConfig, fd: Fd, client: Client): void {
    const { manager } = this.socket;
    const loaded = manager.instances.load(instanceName(serviceOf(config), `${this.accepted}-${client.instance}`));
    if (loaded.config?.type !== 'service') {
      fd.close();
      this.#templateIsBad = true;
      return this.socket.limit('start-job', this.checkTemplate(config) ?? `${loaded.name} could not be loaded`);
    }
    this.accepted++;
    noteWork();
    const unit = manager.addInstance(loaded, this.#connection(loaded.name, config.fileDescriptorName ?? 'connection', fd, client));
    this.#open.set(unit.name, client.source);
    manager.queue(unit.name, 'start', 'replace', (end) => {
      manager.settleInstance(unit);
      if (end.refused !== undefined) this.socket.limit('start-job', end.message ?? `${unit.name}: ${end.result}`, undefined, end.hint);
    });
  }

  /** An instance that a manager started which died since: it has its connection to itself. undefined: the template is gone. */
  resume(name: string, client: Client): ServiceUnit | undefined {
    const { manager, config } = this.socket;
    const loaded = config?.accept === true ? manager.instances.load(name) : undefined;
    if (config === undefined || loaded?.config?.type !== 'service') return undefined;
    this.accepted = Math.max(this.accepted, Number(/@(\d+)-/.exec(name)?.[1] ?? -1) + 1);
    const unit = manager.addInstance(loaded, this.#connection(name, config.fileDescriptorName ?? 'connection', new Fd(-1), client));
    this.#open.set(name, client.source);
    return unit;
  }

  #connection(name: string, fdName: string, fd: Fd, client: Client): Connection {
    const { socket } = this;
    const end = (): void => {
      fd.close();
      this.#open.delete(name);
    };
    return { socket, client, fd, fdName, end };
  }

  /** Keeps the last that failed, and gives back the one that is not to be kept any longer. */
  keepFailed({ name }: ServiceUnit): string | undefined {
    if (!this.#failed.includes(name)) this.#failed.push(name);
    return this.#failed.length > FAILED_MOST ? this.#failed.shift() : undefined;
  }
}

function familyOf({ address }: Ready['listen']): OptionFamily {
  return address === undefined || address.family === 'any' ? 'inet6' : address.family;
}

/** The description names the client, as systemd's does. */
export function describeInstance(loaded: LoadedUnit, { client }: Connection): LoadedUnit {
  const { config } = loaded;
  if (config === undefined) return loaded;
  const description = config.description === config.name ? client.description : `${config.description} (${client.description})`;
  return { ...loaded, config: changed(config, { description }) };
}
