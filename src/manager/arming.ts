/**
 * Whether and when a service's container is armed: as soon as its sockets listen and it is down, again after each stop, one container
 * at a time for the whole manager. A service whose container cannot be armed starts in the ordinary way; `status` says why.
 */
import { join } from 'node:path';
import { ContainerLog } from '../exec/container-log.js';
import { UnitCgroup } from '../exec/cgroup.js';
import { isContainerService } from '../exec/launch.js';
import { namedRuntime, planArming, type ArmPlan, type OciRuntime } from '../exec/arm.js';
import { adaptPodman } from '../exec/podman.js';
import type { ServiceConfig } from '../unit/config.js';
import { isInactive } from './active-state.js';
import { ArmedContainer, type TakenContainer } from './armed-container.js';
import type { Manager } from './manager.js';
import { runPodman } from './podman-command.js';
import type { ServiceUnit } from './service.js';

/** How long nobody must have come before the next container is prepared, and how long a crowd can put that off. */
const QUIET_MS = 200;
const QUIET_AT_MOST_MS = 5000;

/** podman commands take both cores for a moment: one container after the other. */
export class ArmingQueue {
  #last: Promise<void> = Promise.resolve();
  #runtime: Promise<string> | undefined;
  #lastActivation = -Infinity;

  /** Resolves when the job is through, also when it failed: that is the job's own to say. */
  add(job: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(job).catch(() => undefined);
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

  /** podman's own choice of a runtime, asked once. */
  defaultRuntime(ask: () => Promise<string>): Promise<string> {
    return (this.#runtime ??= ask());
  }
}

export class Arming {
  #container: ArmedContainer | undefined;
  #why: string | undefined;
  #wanted = false;
  #leaving: Promise<void> = Promise.resolve();

  constructor(readonly unit: ServiceUnit) {}

  /** In words, for `status`; undefined for what is no container behind a socket. */
  get words(): string | undefined {
    const { conmonPid, state } = this.#container ?? {};
    if (state === 'armed') return `armed (process ${conmonPid ?? 0} waits before exec)`;
    if (state === 'arming') return 'being armed';
    return this.#why === undefined ? undefined : `not armed: ${this.#why}`;
  }

  /** Its processes, while it is armed. */
  get conmonPid(): number | undefined {
    return this.#container?.state === 'armed' ? this.#container.conmonPid : undefined;
  }

  /** The sockets listen and the service is down: prepares its container, if that can be done. */
  consider(): void {
    const { loaded, manager } = this.unit;
    if (this.#wanted || manager.stopping || loaded.config?.type !== 'service') return;
    const config = loaded.config;
    const planned = plan(manager, this.unit, config);
    if (planned === undefined) return;
    if ('why' in planned) {
      this.#why = planned.why;
      return;
    }
    this.#wanted = true;
    void manager.armingQueue.addQuietly(() => this.#arm(config, planned));
  }

  /** Whether there is a container to wait for, or to take. */
  get isPossible(): boolean {
    return this.#container !== undefined && this.#container.state !== 'gone';
  }

  /** Calls back when `take` can be asked. */
  whenSettled(callback: () => void): void {
    if (this.#container === undefined) callback();
    else this.#container.whenSettled(callback);
  }

  /** Lets the container go; undefined: an ordinary start has to do. */
  take(): TakenContainer | undefined {
    const container = this.#container;
    this.#container = undefined;
    this.#wanted = false;
    const taken = container?.take();
    if (taken === undefined && container !== undefined) this.#leave(container, container.why ?? 'It could not be taken');
    return taken;
  }

  /** Takes everything back. Resolves when nothing is left. */
  async discard(why: string): Promise<void> {
    const container = this.#container;
    this.#container = undefined;
    this.#wanted = false;
    this.#why = undefined;
    if (container !== undefined) this.#leave(container, why);
    await this.#leaving;
    if (isInactive(this.unit.activeState)) this.unit.podman.sockets.end();
  }

  /** One after the other, and whoever asks later waits for all of them. */
  #leave(container: ArmedContainer, why: string): void {
    this.#leaving = this.unit.manager.armingQueue.add(() => container.discard(why));
  }

  async #arm(config: ServiceConfig, { plan: armPlan, logPath, asks }: Planned): Promise<void> {
    const { unit } = this;
    const { manager } = unit;
    if (!this.#wanted) return;
    const runtime = await runtimeOf(manager, unit, config, armPlan);
    // A client came first: the next stop leads back here.
    if (!isInactive(unit.activeState)) this.#wanted = false;
    if (!this.#wanted) return;
    if (runtime === undefined) return this.#giveUp('its OCI runtime is neither crun nor runc');
    const identify = (): { identifier: string; pid: number } => ({ identifier: unit.name.replace(/\.service$/, ''), pid: unit.mainPid ?? 0 });
    const container: ArmedContainer = new ArmedContainer(
      manager,
      {
        unit: unit.name,
        config,
        plan: armPlan,
        runtime,
        sockets: asks ? [] : manager.socketsFor(unit, config),
        cgroup: UnitCgroup.open(manager.cgroups, unit.name),
        log: logPath === undefined ? undefined : new ContainerLog(logPath, manager.logOf(unit.name), identify),
      },
      () => this.#onGone(container),
    );
    this.#container = container;
    await new Promise<void>((resolve) => container.whenSettled(resolve));
  }

  /** It failed, or somebody removed it: the service starts in the ordinary way, and the next stop tries again. */
  #onGone(container: ArmedContainer): void {
    if (this.#container !== container) return;
    this.#container = undefined;
    this.#giveUp(container.why ?? 'it is gone');
    this.#leave(container, container.why ?? 'it is gone');
  }

  #giveUp(why: string): void {
    this.#wanted = false;
    this.#why = why;
    this.unit.manager.sayOnce(`${this.unit.name}: Not armed, starting it in the ordinary way: ${why}`);
  }
}

interface Planned {
  readonly plan: ArmPlan;
  readonly logPath: string | undefined;
  /** Its runtime asks for the sockets: podman must not have them. */
  readonly asks: boolean;
}

/** undefined: no container. */
function plan(manager: Manager, unit: ServiceUnit, config: ServiceConfig): Planned | { readonly why: string } | undefined {
  const command = config.execStart[0];
  if (command === undefined || !isContainerService(config)) return undefined;
  if (manager.socketsFor(unit, config).length === 0 && !unit.adopting.isOn(config)) return undefined;
  if (config.execStartPre.length + config.execCondition.length > 0) return { why: 'ExecStartPre= may prepare what the container needs' };
  const cgroup = manager.cgroups.path === undefined ? undefined : join(manager.cgroups.path, unit.name);
  const adapted = adaptPodman(command.argv, manager.podmanHost, { logPath: manager.containerLogPath(unit.name), cgroup });
  for (const note of adapted.notes) manager.sayOnce(`${unit.name}: ${note}`);
  const checked = unit.podman.health.adapt(adapted.argv);
  if (unit.podman.health.waits) return { why: 'it is ready when it is healthy (Notify=healthy)' };
  const asks = unit.podman.sockets.prepare(config, checked);
  const planned = planArming(unit.adopting.adapt(config, asks === undefined ? checked : unit.podman.sockets.adapt(asks, checked)));
  return planned.ok ? { plan: planned.plan, logPath: adapted.logPath, asks: asks !== undefined } : planned;
}

async function runtimeOf(manager: Manager, unit: ServiceUnit, config: ServiceConfig, armPlan: ArmPlan): Promise<OciRuntime | undefined> {
  const command = config.execStart[0];
  if (command === undefined) return undefined;
  const ask = async (): Promise<string> => {
    const request = { unit: unit.name, config, command, args: ['info', '--format', '{{.Host.OCIRuntime.Name}}'], cgroup: undefined, timeoutMs: config.timeoutStartMs };
    return (await runPodman(manager, request)).output.split('\n').at(-1) ?? '';
  };
  const name = namedRuntime(armPlan) ?? (await manager.armingQueue.defaultRuntime(ask));
  const base = name.slice(name.lastIndexOf('/') + 1);
  return base === 'crun' || base === 'runc' ? base : undefined;
}
