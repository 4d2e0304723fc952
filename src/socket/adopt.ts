/**
 * Adopting: the held socket takes the place of the one that a program binds, and the program notices nothing. Its calls to bind and
 * listen wait for our word (seccomp_unotify(2)); where one means a socket that is held for it, ours is put over its descriptor and the
 * call returns 0. Everything else goes on untouched.
 *
 * An Adoption serves the processes of one unit, and knows the sockets of that unit and no others. Nothing that a program can do, be it
 * changing its memory under our eyes, gets it more than one of these; docs/adopt.md has the reasoning. It never waits for a program.
 */
import { basename, dirname } from 'node:path';
import type { Fd } from '../sys/fd.js';
import { closesOnExec, copyDescriptor, openFolder, resolvePath } from '../sys/foreign-fd.js';
import type { Poller, Watch } from '../sys/poller.js';
import { answer, letContinue, ownAddress, putDescriptor, readMemory, receiveCall, stillWaits, type HeldCall } from '../sys/seccomp-notify.js';
import { AF, decodeAddress, type SocketAddress } from '../sys/sockaddr.js';
import { bindIn, getOptionBytes, getsockname, IPPROTO_IPV6, IPV6_V6ONLY, socketCookie, socketType, type SocketType } from '../sys/socket.js';
import type { Listen, ListenAddress } from '../unit/config.js';
import { bestMatch, couldMatch, isInternet, type HeldFacts, type WantedBind } from './adopt-match.js';
import { carryOver, prepareOptions, snapshot, type Snapshot } from './adopt-options.js';
import type { AskedFamily } from './families.js';

/** A held socket that may be adopted. The descriptor stays the holder's. */
export interface AdoptableSocket {
  readonly fd: Fd;
  readonly listen: Listen;
  /** What the program binds in its place; undefined: the same port, path or name. */
  readonly target: ListenAddress | undefined;
}

export interface AdoptionHooks {
  /** The program listens on a socket of ours, or is bound to it where there is nothing to listen: it serves. Once. */
  readonly onServing: () => void;
  /** A socket of ours has been put in the place of the program's. */
  readonly onAdopted: (socket: AdoptableSocket, bound: WantedBind) => void;
  /** What it asked for where a port alone is held, and which of the sockets for that it does not want: their clients are for the one that it has. */
  readonly onChosen: (listen: Listen, asked: ReadonlySet<AskedFamily>, wanted: AdoptableSocket, unwanted: readonly AdoptableSocket[]) => void;
  /** It serves where no socket of ours stands for it. Once for each address. */
  readonly onStranger: (bound: WantedBind) => void;
  /** Of a filter that has no process any more; closed after that. */
  readonly onFilterGone: (notify: Fd) => void;
  /** Something is in the way: in words, once for each. */
  readonly onTrouble: (message: string) => void;
}

export interface AdoptionOptions {
  /** The program sees the same files as we do: the path that it binds may be that of the held socket itself. */
  readonly sharesFiles: boolean;
}

interface Facts {
  readonly type: SocketType;
  readonly address: SocketAddress;
  readonly v6only: boolean;
  readonly cookie: bigint | undefined;
}

interface Candidate extends HeldFacts {
  readonly socket: AdoptableSocket;
  readonly cookie: bigint | undefined;
}

/** A call that is being decided: what the program has, seen from here. */
interface Question {
  readonly notify: Fd;
  readonly call: HeldCall;
  /** The program's descriptor. */
  readonly number: number;
  /** A copy of it, for as long as the question lasts. */
  readonly own: Fd;
}

/** sockaddr_storage(3type) */
const ADDRESS_MOST = 128;
const EPOLLIN = 1;
/** What the kernel gives out by itself begins here: ip(7), ip_local_port_range. */
const EPHEMERAL = 32768;
/** A program that looks first finds that its socket listens already, and does not call listen: it serves all the same. */
const LISTENS_BY_ITSELF_MS = 1000;
/** A program that binds a port for both families, one after the other, has done so by then. */
const SETTLE_MS = 300;

/** What does not change for as long as a socket is held. */
const factsOf = new WeakMap<Fd, Facts>();
/** Its options before any program had it. */
const asOpened = new WeakMap<Fd, Snapshot>();

export class Adoption {
  readonly #filters = new Map<Fd, Watch>();
  readonly #adopted = new Set<Fd>();
  readonly #asked = new Map<Listen, ReadonlySet<AskedFamily>>();
  readonly #said = new Set<string>();
  #serving = false;
  #settling: NodeJS.Timeout | undefined;

  constructor(
    readonly poller: Poller,
    /** Asked at each call: sockets come and go. */
    readonly sockets: () => readonly AdoptableSocket[],
    readonly hooks: AdoptionHooks,
    readonly options: AdoptionOptions,
  ) {}

  get isServing(): boolean {
    return this.#serving;
  }

  hasAdopted(fd: Fd): boolean {
    return this.#adopted.has(fd);
  }

