/**
 * Whether and when a service is armed: as soon as its sockets listen and it is down, again after each stop, one after the other for the
 * whole manager. A service that cannot be armed starts in the ordinary way; `status` says why.
 */
import { ContainerLog } from '../exec/container-log.js';
import { UnitCgroup } from '../exec/cgroup.js';
import { namedRuntime, parseSetup, planArming, SETUP_ARGUMENTS, type ArmPlan, type OciRuntime, type PodmanSetup } from '../exec/arm.js';
import { NotifySocket } from '../exec/notify-socket.js';
import type { ServiceConfig } from '../unit/config.js';
import { isInactive } from './active-state.js';
import type { Armed, Taken } from './armed.js';
import { ArmedContainer, type ArmEvents } from './armed-container.js';
import { ArmedProcess } from './armed-process.js';
import { armModeOf, containerCommand, planArmed, type Planned } from './arming-plan.js';
import { startPod, stopPod } from './pod-start.js';
import { runPodman } from './podman-command.js';
import type { ServiceUnit } from './service.js';

/** When what somebody removed is armed again; each time twice as late, and then no more until the next stop. */
const AGAIN_MS = 1000;
const AGAIN_MOST = 8;

type PlannedContainer = Extract<Planned, { readonly type: 'container' }>;

export class Arming {
  #armed: Armed | undefined;
  /** It was let go, and its service is about to take it. */
  #early: Taken | undefined;
  #earlyId: string | undefined;
  /** What it was made from. */
  #from: ServiceConfig | undefined;
  #why: string | undefined;
  #wanted = false;
  #leaving: Promise<void> = Promise.resolve();
  /** Of its pod, when that was started for this. */
  #pod: string | undefined;
  /** How often it has gone since it was last taken. */
  #lost = 0;
  #again: NodeJS.Timeout | undefined;

  constructor(readonly unit: ServiceUnit) {}

  /** In words, for `status`; undefined where there is nothing to say. */
  get words(): string | undefined {
    const { pid, state } = this.#armed ?? {};
    if (state === 'armed') return `armed (process ${pid ?? 0} waits before exec)`;
    if (state === 'arming') return 'being armed';
    return this.#why === undefined ? undefined : `not armed: ${this.#why}`;
  }

  /** The process that waits, or conmon. */
  get pid(): number | undefined {
    return this.#armed?.state === 'armed' ? this.#armed.pid : undefined;
  }

  get invocationId(): string | undefined {
    return this.#early === undefined ? this.#armed?.invocationId : this.#earlyId;
  }

  /** The container that waits, and its image's name. */
  get container(): { readonly id: string; readonly image: string } | undefined {
    const armed = this.#armed;
    if (!(armed instanceof ArmedContainer) || armed.state !== 'armed' || armed.request.plan.image === undefined) return undefined;
    return { id: armed.containerId, image: armed.request.plan.image };
  }

