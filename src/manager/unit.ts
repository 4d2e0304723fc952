/**
 * A unit that is loaded: its frozen config beside its state. What differs between the types is in socket.ts, service.ts and
 * target.ts; the manager sees only this.
 */
import type { LoadedUnit } from '../load/unit-store.js';
import type { UnitConfig } from '../unit/config.js';
import { isActive, isInactive, type ActiveState } from './active-state.js';
import type { JobEnd } from './job.js';
import type { Manager } from './manager.js';

/** How a job on the unit stands after the unit has done what it could at once: ended, or to be ended by a change of state. */
export type JobProgress = JobEnd | 'running';

export abstract class Unit {
  /** Milliseconds since the epoch; 0: never. */
  stateChangeMs = 0;
  inactiveExitMs = 0;
  activeEnterMs = 0;
  activeExitMs = 0;
  inactiveEnterMs = 0;
  /** When its conditions were last looked at, and how that went. */
  condition = { timeMs: 0, met: false, assertsMet: false };
  /** Why it is in this state, and what could help: the words of the last failure. */
  reason: string | undefined;
  hint: string | undefined;

  constructor(
    readonly manager: Manager,
    public loaded: LoadedUnit,
  ) {}

  get name(): string {
    return this.loaded.name;
  }

  get description(): string {
    return this.loaded.config?.description ?? this.name;
  }

  abstract get config(): UnitConfig | undefined;
  abstract readonly activeState: ActiveState;
  abstract readonly subState: string;
  /** 'success', or how the last run failed. */
  abstract readonly result: string;

  abstract start(): JobProgress;
  abstract stop(): JobProgress;
  abstract reload(): JobProgress;
  abstract resetFailed(): void;

  /** Takes a newer reading of its files in; what runs goes on as it was started. */
  adopt(loaded: LoadedUnit): void {
    this.loaded = loaded;
  }

  /** Tells the manager, after the state has changed. */
  protected stateChanged(from: ActiveState, fromSub: string): void {
    if (from === this.activeState && fromSub === this.subState) return;
    const now = Date.now();
    if (from !== this.activeState) {
      this.stateChangeMs = now;
      if (isActive(this.activeState) && !isActive(from)) this.activeEnterMs = now;
      if (isActive(from) && !isActive(this.activeState)) this.activeExitMs = now;
      if (isInactive(this.activeState) && !isInactive(from)) this.inactiveEnterMs = now;
      if (isInactive(from) && !isInactive(this.activeState)) this.inactiveExitMs = now;
    }
    this.manager.onStateChanged(this, from, fromSub);
  }
}

export const DONE: JobEnd = { result: 'done' };
