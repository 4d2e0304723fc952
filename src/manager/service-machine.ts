/**
 * The life of a service, as a pure function: data and event in, data and effects out. No clock, no descriptor, no pid.
 *
 * The states, in the order in which a service usually passes through them:
 *
 *   dead           nothing runs.
 *   condition      a control process runs a command of ExecCondition=.
 *   start-pre      a control process runs a command of ExecStartPre=.
 *   start          the main process (Type=forking: a control process) was started and is not ready yet.
 *   start-post     ready; a control process runs a command of ExecStartPost=. The main process may run.
 *   running        ready. The main process runs, or, where it is not known, some process of the unit.
 *   exited         RemainAfterExit=: nothing runs, and that is fine.
 *   reload         as running; a control process runs a command of ExecReload=.
 *   reload-signal  as running; Type=notify-reload: the main process was sent ReloadSignal= and has not said anything since.
 *   reload-notify  as running; the service has said RELOADING=1, and not READY=1 since.
 *   stop           a control process runs a command of ExecStop=. The main process may run.
 *   stop-watchdog  the watchdog signal was sent; waits for processes to go.
 *   stop-sigterm   KillSignal= was sent; waits for processes to go.
 *   stop-sigkill   FinalKillSignal= was sent; waits for processes to go.
 *   stop-post      a control process runs a command of ExecStopPost=. The main process has gone.
 *   final-sigterm, final-sigkill   as stop-…, for what ExecStopPost= left behind.
 *   failed         nothing runs, and the last run did not end well; `result` says how.
 *   auto-restart   nothing runs; the timer of RestartSec= does.
 *
 * One timer exists in every state but dead, failed, exited and (without RuntimeMaxSec=) running. A control process exists in
 * the states that say so and nowhere else. When requests collide, a stop beats a reload and a start; the first failure is
 * the result. Entering a state is a function of its own; only `#setState` changes it.
 */
import type { Command, ServiceConfig } from '../unit/config.js';
import { restartDelayMs } from '../unit/restart-delay.js';
import type { ServiceState } from './active-state.js';
import { exitResult, shouldRestart, type ExitInfo, type ServiceResult } from './service-result.js';

export type CommandList = 'execCondition' | 'execStartPre' | 'execStart' | 'execStartPost' | 'execReload' | 'execStop' | 'execStopPost';

export type ServiceEvent =
  | { readonly type: 'start' }
  /** It was started by a manager that died, and its main process runs. */
  | { readonly type: 'resume' }
  /** StartLimitBurst= starts within StartLimitIntervalSec= have been: this one is refused. */
  | { readonly type: 'start-limit-hit' }
  | { readonly type: 'stop' }
  | { readonly type: 'reload' }
  /** The helper could not be started, or could not set the process up. */
  | { readonly type: 'spawn-failed'; readonly process: 'main' | 'control' }
  /** execve() succeeded in the main process: what Type=exec waits for. */
  | { readonly type: 'main-executed' }
  | { readonly type: 'main-exited'; readonly exit: ExitInfo }
  | { readonly type: 'control-exited'; readonly exit: ExitInfo }
  /** Type=forking: the daemon's pid is known, or will never be. */
  | { readonly type: 'main-found' }
  | { readonly type: 'main-missing'; readonly alive: boolean }
  | { readonly type: 'ready' }
  | { readonly type: 'reloading' }
  | { readonly type: 'stopping' }
  /** No process of the unit is left that the present state waits for. */
  | { readonly type: 'empty' }
  | { readonly type: 'timeout' }
  | { readonly type: 'watchdog' };

export type KillOperation = 'terminate' | 'kill' | 'watchdog';

