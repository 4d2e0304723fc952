/** A socket unit at run time: performs the effects of socket-machine.ts on real descriptors, processes and timers. */
import { randomUUID } from 'node:crypto';
import type { SocketConfig } from '../unit/config.js';
import { serviceOf } from '../unit/load.js';
import { HeldSockets, type Ready } from '../socket/held-sockets.js';
import { ListenError } from '../socket/open.js';
import { Connections } from './accept.js';
import { SOCKET_ACTIVE_STATE, isInactive, type ActiveState } from './active-state.js';
import { ControlProcess } from './control-process.js';
import { RateLimit } from './rate-limit.js';
import { INITIAL_SOCKET, stepSocket, type SocketData, type SocketEffect, type SocketEvent, type SocketLimit } from './socket-machine.js';
import { clock, SocketRest, type RestWords } from './socket-rest.js';
import type { Arrival } from './manager.js';
import { DONE, Unit, type JobProgress } from './unit.js';
import type { JobEnd } from './job.js';
import type { Fd } from '../sys/fd.js';

/** How long a socket rests when its service could not even be asked to start. */
const REST_MS = 2000;

export class SocketUnit extends Unit {
  #data: SocketData = INITIAL_SOCKET;
  #running: SocketConfig | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #rest = new SocketRest();
  /** PollLimitBurst=, of each descriptor. */
  #pollLimits = new Map<Fd, RateLimit>();
  #triggerLimit = new RateLimit(0, 0);
  #control: ControlProcess | undefined;
  readonly #queue: SocketEvent[] = [];
  #stepping = false;
  #arrival: Arrival = { arrivedMs: 0, noticedMs: 0, fd: undefined };
  #ready: Ready | undefined;
  readonly connections = new Connections(this);
  invocationId = '';
  readonly held = new HeldSockets(this.manager.poller, this.manager.keeper.group('socket', this.name));
  /** Activations since the socket was started. */
  activations = 0;

  /** While it runs, the config that it was started with. */
  get config(): SocketConfig | undefined {
    return this.#running ?? (this.loaded.config?.type === 'socket' ? this.loaded.config : undefined);
  }

  get activeState(): ActiveState {
    return SOCKET_ACTIVE_STATE[this.#data.state];
  }

  get subState(): string {
    return this.#data.state;
  }

  get result(): string {
    return this.#data.result;
  }

  /** undefined with Accept=yes: there are as many as there are connections. */
  get serviceName(): string | undefined {
    return this.config === undefined || this.config.accept ? undefined : serviceOf(this.config);
  }

  start(): JobProgress {
    if (this.activeState === 'active') return DONE;
    if (this.loaded.config?.type !== 'socket') return { result: 'failed', message: `${this.name}: Not loaded` };
    const service = this.serviceName === undefined ? undefined : this.manager.get(this.serviceName);
    const refusal = service === undefined ? undefined : this.manager.startRefusal(service.name);
    if (refusal !== undefined)
      return { result: 'failed', message: `${this.name}: ${refusal}, refusing to listen for it`, hint: 'a socket starts the service of its name, or the one of Service=' };
    if (service !== undefined && !isInactive(service.activeState) && !this.held.listens.length) {
      return { result: 'failed', message: `${this.name}: ${service.name} runs already, refusing to listen for it`, hint: `rouse stop ${service.name}` };
    }
    this.#begin(this.loaded.config, 'start');
    return this.#progress('start');
  }

  /** Goes on with what a manager that died has held. False: it has no file any more. */
  resume(): boolean {
    if (this.loaded.config?.type !== 'socket' || this.activeState !== 'inactive') return false;
    this.#begin(this.loaded.config, 'resume');
    return true;
  }

  #begin(config: SocketConfig, how: 'start' | 'resume'): void {
    this.#running = config;
    this.#triggerLimit = new RateLimit(config.triggerLimitIntervalMs, config.triggerLimitBurst);
    this.#pollLimits.clear();
    this.activations = 0;
    this.connections.begin();
    this.invocationId = randomUUID().replaceAll('-', '');
    this.#say(undefined);
    this.dispatch({ type: how });
  }

  stop(): JobProgress {
    this.dispatch({ type: 'stop' });
    return this.#progress('stop');
  }

