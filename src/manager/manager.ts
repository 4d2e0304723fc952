/**
 * The manager: owns the units, their jobs and the one event loop. It turns requests into transactions, runs jobs whose order
 * is met, and passes each change of state on to whom it concerns. It never blocks and never ends on an error of one unit.
 */
import { join } from 'node:path';
import type { CgroupTree } from '../exec/cgroup.js';
import { CgroupPool } from '../exec/cgroup-pool.js';
import type { LaunchHost } from '../exec/launch.js';
import { UnitLog } from '../exec/output.js';
import type { PodmanHost } from '../exec/podman.js';
import { InstanceCache } from '../load/instance-cache.js';
import type { Scope } from '../load/scope.js';
import type { LoadedUnit, UnitStore } from '../load/unit-store.js';
import { Keeper, type KeeperOptions } from '../socket/keeper.js';
import type { OpenContext } from '../socket/open.js';
import type { Fd } from '../sys/fd.js';
import type { Poller } from '../sys/poller.js';
import type { ServiceConfig } from '../unit/config.js';
import { instanceName, parseUnitName, templateOf } from '../unit/name.js';
import { formatDiagnostic, type Diagnostic } from '../unitfile/diagnostic.js';
import { isActive, isInactive, type ActiveState } from './active-state.js';
import { describeInstance, type Connection } from './accept.js';
import { ArmingQueue } from './arming-queue.js';
import { unmetCondition } from './condition.js';
import { FamilyMemory } from './family-memory.js';
import { generate } from './generating.js';
import { Graph } from './graph.js';
import { noteWork } from './hot.js';
import { ImageWatch } from './image-watch.js';
import type { JobEnd, JobMode, JobType } from './job.js';
import { JobQueue } from './job-queue.js';
import { Leftovers } from './leftovers.js';
import { monitorVariables } from './monitor-variables.js';
import type { ManagerObserver } from './observer.js';
import { ServiceUnit } from './service.js';
import { startsAtOnce } from './start-at-once.js';
import { SocketUnit } from './socket.js';
import { TargetUnit } from './target.js';
import { planTransaction, type Transaction } from './transaction.js';
import type { Unit } from './unit.js';

/** Everything that the manager is handed rather than finds out. */
export interface ManagerHost {
  readonly scope: Scope;
  readonly store: UnitStore;
  readonly poller: Poller;
  readonly cgroups: CgroupTree;
  readonly launchHost: LaunchHost;
  readonly podmanHost: PodmanHost;
  readonly openContext: OpenContext;
  /** How another one is started when this one was killed; undefined: whoever started this one knows. */
  readonly restart?: KeeperOptions['restart'];
  /** The manager's own log: one line, or two with a hint. */
  readonly print: (line: string) => void;
  /** Gets each line that a unit writes, beside the unit's log. */
  readonly echo?: UnitLog['echo'];
}

/** What made a socket trigger its service; times of performance.now(). */
export interface Arrival {
  readonly arrivedMs: number;
  /** Those that arrive together are served in turns. */
  readonly noticedMs: number;
  readonly fd: Fd | undefined;
}

/** A connection that lasts this long is remembered for the manager after us. */
const CONNECTION_MS = 1000;

export class Manager {
  readonly units = new Map<string, Unit>();
  readonly graph = new Graph();
  readonly jobs: JobQueue;
  readonly leftovers: Leftovers;
  readonly keeper: Keeper;
  /** Accept=yes */
  readonly instances: InstanceCache;
  readonly cgroupPool: CgroupPool;
  readonly families: FamilyMemory;
  readonly armingQueue = new ArmingQueue((error) => this.onBug(error));
  readonly imageWatch = new ImageWatch(this);
  readonly observers = new Set<ManagerObserver>();
  readonly #logs = new Map<string, UnitLog>();
  readonly #said = new Set<string>();
  readonly #remembering = new Set<ServiceUnit>();
  #stopping = false;
  #reloading: Promise<readonly Diagnostic[]> = Promise.resolve([]);

