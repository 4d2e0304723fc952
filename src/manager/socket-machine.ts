/**
 * The life of a socket unit, as a pure function: data and event in, data and effects out.
 *
 *   dead              no descriptor is held.
 *   start-pre         a control process runs a command of ExecStartPre=; nothing is held yet.
 *   start-post        descriptors are held and listen; a control process runs a command of ExecStartPost=.
 *   listening         descriptors are held and watched: the next arrival starts the service. With Accept=yes each connection is
 *                     accepted and given to an instance of its own, and the state stays this.
 *   running           descriptors are held and not watched: the service has them. One that is frozen has them, too, and the state is listening.
 *   stop-pre          a control process runs a command of ExecStopPre=; descriptors are held, not watched.
 *   stop-pre-sigterm  the process of start-pre, start-post or stop-pre was told to go.
 *   stop-post         descriptors are closed; a control process runs a command of ExecStopPost=.
 *   failed            no descriptor is held, and `result` says why.
 *
 * That descriptors are watched in `listening` and in no other state is a rule of `#setState`, as is that none is held in
 * dead, start-pre, stop-post and failed.
 *
 * Unlike systemd: a limit that is hit does not end the socket. It stays in `listening`, unwatched, until the limit's
 * interval has passed (`rest-over`); clients wait in the backlog meanwhile. With [X-Rouse] OnLimit=fail it ends the socket.
 */
import type { Command, SocketConfig } from '../unit/config.js';
import type { SocketState } from './active-state.js';
import { exitResult, type ExitInfo } from './service-result.js';

export type SocketResult = 'success' | 'resources' | 'timeout' | 'exit-code' | 'signal' | 'core-dump' | 'trigger-limit-hit' | 'service-start-limit-hit';
/** What keeps a socket from starting its service for now: a limit, a job that could not be had, or no descriptor for a connection. */
export type SocketLimit = 'trigger' | 'service-start' | 'start-job' | 'accept';
export type SocketCommandList = 'execStartPre' | 'execStartPost' | 'execStopPre' | 'execStopPost';

export type SocketEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** The last manager died while it listened: what that held is taken over, and no command runs again. */
  | { readonly type: 'resume' }
  | { readonly type: 'opened'; readonly serviceRuns: boolean }
  | { readonly type: 'open-failed' }
  /** Something waits on a watched descriptor. */
  | { readonly type: 'readable' }
  | { readonly type: 'limit'; readonly limit: SocketLimit }
  | { readonly type: 'rest-over' }
  /** A service has shut a descriptor down: nobody can connect to it any more. */
  | { readonly type: 'hung-up' }
  | { readonly type: 'service-started' }
  | { readonly type: 'service-ended' }
  /** It runs and does nothing until somebody connects: [X-Rouse] Arm=frozen. */
  | { readonly type: 'service-frozen' }
  | { readonly type: 'spawn-failed' }
  | { readonly type: 'control-exited'; readonly exit: ExitInfo }
  | { readonly type: 'timeout' };

export type SocketEffect =
  | { readonly type: 'open' }
  | { readonly type: 'close' }
  | { readonly type: 'watch' }
  | { readonly type: 'unwatch' }
  /** FlushPending=: throw away what waits. */
  | { readonly type: 'flush' }
  | { readonly type: 'trigger' }
  /** Accept=yes: take one connection, and start an instance for it. */
  | { readonly type: 'accept' }
  | { readonly type: 'spawn'; readonly list: SocketCommandList; readonly command: Command }
  | { readonly type: 'kill'; readonly operation: 'terminate' | 'kill' }
  | { readonly type: 'timer'; readonly timeoutMs: number };

export interface SocketData {
  /** ExecStartPost= has run already, under the manager before us. */
  readonly resumed: boolean;
  readonly state: SocketState;
  readonly result: SocketResult;
  readonly control: { readonly list: SocketCommandList; readonly index: number } | undefined;
  readonly held: boolean;
  /** A limit was hit: unwatched for a while, though `listening`. */
  readonly resting: boolean;
}