  /** Takes the notify descriptor of a filter. */
  serve(notify: Fd): void {
    const watch = this.poller.watch(notify, { read: true }, (events) => {
      if ((events & EPOLLIN) === 0) this.#onFilterGone(notify);
      else this.#onReady(notify);
    });
    this.#filters.set(notify, watch);
    setImmediate(() => this.#prepare());
  }

  /** What can be done before the program binds, is: it waits for us then. */
  #prepare(): void {
    for (const { socket } of this.#candidates()) {
      openedOptions(socket.fd);
      prepareOptions(socket.fd);
    }
    rehearse();
  }

  /** Calls that come now fail with ENOSYS: nobody may be left who would make one. */
  close(): void {
    clearTimeout(this.#settling);
    for (const notify of [...this.#filters.keys()]) this.#drop(notify);
  }

  #onFilterGone(notify: Fd): void {
    this.hooks.onFilterGone(notify);
    this.#drop(notify);
  }

  #drop(notify: Fd): void {
    this.#filters.get(notify)?.close();
    this.#filters.delete(notify);
    notify.close();
  }

  #onReady(notify: Fd): void {
    const call = receiveCall(notify);
    if (call === undefined) return;
    let done = false;
    try {
      done = this.#decide(notify, call);
    } catch (error) {
      this.#trouble(error);
    }
    if (done) answer(notify, call);
    else letContinue(notify, call);
  }

  /** True: the call is done, and returns 0. False: the kernel is to carry it out. */
  #decide(notify: Fd, call: HeldCall): boolean {
    if (call.name === undefined) return false;
    const address = call.name === 'bind' ? readAddress(call) : undefined;
    if (call.name === 'bind' && (address === undefined || !this.#concerns(address))) return false;
    const number = Number(BigInt.asIntN(32, call.args[0] ?? -1n));
    const own = copyDescriptor(call.tid, number);
    if (own === undefined) return false;
    try {
      const question = { notify, call, number, own };
      return address === undefined ? this.#listen(question) : this.#bind(question, address);
    } finally {
      own.close();
    }
  }

  /** Most calls to bind are about other things, and these are let go without a second look. */
  #concerns(address: SocketAddress): boolean {
    if (isInternet(address) && address.port === 0) return false;
    return couldMatch(address, this.#candidates()) || (isInternet(address) && address.port < EPHEMERAL && this.#awaitsDatagram());
  }

  #bind(question: Question, address: SocketAddress): boolean {
    const type = socketType(question.own);
    if (type === undefined) return false;
    const candidates = this.#candidates();
    // A signal took the program out of its call when ours had taken the place already: it asks again.
    if (isAmong(question.own, candidates)) return true;
    // The path is to be there for the program, too: its own socket makes it, and ours takes over when it listens.
    if (address.family === 'unix' && type !== 'datagram' && !this.#isOwnPath(address.path, candidates)) return false;
    const wanted = { type, address, v6only: isV6Only(question.own) };
    this.#noteAsked(address, type, wanted.v6only, candidates);
    const found = bestMatch(wanted, candidates);
    if (found === undefined) {
      if (type === 'datagram') this.#stranger(wanted);
      return false;
    }
    return this.#adopt(question, found, wanted);
  }

  #listen(question: Question): boolean {
    const candidates = this.#candidates();
    if (isAmong(question.own, candidates)) {
      this.#serves();
      return true;
    }
    const type = socketType(question.own);
    const address = type === undefined ? undefined : getsockname(question.own);
    if (type === undefined || address === undefined) return false;
    const wanted = { type, address: resolved(question.call.tid, address), v6only: isV6Only(question.own) };
    const found = address.family === 'unix' ? bestMatch(wanted, candidates) : undefined;
    if (found !== undefined && this.#adopt(question, found, wanted)) {
      this.#serves();
      return true;
    }
    this.#stranger(wanted);
    return false;
  }

  #adopt({ notify, call, number, own }: Question, found: Candidate, wanted: WantedBind): boolean {
    const { fd } = found.socket;
    // What was read so far was read from a process of which only its number is known: it counts if the call still waits.
    if (!stillWaits(notify, call)) return false;
    if (wanted.type === 'datagram' && wanted.address.family === 'unix' && !this.options.sharesFiles) makeName({ notify, call, number, own }, wanted.address.path);
    const before = openedOptions(fd);
    if (!this.#adopted.has(fd)) carryOver(own, fd, before);
    fd.setNonblocking(own.isNonblocking);
    if (!putDescriptor(notify, call, fd, number, closesOnExec(call.tid, number))) return false;
    this.#adopted.add(fd);
    this.hooks.onAdopted(found.socket, wanted);
    if (wanted.address.family === 'inet6' && !wanted.v6only && !found.v6only) setImmediate(() => this.#settle(found.socket.listen));
    if (wanted.type === 'datagram' && this.#candidates().every(({ type }) => type === 'datagram')) this.#serves();
    else this.#settling ??= setTimeout(() => this.#serves(), LISTENS_BY_ITSELF_MS).unref();
    return true;
  }

  #candidates(): readonly Candidate[] {
    return this.sockets().flatMap((socket) => {
      const facts = knownFacts(socket.fd);
      return facts === undefined ? [] : [{ ...facts, socket, target: socket.target }];
    });
  }

  #awaitsDatagram(): boolean {
    return this.#candidates().some(({ type, socket }) => type === 'datagram' && !this.#adopted.has(socket.fd));
  }

