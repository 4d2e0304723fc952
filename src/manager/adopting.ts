/**
 * Adopting, for one service: which of its held sockets take the place of those that its program binds, and when the program is ready.
 * What is made for it (the runtime's listener, the profile) is there from the moment the container is prepared until the run is over.
 *
 *   Adopt=yes, or what the program binds   these sockets are adopted, and not handed over; the service is ready when the program listens
 *   Adopt=auto, for containers             handed over with LISTEN_FDS; a program that binds the same port nevertheless gets them, too
 *   Adopt=no                               handed over with LISTEN_FDS
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isContainerService } from '../exec/launch.js';
import { withAdoptProfile, type AdoptProfilePaths } from '../exec/adopt-profile.js';
import { Adoption, type AdoptableSocket } from '../socket/adopt.js';
import { openChannel } from '../socket/adopt-channel.js';
import { AdoptListener } from '../socket/adopt-listener.js';
import { targetsOf, type WantedBind } from '../socket/adopt-match.js';
import { familiesFor, type AskedFamily } from '../socket/families.js';
import { prettyAddress } from '../socket/pretty.js';
import type { KeptGroup } from '../socket/kept-group.js';
import { relayConnections, relayDatagrams } from '../socket/relay.js';
import { errnoText } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import { hasSeccompNotify, mayLookAt } from '../sys/seccomp-notify.js';
import { getsockname } from '../sys/socket.js';
import type { AdoptMode, Listen, ListenKind, ServiceConfig } from '../unit/config.js';
import type { ServiceUnit } from './service.js';
import type { SocketUnit } from './socket.js';

/** Everything that one run has. */
interface Prepared {
  readonly adoption: Adoption;
  readonly listener: AdoptListener | undefined;
  readonly paths: AdoptProfilePaths;
  /** Takes the notify descriptor of a filter. */
  readonly serve: (notify: Fd) => void;
}

/** What the keeper calls the listener; notify descriptors have numbers, each manager its own. */
const LISTENER = 'listener';
let filters = 0;

export class Adopting {
  /** 'off': looked at for this run, and not to be. */
  #prepared: Prepared | 'off' | undefined;
  /** What of this run outlives us: with it, calls to bind wait for the manager after us, and so do runtimes. */
  readonly #keeper: KeptGroup;
  readonly #keptAs = new Map<Fd, string>();

  constructor(readonly unit: ServiceUnit) {
    this.#keeper = unit.manager.keeper.group('adopt', unit.name);
  }

  /** Whether a process that another manager has started can be answered by us as well. */
  canResume(config: ServiceConfig, pid: number): boolean {
    const wanted = this.#sockets(config).some((socket) => isWanted(config, modeOf(config, socket)));
    return !wanted || isContainerService(config) || mayLookAt(pid);
  }

  /** The service runs on, and so do its questions: those that nobody has answered meanwhile are answered now. */
  resume(config: ServiceConfig): void {
    const kept = this.#keeper.take();
    const listening = kept.find(({ name }) => name === LISTENER)?.fd;
    const prepared = kept.length === 0 ? undefined : this.#prepare(config, listening);
    for (const { name, fd } of kept) {
      if (name === LISTENER && prepared?.listener !== undefined) continue;
      this.#keeper.drop(name);
      if (prepared === undefined) fd.close();
      else prepared.serve(fd);
    }
  }