  /** The sockets listen and the service is down: prepares it, if that can be done. */
  consider(): void {
    const { loaded, manager } = this.unit;
    if (this.#wanted || manager.stopping || loaded.config?.type !== 'service' || !isInactive(this.unit.activeState)) return;
    clearTimeout(this.#again);
    const config = loaded.config;
    const planned = planArmed(this.unit, config);
    this.#why = planned !== undefined && 'why' in planned ? planned.why : undefined;
    if (planned === undefined || 'why' in planned) return;
    this.#wanted = true;
    void manager.armingQueue.addQuietly(() => this.#arm(config, planned));
  }

  /** Whether there is something to wait for, or to take. */
  get isPossible(): boolean {
    return this.#early !== undefined || (this.#armed !== undefined && this.#armed.state !== 'gone');
  }

  /** Calls back when `take` can be asked. */
  whenSettled(callback: () => void): void {
    if (this.#armed === undefined) callback();
    else this.#armed.whenSettled(callback);
  }

  /**
   * Lets it go before the start that is going to take it has been planned: that takes a third of the time to the first byte. Only for a start that happens
   * within the same turn of the event loop; `dropEarly` comes at its end.
   */
  takeEarly(): boolean {
    if (this.#armed?.state !== 'armed') return false;
    this.#earlyId = this.#armed.invocationId;
    this.#early = this.take();
    return this.#early !== undefined;
  }

  /** The start did not happen. */
  dropEarly(): void {
    const early = this.#early;
    this.#early = undefined;
    if (early === undefined) return;
    this.unit.manager.say(this.unit, 'Its program was let go and is not to run, killing it');
    signalQuietly(early.pid);
    early.pidfd.close();
    early.close();
    early.notify?.close();
  }

  /** Lets it go; undefined: an ordinary start has to do. */
  take(): Taken | undefined {
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) return early;
    const armed = this.#armed;
    this.#armed = undefined;
    this.#wanted = false;
    const taken = armed?.take();
    if (taken !== undefined) this.#lost = 0;
    else if (armed !== undefined) this.#leave(armed, armed.why ?? 'It could not be taken');
    return taken;
  }

  /** Its sockets are gone. */
  async end(why: string): Promise<void> {
    const pod = this.#pod;
    this.#pod = undefined;
    await this.discard(why);
    if (pod !== undefined) stopPod(this.unit.manager, pod);
  }

  /** Takes everything back. Resolves when nothing is left. */
  async discard(why: string): Promise<void> {
    const armed = this.#armed;
    clearTimeout(this.#again);
    this.#armed = undefined;
    this.#wanted = false;
    this.#why = undefined;
    if (armed !== undefined) this.#leave(armed, why);
    await this.#leaving;
    if (isInactive(this.unit.activeState)) this.unit.podman.sockets.end();
  }

  /** What it was made from is not what it would be made from now. */
  async renew(why: string): Promise<void> {
    await this.discard(why);
    if (this.unit.isTriggeredNow) this.unit.prepare(true);
  }

  /** The files were read again. */
  onReload(): void {
    const { config } = this.unit.loaded;
    if (this.#armed === undefined && this.#why === undefined && !this.unit.isTriggeredNow) return;
    if (this.#armed !== undefined && JSON.stringify(config) === JSON.stringify(this.#from) && config?.type === 'service' && isArmedIn(armModeOf(this.unit, config))) return;
    void this.renew('Its files have changed');
  }

  /** One after the other, and whoever asks later waits for all of them. */
  #leave(armed: Armed, why: string): void {
    this.#leaving = this.unit.manager.armingQueue.add(() => armed.discard(why));
  }

  async #arm(config: ServiceConfig, planned: Planned): Promise<void> {
    if (!this.#isStillWanted()) return;
    if (planned.type === 'process') this.#armProcess(config);
    else await this.#armContainer(config, planned);
    const armed = this.#armed;
    if (armed === undefined) return;
    this.#from = config;
    await new Promise<void>((resolve) => armed.whenSettled(resolve));
    if (armed.state === 'gone' && planned.type === 'process') this.#onGone(armed);
  }

  /** A client may have come first, or the sockets are going: the next stop, or start, leads back here. */
  #isStillWanted(): boolean {
    if (!isInactive(this.unit.activeState) || !this.unit.isTriggeredNow) this.#wanted = false;
    return this.#wanted;
  }

  #armProcess(config: ServiceConfig): void {
    const armed: ArmedProcess = new ArmedProcess(
      this.unit,
      config,
      this.#eventsOf(() => armed),
    );
    this.#armed = armed;
  }

  async #armContainer(config: ServiceConfig, { plan, logPath, asks, pod }: PlannedContainer): Promise<void> {
    const { unit } = this;
    const { manager } = unit;
    const setup = await this.#setup(config);
    const runtime = runtimeOf(plan, setup);
    if (runtime === undefined) return this.#giveUp('its OCI runtime is neither crun nor runc');
    if (pod !== undefined && manager.find(pod)?.activeState !== 'active') {
      if (!this.#isStillWanted()) return;
      if (!(await startPod(manager, pod))) return this.#giveUp(`${pod} could not be started`);
      this.#pod = pod;
    }
    if (!this.#isStillWanted()) return;
    const identify = (): { identifier: string; pid: number } => ({ identifier: unit.name.replace(/\.service$/, ''), pid: unit.mainPid ?? 0 });
    const container: ArmedContainer = new ArmedContainer(
      manager,
      {
        unit: unit.name,
        config,
        plan,
        planFrom: (argv) => replan(unit, config, argv) ?? plan,
        runtime,
        setup,
        sockets: asks ? [] : manager.socketsFor(unit, config),
        cgroup: UnitCgroup.open(manager.cgroups, unit.name),
        log: logPath === undefined ? undefined : new ContainerLog(logPath, manager.logOf(unit.name), identify),
        notify: plan.notifies ? new NotifySocket(manager.notifyFolder, `arm-${unit.name}`.slice(0, 40), manager.poller, (message, fds) => unit.onMessage(message, fds)) : undefined,
        hurried: unit.podman.health.waits,
      },
      this.#eventsOf(() => container),
    );
    this.#armed = container;
    manager.imageWatch.begin(setup);
  }

  async #setup(config: ServiceConfig): Promise<PodmanSetup> {
    const { manager, name } = this.unit;
    return manager.armingQueue.podmanSetup(async () => {
      const [command] = config.execStart;
      if (command === undefined) throw new Error('There is no ExecStart=');
      return parseSetup((await runPodman(manager, { unit: name, config, command, args: SETUP_ARGUMENTS, cgroup: undefined, timeoutMs: config.timeoutStartMs })).output);
    });
  }

  #eventsOf(which: () => Armed): ArmEvents {
    return {
      onGone: () => this.#onGone(which()),
      onLetGo: () => this.unit.manager.queue(this.unit.name, 'start', 'replace', () => undefined),
    };
  }

  /** It failed, or somebody removed it: the service starts in the ordinary way, and later it is tried again. */
  #onGone(armed: Armed): void {
    if (this.#armed !== undefined && this.#armed !== armed) return;
    this.#armed = undefined;
    this.#giveUp(armed.why ?? 'it is gone');
    this.#leave(armed, armed.why ?? 'it is gone');
    if (this.#lost++ < AGAIN_MOST) this.#again = setTimeout(() => this.unit.isTriggeredNow && this.consider(), AGAIN_MS * 2 ** (this.#lost - 1)).unref();
  }

  #giveUp(why: string): void {
    this.#wanted = false;
    this.#why = why;
    this.unit.manager.sayOnce(`${this.unit.name}: Not armed, starting it in the ordinary way: ${why}`);
  }
}

function signalQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}

function isArmedIn(mode: string): boolean {
  return mode === 'auto' || mode === 'armed';
}

function replan(unit: ServiceUnit, config: ServiceConfig, argv: readonly string[]): ArmPlan | undefined {
  const planned = planArming(containerCommand(unit, config, argv).argv);
  return planned.ok ? planned.plan : undefined;
}

function runtimeOf(plan: ArmPlan, setup: PodmanSetup): OciRuntime | undefined {
  const name = namedRuntime(plan) ?? setup.runtime;
  const base = name.slice(name.lastIndexOf('/') + 1);
  return base === 'crun' || base === 'runc' ? base : undefined;
}