export type ServiceEffect =
  | { readonly type: 'spawn'; readonly process: 'main' | 'control'; readonly list: CommandList; readonly command: Command }
  | { readonly type: 'kill'; readonly operation: KillOperation }
  | { readonly type: 'kill-control' }
  | { readonly type: 'find-main-pid' }
  /** ReloadSignal= to the main process: Type=notify-reload. */
  | { readonly type: 'signal-reload' }
  /** WatchdogSec= counts from here. */
  | { readonly type: 'start-watchdog' }
  /** Infinity clears the timer. */
  | { readonly type: 'timer'; readonly timeoutMs: number }
  /** Notify socket, runtime directories: what exists from the start until the end. */
  | { readonly type: 'acquire' }
  | { readonly type: 'release' }
  | { readonly type: 'queue-restart' }
  /** Before auto-restart it was failed or dead, and those who follow it are to know. */
  | { readonly type: 'was-down'; readonly failed: boolean };

export interface ServiceData {
  readonly state: ServiceState;
  readonly result: ServiceResult;
  /** The last start was refused, whatever the run before it had as its result. */
  readonly startLimitHit: boolean;
  readonly reloadResult: ServiceResult;
  /** The command that runs: its list, and its place in it. */
  readonly control: { readonly list: CommandList; readonly index: number } | undefined;
  /** Type=oneshot runs ExecStart= one by one. */
  readonly mainIndex: number;
  readonly mainAlive: boolean;
  /** Whether a main process was ever known in this run: a forking service may have none. */
  readonly mainKnown: boolean;
  /** A stop that somebody asked for is not followed by a restart. */
  readonly forbidRestart: boolean;
  readonly lastExit: ExitInfo | undefined;
  /** Restarts without anyone's asking, since somebody asked. */
  readonly restarts: number;
  /** RestartSec= is over: the next start is one of those. */
  readonly restarting: boolean;
  /** Type=notify-reload: READY=1 is awaited. */
  readonly awaitsReload: boolean;
}

export const INITIAL_SERVICE: ServiceData = {
  state: 'dead',
  result: 'success',
  startLimitHit: false,
  reloadResult: 'success',
  control: undefined,
  mainIndex: 0,
  mainAlive: false,
  mainKnown: false,
  forbidRestart: false,
  lastExit: undefined,
  restarts: 0,
  restarting: false,
  awaitsReload: false,
};

export interface ServiceStep {
  readonly data: ServiceData;
  readonly effects: readonly ServiceEffect[];
}

/** One event. An event that means nothing in the present state changes nothing. */
export function stepService(config: ServiceConfig, data: ServiceData, event: ServiceEvent): ServiceStep {
  const machine = new Machine(config, data);
  machine.handle(event);
  return { data: machine.data, effects: machine.effects };
}

/** States in which a stop is under way already. */
const STOPPING = new Set<ServiceState>(['stop', 'stop-watchdog', 'stop-sigterm', 'stop-sigkill', 'stop-post', 'final-sigterm', 'final-sigkill']);
const STARTING = new Set<ServiceState>(['condition', 'start-pre', 'start', 'start-post']);
const DOWN = new Set<ServiceState>(['dead', 'failed', 'auto-restart']);
/** States in which the main process may be replaced, and may be found to hang. */
const WATCHED = new Set<ServiceState>(['start', 'start-post', 'running', 'reload', 'reload-signal', 'reload-notify']);
const RELOADING = new Set<ServiceState>(['reload', 'reload-signal', 'reload-notify']);

const STATE_OF_MODE = { terminate: 'stop-sigterm', abort: 'stop-watchdog', kill: 'stop-sigkill' } as const;

class Machine {
  readonly effects: ServiceEffect[] = [];

  constructor(
    readonly config: ServiceConfig,
    public data: ServiceData,
  ) {}