  /** Those of its sockets that do not go to the program as descriptors that it inherits. */
  withheld(config: ServiceConfig): ReadonlySet<Fd> {
    if (this.#prepare(config) === undefined) return new Set();
    return new Set(this.#sockets(config).flatMap((socket) => (modeOf(config, socket) === 'yes' ? adoptableOf(socket).map(({ fd }) => fd) : [])));
  }

  /** Whether the service has sockets to wait for, though it inherits none. */
  isOn(config: ServiceConfig): boolean {
    return this.#prepare(config) !== undefined;
  }

  /** The command of a container, which asks us about its sockets. */
  adapt(config: ServiceConfig, argv: readonly string[]): readonly string[] {
    const prepared = this.#prepare(config);
    if (prepared === undefined) return argv;
    const adapted = withAdoptProfile(argv, prepared.paths);
    return adapted.ok ? adapted.argv : argv;
  }

  /** For a plain process: where it sends what we need to answer it. The caller closes it when the process has it. */
  channel(config: ServiceConfig): Fd | undefined {
    const prepared = isContainerService(config) ? undefined : this.#prepare(config);
    if (prepared === undefined) return undefined;
    const { manager, name } = this.unit;
    return openChannel(manager.poller, {
      onNotify: prepared.serve,
      onNoNewPrivileges: () =>
        manager.sayOnce(
          `${name}: Its processes have no new privileges (sudo and other setuid programs have no effect there): without CAP_SYS_ADMIN, adopting their sockets takes that`,
        ),
      onFailure: (what, errno) => {
        this.unit.reason =
          what === 'filter' ? `Failed to adopt its sockets: seccomp: ${errnoText(errno)}` : `Failed to start ${config.execStart[0]?.path ?? ''}: ${errnoText(errno)}`;
        manager.say(this.unit, this.unit.reason);
      },
    });
  }

  /** Whether the service is not ready yet, whatever conmon says, because its program does not listen. `ready` comes when it does. */
  awaitsListen(config: ServiceConfig): boolean {
    return this.#prepare(config)?.adoption.isServing === false && this.#listenIsReady(config);
  }

  /** Where the sockets are certainly the program's to listen on, and nobody who knows better says when it is ready. */
  #listenIsReady(config: ServiceConfig): boolean {
    const saysItself = config.execStart[0]?.argv.some((word) => word === '--sdnotify=container' || word === '--sdnotify=healthy') === true;
    return !saysItself && this.#sockets(config).some((socket) => modeOf(config, socket) === 'yes');
  }

  /** The run is over, or will not be: nobody is left who could ask. */
  end(): void {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared === undefined || prepared === 'off') return;
    prepared.listener?.close();
    prepared.adoption.close();
    this.#keptAs.clear();
    this.#keeper.drop();
  }

