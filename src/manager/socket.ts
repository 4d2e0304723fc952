/** A socket unit at run time: performs the effects of socket-machine.ts on real descriptors, processes and timers. */
import type { SocketConfig } from '../unit/config.js';
import { serviceOf } from '../unit/load.js';
import { HeldSockets } from '../socket/held-sockets.js';
import { ListenError } from '../socket/open.js';
import { SOCKET_ACTIVE_STATE, isInactive, type ActiveState } from './active-state.js';
import { ControlProcess } from './control-process.js';
import { RateLimit } from './rate-limit.js';
import { INITIAL_SOCKET, stepSocket, type SocketData, type SocketEffect, type SocketEvent } from './socket-machine.js';
import { DONE, Unit, type JobProgress } from './unit.js';
import type { JobEnd } from './job.js';

export class SocketUnit extends Unit {
  #data: SocketData = INITIAL_SOCKET;
  #running: SocketConfig | undefined;
  #timer: NodeJS.Timeout | undefined;
  #restTimer: NodeJS.Timeout | undefined;
  #triggerLimit = new RateLimit(0, 0);
  #control: ControlProcess | undefined;
  readonly #queue: SocketEvent[] = [];
  #stepping = false;
  #noticedMs = 0;
  readonly held = new HeldSockets(this.manager.poller);
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

  get serviceName(): string | undefined {
    return this.config === undefined ? undefined : serviceOf(this.config);
  }

  start(): JobProgress {
    if (this.activeState === 'active') return DONE;
    if (this.loaded.config?.type !== 'socket') return { result: 'failed', message: `${this.name}: Not loaded` };
    const service = this.manager.find(serviceOf(this.loaded.config));
    if (service !== undefined && !isInactive(service.activeState) && !this.held.listens.length) {
      return { result: 'failed', message: `${this.name}: ${service.name} runs already, refusing to listen for it`, hint: `rouse stop ${service.name}` };
    }
    this.#running = this.loaded.config;
    this.#triggerLimit = new RateLimit(this.#running.triggerLimitIntervalMs, this.#running.triggerLimitBurst);
    this.activations = 0;
    this.reason = this.hint = undefined;
    this.dispatch({ type: 'start' });
    return this.#progress('start');
  }

  stop(): JobProgress {
    this.dispatch({ type: 'stop' });
    return this.#progress('stop');
  }

  reload(): JobProgress {
    return { result: 'failed', message: `${this.name}: A socket cannot be reloaded`, hint: `rouse restart ${this.name}` };
  }

  resetFailed(): void {
    this.#triggerLimit.reset();
    if (this.#data.state !== 'failed') return;
    const { activeState, subState } = this;
    this.#data = INITIAL_SOCKET;
    this.reason = this.hint = undefined;
    this.stateChanged(activeState, subState);
  }

  /** The service that it triggers has changed: what its state means for the watch. */
  onServiceState(active: ActiveState): void {
    if (isInactive(active)) this.dispatch({ type: 'service-ended' });
    else if (active === 'active' || active === 'activating') this.dispatch({ type: 'service-started' });
  }

  /** The activation could not even begin, or a limit of the service was hit: rest, keep the clients, try again. */
  rest(reason: string, restMs: number, hint?: string): void {
    this.reason = `${reason}, trying again in ${Math.ceil(restMs / 1000)} s; clients wait in the queue meanwhile`;
    this.hint = hint;
    this.manager.say(this, this.reason, hint);
    this.dispatch({ type: 'rest' });
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => {
      this.reason = this.hint = undefined;
      this.dispatch({ type: 'rest-over' });
    }, restMs);
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
    clearTimeout(this.#restTimer);
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
        return this.held.watch(() => this.#onReadable());
      case 'unwatch':
        return this.held.unwatch();
      case 'flush':
        return this.held.flush();
      case 'trigger':
        return this.manager.trigger(this, serviceOf(config), this.#noticedMs);
      case 'spawn':
        return this.#spawn(config, effect);
      case 'kill':
        return this.#control?.kill(effect.operation === 'kill' ? config.kill.finalKillSignal : config.kill.killSignal);
      case 'timer':
        clearTimeout(this.#timer);
        this.#timer = Number.isFinite(effect.timeoutMs) ? setTimeout(() => this.dispatch({ type: 'timeout' }), effect.timeoutMs) : undefined;
    }
  }

  /** Unlike systemd: the limit makes the socket rest, not fail. */
  #onReadable(): void {
    const now = performance.now();
    this.#noticedMs = now;
    if (!this.#triggerLimit.take(now)) {
      const { burst, intervalMs } = this.#triggerLimit;
      return this.rest(
        `Trigger limit hit (${burst} activations in ${intervalMs / 1000} s)`,
        this.#triggerLimit.remainingMs(now),
        'TriggerLimitBurst= and TriggerLimitIntervalSec= set the limit',
      );
    }
    this.activations++;
    this.dispatch({ type: 'readable' });
  }

  #open(config: SocketConfig): void {
    try {
      for (const warning of this.held.open(config, this.manager.openContext)) this.manager.say(this, warning);
      const service = this.manager.find(serviceOf(config));
      const serviceRuns = service !== undefined && !isInactive(service.activeState);
      this.dispatch({ type: 'opened', serviceRuns });
    } catch (error) {
      this.reason = error instanceof Error ? error.message : String(error);
      this.hint = error instanceof ListenError ? error.hint : undefined;
      this.manager.say(this, this.reason, this.hint);
      this.dispatch({ type: 'open-failed' });
    }
  }

  #spawn(config: SocketConfig, effect: Extract<SocketEffect, { type: 'spawn' }>): void {
    this.#control?.close();
    this.#control = new ControlProcess(this.manager, this, config.exec, effect.command, {
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
