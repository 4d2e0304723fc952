/**
 * A transaction: from one request to the jobs that it needs, merged to one job a unit, free of contradictions and of
 * ordering cycles. Pure: it asks a `TransactionView` about the units and changes nothing.
 *
 * The steps are systemd's (its D-Bus API's StartUnit, and systemd.unit(5)): collect the jobs that dependencies pull in;
 * drop what only optional dependencies want and cannot be had; merge; break cycles by dropping a job that the anchor does
 * not need; refuse when the anchor itself would have to go.
 */
import { isActive, isInactive, type ActiveState } from './active-state.js';
import type { Relation } from './graph.js';
import { collapseJobType, mergeJobTypes } from './job-merge.js';
import { isStopping, type JobMode, type JobType } from './job.js';

/** What a transaction may know of units. */
export interface TransactionView {
  /** undefined when it can be started; otherwise why not, in words. Loads the unit if it is not loaded yet. */
  startRefusal(unit: string): string | undefined;
  activeState(unit: string): ActiveState;
  related(unit: string, relation: Relation): readonly string[];
  /** For 'isolate': every loaded unit that is not to be left alone. */
  isolatable(): readonly string[];
}

export interface PlannedJob {
  readonly unit: string;
  readonly type: JobType;
  /** The anchor needs it: it fails when this fails. */
  readonly matters: boolean;
}

export type Transaction =
  | { readonly ok: true; readonly jobs: readonly PlannedJob[]; readonly notes: readonly string[] }
  | { readonly ok: false; readonly unit: string; readonly reason: 'load' | 'conflict' | 'cycle'; readonly message: string };

interface Draft {
  readonly unit: string;
  type: JobType;
  matters: boolean;
}

/** Which jobs on other units a job brings along: relation, job, and whether its failure is the anchor's. */
const PULLS: Readonly<Partial<Record<JobType, readonly (readonly [Relation, JobType, boolean])[]>>> = {
  start: [
    ['requires', 'start', true],
    ['bindsTo', 'start', true],
    ['requisite', 'verify-active', true],
    ['wants', 'start', false],
    ['upholds', 'start', false],
    ['conflicts', 'stop', true],
    ['conflicts-inverse', 'stop', false],
  ],
  stop: [
    ['requires-inverse', 'stop', true],
    ['bindsTo-inverse', 'stop', true],
    ['requisite-inverse', 'stop', true],
    ['partOf-inverse', 'stop', true],
    ['propagatesStopTo', 'stop', true],
    ['stopPropagatedFrom-inverse', 'stop', true],
  ],
  restart: [
    ['requires-inverse', 'try-restart', true],
    ['bindsTo-inverse', 'try-restart', true],
    ['requisite-inverse', 'try-restart', true],
    ['partOf-inverse', 'try-restart', true],
  ],
  reload: [
    ['propagatesReloadTo', 'reload', false],
    ['reloadPropagatedFrom-inverse', 'reload', false],
  ],
};

class RefusedError extends Error {
  constructor(
    readonly unit: string,
    readonly reason: 'load' | 'conflict' | 'cycle',
    message: string,
  ) {
    super(message);
  }
}

/** Plans `type` for `anchor`. `notes` say what was dropped, each beginning with a unit's name. */
export function planTransaction(view: TransactionView, anchor: string, type: JobType, mode: JobMode): Transaction {
  try {
    return { ok: true, ...new Planner(view, anchor, mode).plan(type) };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { ok: false, unit: error.unit, reason: error.reason, message: error.message };
  }
}

class Planner {
  /** By unit and type, in the order in which they were asked for. */
  readonly #drafts = new Map<string, Draft>();
  readonly #notes: string[] = [];

  constructor(
    readonly view: TransactionView,
    readonly anchor: string,
    readonly mode: JobMode,
  ) {}

