/**
 * Brings containers up to date, service by service: looks for a newer image, gets it, restarts the service, and puts the old image back when the
 * service does not start with the new one. It does so as podman-auto-update(1), which would have systemd restart them.
 */
import type { Task, Updated } from './tasks.js';

export interface UpdateHost {
  /** Whether there is another image than the one that the container runs. Rejects with words. */
  isNewer(task: Task): Promise<boolean>;
  /** Gets it; not called for a local one. Rejects with words. */
  pull(task: Task): Promise<void>;
  /** Gives the image back its name. Rejects with words. */
  tag(imageId: string, name: string): Promise<void>;
  /** Rejects with words when the service is not up afterwards. `again`: it has just failed, which must not count against it. */
  restart(unit: string, again: boolean): Promise<void>;
}

export interface UpdateOptions {
  readonly dryRun: boolean;
  readonly rollback: boolean;
}

export interface Report {
  readonly task: Task;
  readonly updated: Updated;
}

export interface UpdateResult {
  readonly reports: readonly Report[];
  readonly errors: readonly string[];
}

export async function updateAll(host: UpdateHost, tasks: readonly Task[], options: UpdateOptions): Promise<UpdateResult> {
  const reports: Report[] = [];
  const errors: string[] = [];
  for (const unit of new Set(tasks.map((task) => task.unit))) {
    const update = new UnitUpdate(
      host,
      unit,
      tasks.filter((task) => task.unit === unit),
      options,
    );
    await update.run();
    reports.push(...update.reports);
    errors.push(...update.errors);
  }
  return { reports, errors };
}

/** A service is restarted once, however many of its containers have a newer image. */
class UnitUpdate {
  readonly errors: string[] = [];
  readonly #states = new Map<Task, Updated>();

  constructor(
    readonly host: UpdateHost,
    readonly unit: string,
    readonly tasks: readonly Task[],
    readonly options: UpdateOptions,
  ) {}

  get reports(): readonly Report[] {
    return this.tasks.map((task) => ({ task, updated: this.#states.get(task) ?? 'failed' }));
  }

  async run(): Promise<void> {
    for (const task of this.tasks) this.#states.set(task, await this.#prepare(task));
    if (![...this.#states.values()].includes('true')) return;
    const failure = await this.#try('', () => this.host.restart(this.unit, false));
    if (failure === undefined) return;
    this.#all('failed');
    if (this.options.rollback) await this.#rollBack(failure);
    else this.errors.push(failure);
  }

  /** 'true': there is a newer image, and it is here. */
  async #prepare(task: Task): Promise<Updated> {
    let newer = false;
    const looked = await this.#try(`Failed to look for a newer image of container ${task.containerName}: `, async () => {
      newer = await this.host.isNewer(task);
    });
    if (looked !== undefined) return this.#failed(looked);
    if (!newer) return 'false';
    if (this.options.dryRun) return 'pending';
    if (task.policy === 'local') return 'true';
    const pulled = await this.#try(`Failed to get the newer image of container ${task.containerName}: `, () => this.host.pull(task));
    return pulled === undefined ? 'true' : this.#failed(pulled);
  }

  async #rollBack(failure: string): Promise<void> {
    for (const { image, imageId } of this.tasks) {
      const tagged = await this.#try(`Failed to put the old image ${image} back: `, () => this.host.tag(imageId, image));
      if (tagged !== undefined) this.errors.push(tagged);
    }
    const restarted = await this.#try(`Failed to start ${this.unit} with its old image: `, () => this.host.restart(this.unit, true));
    if (restarted === undefined) return this.#all('rolled back');
    this.errors.push(failure, restarted);
  }

  #failed(message: string): Updated {
    this.errors.push(message);
    return 'failed';
  }

  /** Those that were brought up to date in this run. */
  #all(updated: Updated): void {
    for (const [task, state] of this.#states) if (state === 'true' || state === 'failed') this.#states.set(task, updated);
  }

  async #try(words: string, action: () => Promise<void>): Promise<string | undefined> {
    try {
      await action();
      return undefined;
    } catch (error) {
      return `${words}${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
