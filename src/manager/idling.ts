/**
 * [X-Rouse] IdleSec= for one service: it is stopped when nobody was connected to any of its sockets for so long. The sockets stay, and the next client starts it
 * again. What counts as somebody: socket/idle.ts.
 */
import { IdleWatch } from '../socket/idle.js';
import type { ServiceConfig } from '../unit/config.js';
import { formatTimeSpan } from '../unit/values/time-span.js';
import type { ServiceUnit } from './service.js';

export class Idling {
  #watch: IdleWatch | undefined;

  constructor(readonly unit: ServiceUnit) {}

  /** The service runs and is ready. */
  begin(config: ServiceConfig): void {
    const { manager, connection } = this.unit;
    const idleMs = idleOf(this.unit, config);
    // A service of one connection ends with it.
    if (connection !== undefined || idleMs === undefined || idleMs === 0 || !Number.isFinite(idleMs) || this.#watch !== undefined) return;
    const sockets = manager.heldFor(this.unit, config);
    if (sockets.length > 0) this.#watch = new IdleWatch(sockets, { idleMs }, () => this.#onIdle(idleMs));
  }

  /** It is about to stop, or its sockets are. */
  end(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #onIdle(idleMs: number): void {
    const { manager } = this.unit;
    this.#watch = undefined;
    if (this.unit.activeState !== 'active' || manager.stopping) return;
    manager.say(this.unit, `Nobody was connected for ${formatTimeSpan(idleMs)}, stopping it`);
    manager.queue(this.unit.name, 'stop', 'replace', () => undefined);
  }
}

/** The service's own word counts, otherwise that of its sockets; the longest, where they differ. */
function idleOf(unit: ServiceUnit, config: ServiceConfig): number | undefined {
  if (config.idleMs !== undefined) return config.idleMs;
  const spans = unit.manager.socketUnitsOf(unit, config).flatMap((socket) => socket.config?.idleMs ?? []);
  return spans.length === 0 ? undefined : Math.max(...spans);
}
