/**
 * What the containers of a Kubernetes file write, where no journal takes it: podman keeps a file for each of them, so that `podman logs`
 * works, and these are followed into the service's log.
 */
import { ContainerLog } from '../exec/container-log.js';
import type { ServiceConfig } from '../unit/config.js';
import type { ServiceUnit } from './service.js';

export class KubeLogs {
  #run: object | undefined;
  #logs: ContainerLog[] = [];

  constructor(readonly unit: ServiceUnit) {}

  /** The containers run. */
  begin(config: ServiceConfig): void {
    if (this.unit.manager.podmanHost.journald || config.sourcePath?.endsWith('.kube') !== true || this.#run !== undefined) return;
    const run = (this.#run = {});
    void this.#follow(run, config).catch(() => undefined);
  }

  end(): void {
    for (const log of this.#logs.splice(0)) log.close();
    this.#run = undefined;
  }

  async #follow(run: object, config: ServiceConfig): Promise<void> {
    const containers = await this.unit.podman.containers.find(config);
    if (this.#run !== run) return;
    const { manager } = this.unit;
    for (const { name, logPath } of containers) {
      if (logPath === '') continue;
      const identify = (): { identifier: string; pid: number } => ({ identifier: name, pid: this.unit.mainPid ?? 0 });
      manager.guard(() => this.#logs.push(new ContainerLog(logPath, manager.logOf(this.unit.name), identify, { made: true })));
    }
  }
}
