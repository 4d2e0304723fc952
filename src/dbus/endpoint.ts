/**
 * Answers calls: finds the object by its path, the method by its table, and turns what comes of it into a reply. The same for the private
 * socket and for the bus. Nothing that a client sends throws from here.
 */
import type { Api } from './api.js';
import { signatureOf, type CallContext, type Caller, type Interface, type Method, type PropertyAccess } from './interface.js';
import { introspect } from './introspection.js';
import { LOG_INTERFACE, MANAGER_INTERFACE } from './manager-interface.js';
import type { Message } from './message.js';
import { CallError, jobOfPath, jobPath, LOG_PATH, MANAGER_PATH, unitOfPath, unitPath } from './names.js';
import { JOB_INTERFACE, unitInterfaces } from './unit-interface.js';
import { Variant, type Value } from './value.js';
import { parseUnitName } from '../unit/name.js';

interface Reply {
  readonly signature: string;
  readonly body: readonly Value[];
}

interface BusObject {
  readonly interfaces: readonly Interface<unknown>[];
  readonly key: unknown;
  /** Names of the objects directly below it. */
  readonly children: () => readonly string[];
}

/** Whether a caller may call what changes something; asked on the system's bus. */
export type Authorize = (message: Message) => Promise<boolean>;

export class Endpoint {
  constructor(
    readonly api: Api,
    /** undefined: whoever can reach us may do everything. */
    readonly authorize?: Authorize,
  ) {}

  /** Calls back once, unless no reply is wanted. */
  answer(message: Message, caller: Caller, reply: (message: Message) => void): void {
    const send = (answer: Omit<Message, 'destination' | 'replySerial'>): void => {
      if (message.noReply === true) return;
      reply({ ...answer, replySerial: message.serial ?? 0, ...(message.sender === undefined ? {} : { destination: message.sender }) });
    };
    const fail = (error: unknown): void => send(this.#errorMessage(error));
    try {
      const result = this.#call(message, caller);
      if (result instanceof Promise) result.then((done) => send({ type: 'return', ...done }), fail);
      else send({ type: 'return', ...result });
    } catch (error) {
      fail(error);
    }
  }

  #errorMessage(error: unknown): Message {
    const known = error instanceof CallError ? error : CallError.standard('Failed', error instanceof Error ? error.message : String(error));
    if (known !== error) this.api.manager.onBug(error);
    return { type: 'error', errorName: known.errorName, signature: 's', body: [known.message] };
  }

