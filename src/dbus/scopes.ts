/**
 * Scopes: processes that somebody else started, together in a cgroup of their own; systemd.scope(5). Only clients that take rouse for systemd
 * make them (container runtimes, log-in managers), so they are known here and not to the manager: a scope is there while a process is in it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnitCgroup } from '../exec/cgroup.js';
import type { Manager } from '../manager/manager.js';
import { NO_STATE, offlineSubject, type Subject } from '../properties/subject.js';
import { CallError } from './names.js';

export interface Scope {
  readonly name: string;
  readonly cgroup: UnitCgroup;
  readonly startMs: number;
}

/** Between SIGTERM and SIGKILL; DefaultTimeoutStopSec= is a long time for what has no configuration. */
const STOP_MS = 10_000;

/** Of each manager one registry, whichever socket a client comes by. */
const registries = new WeakMap<Manager, Scopes>();

export function scopesOf(manager: Manager): Scopes {
  let scopes = registries.get(manager);
  if (scopes === undefined) registries.set(manager, (scopes = new Scopes(manager)));
  return scopes;
}

export class Scopes {
  readonly #scopes = new Map<string, Scope>();
  /** Called when the last process of a scope has gone. */
  readonly onGone = new Set<(name: string) => void>();

  constructor(readonly manager: Manager) {}

  get names(): readonly string[] {
    return [...this.#scopes.keys()];
  }

  find(name: string): Scope | undefined {
    return this.#scopes.get(name);
  }

  /** Moves the processes into a new cgroup. Throws CallError. */
  start(name: string, pids: readonly number[]): void {
    if (pids.length === 0) throw CallError.standard('InvalidArgs', `Scope ${name} has no processes: it takes PIDs=`);
    if (this.#scopes.has(name)) throw CallError.systemd('UnitExists', `Unit ${name} was already loaded or has a fragment file.`);
    const cgroup = UnitCgroup.open(this.manager.cgroups, name);
    if (cgroup === undefined) throw CallError.standard('NotSupported', 'This host gives rouse no cgroups, and a scope is one');
    try {
      for (const pid of pids) writeFileSync(join(cgroup.path, 'cgroup.procs'), String(pid));
    } catch (error) {
      cgroup.remove();
      throw CallError.standard('Failed', `Failed to move the processes into ${name}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
    }
    this.#scopes.set(name, { name, cgroup, startMs: Date.now() });
    cgroup.onChange(() => this.#settle(name));
  }

  /** SIGTERM to all, and SIGKILL to those that stay. */
  stop(name: string): void {
    this.signal(name, 'SIGTERM');
    setTimeout(() => this.#scopes.get(name)?.cgroup.killAll(), STOP_MS).unref();
  }

  signal(name: string, signal: NodeJS.Signals | number): void {
    for (const pid of this.#scopes.get(name)?.cgroup.pids() ?? []) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has just gone.
      }
    }
  }

  subject({ name, cgroup, startMs }: Scope): Subject {
    const base = offlineSubject({ name, loadState: 'loaded', config: undefined, contents: undefined, diagnostics: [], changedMs: 0 }, 'transient', []);
    const times = { stateChangeMs: startMs, inactiveExitMs: startMs, activeEnterMs: startMs };
    return { ...base, state: { ...NO_STATE, ...times, activeState: 'active', subState: 'running', unitFileState: 'transient', controlGroup: cgroup.name } };
  }

  #settle(name: string): void {
    const scope = this.#scopes.get(name);
    if (scope === undefined || scope.cgroup.populated) return;
    scope.cgroup.remove();
    this.#scopes.delete(name);
    for (const callback of this.onGone) callback(name);
  }
}
