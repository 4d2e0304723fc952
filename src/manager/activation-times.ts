/**
 * Where the time of an activation goes: one record for each start that a connection asked for, the last hundred of a service.
 * Marks are taken on the way and cost a reading of the clock.
 */

/** In the order in which they happen. */
export const ACTIVATION_STAGES = ['noticed', 'begun', 'spawning', 'executed', 'ready'] as const;
export type ActivationStage = (typeof ACTIVATION_STAGES)[number];

/** Milliseconds of each stage since the connection was noticed; a stage that was not reached is not there. */
export interface Activation {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly how: 'ordinary' | 'armed' | 'frozen';
  readonly stages: Readonly<Partial<Record<ActivationStage, number>>>;
}

const KEPT = 100;

export class ActivationTimes {
  readonly #kept: Activation[] = [];
  #noticed: number | undefined;
  #current: { how: Activation['how']; readonly stages: Partial<Record<ActivationStage, number>> } | undefined;

  /** A connection was noticed; `nowMs` is performance.now(). */
  begin(nowMs: number): void {
    this.#noticed = nowMs;
    this.#current = { how: 'ordinary', stages: { noticed: 0 } };
  }

  /** The first mark of a stage counts; without a connection there is nothing to mark. */
  mark(stage: Exclude<ActivationStage, 'noticed'>): void {
    if (this.#current === undefined || this.#noticed === undefined) return;
    this.#current.stages[stage] ??= performance.now() - this.#noticed;
    if (stage === 'ready') this.end();
  }

  how(how: Activation['how']): void {
    if (this.#current !== undefined) this.#current.how = how;
  }

  /** It is ready, or it failed: what was reached is kept. */
  end(): void {
    if (this.#current === undefined) return;
    this.#kept.push({ timeMs: Date.now(), how: this.#current.how, stages: this.#current.stages });
    if (this.#kept.length > KEPT) this.#kept.shift();
    this.#current = this.#noticed = undefined;
  }

  /** Oldest first. */
  get all(): readonly Activation[] {
    return this.#kept;
  }
}
