/**
 * What a service whose command is podman's has besides: everything for which podman relies on systemd or the journal, or which it would leave
 * behind. Nothing of it exists for other services.
 */
import { isContainerService } from '../exec/launch.js';
import { podCgroups, removePodCgroups } from '../exec/pod-cgroups.js';
import type { ServiceConfig } from '../unit/config.js';
import type { ActiveState } from './active-state.js';
import { HealthChecking } from './health-checking.js';
import { KubeLogs } from './kube-logs.js';
import { PodSockets } from './pod-sockets.js';
import type { ServiceUnit } from './service.js';
import { UnitContainers } from './unit-containers.js';

export class PodmanService {
  readonly containers: UnitContainers;
  readonly sockets: PodSockets;
  readonly health: HealthChecking;
  readonly logs: KubeLogs;
  #cgroups: readonly string[] | undefined;

  constructor(readonly unit: ServiceUnit) {
    this.containers = new UnitContainers(unit);
    this.sockets = new PodSockets(unit);
    this.health = new HealthChecking(unit);
    this.logs = new KubeLogs(unit);
  }

  /** The containers run; `known` when podman knows it. Whether the service is nevertheless not ready yet. */
  begin(config: ServiceConfig, known: Promise<void>): boolean {
    this.logs.begin(config);
    return this.health.begin(config, known);
  }

  /** It was started by a manager that died. */
  resume(config: ServiceConfig): void {
    if (!isContainerService(config)) return;
    this.sockets.prepare(config, config.execStart[0]?.argv ?? []);
    this.begin(config, Promise.resolve());
  }

  onState(config: ServiceConfig, state: ActiveState): void {
    if (state === 'deactivating') this.health.end();
    if (state === 'active' && /\.(pod|kube)$/.test(config.sourcePath ?? '')) this.#cgroups ??= podCgroups(this.unit.pids);
  }

  /** The run is over. */
  end(): void {
    this.sockets.end();
    this.health.end();
    this.logs.end();
    this.containers.end();
    removePodCgroups(this.#cgroups ?? []);
    this.#cgroups = undefined;
  }
}