  reload(): JobProgress {
    return { result: 'failed', message: `${this.name}: A socket cannot be reloaded`, hint: `rouse restart ${this.name}` };
  }

  /** Also ends a rest: whoever asks has mended what it was for. */
  resetFailed(): void {
    this.#triggerLimit.reset();
    this.#rest.forget();
    this.dispatch({ type: 'rest-over' });
    if (this.activeState === 'active') this.#say(undefined);
    if (this.#data.state !== 'failed') return;
    const { activeState, subState } = this;
    this.#data = INITIAL_SOCKET;
    this.#say(undefined);
    this.stateChanged(activeState, subState);
  }

  /** The service that it triggers has changed: what its state means for the watch. */
  onServiceState(active: ActiveState): void {
    if (active === 'inactive') this.#rest.onSuccess();
    if (isInactive(active)) this.dispatch({ type: 'service-ended' });
    else if (active === 'active' || active === 'activating') {
      this.#endRest();
      this.dispatch({ type: 'service-started' });
    }
  }

  onServiceFrozen(): void {
    this.dispatch({ type: 'service-frozen' });
  }

  /**
   * Unlike systemd, where this ends the socket (as here with OnLimit=fail): it rests, keeps the clients, and tries again. `waitMs` is
   * when the limit would allow more; without it nobody can know.
   */
  limit(limit: SocketLimit, why: string, waitMs = REST_MS, hint?: string): void {
    const config = this.#running;
    if (config === undefined || this.activeState !== 'active') return;
    if (config.onLimit === 'fail') this.#say({ reason: `${why}, refusing further activation`, hint });
    else {
      const words = this.#rest.begin(why, hint, waitMs, limit === 'service-start' || limit === 'start-job', () => {
        this.#say(undefined);
        this.dispatch({ type: 'rest-over' });
      });
      this.#say(words);
      this.manager.say(this, words.reason, hint);
    }
    this.dispatch({ type: 'limit', limit });
  }

  #endRest(): void {
    if (this.#rest.words?.reason === this.reason) this.#say(undefined);
    this.#rest.end();
  }

  #say(words: RestWords | undefined): void {
    this.reason = words?.reason;
    this.hint = words?.hint;
  }

  /** Events that arise while a step's effects are performed wait for its end: a step never runs inside another. */
  dispatch(event: SocketEvent): void {
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#stepping = false;
    }
    if (isInactive(this.activeState)) this.#settle();
  }

  #step(event: SocketEvent): void {
    const config = this.#running;
    if (config === undefined) return;
    const { activeState, subState } = this;
    const step = stepSocket(config, this.#data, event);
    this.#data = step.data;
    for (const effect of step.effects) this.manager.guard(() => this.#perform(config, effect));
    this.stateChanged(activeState, subState);
  }

  #settle(): void {
    this.#endRest();
    if (this.#running?.accept === true) this.manager.cgroupPool.drop(serviceOf(this.#running));
    this.#control?.close();
    this.#running = undefined;
  }

  #perform(config: SocketConfig, effect: SocketEffect): void {
    switch (effect.type) {
      case 'open':
        return this.#open(config);
      case 'close':
        return this.held.close(config);
      case 'watch':
        return this.held.watch((ready) => this.#onReady(config, ready));
      case 'unwatch':
        return this.held.unwatch();
      case 'flush':
        return this.held.flush();
      case 'trigger':
        return this.manager.trigger(this, serviceOf(config), this.#arrival);
      case 'accept':
        return this.#ready === undefined ? undefined : this.connections.accept(config, this.#ready);
      case 'spawn':
        return this.#spawn(config, effect);
      case 'kill':
        return this.#control?.kill(effect.operation === 'kill' ? config.kill.finalKillSignal : config.kill.killSignal);
      case 'timer':
        clearTimeout(this.#timer);
        this.#timer = Number.isFinite(effect.timeoutMs) ? setTimeout(() => this.dispatch({ type: 'timeout' }), effect.timeoutMs) : undefined;
    }
  }

  #onReady(config: SocketConfig, ready: Ready): void {
    const now = performance.now();
    if (ready.hungUp) return this.#onHungUp(ready);
    if (!this.#pollLimit(config, ready.fd).take(now)) return this.#slowDown(config, ready, now);
    this.#arrival = { arrivedMs: this.manager.poller.wokenMs, noticedMs: now, fd: ready.fd };
    this.#ready = ready;
    if (this.#triggerLimit.take(now)) {
      this.activations++;
      return this.dispatch({ type: 'readable' });
    }
    const { burst, intervalMs } = this.#triggerLimit;
    if (config.accept && config.onLimit === 'fail') this.connections.refuse(ready.fd);
    const why = `Trigger limit hit (${burst} activations in ${intervalMs / 1000} s)`;
    this.limit('trigger', why, this.#triggerLimit.remainingMs(now), 'TriggerLimitBurst= and TriggerLimitIntervalSec= set the limit');
  }

  #pollLimit({ pollLimitIntervalMs, pollLimitBurst }: SocketConfig, fd: Fd): RateLimit {
    let limit = this.#pollLimits.get(fd);
    if (limit === undefined) this.#pollLimits.set(fd, (limit = new RateLimit(pollLimitIntervalMs, pollLimitBurst)));
    return limit;
  }

  /** PollLimitBurst=: one descriptor is left alone for the rest of the interval, the others are not. */
  #slowDown(config: SocketConfig, { fd, listen }: Ready, nowMs: number): void {
    const limit = this.#pollLimit(config, fd);
    const waitMs = limit.remainingMs(nowMs);
    const reason = `Poll limit hit on '${listen.text}' (${limit.burst} times in ${limit.intervalMs / 1000} s), polling it again at ${clock(Date.now() + waitMs)}; clients wait in the queue meanwhile`;
    this.#say({ reason, hint: 'PollLimitBurst= and PollLimitIntervalSec= set the limit' });
    this.held.pause(fd, waitMs + 2, () => {
      if (this.reason === reason) this.#say(undefined);
    });
    this.held.watch((ready) => this.#onReady(config, ready));
  }

  #onHungUp({ listen }: Ready): void {
    this.#say({ reason: `'${listen.text}' was shut down for everybody: the service has called shutdown() on the socket that listens`, hint: 'a server closes its copy, or exits' });
    this.dispatch({ type: 'hung-up' });
  }

  #open(config: SocketConfig): void {
    try {
      for (const warning of this.held.open(config, this.manager.openContext)) this.manager.say(this, warning);
      const problem = config.accept ? this.connections.checkTemplate(config) : undefined;
      if (problem !== undefined) this.manager.say(this, `${problem}: connections will have to wait`, `write ${serviceOf(config)}`);
      const service = this.manager.find(this.serviceName ?? '');
      const serviceRuns = service !== undefined && !isInactive(service.activeState);
      this.dispatch({ type: 'opened', serviceRuns });
    } catch (error) {
      const words = { reason: error instanceof Error ? error.message : String(error), hint: error instanceof ListenError ? error.hint : undefined };
      this.#say(words);
      this.manager.say(this, words.reason, words.hint);
      this.dispatch({ type: 'open-failed' });
    }
  }

  #spawn(config: SocketConfig, effect: Extract<SocketEffect, { type: 'spawn' }>): void {
    this.#control?.close();
    // What ExecStartPre= runs is there before any descriptor is.
    const sockets = config.passFileDescriptorsToExec ? this.held.handOver(config) : [];
    this.#control = new ControlProcess(this.manager, this, config.exec, effect.command, sockets, {
      onExit: (exit) => this.dispatch({ type: 'control-exited', exit }),
      onFailure: () => this.dispatch({ type: 'spawn-failed' }),
    });
  }

  #progress(verb: 'start' | 'stop'): JobProgress {
    return socketJobEnd(verb, this.activeState, this.reason, this.hint) ?? 'running';
  }
}

/** How a state ends a job; undefined: not yet. */
export function socketJobEnd(verb: 'start' | 'stop', state: ActiveState, reason?: string, hint?: string): JobEnd | undefined {
  if (verb === 'start' && state === 'active') return DONE;
  if (verb === 'start' && isInactive(state) && state === 'failed') {
    return { result: 'failed', ...(reason === undefined ? {} : { message: reason }), ...(hint === undefined ? {} : { hint }) };
  }
  return verb === 'stop' && isInactive(state) ? DONE : undefined;
}