export const INITIAL_SOCKET: SocketData = { state: 'dead', result: 'success', control: undefined, held: false, resting: false, resumed: false };

export interface SocketStep {
  readonly data: SocketData;
  readonly effects: readonly SocketEffect[];
}

export function stepSocket(config: SocketConfig, data: SocketData, event: SocketEvent): SocketStep {
  const machine = new Machine(config, data);
  machine.handle(event);
  return { data: machine.data, effects: machine.effects };
}

const LIMIT_RESULTS: Readonly<Record<SocketLimit, SocketResult>> = {
  trigger: 'trigger-limit-hit',
  'service-start': 'service-start-limit-hit',
  'start-job': 'resources',
  accept: 'resources',
};

class Machine {
  readonly effects: SocketEffect[] = [];
  #serviceRuns = false;

  constructor(
    readonly config: SocketConfig,
    public data: SocketData,
  ) {}

  handle(event: SocketEvent): void {
    const { state } = this.data;
    switch (event.type) {
      case 'start':
        if (state !== 'dead' && state !== 'failed') return;
        this.data = { ...INITIAL_SOCKET, state };
        return this.#runList('start-pre', 'execStartPre', () => this.#open());
      case 'resume':
        if (state !== 'dead' && state !== 'failed') return;
        this.data = { ...INITIAL_SOCKET, state, resumed: true };
        return this.#open();
      case 'opened':
        this.#serviceRuns = event.serviceRuns;
        this.data = { ...this.data, held: true };
        if (this.data.resumed) return this.#enterListening();
        return this.#runList('start-post', 'execStartPost', () => this.#enterListening());
      case 'open-failed':
        return this.#enterStopPost('resources');
      case 'stop':
        return this.#onStop();
      case 'readable':
        return state === 'listening' && !this.data.resting ? this.#onReadable() : undefined;
      case 'limit':
        return this.#onLimit(event.limit);
      case 'hung-up':
        return state === 'listening' ? this.#enterStopPre('resources') : undefined;
      case 'rest-over':
        if (state === 'listening' && this.data.resting) this.#enterListening();
        return;
      case 'service-started':
        if (state === 'listening' && !this.config.accept) this.#setState('running');
        return;
      case 'service-frozen':
        if (state === 'running') this.#setState('listening');
        return;
      case 'service-ended':
        if (state === 'running') this.#enterListening(true);
        return;
      case 'spawn-failed':
        if (this.data.control === undefined) return;
        this.data = { ...this.data, control: undefined };
        return this.#afterControl(state, 'resources');
      case 'control-exited':
        return this.#onControlExited(event.exit);
      case 'timeout':
        return this.#onTimeout();
    }
  }

