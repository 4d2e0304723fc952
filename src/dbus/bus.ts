/**
 * Our place on the message bus: the name org.freedesktop.systemd1, where it is free. A bus that is not there, refuses us or goes away is
 * no trouble: systemctl has the private socket. Nothing here listens to the bus but for calls to us.
 */
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { Manager } from '../manager/manager.js';
import { SocketUnit } from '../manager/socket.js';
import { Api } from './api.js';
import { ClientAuth } from './auth.js';
import { Connection } from './connection.js';
import { Endpoint } from './endpoint.js';
import type { Caller } from './interface.js';
import type { Message } from './message.js';
import { BUS_NAME, CallError } from './names.js';
import { Notifier } from './notifier.js';

const BUS = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' } as const;
/** RequestName: do not wait in a queue for the name. Its answer: we have it. */
const DO_NOT_QUEUE = 4;
const PRIMARY_OWNER = 1;

/** The interest of a client that has subscribed; the others are units and jobs. */
const SUBSCRIBED = '';

export class BusName {
  #connection: Connection | undefined;
  /** Of each client by its name on the bus: what it wants to hear of. */
  readonly #interests = new Map<string, Set<string>>();
  readonly #notifier: Notifier;
  readonly #endpoint: Endpoint;

  constructor(
    readonly manager: Manager,
    readonly socketPath: string,
    onExit: () => void,
  ) {
    this.#notifier = new Notifier(manager);
    const isSystem = manager.host.scope.mode === 'system';
    this.#endpoint = new Endpoint(new Api(manager, this.#notifier, onExit), isSystem ? (message) => this.#isRoot(message) : undefined);
  }

  /** Takes the name, if a bus runs and nobody has it. Does nothing while we have it. */
  connect(): void {
    if (this.#connection !== undefined || !this.#isRunning()) return;
    const socket = createConnection(this.socketPath);
    const connection = new Connection(
      socket,
      new ClientAuth(),
      {
        onReady: () => void this.#takeName(connection).catch((error: unknown) => this.#giveUp(connection, error)),
        onMessage: (message) => this.#onMessage(connection, message),
        onClose: () => this.#onClose(),
      },
      ClientAuth.greeting(this.manager.host.scope.uid),
    );
    this.#connection = connection;
  }

  close(): void {
    this.#connection?.close();
  }

  /** A bus whose socket we hold ourselves must not be started by our looking for it. */
  #isRunning(): boolean {
    if (this.socketPath.startsWith('\0')) return true;
    if (!existsSync(this.socketPath)) return false;
    const sockets = [...this.manager.units.values()].filter((unit) => unit instanceof SocketUnit);
    const ours = sockets.find(({ config }) => config?.listen.some(({ address }) => address?.family === 'unix' && address.path === this.socketPath) === true);
    return ours === undefined || ours.subState === 'running' || ours.activeState !== 'active';
  }

  async #takeName(connection: Connection): Promise<void> {
    await connection.call({ ...BUS, member: 'Hello' });
    const [answer] = await connection.call({ ...BUS, member: 'RequestName', signature: 'su', body: [BUS_NAME, DO_NOT_QUEUE] });
    if (answer === PRIMARY_OWNER) this.manager.host.print(`Took the name ${BUS_NAME} on the message bus (${this.socketPath})`);
    else this.#giveUp(connection, new Error('another manager has it'));
  }

  #giveUp(connection: Connection, error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    this.manager.sayOnce(`Failed to take the name ${BUS_NAME} on the message bus (${this.socketPath}), going on without: ${words}`);
    connection.close();
  }

  #onClose(): void {
    this.#connection = undefined;
    this.#interests.clear();
    this.#notifier.remove(this);
  }

  #onMessage(connection: Connection, message: Message): void {
    if (message.type === 'signal') return this.#onSignal(message);
    this.#endpoint.answer(message, this.#caller(message.sender ?? ''), (reply) => connection.send(reply));
  }

  #caller(sender: string): Caller {
    return {
      sender,
      subscribe: () => {
        if (this.#interests.get(sender)?.has(SUBSCRIBED) === true) throw CallError.systemd('AlreadySubscribed', 'Client is already subscribed.');
        this.#hold(sender, SUBSCRIBED);
      },
      unsubscribe: () => {
        if (!this.#release(sender, SUBSCRIBED)) throw CallError.systemd('NotSubscribed', 'Client is not subscribed.');
      },
      hold: (interest) => this.#hold(sender, interest),
      release: (interest) => void this.#release(sender, interest),
    };
  }

  // Signals, for as long as somebody wants them

  /** As a Listener: to all of them. Whoever waits for a job has heard of its end then. */
  send(signal: Message): void {
    this.#connection?.send(signal);
    if (signal.member !== 'JobRemoved') return;
    for (const sender of this.#interests.keys()) this.#release(sender, String(signal.body?.[1]));
  }

  #hold(sender: string, interest: string): void {
    const interests = this.#interests.get(sender);
    if (interests !== undefined) return void interests.add(interest);
    this.#interests.set(sender, new Set([interest]));
    this.#notifier.add(this);
    this.#watch('AddMatch', sender);
  }

  /** False: it had no such interest. */
  #release(sender: string, interest: string): boolean {
    const interests = this.#interests.get(sender);
    const had = interests?.delete(interest) === true;
    if (had && interests.size === 0) this.#forget(sender);
    return had;
  }

  #forget(sender: string): void {
    this.#interests.delete(sender);
    this.#watch('RemoveMatch', sender);
    if (this.#interests.size === 0) this.#notifier.remove(this);
  }

  /** A client that leaves the bus without a word is noticed by its name. */
  #watch(member: 'AddMatch' | 'RemoveMatch', sender: string): void {
    const rule = `type='signal',sender='${BUS.destination}',interface='${BUS.interface}',member='NameOwnerChanged',arg0='${sender}'`;
    this.#connection?.send({ type: 'call', noReply: true, ...BUS, member, signature: 's', body: [rule] });
  }

  #onSignal({ sender, member, body = [] }: Message): void {
    const [name, , owner] = body;
    if (sender === BUS.destination && member === 'NameOwnerChanged' && owner === '' && this.#interests.has(String(name))) this.#forget(String(name));
  }

  /** The bus lets every user call; what changes something is root's. A unique name is never another's. */
  async #isRoot({ sender = '' }: Message): Promise<boolean> {
    const [uid] = (await this.#connection?.call({ ...BUS, member: 'GetConnectionUnixUser', signature: 's', body: [sender] })) ?? [];
    return uid === 0;
  }
}