  #call(message: Message, caller: Caller): Reply | Promise<Reply> {
    const { path = '', interface: name, member = '', body = [], signature = '' } = message;
    const object = this.#find(path);
    const context = { api: this.api, caller, object: object.key };
    const standard = this.#standard(object, message);
    if (standard !== undefined) return standard;
    const found = object.interfaces.filter((each) => name === undefined || each.name === name).flatMap((each) => each.methods.find((method) => method.name === member) ?? []);
    const method = found[0];
    if (method === undefined)
      throw CallError.standard(
        name !== undefined && !object.interfaces.some((each) => each.name === name) ? 'UnknownInterface' : 'UnknownMethod',
        `Unknown method ${member} or interface ${name ?? ''}.`,
      );
    if (signatureOf(method.in) !== signature)
      throw CallError.standard('InvalidArgs', `Invalid arguments '${signature}' to call ${name ?? ''}.${member}, expecting '${signatureOf(method.in)}'.`);
    if (method.reads || this.authorize === undefined) return this.#run(method, context, body);
    return this.#authorized(message, () => this.#run(method, context, body));
  }

  #run(method: Method<unknown>, context: CallContext<unknown>, body: readonly Value[]): Reply | Promise<Reply> {
    const signature = signatureOf(method.out);
    const result = method.run(context, ...(body as never[]));
    return result instanceof Promise ? result.then((values) => ({ signature, body: values })) : { signature, body: result };
  }

  async #authorized(message: Message, action: () => Reply | Promise<Reply>): Promise<Reply> {
    if ((await this.authorize?.(message)) !== true) throw CallError.standard('AccessDenied', 'Access denied: only root may do this');
    return action();
  }

  // Objects

  /** Throws CallError: UnknownObject. */
  #find(path: string): BusObject {
    const none = (): readonly string[] => [];
    const unit = unitOfPath(path);
    if (unit !== undefined && parseUnitName(unit) !== undefined) return { interfaces: unitInterfaces(unit) as readonly Interface<unknown>[], key: unit, children: none };
    const job = jobOfPath(path);
    if (job !== undefined && this.api.job(job) !== undefined) return { interfaces: [JOB_INTERFACE as Interface<unknown>], key: job, children: none };
    if (path === MANAGER_PATH) return { interfaces: [MANAGER_INTERFACE as Interface<unknown>], key: undefined, children: () => ['unit', 'job'] };
    if (path === LOG_PATH) return { interfaces: [LOG_INTERFACE as Interface<unknown>], key: undefined, children: none };
    const children = this.#folders(path);
    if (children === undefined) throw CallError.standard('UnknownObject', `Unknown object '${path}'.`);
    return { interfaces: [], key: undefined, children };
  }

  /** Paths that only lead to others. */
  #folders(path: string): (() => readonly string[]) | undefined {
    const last = (full: string): string => full.slice(full.lastIndexOf('/') + 1);
    switch (path) {
      case '/':
        return () => ['org'];
      case '/org':
        return () => ['freedesktop'];
      case '/org/freedesktop':
        return () => ['LogControl1', 'systemd1'];
      case `${MANAGER_PATH}/unit`:
        return () => [...this.api.manager.units.keys()].map((name) => last(unitPath(name)));
      case `${MANAGER_PATH}/job`:
        return () => this.api.manager.jobs.all.map(({ id }) => last(jobPath(id)));
      default:
        return undefined;
    }
  }

  // Interfaces that every object has

  #standard(object: BusObject, message: Message): Reply | Promise<Reply> | undefined {
    const { interface: name, member, body = [], signature = '' } = message;
    const is = (own: string, method: string, takes: string): boolean => member === method && signature === takes && (name === undefined || name === `org.freedesktop.DBus.${own}`);
    if (is('Peer', 'Ping', '')) return { signature: '', body: [] };
    if (is('Peer', 'GetMachineId', '')) return { signature: 's', body: [this.api.store.facts.machineId] };
    if (is('Introspectable', 'Introspect', '')) return { signature: 's', body: [this.#introspect(object)] };
    if (is('Properties', 'GetAll', 's')) return { signature: 'a{sv}', body: [this.#getAll(object, String(body[0]))] };
    if (is('Properties', 'Get', 'ss')) return { signature: 'v', body: [this.#get(object, String(body[0]), String(body[1]))] };
    if (is('Properties', 'Set', 'ssv')) return this.#set(object, message);
    return undefined;
  }

  #properties(object: BusObject, name: string, property?: string): readonly PropertyAccess[] {
    const chosen = object.interfaces.filter((each) => name === '' || each.name === name);
    if (chosen.length === 0 && name !== '') throw CallError.standard('UnknownInterface', `Unknown interface '${name}'.`);
    return chosen.flatMap((each) => each.properties({ api: this.api, object: object.key }, property));
  }

  #getAll(object: BusObject, name: string): Value {
    return this.#properties(object, name).flatMap((property): Value[] => {
      const value = property.get();
      return value === undefined ? [] : [[property.name, new Variant(property.signature, value)]];
    });
  }

  #property(object: BusObject, interfaceName: string, name: string): PropertyAccess {
    const property = this.#properties(object, interfaceName, name).find((each) => each.name === name);
    if (property === undefined) throw CallError.standard('UnknownProperty', `Unknown property or interface.`);
    return property;
  }

  #get(object: BusObject, interfaceName: string, name: string): Value {
    const property = this.#property(object, interfaceName, name);
    const value = property.get();
    if (value === undefined) throw CallError.standard('UnknownProperty', `Unknown property or interface.`);
    return new Variant(property.signature, value);
  }

  #set(object: BusObject, message: Message): Reply | Promise<Reply> {
    const [interfaceName, name, variant] = message.body as [string, string, Variant];
    const property = this.#property(object, interfaceName, name);
    const set = (): Reply => {
      if (property.set === undefined) throw CallError.standard('PropertyReadOnly', `Property '${name}' is not writable.`);
      if (variant.signature !== property.signature) throw CallError.standard('InvalidArgs', `Property '${name}' is of type '${property.signature}'.`);
      property.set(variant.value);
      return { signature: '', body: [] };
    };
    return this.authorize === undefined ? set() : this.#authorized(message, set);
  }

  #introspect(object: BusObject): string {
    const described = object.interfaces.map((each) => ({ ...each, properties: each.properties({ api: this.api, object: object.key }) }));
    return introspect(described, object.children());
  }
}