  handle(event: ServiceEvent): void {
    switch (event.type) {
      case 'start':
        return this.#onStart();
      case 'resume':
        return this.#onResume();
      case 'start-limit-hit':
        return this.#onStartLimitHit();
      case 'stop':
        return this.#onStop();
      case 'reload':
        return this.data.state === 'running' || this.data.state === 'exited' ? this.#enterReload() : undefined;
      case 'spawn-failed':
        return this.#onSpawnFailed(event.process);
      case 'main-executed':
        return this.#onReady('exec');
      case 'main-exited':
        return this.#onMainExited(event.exit);
      case 'control-exited':
        return this.#onControlExited(event.exit);
      case 'main-found':
        return this.#onMainFound();
      case 'main-missing':
        return this.#onMainMissing(event.alive);
      case 'ready':
        return this.#onReady('notify');
      case 'reloading':
        return this.#onReloading();
      case 'stopping':
        return this.data.state === 'running' || this.data.state === 'reload-notify' ? this.#enterSignal('stop-sigterm', 'success', false) : undefined;
      case 'empty':
        return this.#onEmpty();
      case 'timeout':
        return this.#onTimeout();
      case 'watchdog':
        return WATCHED.has(this.data.state) ? this.#enterSignal('stop-watchdog', 'watchdog') : undefined;
    }
  }

  // Requests

