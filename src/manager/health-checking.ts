/**
 * The health checks of one service's containers, where no systemd runs them (exec/health.ts): from the moment at which its containers run
 * until the service begins to stop. Notify=healthy holds the service's readiness until its container is healthy.
 */
import { adaptHealth, type HealthPolicy, type InspectedContainer } from '../exec/health.js';
import type { ServiceConfig } from '../unit/config.js';
import { ContainerChecks, type HealthNews } from './container-checks.js';
import type { ServiceUnit } from './service.js';

/** podman is asked for checks that only the image has when the first clients have been served. */
const ASK_AFTER_MS = 2000;

const IMAGE_ONLY: HealthPolicy = { waits: false, restarts: false, startupRetries: 0, asked: false };

export class HealthChecking {
  #policy = IMAGE_ONLY;
  /** Of the present run; another one's answers come too late. */
  #run: object | undefined;
  #checks: readonly ContainerChecks[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Readiness waits for the first success. */
  #held = false;

  constructor(readonly unit: ServiceUnit) {}

  /** The command of a container, without what is done here. */
  adapt(argv: readonly string[]): readonly string[] {
    const adapted = this.#isOurs ? adaptHealth(argv) : undefined;
    this.#policy = adapted?.policy ?? IMAGE_ONLY;
    return adapted?.argv ?? argv;
  }

  /** Notify=healthy. */
  get waits(): boolean {
    return this.#policy.waits;
  }

  /** Whether somebody runs checks: then it must not be frozen. */
  needsAwake(config: ServiceConfig): boolean {
    return this.#checks.length > 0 || config.execStart[0]?.argv.some((word) => word.startsWith('--health-cmd')) === true;
  }

  /** The containers run; `known` when podman knows it. Whether the service is not ready before its container is healthy. */
  begin(config: ServiceConfig, known: Promise<void>): boolean {
    const hasChecks = /\.(container|kube)$/.test(config.sourcePath ?? '');
    if (!this.#isOurs || !hasChecks || this.#run !== undefined) return this.#held;
    const run = (this.#run = {});
    this.#held = this.#policy.waits;
    void this.#lookLater(run, config, known);
    return this.#held;
  }

  /** The service begins to stop, or has ended. */
  end(): void {
    clearTimeout(this.#timer);
    for (const checks of this.#checks) checks.end();
    this.#checks = [];
    this.#run = this.#timer = undefined;
    this.#held = false;
  }

  /** Where a systemd runs, podman has timers there. */
  get #isOurs(): boolean {
    return !this.unit.manager.podmanHost.systemd;
  }

  async #lookLater(run: object, config: ServiceConfig, known: Promise<void>): Promise<void> {
    const afterMs = this.#policy.asked || this.#policy.waits ? 0 : ASK_AFTER_MS;
    await known;
    if (this.#run !== run) return;
    this.#timer = setTimeout(() => void this.#look(run, config).catch((error: unknown) => this.#giveUp(run, error)), afterMs);
  }

  /** Finds the containers and what is to be checked in them. */
  async #look(run: object, config: ServiceConfig): Promise<void> {
    const containers = await this.unit.podman.containers.find(config);
    if (this.#run !== run) return;
    this.#checks = containers.flatMap((container) => this.#checksOf(run, config, container));
    if (this.#held && this.#checks.length === 0) return this.#cannotWait(config, containers);
    for (const checks of this.#checks) checks.begin();
  }

  #checksOf(run: object, config: ServiceConfig, container: InspectedContainer): readonly ContainerChecks[] {
    const { health } = container;
    if (health === undefined) return [];
    // Those of a Kubernetes file podman restarts itself, and the service goes on meanwhile: 0.
    const startup = health.startup === undefined ? undefined : { ...health.startup, retries: this.#policy.startupRetries };
    const host = {
      podman: (args: readonly string[], timeoutMs: number) => this.unit.podman.containers.podman(config, args, timeoutMs),
      onNews: (news: HealthNews) => (this.#run === run ? this.#onNews(config, container.name, news) : undefined),
    };
    return [new ContainerChecks(container.id, { ...health, startup }, host)];
  }

  #onNews(config: ServiceConfig, name: string, news: HealthNews): void {
    const { unit } = this;
    if (news.type === 'startup-failed') return this.#restart(config, name, `The startup health check of ${name} failed too often`);
    unit.statusText = `${name} is ${news.state}`;
    if (news.state === 'healthy') {
      unit.manager.say(unit, `${name} is healthy`);
      if (this.#held) unit.containerIsHealthy();
      this.#held = false;
      return;
    }
    const message = `${name} is unhealthy: its health check failed too often in a row`;
    if (this.#policy.restarts) return this.#restart(config, name, message);
    unit.manager.say(unit, message, hintFor(name));
  }

  /** A start that waits for it fails by that, and Restart= decides; a service that was ready is restarted. */
  #restart(config: ServiceConfig, name: string, why: string): void {
    const { unit } = this;
    if (this.#held) return this.#failStart(config, [name], why, hintFor(name));
    unit.manager.say(unit, `${why}, restarting it`, hintFor(name));
    unit.manager.soon(() => unit.manager.queue(unit.name, 'restart', 'replace', () => undefined));
  }

  #cannotWait(config: ServiceConfig, containers: readonly InspectedContainer[]): void {
    const names = containers.map(({ name }) => name);
    this.#failStart(config, names, 'Notify=healthy waits for a health check, and there is none', 'HealthCmd=COMMAND, with a HealthInterval= other than disable');
  }

  /** podman ends the container in the way that it asks for (StopSignal=, StopTimeout=). */
  #failStart(config: ServiceConfig, names: readonly string[], reason: string, hint: string): void {
    this.unit.explain(reason, hint);
    void this.unit.podman.containers.podman(config, ['stop', ...names], config.timeoutStopMs).catch(() => undefined);
  }

  #giveUp(run: object, error: unknown): void {
    if (this.#run === run) this.unit.manager.say(this.unit, `Its health is not checked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function hintFor(name: string): string {
  return `podman inspect ${name} --format '{{json .State.Health.Log}}' shows what the checks said`;
}
