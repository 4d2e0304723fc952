/**
 * The sockets of a service whose podman command cannot pass them on itself (exec/pod-launch.ts): while it runs, they wait at a
 * Unix socket for the runtimes of its containers.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isContainerService } from '../exec/launch.js';
import { planPodLaunch, type PodLaunch } from '../exec/pod-launch.js';
import { SocketGiver, type GivenSocket } from '../exec/socket-giver.js';
import { nativeFile } from '../sys/native-file.js';
import type { ServiceConfig } from '../unit/config.js';
import type { ServiceUnit } from './service.js';

export class PodSockets {
  #giver: SocketGiver | undefined;

  constructor(readonly unit: ServiceUnit) {}

  /** Whether podman's command must not get the sockets itself. From then on they can be asked for. */
  prepare(config: ServiceConfig, argv: readonly string[]): PodLaunch | undefined {
    const { manager } = this.unit;
    if (!isContainerService(config) || manager.socketsFor(this.unit, config).length === 0) return undefined;
    const planned = planPodLaunch(argv, manager.podmanHost.runtime);
    if (planned === undefined) return undefined;
    if ('why' in planned) {
      manager.say(this.unit, `Its containers may get wrong sockets: ${planned.why}`, 'runtime = "crun" in containers.conf, or Network=none without a pod');
      return undefined;
    }
    return this.#open(config) ? planned : undefined;
  }

  #open(config: ServiceConfig): boolean {
    const { manager } = this.unit;
    const given = (): readonly GivenSocket[] => {
      const sockets = manager.socketsFor(this.unit, config);
      for (const { fd } of sockets) fd.setNonblocking(config.nonBlocking);
      return sockets;
    };
    try {
      this.#giver ??= new SocketGiver(manager.poller, this.#address, given);
      return true;
    } catch (error) {
      manager.say(this.unit, `Its containers may get wrong sockets: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  /** The command that asks for the sockets. */
  adapt(launch: PodLaunch, argv: readonly string[]): readonly string[] {
    const adapted = planPodLaunch(argv, launch.runtime);
    return adapted === undefined || 'why' in adapted ? argv : adapted.argv(nativeFile('rouse-runtime', adapted.runtime), this.#address);
  }

  /** The run is over. */
  end(): void {
    this.#giver?.close();
    this.#giver = undefined;
  }

  get #address(): string {
    return join(this.unit.manager.host.scope.rouseDir, 'sockets', `${createHash('sha256').update(this.unit.name).digest('hex').slice(0, 12)}.sock`);
  }
}
