/** What an interface is: tables of methods, signals and properties, which calls and introspection are answered from. */
import type { Api } from './api.js';
import type { Value } from './value.js';

/** Who calls. */
export interface Caller {
  /** The bus name of the caller; undefined at the private socket, where each has a connection of its own. */
  readonly sender: string | undefined;
  /** Signals are sent to it, until it goes or says so. */
  subscribe(): void;
  unsubscribe(): void;
  /** As long as it has an interest, such as a job that it waits for, signals are sent to it as to a subscriber. */
  hold(interest: string): void;
  release(interest: string): void;
}

export interface CallContext<T> {
  readonly api: Api;
  readonly caller: Caller;
  /** The object that is called: a unit's name, a job's number. */
  readonly object: T;
}

type Answer = readonly Value[];

export interface Method<T> {
  readonly name: string;
  /** Arguments as 'name:signature', separated by spaces. */
  readonly in: string;
  readonly out: string;
  /** It changes nothing: on the system's bus every user may call it. */
  readonly reads: boolean;
  readonly run: (context: CallContext<T>, ...args: never[]) => Answer | Promise<Answer>;
}

export interface PropertyAccess {
  readonly name: string;
  readonly signature: string;
  /** undefined: the object does not have it. */
  readonly get: () => Value | undefined;
  readonly set?: (value: Value) => void;
  readonly live: boolean;
}

export interface Signal {
  readonly name: string;
  readonly args: string;
}

export interface Interface<T> {
  readonly name: string;
  readonly methods: readonly Method<T>[];
  readonly signals: readonly Signal[];
  /** Of this object, as it is now; those with `name` only, or all. */
  readonly properties: (context: Pick<CallContext<T>, 'api' | 'object'>, name?: string) => readonly PropertyAccess[];
}

/** A method that changes something. */
export function method<T, A extends readonly unknown[]>(
  name: string,
  args: string,
  out: string,
  run: (context: CallContext<T>, ...args: A) => Answer | Promise<Answer>,
): Method<T> {
  return { name, in: args, out, reads: false, run: run as unknown as Method<T>['run'] };
}

/** A method that only asks. */
export function query<T, A extends readonly unknown[]>(name: string, args: string, out: string, run: (context: CallContext<T>, ...args: A) => Answer | Promise<Answer>): Method<T> {
  return { ...method(name, args, out, run), reads: true };
}

export interface Argument {
  readonly name: string;
  readonly signature: string;
}

/** 'name:s mode:s' in pieces. */
export function argumentsOf(text: string): readonly Argument[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((part) => {
      const at = part.lastIndexOf(':');
      return { name: part.slice(0, at), signature: part.slice(at + 1) };
    });
}

export function signatureOf(text: string): string {
  return argumentsOf(text)
    .map(({ signature }) => signature)
    .join('');
}