  constructor(readonly host: ManagerHost) {
    this.families = new FamilyMemory(join(host.scope.logDir, 'families.json'));
    this.leftovers = new Leftovers(join(host.scope.rouseDir, 'running'));
    this.keeper = new Keeper({
      poller: host.poller,
      path: join(host.scope.rouseDir, 'keeper'),
      restart: host.restart,
      onTrouble: (message) => this.sayOnce(`Sockets would not outlive this manager, if it were killed: ${message}`),
    });
    this.jobs = new JobQueue(this);
    this.instances = new InstanceCache(host.store);
    this.cgroupPool = new CgroupPool(host.cgroups);
  }

  get poller(): Poller {
    return this.host.poller;
  }

  get cgroups(): CgroupTree {
    return this.host.cgroups;
  }

  get launchHost(): LaunchHost {
    return this.host.launchHost;
  }

  get podmanHost(): PodmanHost {
    return this.host.podmanHost;
  }

  get openContext(): OpenContext {
    return { ...this.host.openContext, familiesOf: (unit, listen) => this.families.of(unit, listen) };
  }

  get notifyFolder(): string {
    return join(this.host.scope.rouseDir, 'notify');
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  // Units

  /** A unit that is loaded already. */
  find(name: string): Unit | undefined {
    return this.units.get(name);
  }

  /** The unit of this name, loaded now if it is not yet; undefined for a type that rouse does not have. An alias leads to its unit. */
  get(name: string): Unit | undefined {
    const known = this.units.get(name);
    if (known !== undefined && !this.#mayHaveCome(known)) return known;
    const loaded = this.host.store.load(name);
    const aliased = this.units.get(loaded.name);
    if (aliased !== undefined) return aliased;
    const unit = this.#make(loaded);
    if (unit === undefined) return undefined;
    noteWork();
    this.units.set(unit.name, unit);
    if (loaded.config !== undefined) this.graph.add(loaded.config);
    for (const diagnostic of loaded.diagnostics) this.report(diagnostic);
    this.tell((observer) => observer.onUnitLoaded?.(unit));
    return unit;
  }

  /** One that had no file may have one by now. */
  #mayHaveCome(unit: Unit): boolean {
    return unit.loaded.loadState === 'not-found' && isInactive(unit.activeState) && !this.jobs.has(unit.name) && this.host.store.load(unit.name).loadState !== 'not-found';
  }

  #make(loaded: Unit['loaded']): Unit | undefined {
    if (loaded.name.endsWith('.socket')) return new SocketUnit(this, loaded);
    if (loaded.name.endsWith('.service')) return new ServiceUnit(this, loaded);
    return loaded.name.endsWith('.target') ? new TargetUnit(this, loaded) : undefined;
  }

  /** Runs the generators and reads all files again. What runs goes on, with the config that it was started with, until it ends. */
  reload(): Promise<readonly Diagnostic[]> {
    // One after the other: the generators of two would write over each other.
    const again = async (): Promise<readonly Diagnostic[]> => {
      await generate(this.host);
      return this.#readAgain();
    };
    return (this.#reloading = this.#reloading.then(again, again));
  }

  #readAgain(): readonly Diagnostic[] {
    this.tell((observer) => observer.onReload?.(true));
    const diagnostics = [...this.host.store.reload()];
    let changed = false;
    for (const [name, unit] of [...this.units]) {
      const before = unit.loaded;
      const loaded = this.host.store.load(name);
      diagnostics.push(...loaded.diagnostics);
      if (loaded.loadState === 'not-found' && isInactive(unit.activeState) && !this.jobs.has(name)) this.forgetUnit(unit);
      else if (loaded !== before) unit.adopt(loaded);
      changed ||= loaded !== before;
    }
    if (changed) this.#rebuildGraph();
    this.tell((observer) => observer.onReload?.(false));
    return diagnostics;
  }