  #isOwnPath(path: string, candidates: readonly Candidate[]): boolean {
    return this.options.sharesFiles && candidates.some(({ address }) => address.family === 'unix' && address.path === path);
  }

  #serves(): void {
    if (this.#serving) return;
    this.#serving = true;
    this.hooks.onServing();
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      for (const listen of new Set(this.sockets().map((socket) => socket.listen))) this.#settle(listen);
    }, SETTLE_MS).unref();
  }

  /** Of the sockets for one line, those that the program does not want. */
  #settle(listen: Listen): void {
    const sockets = this.sockets().filter((socket) => socket.listen === listen && socket.fd.isOpen);
    const wanted = sockets.find(({ fd }) => this.#adopted.has(fd));
    const asked = this.#asked.get(listen);
    if (wanted === undefined || asked === undefined || listen.address?.family !== 'any') return;
    this.hooks.onChosen(
      listen,
      asked,
      wanted,
      sockets.filter(({ fd }) => !this.#adopted.has(fd)),
    );
  }

  /** Whether or not it gets what it asks for. */
  #noteAsked(address: SocketAddress, type: SocketType, v6only: boolean, candidates: readonly Candidate[]): void {
    if (!isInternet(address)) return;
    const asked = address.family === 'inet' ? 'inet' : v6only ? 'inet6-only' : 'both';
    for (const { socket } of candidates.filter((candidate) => candidate.type === type && couldMatch(address, [candidate]))) {
      this.#asked.set(socket.listen, new Set([...(this.#asked.get(socket.listen) ?? []), asked]));
    }
  }

  #stranger(bound: WantedBind): void {
    if (this.#once(JSON.stringify(bound))) this.hooks.onStranger(bound);
  }

  #trouble(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    if (this.#once(words)) this.hooks.onTrouble(words);
  }

  #once(text: string): boolean {
    if (this.#said.has(text)) return false;
    this.#said.add(text);
    return true;
  }
}

/** undefined: nothing that could be ours. A path is made absolute. Throws SysError when the process is not ours to see. */
function readAddress({ tid, args }: HeldCall): SocketAddress | undefined {
  const length = Number(BigInt.asUintN(32, args[2] ?? 0n));
  if (length < 4 || length > ADDRESS_MOST || tid === 0) return undefined;
  const bytes = readMemory(tid, args[1] ?? 0n, length);
  const family = bytes?.readUInt16LE(0);
  if (bytes === undefined || (family === AF.inet && length < 16) || (family === AF.inet6 && length < 24)) return undefined;
  if (family !== AF.inet && family !== AF.inet6 && family !== AF.unix) return undefined;
  const address = decodeAddress(family === AF.inet6 ? Buffer.concat([bytes, Buffer.alloc(4)]) : bytes);
  return address === undefined ? undefined : resolved(tid, address);
}

function resolved(tid: number, address: SocketAddress): SocketAddress {
  return address.family === 'unix' && address.path !== '' ? { family: 'unix', path: resolvePath(tid, address.path) } : address;
}

function openedOptions(fd: Fd): Snapshot {
  const known = asOpened.get(fd) ?? snapshot(fd);
  asOpened.set(fd, known);
  return known;
}

let rehearsed = false;

/** Once for all: the first time is slow in many small ways, and should not be a program's. */
function rehearse(): void {
  if (rehearsed) return;
  rehearsed = true;
  const bytes = Buffer.alloc(2);
  readMemory(process.pid, ownAddress(bytes), bytes.length);
  copyDescriptor(process.pid, 0)?.close();
  closesOnExec(process.pid, 0);
}

function isAmong(own: Fd, candidates: readonly Candidate[]): boolean {
  const cookie = socketCookie(own);
  return cookie !== undefined && candidates.some((candidate) => candidate.cookie === cookie);
}

function isV6Only(fd: Fd): boolean {
  return getOptionBytes(fd, IPPROTO_IPV6, IPV6_V6ONLY, 4)?.readInt32LE() === 1;
}

function knownFacts(fd: Fd): Facts | undefined {
  if (!fd.isOpen) return undefined;
  const known = factsOf.get(fd);
  if (known !== undefined) return known;
  const type = socketType(fd);
  const address = type === undefined ? undefined : getsockname(fd);
  if (type === undefined || address === undefined) return undefined;
  const facts = { type, address, v6only: isV6Only(fd), cookie: socketCookie(fd) };
  factsOf.set(fd, facts);
  return facts;
}

/** A datagram socket has no call to listen, in which ours could take over later: its name is made for the program, so that others find it. */
function makeName({ notify, call, own }: Question, path: string): void {
  const folder = openFolder(call.tid, dirname(path));
  try {
    if (folder !== undefined && stillWaits(notify, call)) bindIn(folder, basename(path), own);
  } catch {
    // Without the name the program is served all the same; what looks for it will say so.
  } finally {
    folder?.close();
  }
}