  #prepare(config: ServiceConfig, listening?: Fd): Prepared | undefined {
    if (this.#prepared === undefined) {
      const wanted = this.#sockets(config).filter((socket) => isWanted(config, modeOf(config, socket)));
      if (wanted.length === 0) return undefined;
      const explicit = wanted.some((socket) => modeOf(config, socket) === 'yes');
      this.#prepared = this.#begin(config, explicit, listening) ?? 'off';
    }
    return this.#prepared === 'off' ? undefined : this.#prepared;
  }

  #begin(config: ServiceConfig, explicit: boolean, listening: Fd | undefined): Prepared | undefined {
    const { manager, name } = this.unit;
    const base = join(manager.host.scope.rouseDir, 'adopt', createHash('sha256').update(name).digest('hex').slice(0, 12));
    const paths = { profile: `${base}.json`, listener: `${base}.sock`, home: manager.host.scope.home };
    const why = hindrance(config, paths);
    if (why !== undefined) {
      if (explicit) manager.say(this.unit, `Its sockets cannot be adopted, handing them over with LISTEN_FDS: ${why}`);
      return undefined;
    }
    const adoption = this.#makeAdoption(config);
    const serve = (notify: Fd): void => {
      const keptAs = `${process.pid} ${++filters}`;
      this.#keptAs.set(notify, keptAs);
      this.#keeper.keep(keptAs, notify);
      adoption.serve(notify);
    };
    if (!isContainerService(config)) return { adoption, paths, serve, listener: undefined };
    try {
      const listener = new AdoptListener(manager.poller, paths.listener, serve, listening);
      this.#keeper.keep(LISTENER, listener.fd);
      return { adoption, paths, serve, listener };
    } catch (error) {
      manager.say(this.unit, `Its sockets cannot be adopted, handing them over with LISTEN_FDS: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #makeAdoption(config: ServiceConfig): Adoption {
    const { manager } = this.unit;
    return new Adoption(
      manager.poller,
      () => this.#adoptable(config),
      {
        onServing: () => (this.#listenIsReady(config) ? this.unit.programListens() : undefined),
        onAdopted: (socket, bound) => setImmediate(() => this.#tell(socket, bound)),
        onChosen: (listen, asked, wanted, unwanted) => this.#onChosen(config, listen, asked, wanted, unwanted),
        onFilterGone: (notify) => this.#onFilterGone(notify),
        onStranger: (bound) => this.#onStranger(config, bound),
        onTrouble: (message) => manager.say(this.unit, message, 'programs that may not be looked at cannot have their sockets adopted: docs/adopt.md'),
      },
      { sharesFiles: !isContainerService(config) },
    );
  }

  #onFilterGone(notify: Fd): void {
    const keptAs = this.#keptAs.get(notify);
    this.#keptAs.delete(notify);
    if (keptAs !== undefined) this.#keeper.drop(keptAs);
  }

  /** In the unit's log: it is what somebody looks for who wonders where the port went. */
  #tell({ listen }: AdoptableSocket, { address }: WantedBind): void {
    this.unit.manager.logOf(this.unit.name).write('rouse', process.pid, `The socket for ${listen.text} has taken the place of ${prettyAddress(address)}`);
  }

  /** The program has chosen between the sockets for one port; families.ts. */
  #onChosen(config: ServiceConfig, listen: Listen, asked: ReadonlySet<AskedFamily>, wanted: AdoptableSocket, unwanted: readonly AdoptableSocket[]): void {
    const { manager } = this.unit;
    const holder = this.#sockets(config).find((socket) => socket.config?.listen.includes(listen) === true);
    const address = getsockname(wanted.fd);
    if (holder === undefined || (address?.family !== 'inet' && address?.family !== 'inet6')) return;
    manager.families.learn(holder.name, listen, familiesFor(asked));
    for (const { fd } of unwanted) {
      holder.held.giveUp(fd);
      if (listen.kind === 'datagram') relayDatagrams(fd, address, wanted.fd, manager.poller);
      else {
        relayConnections(fd, address);
        fd.close();
      }
    }
    if (unwanted.length > 0) this.unit.onSocketsChanged();
  }

  /** Where something that is held for it waits in vain, it matters that the program listens elsewhere. */
  #onStranger(config: ServiceConfig, bound: WantedBind): void {
    const prepared = this.#prepare(config);
    const free = this.#adoptable(config).find(({ fd }) => prepared?.adoption.hasAdopted(fd) !== true);
    const explicit = this.#sockets(config).find((socket) => modeOf(config, socket) === 'yes');
    if (free === undefined || explicit === undefined) return;
    const { address } = bound;
    const word = 'port' in address ? `${address.port}` : prettyAddress(address);
    this.unit.manager.say(
      this.unit,
      `The program binds ${prettyAddress(address)}, which no socket stands for`,
      `Adopt=${word} in [X-Rouse] of ${explicit.name}, if it is ${free.listen.text}`,
    );
  }

  #sockets(config: ServiceConfig): readonly SocketUnit[] {
    return this.unit.manager.socketUnitsOf(this.unit, config);
  }

  #adoptable(config: ServiceConfig): readonly AdoptableSocket[] {
    return this.#sockets(config).flatMap((socket) => (isWanted(config, modeOf(config, socket)) ? adoptableOf(socket) : []));
  }
}

/** Of what a unit holds, what a program could bind. */
function adoptableOf({ config, held }: SocketUnit): readonly AdoptableSocket[] {
  if (config === undefined) return [];
  const targets = targetsOf(config.listen, config.adopt);
  return held.entries.flatMap(({ fd, listen }): readonly AdoptableSocket[] => {
    const target = targets[config.listen.indexOf(listen)];
    return target === 'none' || !BINDABLE.has(listen.kind) ? [] : [{ fd, listen, target }];
  });
}

const BINDABLE: ReadonlySet<ListenKind> = new Set(['stream', 'datagram', 'sequential-packet']);

/** Accept=yes hands over connections, which nobody binds. */
function modeOf(config: ServiceConfig, socket: SocketUnit): AdoptMode {
  return socket.config?.accept === true ? 'no' : (socket.config?.adopt.mode ?? config.adopt.mode ?? 'auto');
}

/** A filter for a process of ours costs it something (no-new-privileges): only where it was asked for. */
function isWanted(config: ServiceConfig, mode: AdoptMode): boolean {
  return mode === 'yes' || (mode === 'auto' && isContainerService(config));
}

/** Why it cannot be. */
function hindrance(config: ServiceConfig, paths: AdoptProfilePaths): string | undefined {
  if (!hasSeccompNotify()) return 'this kernel cannot put a descriptor into another process (Linux 5.9)';
  if (!isContainerService(config)) return config.exec.rootDirectory === undefined ? undefined : 'RootDirectory= is set';
  const adapted = withAdoptProfile(config.execStart[0]?.argv ?? [], paths);
  return adapted.ok ? undefined : adapted.why;
}
