/** A target: a name for a set of units. It has no process and no descriptor; systemd.target(5). */
import type { TargetConfig } from '../unit/config.js';
import { TARGET_ACTIVE_STATE, type ActiveState, type TargetState } from './active-state.js';
import { DONE, Unit, type JobProgress } from './unit.js';

export class TargetUnit extends Unit {
  #state: TargetState = 'dead';

  get config(): TargetConfig | undefined {
    return this.loaded.config?.type === 'target' ? this.loaded.config : undefined;
  }

  get activeState(): ActiveState {
    return TARGET_ACTIVE_STATE[this.#state];
  }

  get subState(): string {
    return this.#state;
  }

  get result(): string {
    return 'success';
  }

  start(): JobProgress {
    this.#setState('active');
    return DONE;
  }

  stop(): JobProgress {
    this.#setState('dead');
    return DONE;
  }

  reload(): JobProgress {
    return { result: 'failed', message: `${this.name}: A target cannot be reloaded` };
  }

  resetFailed(): void {
    // A target does not fail.
  }

  #setState(state: TargetState): void {
    const { activeState, subState } = this;
    this.#state = state;
    this.stateChanged(activeState, subState);
  }
}
