/** The health checks of one container: the schedule of exec/health.ts with a real clock and a real podman. */
import { INITIAL_HEALTH, stepHealth, type HealthConfig, type HealthData, type HealthEffect, type HealthEvent } from '../exec/health.js';
import { execSessions, killCheck } from '../exec/health-timeout.js';
import type { PodmanResult } from './podman-command.js';

/** podman itself takes time beside the check. One that hangs is given up so long after the check should have ended. */
const GRACE_MS = 30_000;
/** The longest that a timer holds. */
const MOST_MS = 2 ** 31 - 1;

export type HealthNews = Exclude<HealthEffect, { type: 'check' }>;

export interface ChecksHost {
  /** Rejects when podman cannot be started. */
  podman(args: readonly string[], timeoutMs: number): Promise<PodmanResult>;
  onNews(news: HealthNews): void;
}

export class ContainerChecks {
  #data: HealthData = INITIAL_HEALTH;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  readonly #startedMs = performance.now();

  constructor(
    readonly containerId: string,
    readonly config: HealthConfig,
    readonly host: ChecksHost,
  ) {}

  begin(): void {
    this.#step({ type: 'begin' });
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #step(event: HealthEvent): void {
    if (this.#ended) return;
    const step = stepHealth(this.config, this.#data, event);
    this.#data = step.data;
    for (const effect of step.effects) {
      if (effect.type === 'check') this.#timer = setTimeout(() => void this.#check(effect.timeoutMs), Math.min(effect.afterMs, MOST_MS));
      else this.host.onNews(effect);
    }
  }

  async #check(timeoutMs: number): Promise<void> {
    const sinceStartMs = performance.now() - this.#startedMs;
    const known = new Set(execSessions(this.containerId));
    const mostMs = Math.min(timeoutMs, MOST_MS - GRACE_MS);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killCheck(this.containerId, known);
    }, mostMs);
    const result = await this.host.podman(['healthcheck', 'run', this.containerId], mostMs + GRACE_MS).catch(() => undefined);
    clearTimeout(timer);
    this.#step({ type: 'checked', outcome: late ? 'failed' : outcomeOf(result), sinceStartMs });
  }
}

/** podman-healthcheck-run(1): 1 for a check that failed; 125 and more where there was none. */
function outcomeOf(result: PodmanResult | undefined): 'passed' | 'failed' | 'unknown' {
  if (result?.ok === true) return 'passed';
  return result?.status === 1 ? 'failed' : 'unknown';
}