  #onStart(): void {
    const { state, restarts, restarting } = this.data;
    if (!DOWN.has(state)) return;
    this.data = { ...INITIAL_SERVICE, state, restarts: restarting || state === 'auto-restart' ? restarts + 1 : 0 };
    this.effects.push({ type: 'acquire' });
    this.#runList('condition', 'execCondition', () => this.#enterStartPre());
  }

  #onResume(): void {
    const { state } = this.data;
    if (!DOWN.has(state)) return;
    this.data = { ...INITIAL_SERVICE, state, mainAlive: true, mainKnown: true };
    this.effects.push({ type: 'acquire' }, { type: 'start-watchdog' });
    this.#setState('running');
  }

  #onStartLimitHit(): void {
    if (!DOWN.has(this.data.state)) return;
    const { state, result, restarts, restarting, lastExit } = this.data;
    // As in systemd, how the last run failed stays the result.
    this.data = {
      ...INITIAL_SERVICE,
      state,
      lastExit,
      startLimitHit: true,
      result: result === 'success' ? 'start-limit-hit' : result,
      restarts: restarting ? restarts + 1 : restarts,
    };
    this.#setState('failed');
  }

  #onStop(): void {
    const { state } = this.data;
    this.data = { ...this.data, forbidRestart: true };
    if (STOPPING.has(state) || state === 'dead' || state === 'failed') return;
    if (state === 'auto-restart') return this.#setState('dead');
    // Unlike systemd: conmon passes a signal on, and a container's first process may well ignore it. podman knows better how to end it.
    if (state === 'start' && this.config.sourcePath?.endsWith('.container') === true) return this.#enterStop('success');
    // A start or a reload that is cut short: ExecStop= is for services that were ready, and comes after no other command.
    if (STARTING.has(state) || state === 'reload' || state === 'reload-signal') return this.#enterSignal('stop-sigterm', 'success');
    this.#enterStop('success');
  }

  // States

  #enterStartPre(): void {
    this.#runList('start-pre', 'execStartPre', () => this.#enterStart());
  }

  #enterStart(): void {
    const command = this.config.execStart[0];
    if (command === undefined) return this.#enterStartPost();
    if (this.config.serviceType === 'forking') {
      this.#setState('start');
      return this.#spawnControl('execStart', 0);
    }
    this.#spawnMain(0);
    if (this.config.serviceType === 'simple' || this.config.serviceType === 'idle') return this.#enterStartPost();
    this.#setState('start');
  }

  #enterStartPost(): void {
    this.effects.push({ type: 'start-watchdog' });
    this.#runList('start-post', 'execStartPost', () => this.#enterRunning('success'));
  }

  #enterRunning(result: ServiceResult): void {
    this.#fail(result);
    if (this.data.result !== 'success') return this.#enterSignal('stop-sigterm', result);
    if (this.data.mainAlive || !this.#mainMatters()) return this.#setState('running');
    if (this.config.remainAfterExit) return this.#setState('exited');
    this.#enterStop('success');
  }

  #enterReload(): void {
    const signals = this.config.serviceType === 'notify-reload' && this.data.mainAlive;
    this.data = { ...this.data, reloadResult: 'success', awaitsReload: signals };
    if (signals) this.effects.push({ type: 'signal-reload' });
    this.#runList('reload', 'execReload', () => this.#afterReload());
  }

  #afterReload(): void {
    if (!this.data.awaitsReload) return this.#enterRunning('success');
    if (this.data.state !== 'reload-signal' && this.data.state !== 'reload-notify') this.#setState('reload-signal');
  }

  #enterStop(result: ServiceResult): void {
    this.#fail(result);
    this.#runList('stop', 'execStop', () => this.#enterSignal('stop-sigterm', 'success'));
  }

  #enterStopPost(result: ServiceResult): void {
    this.#fail(result);
    this.#runList('stop-post', 'execStopPost', () => this.#enterSignal('final-sigterm', 'success'));
  }

  /** `send` is false where the service said that it is going by itself. */
  #enterSignal(state: 'stop-watchdog' | 'stop-sigterm' | 'stop-sigkill' | 'final-sigterm' | 'final-sigkill', result: ServiceResult, send = true): void {
    this.#fail(result);
    this.data = { ...this.data, control: undefined };
    this.#setState(state);
    const operation = state === 'stop-watchdog' ? 'watchdog' : state.endsWith('sigkill') ? 'kill' : 'terminate';
    if (send) this.effects.push({ type: 'kill', operation });
  }

  #enterDead(result: ServiceResult, mayRestart = true): void {
    this.#fail(result);
    this.data = { ...this.data, control: undefined, mainAlive: false };
    const restart = mayRestart && shouldRestart(this.config, this.data);
    this.effects.push({ type: 'release' });
    if (restart && this.config.restartMode === 'normal') this.effects.push({ type: 'was-down', failed: this.data.result !== 'success' });
    if (restart) return this.#setState('auto-restart');
    const skipped = this.data.result === 'exec-condition';
    this.#setState(this.data.result === 'success' || skipped ? 'dead' : 'failed');
  }

  // What processes tell

  #onSpawnFailed(process: 'main' | 'control'): void {
    if (process === 'main' ? !this.data.mainAlive : this.data.control === undefined) return;
    if (process === 'main') this.data = { ...this.data, mainAlive: false };
    this.#afterFailure('resources');
  }

  #onReady(by: 'exec' | 'notify'): void {
    const { serviceType } = this.config;
    if (by === 'notify' && this.data.awaitsReload) return this.#onReloaded();
    const waits = by === 'exec' ? serviceType === 'exec' : serviceType === 'notify' || serviceType === 'notify-reload' || serviceType === 'dbus';
    if (this.data.state === 'start' && waits) this.#enterStartPost();
  }

  #onReloaded(): void {
    this.data = { ...this.data, awaitsReload: false };
    if (RELOADING.has(this.data.state) && this.data.control === undefined) this.#enterRunning('success');
  }

  /** RELOADING=1: on its own, or as the answer to our signal. */
  #onReloading(): void {
    const { state } = this.data;
    if (state !== 'running' && state !== 'reload-signal') return;
    this.data = { ...this.data, awaitsReload: true };
    this.#setState('reload-notify');
  }

  /** systemd.service(5), SuccessExitStatus=: the signals that end a daemon well fail a command that was to do something. */
  #failureOf(exit: ExitInfo, command: Command | undefined): ServiceResult {
    return command?.ignoreFailure === true ? 'success' : exitResult(exit, this.config.successExitStatus, this.config.serviceType !== 'oneshot');
  }

  #onMainExited(exit: ExitInfo): void {
    const { state, mainIndex, control } = this.data;
    const failure = this.#failureOf(exit, this.config.execStart[mainIndex]);
    this.data = { ...this.data, mainAlive: false, lastExit: exit, awaitsReload: false };
    if (failure === 'success' && this.#spawnNextOneshot()) return;
    if (state === 'start') return this.#onMainExitedInStart(failure);
    if (state === 'running' || (RELOADING.has(state) && control === undefined)) return this.#enterRunning(failure);
    // A control process runs: its end decides, with what the main process left as the result.
    this.#fail(failure);
  }

  #onMainExitedInStart(failure: ServiceResult): void {
    const { serviceType } = this.config;
    if (serviceType === 'oneshot') return failure === 'success' ? this.#enterStartPost() : this.#enterSignal('stop-sigterm', failure);
    if (serviceType === 'exec') return this.#enterRunning(failure);
    // It was to say that it is ready, and left instead.
    this.#enterSignal('stop-sigterm', failure === 'success' ? 'protocol' : failure);
  }

  #onControlExited(exit: ExitInfo): void {
    const { control, state } = this.data;
    if (control === undefined) return;
    const failure = this.#failureOf(exit, this.config[control.list][control.index]);
    this.data = { ...this.data, control: undefined };
    // A forking service has one ExecStart=, so its list never goes on.
    if (failure === 'success' && control.index + 1 < this.config[control.list].length) {
      return this.#spawnControl(control.list, control.index + 1);
    }
    this.#afterControl(state, failure, exit);
  }

  #afterControl(state: ServiceState, failure: ServiceResult, exit: ExitInfo): void {
    switch (state) {
      case 'condition':
        if (failure === 'success') return this.#enterStartPre();
        // systemd.service(5), ExecCondition=: 1 to 254 skips the service, anything else fails it.
        return this.#enterSignal('stop-sigterm', exit.code === 'exited' && exit.status < 255 ? 'exec-condition' : failure);
      case 'start-pre':
        return failure === 'success' ? this.#enterStart() : this.#enterSignal('stop-sigterm', failure);
      case 'start':
        if (failure !== 'success') return this.#enterSignal('stop-sigterm', failure);
        this.effects.push({ type: 'find-main-pid' });
        return;
      case 'start-post':
        return failure === 'success' ? this.#enterRunning('success') : this.#enterSignal('stop-sigterm', failure);
      case 'reload':
        this.data = { ...this.data, reloadResult: failure };
        return this.#afterReload();
      case 'stop':
        return this.#enterSignal('stop-sigterm', failure);
      case 'stop-post':
        return this.#enterSignal('final-sigterm', failure);
      default:
        return;
    }
  }

  #onMainFound(): void {
    if (!WATCHED.has(this.data.state)) return;
    this.data = { ...this.data, mainAlive: true, mainKnown: true };
    if (this.data.state === 'start' && this.config.serviceType === 'forking' && this.data.control === undefined) this.#enterStartPost();
  }

  #onMainMissing(alive: boolean): void {
    if (this.data.state !== 'start' || this.config.serviceType !== 'forking' || this.data.control !== undefined) return;
    if (alive && this.config.pidFile === undefined) return this.#enterStartPost();
    // It has done what it had to do, and left nothing: that is no failure, and no daemon either.
    if (this.config.pidFile === undefined) return this.#enterStartPost();
    this.#enterSignal('stop-sigterm', 'protocol');
  }

  #onEmpty(): void {
    const { state, mainAlive } = this.data;
    // KillMode=none leaves the main process behind, with everything else.
    if (mainAlive && this.config.kill.killMode !== 'none') return;
    if (state === 'stop-watchdog' || state === 'stop-sigterm' || state === 'stop-sigkill') return this.#enterStopPost('success');
    // KillMode=mixed spares all but the main process until now.
    if (state === 'final-sigterm') return this.config.kill.sendSigkill ? this.#enterSignal('final-sigkill', 'success') : this.#enterDead('success');
    if (state === 'final-sigkill') return this.#enterDead('success');
    if (state === 'running' && !this.data.mainKnown) {
      if (this.config.remainAfterExit) return this.#setState('exited');
      this.#enterStop('success');
    }
  }

  #onTimeout(): void {
    const { state } = this.data;
    switch (state) {
      case 'condition':
      case 'start-pre':
      case 'start':
      case 'start-post':
        return this.#enterSignal(STATE_OF_MODE[this.config.timeoutStartFailureMode], 'timeout');
      case 'running':
        return this.#enterStop('timeout');
      case 'reload':
      case 'reload-signal':
      case 'reload-notify':
        this.effects.push({ type: 'kill-control' });
        this.data = { ...this.data, reloadResult: 'timeout', control: undefined, awaitsReload: false };
        return this.#enterRunning('success');
      case 'stop':
        return this.#enterSignal(STATE_OF_MODE[this.config.timeoutStopFailureMode], 'timeout');
      case 'stop-watchdog':
      case 'stop-sigterm':
        return this.config.kill.sendSigkill ? this.#enterSignal('stop-sigkill', 'timeout') : this.#enterStopPost('timeout');
      case 'stop-sigkill':
        return this.#enterStopPost('timeout');
      case 'stop-post':
        return this.#enterSignal('final-sigterm', 'timeout');
      case 'final-sigterm':
        return this.config.kill.sendSigkill ? this.#enterSignal('final-sigkill', 'timeout') : this.#enterDead('timeout', false);
      case 'final-sigkill':
        return this.#enterDead('timeout', false);
      case 'auto-restart':
        this.data = { ...this.data, restarting: true };
        this.effects.push({ type: 'queue-restart' });
        return;
      case 'dead':
      case 'failed':
      case 'exited':
        return;
    }
  }

  // Steps

  /** Runs a list of control commands in `state`, or goes on at once when it is empty. */
  #runList(state: ServiceState, list: CommandList, next: () => void): void {
    if (this.config[list].length === 0) return next();
    this.#setState(state);
    this.#spawnControl(list, 0);
  }

  #spawnControl(list: CommandList, index: number): void {
    const command = this.config[list][index];
    if (command === undefined) return;
    this.data = { ...this.data, control: { list, index } };
    if (index > 0) this.#armTimer();
    this.effects.push({ type: 'spawn', process: 'control', list, command });
  }

  #spawnMain(index: number): void {
    const command = this.config.execStart[index];
    if (command === undefined) return;
    this.data = { ...this.data, mainIndex: index, mainAlive: true, mainKnown: true };
    this.effects.push({ type: 'spawn', process: 'main', list: 'execStart', command });
  }

  #spawnNextOneshot(): boolean {
    const next = this.data.mainIndex + 1;
    if (this.config.serviceType !== 'oneshot' || this.data.state !== 'start' || next >= this.config.execStart.length) return false;
    this.#armTimer();
    this.#spawnMain(next);
    return true;
  }

  #afterFailure(failure: ServiceResult): void {
    const { state } = this.data;
    this.data = { ...this.data, control: undefined };
    if (state === 'stop') return this.#enterSignal('stop-sigterm', failure);
    if (state === 'stop-post') return this.#enterSignal('final-sigterm', failure);
    if (state === 'reload') {
      this.data = { ...this.data, reloadResult: failure };
      return this.#afterReload();
    }
    this.#enterSignal('stop-sigterm', failure);
  }

  /** A forking service whose main process is not known runs as long as any process of it does. */
  #mainMatters(): boolean {
    return this.config.serviceType !== 'forking' || this.data.mainKnown;
  }

  #fail(result: ServiceResult): void {
    if (this.data.result === 'success') this.data = { ...this.data, result };
  }

  #setState(state: ServiceState): void {
    this.data = { ...this.data, state };
    this.#armTimer();
  }

  /** Each state has its time, and so has each further command in it. */
  #armTimer(): void {
    this.effects.push({ type: 'timer', timeoutMs: this.#timeoutOf(this.data.state) });
  }

  #timeoutOf(state: ServiceState): number {
    if (STARTING.has(state) || RELOADING.has(state)) return this.config.timeoutStartMs;
    if (STOPPING.has(state)) return state === 'stop-watchdog' ? this.config.timeoutAbortMs : this.config.timeoutStopMs;
    if (state === 'running') return this.config.runtimeMaxMs;
    return state === 'auto-restart' ? restartDelayMs(this.config, this.data.restarts) : Infinity;
  }
}