  plan(type: JobType): { jobs: readonly PlannedJob[]; notes: readonly string[] } {
    this.#collect(this.anchor, type, true);
    if (this.mode === 'isolate') this.#stopTheRest();
    this.#collapse();
    // What is as it should be already is in nobody's way, and need not be looked at: half of all units are ordered after sysinit.target.
    let jobs = new Map([...this.#merge()].filter(([, job]) => !this.#isRedundant(job)));
    for (let cycle = this.#findCycle(jobs); cycle !== undefined; cycle = this.#findCycle(jobs)) jobs = this.#breakCycle(jobs, cycle);
    return { jobs: [...jobs.values()], notes: this.#notes };
  }

  #collect(unit: string, type: JobType, matters: boolean): void {
    const key = `${unit} ${type}`;
    const known = this.#drafts.get(key);
    if (known !== undefined && (known.matters || !matters)) return;
    if (type === 'start' || type === 'verify-active') {
      const refusal = this.view.startRefusal(unit);
      if (refusal !== undefined) throw new RefusedError(unit, 'load', refusal);
    }
    if (known !== undefined) known.matters = true;
    else this.#drafts.set(key, { unit, type, matters });
    if (this.mode === 'ignore-dependencies') return;
    for (const [relation, pulled, needed] of PULLS[type === 'try-restart' ? 'restart' : type] ?? []) {
      for (const other of this.view.related(unit, relation)) this.#pull(unit, other, pulled, needed, matters && needed);
    }
  }

  /** An optional dependency that cannot be had is left out with a note; a required one refuses the transaction. */
  #pull(unit: string, other: string, type: JobType, needed: boolean, matters: boolean): void {
    if ((type === 'stop' || type === 'try-restart') && isInactive(this.view.activeState(other)) && !needed) return;
    const before = this.#drafts.size;
    try {
      this.#collect(other, type, matters);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (needed) throw new RefusedError(error.unit, error.reason, `${unit} needs ${other}: ${error.message}`);
      if (this.#drafts.size > before) for (const key of [...this.#drafts.keys()].slice(before)) this.#drafts.delete(key);
      // A wanted unit that is not there is the ordinary case, and one that does not load has said so when it was read.
      if (error.reason !== 'load') this.#notes.push(`${unit}: Cannot add a ${type} job for ${other}, going on without it: ${error.message}`);
    }
  }

  #stopTheRest(): void {
    const wanted = new Set([...this.#drafts.values()].map((draft) => draft.unit));
    for (const unit of this.view.isolatable()) {
      if (!wanted.has(unit) && !isInactive(this.view.activeState(unit))) this.#drafts.set(`${unit} stop`, { unit, type: 'stop', matters: false });
    }
  }

  #collapse(): void {
    for (const draft of this.#drafts.values()) draft.type = collapseJobType(draft.type, !isInactive(this.view.activeState(draft.unit)));
  }

  #merge(): Map<string, PlannedJob> {
    const merged = new Map<string, Draft>();
    for (const draft of this.#drafts.values()) {
      if (draft.type === 'nop') continue;
      const other = merged.get(draft.unit);
      merged.set(draft.unit, other === undefined ? { ...draft } : this.#mergeTwo(other, draft));
    }
    return merged;
  }

  #mergeTwo(a: Draft, b: Draft): Draft {
    const type = mergeJobTypes(a.type, b.type);
    const matters = a.matters || b.matters;
    if (type !== undefined) return { unit: a.unit, type: collapseJobType(type, isActive(this.view.activeState(a.unit))), matters };
    if (a.matters && b.matters) {
      throw new RefusedError(a.unit, 'conflict', `${a.unit} would have to ${a.type} and to ${b.type} at once: its dependencies contradict each other`);
    }
    const kept = a.matters || (!b.matters && a.type === 'stop') ? a : b;
    const dropped = kept === a ? b : a;
    this.#notes.push(`${a.unit}: Dropped the ${dropped.type} job, which contradicts its ${kept.type} job`);
    return kept;
  }

  /** A start of what runs already, or a stop of what does not. The anchor stays: its caller waits for an answer. */
  #isRedundant(job: PlannedJob): boolean {
    if (job.unit === this.anchor) return false;
    const state = this.view.activeState(job.unit);
    if (job.type === 'start' || job.type === 'verify-active') return isActive(state);
    return job.type === 'stop' && isInactive(state);
  }

  /** Units of an ordering cycle among the planned jobs, first to last; undefined when there is none. */
  #findCycle(jobs: ReadonlyMap<string, PlannedJob>): readonly string[] | undefined {
    const done = new Set<string>();
    const path: string[] = [];
    const visit = (unit: string): readonly string[] | undefined => {
      if (done.has(unit)) return undefined;
      const at = path.indexOf(unit);
      if (at >= 0) return path.slice(at);
      path.push(unit);
      for (const other of waitsFor(this.view, jobs, unit)) {
        const cycle = visit(other);
        if (cycle !== undefined) return cycle;
      }
      path.pop();
      done.add(unit);
      return undefined;
    };
    for (const unit of jobs.keys()) {
      const cycle = visit(unit);
      if (cycle !== undefined) return cycle;
    }
    return undefined;
  }

  #breakCycle(jobs: Map<string, PlannedJob>, cycle: readonly string[]): Map<string, PlannedJob> {
    const words = [...cycle, cycle[0]].join(' after ');
    const victim = cycle.findLast((unit) => unit !== this.anchor && jobs.get(unit)?.matters === false);
    if (victim === undefined) throw new RefusedError(this.anchor, 'cycle', `The order of its units is a cycle: ${words}`);
    this.#notes.push(`${victim}: Dropped the ${jobs.get(victim)?.type} job, to break an ordering cycle: ${words}`);
    jobs.delete(victim);
    return jobs;
  }
}

type JobTypes = ReadonlyMap<string, { readonly type: JobType }>;

/**
 * Units whose jobs a unit's job has to wait for. A stop goes before a start; among starts, After= decides; among stops,
 * its inverse (systemd.unit(5), Before=).
 */
export function waitsFor(view: Pick<TransactionView, 'related'>, jobs: JobTypes, unit: string): readonly string[] {
  const job = jobs.get(unit);
  if (job === undefined || job.type === 'nop') return [];
  const has = (other: string): boolean => jobs.has(other) && jobs.get(other)?.type !== 'nop';
  const after = view.related(unit, 'after').filter((other) => has(other) && !isStopping(job.type));
  const before = view.related(unit, 'before').filter((other) => has(other) && isStopping(jobs.get(other)?.type ?? 'nop'));
  const stoppedFirst = isStopping(job.type) ? [] : after;
  return [...stoppedFirst, ...before];
}
