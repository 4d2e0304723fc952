/**
 * Signals: what happens in the manager, told to every client of the private socket and, while somebody has subscribed there, on the bus.
 * Nobody listening costs nothing: the manager is then not followed.
 */
import { subjectOf } from '../control/subject.js';
import { isInactive } from '../manager/active-state.js';
import type { Job, JobEnd, JobResult } from '../manager/job.js';
import type { Manager } from '../manager/manager.js';
import type { ManagerObserver } from '../manager/observer.js';
import type { Unit } from '../manager/unit.js';
import { propertyTables } from '../properties/tables.js';
import type { Message } from './message.js';
import { BUS_NAME, jobPath, MANAGER_PATH, unitPath } from './names.js';
import { Variant, type Value } from './value.js';

export interface Listener {
  send(message: Message): void;
}

/** systemd's words, where ours are others: a condition that is not met is no failure of the job. */
const RESULTS: Partial<Record<JobResult, string>> = { skipped: 'done' };

export class Notifier implements ManagerObserver {
  readonly #listeners = new Set<Listener>();
  readonly #changed = new Set<Unit>();
  #signals: Message[] = [];
  #scheduled = false;

  constructor(readonly manager: Manager) {}

  add(listener: Listener): void {
    this.#listeners.add(listener);
    this.manager.observers.add(this);
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.manager.observers.delete(this);
  }

  /** After the reply to the call that is being answered. */
  signal(member: string, signature = '', body: readonly Value[] = [], path = MANAGER_PATH, interfaceName = `${BUS_NAME}.Manager`): void {
    this.#signals.push({ type: 'signal', path, interface: interfaceName, member, signature, body });
    this.#schedule();
  }

  /** A job that was done before it was one: its caller waits for these words all the same. */
  jobRemoved(id: number, unit: string, result: string): void {
    this.signal('JobRemoved', 'uoss', [id, jobPath(id), unit, result]);
  }

  // ManagerObserver

  onUnitLoaded(unit: Unit): void {
    this.signal('UnitNew', 'so', [unit.name, unitPath(unit.name)]);
  }

  onUnitGone(unit: Unit): void {
    this.signal('UnitRemoved', 'so', [unit.name, unitPath(unit.name)]);
  }

  onUnitChanged(unit: Unit): void {
    this.#changed.add(unit);
    this.#schedule();
  }

  onJobQueued({ id, unit }: Job): void {
    this.signal('JobNew', 'uos', [id, jobPath(id), unit]);
    this.#jobChanged(unit);
  }

  onJobEnded({ id, unit, type }: Job, { result }: JobEnd): void {
    const state = this.manager.find(unit)?.activeState;
    // What is not active has nothing to reload: no failure of the reload.
    const invalid = type === 'reload' && result === 'failed' && state !== undefined && isInactive(state);
    this.jobRemoved(id, unit, invalid ? 'invalid' : (RESULTS[result] ?? result));
    this.#jobChanged(unit);
  }

  onReload(active: boolean): void {
    this.signal('Reloading', 'b', [active]);
  }

  #jobChanged(name: string): void {
    const unit = this.manager.find(name);
    if (unit !== undefined) this.onUnitChanged(unit);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.manager.soon(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const signals = [...this.#signals, ...[...this.#changed].flatMap((unit) => this.#propertiesChanged(unit))];
    this.#signals = [];
    this.#changed.clear();
    for (const listener of this.#listeners) for (const signal of signals) listener.send(signal);
  }

  #propertiesChanged(unit: Unit): readonly Message[] {
    const subject = subjectOf(this.manager, unit);
    return propertyTables(unit.name).flatMap(({ interface: name, properties }): Message[] => {
      const changed = properties.flatMap((property): Value[] => {
        const value = property.live ? property.read(subject) : undefined;
        return value === undefined ? [] : [[property.name, new Variant(property.signature, value)]];
      });
      const body = [`${BUS_NAME}.${name}`, changed, []];
      return changed.length === 0
        ? []
        : [{ type: 'signal', path: unitPath(unit.name), interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged', signature: 'sa{sv}as', body }];
    });
  }
}
