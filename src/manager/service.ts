/** A service at run time: performs the effects of service-machine.ts with real processes, timers and a notify socket. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { UnitCgroup } from '../exec/cgroup.js';
import { removeCredentials } from '../exec/credentials.js';
import { PrivateTmp } from '../exec/private-tmp.js';
import { FdStore, storedName } from '../exec/fd-store.js';
import { removeRuntimeDirectories } from '../exec/directories.js';
import { isContainerService } from '../exec/launch.js';
import { usesSocket } from '../exec/stdio.js';
import { NotifySocket, type Notification } from '../exec/notify-socket.js';
import { TrackedProcess, UnitProcesses } from '../exec/processes.js';
import { Fd } from '../sys/fd.js';
import { userByName } from '../sys/process.js';
import { openPidfd } from '../sys/pidfd.js';
import type { LoadedUnit } from '../load/unit-store.js';
import type { ServiceConfig } from '../unit/config.js';
import { templateOf } from '../unit/name.js';
import { describeInstance, type Connection } from './accept.js';
import { SERVICE_ACTIVE_STATE, isInactive, type ActiveState } from './active-state.js';
import { ActivationTimes } from './activation-times.js';
import { Adopting } from './adopting.js';
import { Arming } from './arming.js';
import { FirstAccept } from './first-accept.js';
import { Freezing } from './freezing.js';
import { Idling } from './idling.js';
import type { Leftover, Running } from './leftovers.js';
import type { Arrival } from './manager.js';
import { MainPidFinder } from './main-pid.js';
import { PodmanService } from './podman-service.js';
import { podmanVariables } from './podman-command.js';
import { RateLimit } from './rate-limit.js';
import { controlFailure, describeResult } from './result-text.js';
import { INITIAL_SERVICE, stepService, type KillOperation, type ServiceData, type ServiceEffect, type ServiceEvent } from './service-machine.js';
import type { ExitInfo } from './service-result.js';
import { resumeProcess } from './service-resume.js';
import { spawnCommand, type SpawnedCommand } from './service-spawn.js';
import { DONE, Unit, type JobProgress } from './unit.js';

export class ServiceUnit extends Unit {
  #data: ServiceData = INITIAL_SERVICE;
  #running: ServiceConfig | undefined;
  #processes: UnitProcesses | undefined;
  #notify: NotifySocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #finder: MainPidFinder | undefined;
  #startLimit: RateLimit | undefined;
  #main: SpawnedCommand | undefined;
  #control: SpawnedCommand | undefined;
  #queue: ServiceEvent[] = [];
  #resuming: Leftover | undefined;
  readonly arming = new Arming(this);
  readonly freezing = new Freezing(this);
  readonly idling = new Idling(this);
  /** Of an instance that a connection has started; Accept=yes. */
  connection: Connection | undefined;
  readonly adopting = new Adopting(this);
  readonly podman = new PodmanService(this);
  readonly activations = new ActivationTimes();
  #firstAccept: FirstAccept | undefined;
  #arrivedAt: Fd | undefined;
  #stepping = false;
  statusText: string | undefined;
  /** ERRNO= */
  statusErrno = 0;
  /** WATCHDOG_USEC=: counts instead of WatchdogSec=. */
  watchdogMs: number | undefined;
  readonly fdStore = new FdStore();
  readonly privateTmp = new PrivateTmp(this.name);
  /** Of the unit whose OnFailure= or OnSuccess= starts this one: what its processes are told of it. */
  monitored: ReadonlyMap<string, string> | undefined;
  invocationId = '';
  mainExit: ExitInfo | undefined;
  /** The last main process; milliseconds since the epoch. */
  mainRun = { pid: 0, startMs: 0, exitMs: 0 };

  /** While it runs, the config that it was started with. */
  get config(): ServiceConfig | undefined {
    return this.#running ?? (this.loaded.config?.type === 'service' ? this.loaded.config : undefined);
  }

  get activeState(): ActiveState {
    return SERVICE_ACTIVE_STATE[this.#data.state];
  }

  get subState(): string {
    return this.#data.state;
  }

  get result(): string {
    return this.#data.result;
  }

  get restarts(): number {
    return this.#data.restarts;
  }

  get mainPid(): number | undefined {
    return this.#processes?.main?.pid;
  }

  get controlPid(): number | undefined {
    return this.#processes?.control?.pid;
  }

  get cgroup(): string | undefined {
    return this.#processes?.cgroup?.path;
  }

  /** Whether one of its sockets is watched: the next client starts it, or thaws it. */
  get isTriggeredNow(): boolean {
    const { config } = this;
    const isLeaving = (name: string): boolean => ['stop', 'restart'].includes(this.manager.jobs.get(name)?.type ?? '');
    return config !== undefined && this.manager.socketUnitsOf(this, config).some(({ name, subState }) => subState === 'listening' && !isLeaving(name));
  }

  /** Its sockets listen, unless they are about to be closed, and it is down. `fresh`: they have just been opened. */
  prepare(fresh: boolean): void {
    if (!this.isTriggeredNow) return;
    this.arming.consider();
    this.freezing.consider(fresh);
  }

  /** It was started long ago, and goes on now. */
  thawForClient(): void {
    this.freezing.thaw();
    this.activations.how('frozen');
    this.#markExecuted();
    this.activations.mark('ready');
  }

  /** A client has come, and it is about to be started for it. */
  beginActivation({ arrivedMs, noticedMs, fd }: Arrival): void {
    this.#firstAccept?.close();
    this.#firstAccept = undefined;
    this.#arrivedAt = fd;
    this.activations.begin(arrivedMs, noticedMs);
  }

  /** A client waits for it to be started. */
  get isBeingActivated(): boolean {
    return this.#arrivedAt !== undefined;
  }

  /** Its program is let go before the start is planned that takes it; startsAtOnce. */
  letGoEarly(): void {
    if (this.arming.takeEarly()) this.#markExecuted();
  }

  #markExecuted(): void {
    this.activations.mark('executed');
    if (this.#arrivedAt?.isOpen === true) this.#firstAccept = new FirstAccept(this.#arrivedAt, () => this.activations.mark('accepted'));
    this.#arrivedAt = undefined;
  }

  /** Somebody asked for its last stop. */
  get wasStopped(): boolean {
    return this.#data.forbidRestart;
  }

  get pids(): readonly number[] {
    return isInactive(this.activeState) ? [] : (this.#processes?.pids() ?? []);
  }

  /** What a manager after us would have to know; undefined when nothing runs. */
  get running(): Running | undefined {
    const pid = this.mainPid ?? this.controlPid;
    if (pid === undefined || isInactive(this.activeState)) return undefined;
    const cgroup = this.#processes?.cgroup;
    const isReady = this.mainPid !== undefined && (this.#data.state === 'running' || this.#data.state === 'reload');
    return {
      pid,
      cgroup: cgroup === undefined ? undefined : { path: cgroup.path, name: cgroup.name },
      invocationId: this.invocationId,
      isReady,
      connection: this.connection && { socket: this.connection.socket.name, client: this.connection.client },
    };
  }

  /** When the start limit that was hit allows another start; 0: now. */
  get startLimitRemainingMs(): number {
    return this.#data.startLimitHit ? (this.#startLimit?.remainingMs(performance.now()) ?? 0) : 0;
  }

  /** Whether the start limit allows another start now. */
  get mayStart(): boolean {
    return this.#startLimit === undefined || this.#startLimit.remainingMs(performance.now()) === 0;
  }

  /** ' (5 starts in 10 s)' */
  get startLimitText(): string {
    return this.#startLimit === undefined ? '' : ` (${this.#startLimit.burst} starts in ${this.#startLimit.intervalMs / 1000} s)`;
  }

  override adopt(loaded: LoadedUnit): void {
    super.adopt(this.connection === undefined ? loaded : describeInstance(loaded, this.connection));
  }

  start(): JobProgress {
    if (this.activeState === 'active' || this.activeState === 'reloading') return DONE;
    if (this.activeState === 'deactivating') return 'running';
    if (this.activeState === 'activating' && this.#data.state !== 'auto-restart') return 'running';
    const { config } = this.loaded;
    if (config?.type !== 'service') return { result: 'failed', message: `${this.name}: Not loaded` };
    this.#startLimit ??= new RateLimit(config.startLimitIntervalMs, config.startLimitBurst);
    const within = this.#startLimit.take(performance.now());
    this.#running = config;
    this.reason = this.hint = this.statusText = this.mainExit = this.watchdogMs = undefined;
    this.statusErrno = 0;
    this.activations.mark('begun');
    this.#dispatch({ type: within ? 'start' : 'start-limit-hit' });
    return this.activeState === 'failed' ? { result: 'failed', message: this.reason ?? describeResult(this.result) } : 'running';
  }

  /** Goes on with what a manager that died has started. Throws SysError when its process has just gone. */
  resume(left: Leftover): void {
    const { config } = this.loaded;
    if (config?.type !== 'service') return;
    const process = resumeProcess(this.manager, this, config, left);
    this.#running = config;
    this.#resuming = left;
    this.reason = this.hint = this.statusText = this.mainExit = undefined;
    this.#dispatch({ type: 'resume' });
    this.#resuming = undefined;
    this.#trackMain(process);
    this.manager.remember(this);
    this.podman.resume(config);
    this.adopting.resume(config);
  }

  stop(): JobProgress {
    this.#dispatch({ type: 'stop' });
    return isInactive(this.activeState) ? DONE : 'running';
  }

  reload(): JobProgress {
    if (this.#running === undefined || (this.#data.state !== 'running' && this.#data.state !== 'exited'))
      return { result: 'failed', message: `${this.name}: It is not active, refusing to reload` };
    if (this.#running.execReload.length === 0 && this.#running.serviceType !== 'notify-reload') {
      return { result: 'failed', message: `${this.name}: It has no ExecReload=, refusing to reload`, hint: `rouse restart ${this.name}` };
    }
    this.#dispatch({ type: 'reload' });
    return this.activeState === 'reloading' ? 'running' : DONE;
  }

  /** On a socket that was adopted: as good as READY=1. */
  programListens(): void {
    this.activations.mark('listening');
    this.#dispatch({ type: 'ready' });
  }

  get reloadResult(): string {
    return this.#data.reloadResult;
  }

  resetFailed(): void {
    this.#startLimit?.reset();
    if (this.#data.state !== 'failed') return;
    const { activeState, subState } = this;
    this.#data = INITIAL_SERVICE;
    this.reason = this.hint = undefined;
    this.stateChanged(activeState, subState);
  }

  /** Events that arise while a step's effects are performed wait for its end: a step never runs inside another. */
  #dispatch(event: ServiceEvent): void {
    this.freezing.thaw();
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#stepping = false;
    }
  }

  #step(event: ServiceEvent): void {
    const config = this.#running;
    if (config === undefined) return;
    const { activeState, subState } = this;
    this.#take(config, event);
    // Nobody is to take a service whose process could not be made for one that runs.
    while (this.#queue[0]?.type === 'spawn-failed') this.#take(config, this.#queue.shift());
    if (this.#data.result !== 'success' && this.reason === undefined) {
      this.reason = describeResult(this.#data.startLimitHit ? 'start-limit-hit' : this.#data.result, this.#data.lastExit, config);
    }
    if (this.activeState === 'active') this.activations.mark('ready');
    if (this.#data.state === 'running' && subState !== 'running') this.manager.remember(this);
    this.podman.onState(config, this.activeState);
    this.stateChanged(activeState, subState);
    if (this.activeState === 'active' && activeState !== 'active') this.#onActive(config);
    if (this.activeState !== 'active') this.idling.end();
    if (isInactive(this.activeState)) {
      this.#running = undefined;
      this.activations.end();
    }
  }

  #take(config: ServiceConfig, event: ServiceEvent | undefined): void {
    if (event === undefined) return;
    const step = stepService(config, this.#data, event);
    this.#data = step.data;
    for (const effect of step.effects) this.manager.guard(() => this.#perform(config, effect));
  }

  #onActive(config: ServiceConfig): void {
    this.freezing.begin(config);
    this.idling.begin(config);
  }

  /** Some of its sockets are held no longer, or, after it was taken over, held again: who is connected to the others counts. */
  onSocketsChanged(): void {
    this.idling.end();
    if (!this.freezing.isFrozen) this.freezing.end();
    if (this.#running !== undefined && this.activeState === 'active') this.#onActive(this.#running);
  }

  #perform(config: ServiceConfig, effect: ServiceEffect): void {
    switch (effect.type) {
      case 'acquire':
        return this.#acquire(config);
      case 'release':
        return this.#release(config);
      case 'spawn':
        return this.#spawn(config, effect);
      case 'kill':
        return this.#kill(config, effect.operation);
      case 'kill-control':
        return this.#processes?.control?.signal(config.kill.finalKillSignal);
      case 'find-main-pid':
        return this.#findMainPid(config);
      case 'signal-reload':
        return this.#processes?.main?.signal(config.reloadSignal);
      case 'start-watchdog':
        return this.#armWatchdog(config);
      case 'was-down':
        return this.manager.soon(() => this.manager.onPassedDown(this, effect.failed));
      case 'queue-restart':
        return this.manager.soon(() => this.manager.queueRestart(this));
      case 'timer':
        return this.#setTimer(this.#data.state === 'running' ? effect.timeoutMs + Math.random() * config.runtimeRandomizedExtraMs : effect.timeoutMs);
    }
  }

  // What exists from the start until the end

  #acquire(config: ServiceConfig): void {
    const left = this.#resuming;
    this.invocationId = left?.invocationId ?? this.arming.invocationId ?? randomUUID().replaceAll('-', '');
    const cgroup = left === undefined ? this.#openCgroup(config) : left.cgroup && new UnitCgroup(left.cgroup.path, left.cgroup.name, this.manager.cgroups);
    this.#processes = new UnitProcesses(this.manager.poller, cgroup, this.invocationId);
    // What is armed has one already, if it needs one.
    if (!this.arming.isPossible) this.#openNotify(config);
  }

  #openCgroup(config: ServiceConfig): UnitCgroup | undefined {
    const template = this.connection === undefined || config.delegate || isContainerService(config) ? undefined : templateOf(this.name);
    const cgroup = template === undefined ? UnitCgroup.open(this.manager.cgroups, this.name) : this.manager.cgroupPool.take(template);
    const user = config.delegate && config.exec.user !== undefined ? userByName(config.exec.user) : undefined;
    if (user !== undefined) cgroup?.delegate(user.uid, user.gid);
    return cgroup;
  }

  #openNotify(config: ServiceConfig): void {
    if (config.notifyAccess === 'none' || this.#notify !== undefined) return;
    this.#notify = new NotifySocket(this.manager.notifyFolder, this.invocationId.slice(0, 12), this.manager.poller, (message, fds) => this.#onNotification(config, message, fds));
  }

  #release(config: ServiceConfig): void {
    this.#setTimer(Infinity);
    // A program that left at once has taken what it wanted.
    setImmediate(() => this.#firstAccept?.close());
    clearTimeout(this.#watchdog);
    this.#finder?.close();
    this.#notify?.close();
    this.#notify = undefined;
    this.#main?.close();
    this.#control?.close();
    this.#main = this.#control = undefined;
    this.#processes?.close();
    this.#processes = undefined;
    this.adopting.end();
    this.podman.end();
    this.freezing.end();
    this.idling.end();
    // A daemon that was killed leaves it behind: systemd.service(5), PIDFile=.
    if (config.pidFile !== undefined) rmSync(config.pidFile, { force: true });
    const restarts = this.#data.state === 'auto-restart' || this.manager.jobs.get(this.name)?.type === 'restart';
    if (!restarts) this.monitored = undefined;
    if (config.fileDescriptorStorePreserve === 'no' || (config.fileDescriptorStorePreserve === 'restart' && !restarts)) this.fdStore.clear();
    removeCredentials(this.manager.launchHost.folders.runtime, this.name, config.exec);
    this.privateTmp.remove();
    removeRuntimeDirectories(this.manager.launchHost.folders, config.exec, restarts);
    this.manager.forget(this.name);
  }

  #setTimer(timeoutMs: number): void {
    clearTimeout(this.#timer);
    // setTimeout() holds at most 2^31-1 ms; what is longer than 24 days is treated as for ever.
    this.#timer = timeoutMs < 2 ** 31 ? setTimeout(() => this.#dispatch({ type: 'timeout' }), timeoutMs) : undefined;
  }

  // Processes

  #spawn(config: ServiceConfig, effect: Extract<ServiceEffect, { type: 'spawn' }>): void {
    if (effect.process === 'main') this.activations.mark('spawning');
    if (effect.process === 'main' && this.arming.isPossible) return this.#spawnArmed(config, effect);
    this.#spawnOrdinary(config, effect);
  }

  /** The container was prepared before anybody came, or is just being prepared: that is still quicker than a new one. */
  #spawnArmed(config: ServiceConfig, effect: Extract<ServiceEffect, { type: 'spawn' }>): void {
    const processes = this.#processes;
    this.arming.whenSettled(() => {
      // A stop came while the container was on its way.
      if (processes === undefined || this.#processes !== processes) return;
      const taken = this.arming.take();
      if (taken === undefined) return this.#spawnOrdinary(config, effect);
      this.activations.how('armed');
      this.#markExecuted();
      this.#notify = taken.notify ?? this.#notify;
      this.#trackMain(taken);
      this.manager.remember(this);
      // What says so itself is ready when it does; of others conmon would say it now.
      if (taken.notify === undefined) this.#onReady(config, taken.known);
    });
  }

  /** The message of a notify socket that was there before the run. */
  onMessage(message: Notification, fds: readonly Fd[]): void {
    if (this.#running !== undefined) this.#onNotification(this.#running, message, fds);
  }

  #spawnOrdinary(config: ServiceConfig, effect: Extract<ServiceEffect, { type: 'spawn' }>): void {
    const processes = this.#processes;
    if (processes === undefined) return;
    this.#openNotify(config);
    const spawned = spawnCommand(this.manager, this, config, effect, {
      invocationId: this.invocationId,
      notifyPath: this.#notify?.path,
      mainPid: this.mainPid,
      result: this.#data.result,
      lastExit: this.#data.lastExit,
      cgroup: processes.cgroup,
      podman: isContainerService(config) ? podmanVariables(this.manager) : new Map(),
      monitored: this.monitored ?? new Map(),
    });
    if ('notSpawned' in spawned) return this.#onNotSpawned(effect.process, spawned.notSpawned.exitStatus);
    if (effect.process === 'control') this.#trackControl(spawned);
    else {
      this.#markExecuted();
      this.#trackMain(spawned);
      // From here on the process has it alone: its end is the end of the connection.
      if (!keepsConnection(config)) this.connection?.fd.close();
    }
    this.manager.remember(this);
  }

  #trackMain(spawned: SpawnedCommand): void {
    const processes = this.#processes;
    if (processes === undefined) return;
    this.#main?.close();
    this.#main = spawned;
    this.mainRun = { pid: spawned.pid, startMs: Date.now(), exitMs: 0 };
    processes.main = this.#follow(spawned, (exit) => {
      if (processes.main?.pid !== spawned.pid) return;
      this.#onMainExit(exit);
    });
    if (spawned.failure === undefined) this.#dispatch({ type: 'main-executed' });
  }

  #onNotSpawned(process: 'main' | 'control', exitStatus: number | undefined): void {
    if (exitStatus === undefined) return this.#dispatch({ type: 'spawn-failed', process });
    const exit: ExitInfo = { code: 'exited', status: exitStatus };
    if (process === 'main') this.mainExit = exit;
    this.#dispatch({ type: process === 'main' ? 'main-exited' : 'control-exited', exit });
  }

  #trackControl(spawned: SpawnedCommand): void {
    const processes = this.#processes;
    if (processes === undefined) return;
    const { control } = this.#data;
    this.#control?.close();
    this.#control = spawned;
    const followed: TrackedProcess = this.#follow(spawned, (exit) => {
      // One that was killed may go after the next has come.
      if (processes.control !== followed) return;
      processes.control = undefined;
      if (this.#running !== undefined && this.#data.result === 'success') this.reason ??= controlFailure(this.#running, control, exit);
      this.#dispatch({ type: 'control-exited', exit });
      this.#checkEmpty();
    });
    processes.control = followed;
  }

  /** The words of a failed execve() come before the exit that follows it. */
  #follow({ pid, pidfd, failure, outcome }: SpawnedCommand, onExit: (exit: ExitInfo) => void): TrackedProcess {
    this.#sayFailure(failure);
    return new TrackedProcess(this.manager.poller, pid, pidfd, (exit) => {
      if (failure === undefined) this.#sayFailure(outcome?.());
      onExit(exit);
    });
  }

  #sayFailure(failure: SpawnedCommand['failure']): void {
    if (failure === undefined) return;
    this.reason = failure.message;
    this.hint = failure.hint;
    this.manager.say(this, failure.message, failure.hint);
  }

  #onMainExit(exit: ExitInfo): void {
    if (this.#processes !== undefined) this.#processes.main = undefined;
    this.mainExit = exit;
    this.mainRun = { ...this.mainRun, exitMs: Date.now() };
    this.#dispatch({ type: 'main-exited', exit });
    this.#checkEmpty();
  }

  /** Adopts a main process that is not the one that was spawned: MAINPID=, PIDFile=, or the one that a fork left. */
  #adoptMain(pid: number): boolean {
    const processes = this.#processes;
    if (processes === undefined) return false;
    if (processes.main?.pid === pid) return true;
    try {
      const process: TrackedProcess = new TrackedProcess(this.manager.poller, pid, openPidfd(pid), (exit) => {
        if (processes.main === process) this.#onMainExit(exit);
      });
      processes.main = process;
      this.mainRun = { pid, startMs: Date.now(), exitMs: 0 };
    } catch {
      this.manager.say(this, `Main process ${pid} does not exist, ignoring`);
      return false;
    }
    this.manager.remember(this);
    this.#dispatch({ type: 'main-found' });
    return true;
  }

  #findMainPid(config: ServiceConfig): void {
    this.#finder?.close();
    const processes = this.#processes;
    if (processes === undefined) return;
    this.#finder = new MainPidFinder(config, () => processes.pids(), {
      onFound: (pid) => {
        if (!this.#adoptMain(pid)) this.#dispatch({ type: 'main-missing', alive: processes.pids().length > 0 });
      },
      onMissing: () => {
        this.#dispatch({ type: 'main-missing', alive: processes.pids().length > 0 });
        processes.cgroup?.onChange(() => this.#checkEmpty());
        this.#checkEmpty();
      },
    });
    this.#finder.start();
  }

  #kill(config: ServiceConfig, operation: KillOperation): void {
    const left = this.#processes?.signal(operation, config.kill, config.kill.watchdogSignal, () => this.#dispatch({ type: 'empty' })) ?? false;
    if (!left) this.#dispatch({ type: 'empty' });
  }

  /**
   * A main or control process has gone in a state that waits for all of them, or for the last of them. One that runs without a known main
   * process runs as long as anything of it does, whatever KillMode= says of its end.
   */
  #checkEmpty(): void {
    const { state } = this.#data;
    const isEnding = state.startsWith('stop') || state.startsWith('final');
    const everyone = !isEnding || this.#running?.kill.killMode === 'control-group' || (this.#running?.kill.killMode === 'mixed' && state.endsWith('sigkill'));
    if (this.#processes?.isEmpty(everyone) === true) this.#dispatch({ type: 'empty' });
  }

  // sd_notify(3)

  #onNotification(config: ServiceConfig, message: Notification, fds: readonly Fd[]): void {
    if (!this.#mayNotify(config, message)) return;
    if (message.storeFds) this.#storeFds(config, message, fds);
    if (message.removeFds && message.fdName !== undefined) this.fdStore.remove(message.fdName);
    if (message.errno !== undefined) this.statusErrno = message.errno;
    if (message.watchdogMs !== undefined) {
      this.watchdogMs = message.watchdogMs;
      this.#armWatchdog(config);
    }
    if (message.mainPid !== undefined) this.#adoptMain(message.mainPid);
    if (message.status !== undefined) this.statusText = message.status === '' ? undefined : message.status;
    if (message.extendTimeoutMs !== undefined) this.#setTimer(message.extendTimeoutMs);
    if (message.watchdog) this.#armWatchdog(config);
    if (message.watchdogTrigger) this.#dispatch({ type: 'watchdog' });
    if (message.stopping) this.#dispatch({ type: 'stopping' });
    if (message.reloading) this.#dispatch({ type: 'reloading' });
    if (message.ready) this.#onReady(config);
  }

  #storeFds(config: ServiceConfig, { fdName }: Notification, fds: readonly Fd[]): void {
    for (const fd of fds) {
      if (this.fdStore.add(new Fd(fd.take()), storedName(fdName), config.fileDescriptorStoreMax)) continue;
      this.manager.say(this, `Got a descriptor to keep (FDSTORE=1), closing it: FileDescriptorStoreMax=${config.fileDescriptorStoreMax}`, 'a higher FileDescriptorStoreMax=');
    }
  }

  /** The service says that it is ready. Whether it is may depend on more: that its program listens, or that its container is healthy. */
  #onReady(config: ServiceConfig, podmanKnows: Promise<void> = Promise.resolve()): void {
    const held = this.podman.begin(config, podmanKnows);
    if (!held && !this.adopting.awaitsListen(config)) this.#dispatch({ type: 'ready' });
  }

  containerIsHealthy(): void {
    this.#dispatch({ type: 'ready' });
  }

  /** Why the main process is about to be ended before the service is ready. */
  explain(reason: string, hint: string): void {
    this.reason = reason;
    this.hint = hint;
  }

  /** Senders from another pid namespace have no pid here: the socket is the unit's own, so they are the unit's. */
  #mayNotify(config: ServiceConfig, { pid }: Notification): boolean {
    if (config.notifyAccess === 'all' || pid === undefined || pid === 0) return true;
    if (pid === this.mainPid) return true;
    if (config.notifyAccess === 'exec' && pid === this.controlPid) return true;
    this.manager.say(this, `Notification from process ${pid} refused: NotifyAccess=${config.notifyAccess} takes it from the main process only`, 'NotifyAccess=all');
    return false;
  }

  #armWatchdog(config: ServiceConfig): void {
    clearTimeout(this.#watchdog);
    const afterMs = this.watchdogMs ?? config.watchdogMs;
    if (afterMs <= 0 || afterMs >= 2 ** 31) return;
    this.#watchdog = setTimeout(() => this.#dispatch({ type: 'watchdog' }), afterMs);
  }
}

/** Whether a later process of an instance is to have its connection, too. */
function keepsConnection({ restart, execStart, execStartPost, execReload, execStop, execStopPost, exec }: ServiceConfig): boolean {
  const commands = execStartPost.length + execReload.length + execStop.length + execStopPost.length;
  return restart !== 'no' || execStart.length > 1 || (commands > 0 && usesSocket(exec));
}
