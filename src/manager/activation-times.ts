/**
 * Where the time of an activation goes: one record for each start that a connection asked for, the last hundred of a service.
 * Marks are taken on the way and cost a reading of the clock. When the program has taken its first client, nobody tells: the socket is
 * looked at until nothing waits there any more (first-accept.ts).
 */

/**
 * In the order in which they mostly happen.
 *   noticed    its turn has come among those that arrived together.
 *   queued     the job waits for its turn.
 *   begun      the job runs.
 *   spawning   what comes before the main process (ExecStartPre= …) is done.
 *   executed   the process became the program; an armed one was let go, a frozen one thawed.
 *   listening  the program called listen() on a socket that it was given for its own (Adopt=).
 *   accepted   the program has taken what had arrived.
 *   ready      the service is, by the rule of its Type=.
 */
export const ACTIVATION_STAGES = ['noticed', 'queued', 'begun', 'spawning', 'executed', 'listening', 'accepted', 'ready'] as const;
export type ActivationStage = (typeof ACTIVATION_STAGES)[number];

/** Milliseconds of each stage since the kernel said that something had arrived; a stage that was not reached is not there. */
export interface Activation {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly how: 'ordinary' | 'armed' | 'frozen';
  readonly stages: Readonly<Partial<Record<ActivationStage, number>>>;
}

interface Current extends Activation {
  how: Activation['how'];
  readonly stages: Partial<Record<ActivationStage, number>>;
  readonly arrivedMs: number;
}

const KEPT = 100;

export class ActivationTimes {
  readonly #kept: Activation[] = [];
  #current: Current | undefined;
  /** Whether its service is ready, or has failed. */
  #over = true;

  /** Something arrived at `arrivedMs` of performance.now(). */
  begin(arrivedMs: number, noticedMs: number): void {
    this.#current = { timeMs: Date.now(), how: 'ordinary', arrivedMs, stages: { noticed: noticedMs - arrivedMs } };
    this.#over = false;
  }

  /** The first mark of a stage counts; without a connection there is nothing to mark. */
  mark(stage: ActivationStage): void {
    if (this.#current === undefined || (this.#over && stage !== 'accepted' && stage !== 'listening')) return;
    this.#current.stages[stage] ??= performance.now() - this.#current.arrivedMs;
    if (stage === 'ready') this.end();
  }

  how(how: Activation['how']): void {
    if (this.#current !== undefined) this.#current.how = how;
  }

  /** It is ready, or it failed: what was reached is kept, and how soon a client was taken may still come. */
  end(): void {
    if (this.#current === undefined || this.#over) return;
    this.#over = true;
    this.#kept.push(this.#current);
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** Oldest first. */
  get all(): readonly Activation[] {
    return this.#kept.map(({ timeMs, how, stages }) => ({ timeMs, how, stages }));
  }
}
