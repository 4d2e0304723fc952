/**
 * The upper levels of [X-Rouse] Arm= for one service. `running`: it is started when its sockets begin to listen, and again when it has ended.
 * `frozen`: it is started likewise, and its cgroup is frozen when it is calm and nobody is connected; cgroups(7), cgroup.freeze. The sockets
 * are watched while it is frozen: the first client thaws it. Every other event of the service thaws it, too (a signal would wait).
 */
import { cpuUsedUs, freezableCgroup, setFrozen } from '../exec/freezer.js';
import { IdleWatch } from '../socket/idle.js';
import type { ServiceConfig } from '../unit/config.js';
import { isInactive } from './active-state.js';
import { armModeOf, freezeAfterOf } from './arming-plan.js';
import { Backoff } from './rate-limit.js';
import type { ServiceUnit } from './service.js';

/** A program that has just been started is left so long to begin. */
const BEGIN_MS = 1000;
const FREEZE_AFTER_MS = 10_000;
/** How long a program must have used next to no processor before it counts as calm, and how little that is. */
const CALM_MS = 500;
const CALM_US = 2000;
/** One that ended is started again after this, and later each time. */
const AGAIN_MS = 200;

export class Freezing {
  /** Folder of the cgroup that is frozen now. */
  #frozen: string | undefined;
  #idle: IdleWatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #why: string | undefined;
  #again: NodeJS.Timeout | undefined;
  readonly #backoff = new Backoff();

  constructor(readonly unit: ServiceUnit) {}

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** In words, for `status`. */
  get words(): string | undefined {
    if (this.#frozen !== undefined) return 'frozen until somebody connects';
    return this.#why === undefined ? undefined : `not frozen: ${this.#why}`;
  }

  /** The sockets listen and the service is down: starts it, if that is its level. What somebody has stopped waits for a client, unless they are `fresh`. */
  consider(fresh: boolean): void {
    const { manager, loaded, name } = this.unit;
    const level = loaded.config?.type === 'service' ? armModeOf(this.unit, loaded.config) : 'auto';
    if ((level !== 'frozen' && level !== 'running') || !isInactive(this.unit.activeState) || this.#again !== undefined) return;
    if (!fresh && this.unit.wasStopped) return;
    const delayMs = fresh ? 0 : this.#backoff.next(performance.now(), AGAIN_MS);
    this.#again = setTimeout(() => {
      this.#again = undefined;
      if (!manager.stopping && this.unit.isTriggeredNow) manager.queue(name, 'start', 'replace', () => undefined);
    }, delayMs).unref();
  }

  /** The service runs and is ready. */
  begin(config: ServiceConfig): void {
    if (armModeOf(this.unit, config) !== 'frozen' || this.#idle !== undefined || this.isFrozen) return;
    // A manager that died may have left it frozen.
    const folder = freezableCgroup(this.unit.cgroup, this.unit.mainPid);
    if (folder !== undefined) setFrozen(folder, false);
    this.#why = hindrance(config);
    if (this.#why === undefined) this.#watch(config, Math.min(BEGIN_MS, freezeAfterOf(this.unit, config) ?? FREEZE_AFTER_MS));
  }

  /** Somebody has connected, or something else is to happen to it. */
  thaw(): void {
    const cgroup = this.#frozen;
    if (cgroup === undefined) return;
    this.#frozen = undefined;
    setFrozen(cgroup, false);
    const { config } = this.unit;
    if (config !== undefined && this.unit.activeState === 'active') this.#watch(config, freezeAfterOf(this.unit, config) ?? FREEZE_AFTER_MS);
  }

  /** The sockets are gone: what nobody uses goes, too. */
  onSocketsGone(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    if (this.isFrozen) this.unit.manager.queue(this.unit.name, 'stop', 'replace', () => undefined);
  }

  /** The run is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#idle?.close();
    this.#idle = this.#frozen = this.#why = undefined;
  }

  #watch(config: ServiceConfig, idleMs: number): void {
    const sockets = this.unit.manager.heldFor(this.unit, config);
    this.#idle?.close();
    this.#idle = sockets.length === 0 ? undefined : new IdleWatch(sockets, { idleMs }, () => this.#onIdle(config));
  }

  /** Nobody is connected; whoever still computes is not disturbed. */
  #onIdle(config: ServiceConfig): void {
    const { manager, cgroup } = this.unit;
    const used = cpuUsedUs(cgroup);
    this.#timer = setTimeout(() => {
      if (cpuUsedUs(cgroup) - used > CALM_US) this.#watch(config, BEGIN_MS);
      else manager.guard(() => this.#freeze());
    }, CALM_MS).unref();
  }

  #freeze(): void {
    const { unit } = this;
    this.#idle = undefined;
    if (unit.activeState !== 'active' || unit.manager.stopping) return;
    this.#why = unit.config !== undefined && unit.podman.health.needsAwake(unit.config) ? 'its health checks need it awake' : undefined;
    const folder = this.#why === undefined ? freezableCgroup(unit.cgroup, unit.mainPid) : undefined;
    if (folder === undefined || !setFrozen(folder, true)) {
      this.#why ??= 'it has no cgroup that can be frozen';
      return;
    }
    this.#frozen = folder;
    // Whoever connected since is still waiting: the sockets are watched by level.
    if (unit.config !== undefined) for (const socket of unit.manager.socketUnitsOf(unit, unit.config)) socket.onServiceFrozen();
  }
}

function hindrance(config: ServiceConfig): string | undefined {
  if (config.watchdogMs > 0 && Number.isFinite(config.watchdogMs)) return 'WatchdogSec= needs it awake';
  return undefined;
}