  #rebuildGraph(): void {
    this.graph.rebuild([...this.units.values()].flatMap((unit) => unit.loaded.config ?? []));
    for (const unit of this.units.values()) if (unit instanceof ServiceUnit && unit.connection !== undefined) this.graph.addInstance(unit.connection.socket.name, unit.name);
    this.jobs.onReordered();
    for (const unit of this.units.values()) if (unit instanceof ServiceUnit && unit.connection === undefined) unit.arming.onReload();
  }

  /** Accept=yes: the unit for one connection, which is loaded for it alone. */
  addInstance(loaded: LoadedUnit, connection: Connection): ServiceUnit {
    const unit = new ServiceUnit(this, describeInstance(loaded, connection));
    unit.connection = connection;
    this.units.set(unit.name, unit);
    if (loaded.config !== undefined) this.graph.add(loaded.config);
    this.graph.addInstance(connection.socket.name, unit.name);
    for (const diagnostic of loaded.diagnostics) this.report(diagnostic);
    this.tell((observer) => observer.onUnitLoaded?.(unit));
    return unit;
  }

  /** The connection of an instance that is down has ended; the unit goes too, unless it failed and somebody may want to know why. */
  settleInstance(unit: ServiceUnit): void {
    const { connection } = unit;
    if (connection === undefined || !isInactive(unit.activeState) || this.jobs.has(unit.name) || this.units.get(unit.name) !== unit) return;
    connection.end();
    const stays = unit.activeState === 'failed' && unit.config?.collectMode !== 'inactive-or-failed';
    const gone = stays ? this.units.get(connection.socket.connections.keepFailed(unit) ?? '') : unit;
    if (gone !== undefined) this.forgetUnit(gone);
  }

  /** Its file is gone, or it was made for one run; it is inactive and has no job. */
  forgetUnit(unit: Unit): void {
    this.units.delete(unit.name);
    if (unit.loaded.config !== undefined) this.graph.remove(unit.loaded.config);
    this.tell((observer) => observer.onUnitGone?.(unit));
  }

  /** Whoever follows the manager must not be able to harm it. */
  tell(action: (observer: ManagerObserver) => void): void {
    for (const observer of this.observers) this.guard(() => action(observer));
  }

  // Jobs

  /** Plans and queues; `onEnd` is called once, with the anchor's end. The words of a refusal come back as its end. */
  queue(name: string, type: JobType, mode: JobMode, onEnd: (end: JobEnd) => void): void {
    if (parseUnitName(name)?.instance === '')
      return onEnd({ result: 'failed', message: `${name}: A template has no state of its own`, hint: `name an instance: ${instanceName(name, 'INSTANCE')}` });
    const unit = this.get(name);
    if (unit === undefined) return onEnd({ result: 'unsupported', message: `${name}: rouse has no units of this type` });
    const transaction = this.#plan(unit, type, mode);
    if (!transaction.ok)
      return onEnd({
        result: transaction.reason === 'load' ? 'failed' : 'canceled',
        message: transaction.message,
        refused: { reason: transaction.reason, unit: transaction.unit },
      });
    for (const note of transaction.notes) this.host.print(note);
    if (unit instanceof ServiceUnit && type === 'start') unit.activations.mark('queued');
    this.jobs.install(transaction.jobs, unit.name, mode, onEnd);
  }

  #plan(unit: Unit, type: JobType, mode: JobMode): Transaction {
    return planTransaction(
      {
        startRefusal: (name) => this.startRefusal(name),
        activeState: (name) => this.units.get(name)?.activeState ?? 'inactive',
        related: (name, relation) => this.graph.get(name, relation),
        isolatable: () => [...this.units.values()].filter((other) => other.config?.ignoreOnIsolate !== true).map((other) => other.name),
      },
      unit.name,
      type,
      mode,
    );
  }

  /** Why a unit cannot be started, in words. Loads it if it is not loaded yet. */
  startRefusal(name: string): string | undefined {
    const unit = this.get(name);
    if (unit === undefined) return `rouse has no units of the type of ${name}`;
    switch (unit.loaded.loadState) {
      case 'loaded':
        return undefined;
      case 'not-found':
        return `Unit ${name} not found`;
      case 'masked':
        return `Unit ${name} is masked`;
      case 'bad-setting':
      case 'error':
        return `Unit ${name} has a bad setting: ${unit.loaded.diagnostics.find(({ severity }) => severity === 'error')?.message ?? 'see its diagnostics'}`;
    }
  }

  /** RestartSec= is over. */
  queueRestart(unit: Unit): void {
    this.queue(unit.name, 'restart', 'replace', () => undefined);
  }

  /** Somebody connected. The clients wait in the kernel until the service takes them. */
  trigger(socket: SocketUnit, service: string, arrival: Arrival): void {
    if (this.#stopping) return;
    const triggered = this.get(service);
    this.armingQueue.onActivation();
    if (triggered instanceof ServiceUnit) {
      triggered.beginActivation(arrival);
      if (triggered.freezing.isFrozen) return triggered.thawForClient();
      if (startsAtOnce(this, triggered)) triggered.letGoEarly();
    }
    this.#startTriggered(socket, service);
    if (triggered instanceof ServiceUnit) triggered.arming.dropEarly();
  }

  #startTriggered(socket: SocketUnit, service: string): void {
    this.queue(service, 'start', 'replace', (end) => {
      const unit = this.find(service);
      if (end.result === 'done' || socket.subState !== 'running' || (unit !== undefined && !isInactive(unit.activeState))) return;
      // As in systemd, the clients that wait ask again at once, until the trigger limit is hit.
      if (end.result === 'skipped' && socket.config?.onLimit === 'fail') return socket.onServiceState('inactive');
      const words = end.message ?? `${service}: ${end.result}`;
      const startLimitMs = unit instanceof ServiceUnit ? unit.startLimitRemainingMs : 0;
      if (startLimitMs > 0 && unit instanceof ServiceUnit)
        socket.limit('service-start', `${service}: Start limit hit${unit.startLimitText}`, startLimitMs, `rouse logs ${service}`);
      else socket.limit('start-job', words, undefined, end.hint);
    });
  }

  /** Starts what a condition does not forbid; the words for why it does. */
  unmetCondition(unit: Unit): { readonly assert: boolean; readonly message: string } | undefined {
    const unmet = unit.config === undefined ? undefined : unmetCondition(unit.config.conditions);
    unit.condition = { timeMs: Date.now(), met: unmet === undefined || unmet.assert, assertsMet: unmet?.assert !== true };
    return unmet;
  }

  /** A change of state goes to its job, to the sockets that trigger it, and to the units that follow it. */
  onStateChanged(unit: Unit, from: ActiveState, fromSub: string): void {
    if (process.env['ROUSE_LOG_LEVEL'] === 'debug') this.host.print(`${unit.name}: Changed ${fromSub} -> ${unit.subState}`);
    this.#log(unit, from);
    const expected = this.jobs.onState(unit);
    this.#tellSockets(unit, from);
    if (unit instanceof SocketUnit) this.#tellArming(unit, fromSub);
    else if (unit instanceof ServiceUnit && unit.activeState !== from) this.#rearm(unit);
    if (unit.activeState !== from) this.#propagate(unit, from, expected);
    this.tell((observer) => observer.onUnitChanged?.(unit));
  }

  /** Services are prepared while their sockets listen, and taken back when these go. */
  #tellArming(socket: SocketUnit, fromSub: string): void {
    const service = socket.serviceName === undefined ? undefined : this.get(socket.serviceName);
    if (!(service instanceof ServiceUnit)) return;
    if (socket.subState === 'listening') return this.soon(() => service.prepare(fromSub !== 'running'));
    if (!isInactive(socket.activeState)) return;
    service.freezing.onSocketsGone();
    service.onSocketsChanged();
    void service.arming.end('Its socket does not listen any more');
  }

  /** It has ended while its sockets were watched; or it is a pod's, and its members can be armed now. */
  #rearm(unit: ServiceUnit): void {
    if (isInactive(unit.activeState)) this.soon(() => (unit.isTriggeredNow ? unit.prepare(false) : undefined));
    if (unit.activeState !== 'active' || unit.config?.sourcePath?.endsWith('.pod') !== true) return;
    for (const name of this.graph.get(unit.name, 'bindsTo-inverse')) {
      const member = this.find(name);
      if (member instanceof ServiceUnit && member.isTriggeredNow) this.soon(() => member.arming.consider());
    }
  }

  #tellSockets(unit: Unit, from: ActiveState): void {
    if (!(unit instanceof ServiceUnit) || unit.activeState === from) return;
    if (unit.connection !== undefined) return this.soon(() => this.settleInstance(unit));
    for (const name of this.graph.get(unit.name, 'triggeredBy')) {
      const socket = this.units.get(name);
      if (!(socket instanceof SocketUnit)) continue;
      // Before it watches again: a client that still waits would start the service at once, into the same limit.
      const restMs = unit.startLimitRemainingMs;
      if (restMs > 0 && socket.subState === 'running') socket.limit('service-start', `${unit.name}: Start limit hit${unit.startLimitText}`, restMs, `rouse logs ${unit.name}`);
      else socket.onServiceState(unit.activeState);
    }
  }

  /** BindsTo=, OnFailure=, OnSuccess=, Upholds= and StopWhenUnneeded=; systemd.unit(5). */
  #propagate(unit: Unit, from: ActiveState, expected: boolean): void {
    if (!isInactive(unit.activeState) || isInactive(from) || this.#stopping) return;
    if (!expected) this.#stopBound(unit);
    this.#follow(unit, unit.activeState === 'failed');
    this.soon(() => this.#uphold(unit));
    for (const relation of ['requires', 'wants', 'bindsTo'] as const) {
      for (const name of this.graph.get(unit.name, relation)) this.soon(() => this.#stopIfUnneeded(name));
    }
  }

  /** A service that will be restarted was down for a moment, which those who follow it are to know; systemd.service(5), RestartMode=. */
  onPassedDown(unit: Unit, failed: boolean): void {
    if (this.#stopping) return;
    this.#stopBound(unit);
    this.#follow(unit, failed);
  }

  #stopBound(unit: Unit): void {
    for (const name of this.graph.get(unit.name, 'bindsTo-inverse')) {
      if (!isInactive(this.find(name)?.activeState ?? 'inactive')) this.soon(() => this.queue(name, 'stop', 'replace', () => undefined));
    }
  }

  /** OnFailure= and OnSuccess=. What they start is told why, where there is one unit that it can be because of. */
  #follow(unit: Unit, failed: boolean): void {
    const relation = failed ? 'onFailure' : 'onSuccess';
    for (const name of this.graph.get(unit.name, relation)) {
      const followed = this.get(name);
      const others = this.graph.get(name, `${relation}-inverse`);
      if (followed instanceof ServiceUnit && others.length === 1) followed.monitored = monitorVariables(unit);
      this.soon(() => this.queue(name, 'start', relation === 'onFailure' ? 'replace' : 'fail', () => undefined));
    }
  }

  /** Upholds=: somebody who is up wants it to be up, too. */
  #uphold(unit: Unit): void {
    const upheld = this.graph.get(unit.name, 'upholds-inverse').some((name) => isActive(this.find(name)?.activeState ?? 'inactive'));
    if (upheld && isInactive(unit.activeState) && !this.jobs.has(unit.name) && !this.#stopping) this.queue(unit.name, 'start', 'fail', () => undefined);
  }

  #stopIfUnneeded(name: string): void {
    const unit = this.find(name);
    if (unit?.config?.stopWhenUnneeded !== true || isInactive(unit.activeState)) return;
    const needed = (['requires-inverse', 'wants-inverse', 'bindsTo-inverse', 'requisite-inverse', 'upholds-inverse'] as const)
      .flatMap((relation) => this.graph.get(name, relation))
      .some((other) => !isInactive(this.find(other)?.activeState ?? 'inactive'));
    if (!needed) this.queue(name, 'stop', 'replace', () => undefined);
  }

  // What services need

  /** The held sockets that go to a service, in the order of Sockets= and of each unit's file. */
  socketsFor(unit: Unit, config: ServiceConfig): readonly { readonly fd: Fd; readonly name: string }[] {
    if (unit instanceof ServiceUnit && unit.connection?.fd.isOpen === true) return [{ fd: unit.connection.fd, name: unit.connection.fdName }];
    const withheld = unit instanceof ServiceUnit ? unit.adopting.withheld(config) : undefined;
    return this.socketUnitsOf(unit, config)
      .flatMap((socket) => (socket.config === undefined ? [] : socket.held.handOver(socket.config)))
      .filter(({ fd }) => withheld?.has(fd) !== true);
  }

  /** Every descriptor that is held for a service, also those that it does not inherit. */
  heldFor(unit: Unit, config: ServiceConfig): readonly Fd[] {
    return this.socketUnitsOf(unit, config).flatMap((socket) => socket.held.entries.map(({ fd }) => fd));
  }

  socketUnitsOf(unit: Unit, config: ServiceConfig): readonly SocketUnit[] {
    if (unit instanceof ServiceUnit && unit.connection !== undefined) return [];
    const names = [...new Set([...config.sockets, ...this.graph.get(unit.name, 'triggeredBy')])];
    return names.map((name) => this.find(name)).filter((socket) => socket instanceof SocketUnit);
  }

  logOf(unit: string): UnitLog {
    const known = this.find(unit);
    // One file for all connections of a socket, and not one for each.
    const name = known instanceof ServiceUnit && known.connection !== undefined ? (templateOf(unit) ?? unit) : unit;
    let log = this.#logs.get(name);
    if (log === undefined) this.#logs.set(name, (log = new UnitLog(this.host.scope.logDir, name, this.host.echo)));
    return log;
  }

  containerLogPath(unit: string): string {
    return join(this.host.scope.rouseDir, `${unit}.ctr.log`);
  }

  /** What runs of it, for the manager after us. */
  remember(unit: ServiceUnit): void {
    if (this.#remembering.has(unit)) return;
    this.#remembering.add(unit);
    const write = (): void => {
      this.#remembering.delete(unit);
      const { running } = unit;
      if (running !== undefined) this.leftovers.remember(unit.name, running);
    };
    // Most connections are over by then.
    if (unit.connection !== undefined) setTimeout(write, CONNECTION_MS).unref();
    // Not on the way to the first byte: the next turn of the loop will do.
    else setImmediate(write);
  }

  forget(unit: string): void {
    this.leftovers.forget(unit);
  }

  // Words

  /** Says something about a unit: in the manager's log and in the unit's own. */
  say(unit: Unit, message: string, hint?: string): void {
    const text = message.startsWith(`${unit.name}: `) ? message : `${unit.name}: ${message}`;
    this.host.print(hint === undefined ? text : `${text}\n  hint: ${hint}`);
    const log = this.logOf(unit.name);
    log.write('rouse', process.pid, log.unit === unit.name ? message : text);
  }

  sayOnce(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.host.print(text);
  }

  report(diagnostic: Diagnostic): void {
    this.sayOnce(formatDiagnostic(diagnostic));
  }

  #log(unit: Unit, from: ActiveState): void {
    const { activeState } = unit;
    if (activeState === from) return;
    const name = unit.description === unit.name ? unit.name : `${unit.name} - ${unit.description}`;
    // Connections come and go by the hundred: unless one fails, only the log of their template has a word of it.
    if (unit instanceof ServiceUnit && unit.connection !== undefined && activeState !== 'failed') {
      if (activeState === 'active' || activeState === 'inactive') this.logOf(unit.name).write('rouse', process.pid, `${activeState === 'active' ? 'Started' : 'Stopped'} ${name}`);
    } else if (activeState === 'active' && from !== 'reloading')
      this.say(unit, unit instanceof SocketUnit ? `Listening on ${name}` : unit instanceof TargetUnit ? `Reached target ${name}` : `Started ${name}`);
    else if (activeState === 'failed') this.say(unit, `Failed with result '${unit.result}'${unit.reason === undefined ? '' : `: ${unit.reason}`}`, unit.hint);
    else if (activeState === 'inactive' && from !== 'failed' && !(unit instanceof TargetUnit)) this.say(unit, `Stopped ${name}`);
  }

  /** After the present event is done; an error in it ends neither the loop nor the unit. */
  soon(action: () => void): void {
    queueMicrotask(() => this.guard(action));
  }

  /** A bug in one effect must not keep the others, or the change of state that they belong to, from happening. */
  guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.onBug(error);
    }
  }

  /** A bug of ours: it is said with its stack, and the manager goes on. */
  onBug(error: unknown): void {
    this.host.print(`rouse: Internal error, going on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** SIGKILL to every process of every unit: for a stop that takes too long for whoever asked for it. */
  killAll(): void {
    for (const unit of this.units.values()) {
      if (!(unit instanceof ServiceUnit)) continue;
      for (const pid of unit.pids) this.guard(() => process.kill(pid, 'SIGKILL'));
    }
  }

  /** Stops everything, in order. Resolves when the last unit is down. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    const active = [...this.units.values()].filter((unit) => !isInactive(unit.activeState) || this.jobs.has(unit.name));
    await Promise.all(active.map((unit) => new Promise<void>((resolve) => this.queue(unit.name, 'stop', 'replace', () => resolve()))));
    const services = [...this.units.values()].filter((unit) => unit instanceof ServiceUnit);
    this.imageWatch.end();
    await Promise.all(services.map((unit) => unit.arming.discard('rouse is ending')));
    await this.armingQueue.idle;
    for (const log of this.#logs.values()) log.close();
  }
}
