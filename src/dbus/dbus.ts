/** Who may find the manager over D-Bus, and where; what the daemon starts and ends. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { privateLink } from '../load/private-link.js';
import type { Manager } from '../manager/manager.js';
import type { ManagerObserver } from '../manager/observer.js';
import type { Unit } from '../manager/unit.js';
import { busSocket } from './bus-address.js';
import type { BusName } from './bus.js';
import { PrivateSocket } from './private-socket.js';

export interface DBusOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Root's systemctl wants a folder that makes other programs believe in a systemd: only for those who ask. */
  readonly asSystemd: boolean;
  readonly onExit: () => void;
}

/** sd_booted(3) looks at this folder. */
const BOOTED = '/run/systemd/system';

export class DBus implements ManagerObserver {
  readonly #socketPath: string | undefined;
  #private: PrivateSocket | undefined;
  #bus: BusName | undefined;

  constructor(
    readonly manager: Manager,
    readonly options: DBusOptions,
  ) {
    this.#socketPath = busSocket(manager.host.scope, options.env);
  }

  /** Where a systemd runs already, and for a manager with a folder of its own, the places that systemctl looks at are left alone. */
  async start(): Promise<void> {
    const { scope } = this.manager.host;
    if (scope.notice !== undefined || scope.rouseDir !== dirname(privateLink(scope).socket)) return;
    if (scope.mode === 'user' || this.options.asSystemd) await this.#listen();
    this.manager.observers.add(this);
    this.#lookForBus();
  }

  async close(): Promise<void> {
    this.manager.observers.delete(this);
    this.#bus?.close();
    await this.#private?.close();
  }

  async #listen(): Promise<void> {
    const socket = new PrivateSocket(this.manager, this.options.onExit);
    try {
      await socket.listen();
      if (this.manager.host.scope.mode === 'system') socket.makeFolder(BOOTED);
      this.#private = socket;
    } catch (error) {
      this.manager.host.print(`Failed to listen for systemctl, going on without: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** The code for it is loaded where there is a bus. */
  #lookForBus(): void {
    const path = this.#socketPath;
    if (path === undefined || (!path.startsWith('\0') && !existsSync(path))) return;
    void this.#connect(path).catch((error: unknown) => this.manager.onBug(error));
  }

  async #connect(path: string): Promise<void> {
    const { BusName: Name } = await import('./bus.js');
    this.#bus ??= new Name(this.manager, path, this.options.onExit);
    this.#bus.connect();
  }

  // As a ManagerObserver: a bus may have come since

  onReload(active: boolean): void {
    if (!active) this.#lookForBus();
  }

  onUnitChanged(unit: Unit): void {
    if (unit.subState === 'running' && unit.config?.type === 'socket' && unit.config.listen.some(({ text }) => text === this.#socketPath)) this.#lookForBus();
  }
}