  #onReadable(): void {
    if (!this.config.accept) return this.#enterRunning();
    this.effects.push({ type: 'accept' }, { type: 'watch' });
  }

  #onLimit(limit: SocketLimit): void {
    if (this.data.state !== 'listening' && this.data.state !== 'running') return;
    if (this.config.onLimit === 'fail') return this.#enterStopPre(LIMIT_RESULTS[limit]);
    this.#enterRest();
  }

  #onStop(): void {
    switch (this.data.state) {
      case 'listening':
      case 'running':
        return this.#enterStopPre('success');
      case 'start-pre':
      case 'start-post':
        return this.#enterSignal('success');
      default:
        return;
    }
  }

  /** The command that runs is told to go, and waited for; ExecStopPre= is for sockets that listened. */
  #enterSignal(result: SocketResult): void {
    this.#fail(result);
    this.effects.push({ type: 'kill', operation: 'terminate' });
    this.#setState('stop-pre-sigterm');
  }

  #open(): void {
    // The state stays what it was until the kernel has answered.
    this.effects.push({ type: 'open' });
  }

  #enterListening(flush = false): void {
    this.data = { ...this.data, resting: false };
    if (flush && this.config.flushPending) this.effects.push({ type: 'flush' });
    this.#setState(this.#serviceRuns ? 'running' : 'listening');
  }

  #enterRest(): void {
    this.data = { ...this.data, resting: true };
    this.#setState('listening');
  }

  #enterRunning(): void {
    this.#setState('running');
    this.effects.push({ type: 'trigger' });
  }

  #enterStopPre(result: SocketResult): void {
    this.#fail(result);
    this.#runList('stop-pre', 'execStopPre', () => this.#enterStopPost('success'));
  }

  #enterStopPost(result: SocketResult): void {
    this.#fail(result);
    const close: readonly SocketEffect[] = this.data.held ? [{ type: 'unwatch' }, { type: 'close' }] : [];
    this.data = { ...this.data, held: false, control: undefined };
    // PassFileDescriptorsToExec=: the first command is started before we let go of them.
    const passes = this.config.passFileDescriptorsToExec && this.config.execStopPost.length > 0;
    if (!passes) this.effects.push(...close);
    this.#runList('stop-post', 'execStopPost', () => this.#enterDead('success'));
    if (passes) this.effects.push(...close);
  }

  #enterDead(result: SocketResult): void {
    this.#fail(result);
    this.#setState(this.data.result === 'success' ? 'dead' : 'failed');
  }

  #onControlExited(exit: ExitInfo): void {
    const { control, state } = this.data;
    if (control === undefined) return;
    const list = this.config[control.list];
    this.data = { ...this.data, control: undefined };
    const clean = exitResult(exit, { codes: [], signals: [] }, false) as SocketResult;
    const failure = list[control.index]?.ignoreFailure === true ? 'success' : clean;
    if (failure === 'success' && state !== 'stop-pre-sigterm' && control.index + 1 < list.length) return this.#spawn(control.list, control.index + 1);
    this.#afterControl(state, failure);
  }

  #afterControl(state: SocketState, failure: SocketResult): void {
    switch (state) {
      case 'start-pre':
        // As in systemd, nothing follows a socket that never was.
        return failure === 'success' ? this.#open() : this.#enterDead(failure);
      case 'start-post':
        return failure === 'success' ? this.#enterListening() : this.#enterStopPre(failure);
      case 'stop-pre':
        return this.#enterStopPost(failure);
      case 'stop-pre-sigterm':
        // It was ended by us.
        return this.#enterStopPost('success');
      case 'stop-post':
        return this.#enterDead(failure);
      default:
        return;
    }
  }

  #onTimeout(): void {
    switch (this.data.state) {
      case 'start-pre':
      case 'start-post':
      case 'stop-pre':
        return this.#enterSignal('timeout');
      case 'stop-pre-sigterm':
        this.effects.push({ type: 'kill', operation: 'kill' });
        return this.#enterStopPost('timeout');
      case 'stop-post':
        this.effects.push({ type: 'kill', operation: 'kill' });
        this.data = { ...this.data, control: undefined };
        return this.#enterDead('timeout');
      default:
        return;
    }
  }

  #runList(state: SocketState, list: SocketCommandList, next: () => void): void {
    if (this.config[list].length === 0) return next();
    this.#setState(state);
    this.#spawn(list, 0);
  }

  #spawn(list: SocketCommandList, index: number): void {
    const command = this.config[list][index];
    if (command === undefined) return;
    this.data = { ...this.data, control: { list, index } };
    if (index > 0) this.#armTimer();
    this.effects.push({ type: 'spawn', list, command });
  }

  #fail(result: SocketResult): void {
    if (this.data.result === 'success') this.data = { ...this.data, result };
  }

  #setState(state: SocketState): void {
    const watched = state === 'listening' && !this.data.resting;
    this.data = { ...this.data, state };
    if (this.data.held) this.effects.push({ type: watched ? 'watch' : 'unwatch' });
    this.#armTimer();
  }

  /** Each state has its time, and so has each further command in it. */
  #armTimer(): void {
    this.effects.push({ type: 'timer', timeoutMs: isTransient(this.data.state) ? this.config.timeoutMs : Infinity });
  }
}

function isTransient(state: SocketState): boolean {
  return state !== 'dead' && state !== 'listening' && state !== 'running' && state !== 'failed';
}
