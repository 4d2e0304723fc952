/** What the methods of all objects share: the manager, and systemd's view of units in it. */
import type { Scope } from '../load/scope.js';
import type { LoadedUnit, UnitStore } from '../load/unit-store.js';
import { subjectOf, unloadedSubject } from '../control/subject.js';
import type { Job } from '../manager/job.js';
import type { Manager } from '../manager/manager.js';
import type { Unit } from '../manager/unit.js';
import type { Subject } from '../properties/subject.js';
import { parseUnitName, templateOf } from '../unit/name.js';
import { CallError } from './names.js';
import type { Notifier } from './notifier.js';
import { scopesOf } from './scopes.js';

export class Api {
  constructor(
    readonly manager: Manager,
    readonly notifier: Notifier,
    readonly exit: () => void,
  ) {}

  get scope(): Scope {
    return this.manager.host.scope;
  }

  get store(): UnitStore {
    return this.manager.host.store;
  }

  /** Throws CallError: InvalidArgs. */
  checkName(name: string): void {
    if (parseUnitName(name) === undefined) throw CallError.standard('InvalidArgs', `Unit name ${name} is not valid.`);
    if (parseUnitName(name)?.instance === '') throw CallError.standard('InvalidArgs', `Unit name ${name} is missing the instance name.`);
  }

  /** A unit that the manager has, by its name or by another one of its names. */
  find(name: string): Unit | undefined {
    const known = this.manager.find(name);
    if (known !== undefined && known.loaded.loadState !== 'not-found') return known;
    const loaded = this.#load(name);
    return loaded.name === name ? known : this.manager.find(loaded.name);
  }

  /** Whatever the name stands for, also when nobody has asked the manager for it: it does not become one of its units by this. */
  subject(name: string): Subject {
    const scope = scopesOf(this.manager).find(name);
    if (scope !== undefined) return scopesOf(this.manager).subject(scope);
    const unit = this.find(name);
    return unit === undefined ? unloadedSubject(this.manager, this.#load(name)) : subjectOf(this.manager, unit);
  }

  /** A unit that is loaded or can be. Throws CallError: NoSuchUnit. */
  known(name: string): Subject {
    this.checkName(name);
    const subject = this.subject(name);
    if (subject.loaded.loadState === 'not-found' && subject.state.activeState === 'inactive') throw noSuchUnit(name);
    return subject;
  }

  job(id: number): Job | undefined {
    return this.manager.jobs.all.find((job) => job.id === id);
  }

  #load(name: string): LoadedUnit {
    // A template is no unit: it has no state.
    return templateOf(name) === undefined && parseUnitName(name)?.instance === ''
      ? { name, loadState: 'not-found', config: undefined, contents: undefined, diagnostics: [], changedMs: 0 }
      : this.store.load(name);
  }
}

export function noSuchUnit(name: string, word = 'loaded'): CallError {
  return CallError.systemd('NoSuchUnit', `Unit ${name} not ${word}.`);
}
