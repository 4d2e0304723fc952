/** When services are armed: one after the other for the whole manager, and not while clients are being served. */
import type { PodmanSetup } from '../exec/arm.js';

/** How long nobody must have come before the next container is prepared, and how long a crowd can put that off. */
const QUIET_MS = 200;
const QUIET_AT_MOST_MS = 5000;

/** podman commands take both cores for a moment: one container after the other. */
export class ArmingQueue {
  #last: Promise<void> = Promise.resolve();
  #setup: Promise<PodmanSetup> | undefined;
  #lastActivation = -Infinity;

  constructor(readonly onBug: (error: unknown) => void) {}

  /** Resolves when the job is through, also when it failed: what goes wrong in the ordinary way is the job's own to say. */
  add(job: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(job).catch(this.onBug);
    return this.#last;
  }

  /** As `add`, but not while clients are being served: preparing the next start must not slow down this one. */
  addQuietly(job: () => Promise<void>): Promise<void> {
    return this.add(async () => {
      await this.#quiet();
      await job();
    });
  }

  /** A connection has been noticed. */
  onActivation(): void {
    this.#lastActivation = performance.now();
  }

  async #quiet(): Promise<void> {
    const deadline = performance.now() + QUIET_AT_MOST_MS;
    for (let left = this.#quietIn(); left > 0 && performance.now() < deadline; left = this.#quietIn()) await new Promise((resolve) => setTimeout(resolve, left));
  }

  #quietIn(): number {
    return this.#lastActivation + QUIET_MS - performance.now();
  }

  /** Resolves when every job that was added has ended. */
  get idle(): Promise<void> {
    return this.#last;
  }

  /** What podman is set up with, asked once. */
  podmanSetup(ask: () => Promise<PodmanSetup>): Promise<PodmanSetup> {
    return (this.#setup ??= ask().catch((error: unknown) => {
      this.#setup = undefined;
      throw error;
    }));
  }
}
