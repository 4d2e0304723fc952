/**
 * The jobs that are queued: one a unit. A job runs when nothing that it is ordered after has a job; it ends with a state of
 * its unit. Jobs are only changed here.
 */
import { isActive, isInactive } from './active-state.js';
import { mergeJobTypes } from './job-merge.js';
import { isStarting, type Job, type JobEnd, type JobMode, type JobType } from './job.js';
import type { Manager } from './manager.js';
import { ServiceUnit } from './service.js';
import { waitsFor, type PlannedJob } from './transaction.js';
import type { JobProgress, Unit } from './unit.js';

export class JobQueue {
  readonly #jobs = new Map<string, Job>();
  /** Units whose jobs may be able to run: something that they could have waited for has changed since they were last looked at. */
  readonly #due = new Set<string>();
  #lastId = 0;
  #running = false;

  constructor(readonly manager: Manager) {}

  has(unit: string): boolean {
    return this.#jobs.has(unit);
  }

  get(unit: string): Job | undefined {
    return this.#jobs.get(unit);
  }

  get isEmpty(): boolean {
    return this.#jobs.size === 0;
  }

  get all(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** How many jobs there have been. */
  get lastId(): number {
    return this.#lastId;
  }

  /** A number that no other job has: for a request that was met before there was a job. */
  takeId(): number {
    return ++this.#lastId;
  }

  /** Takes planned jobs in. With mode 'fail', a job that contradicts a queued one refuses all of them. */
  install(planned: readonly PlannedJob[], anchor: string, mode: JobMode, onEnd: (end: JobEnd) => void): void {
    const clash = mode === 'fail' ? planned.find(({ unit, type }) => this.#contradicts(unit, type)) : undefined;
    if (clash !== undefined) {
      return onEnd({
        result: 'canceled',
        message: `${clash.unit}: Another job is queued for it, refusing to replace it`,
        hint: '--job-mode=replace',
        refused: { reason: 'destructive', unit: clash.unit },
      });
    }
    for (const { unit, type } of planned) this.#add(unit, type, mode, unit === anchor ? onEnd : undefined);
    if (!planned.some(({ unit }) => unit === anchor)) onEnd({ result: 'done' });
    this.run();
  }

  #contradicts(unit: string, type: JobType): boolean {
    const queued = this.#jobs.get(unit);
    return queued !== undefined && mergeJobTypes(queued.type, type) === undefined;
  }

  #add(unit: string, type: JobType, mode: JobMode, onEnd: ((end: JobEnd) => void) | undefined): void {
    const queued = this.#jobs.get(unit);
    const merged = queued === undefined ? undefined : mergeJobTypes(queued.type, type);
    if (queued !== undefined && merged !== undefined) {
      // A running start that becomes a restart has to run again.
      if (merged !== queued.type) queued.state = 'waiting';
      queued.type = merged;
      this.#due.add(unit);
      if (onEnd !== undefined) queued.onEnd.push(onEnd);
      return;
    }
    if (queued !== undefined) this.finish(queued, { result: 'canceled', message: `${unit}: Its ${queued.type} job was replaced by a ${type} job` });
    const job: Job = { id: ++this.#lastId, unit, type, state: 'waiting', onEnd: onEnd === undefined ? [] : [onEnd], ignoreOrder: mode === 'ignore-dependencies', timer: undefined };
    const timeoutMs = this.manager.find(unit)?.config?.jobTimeoutMs ?? Infinity;
    if (timeoutMs < 2 ** 31) job.timer = setTimeout(() => this.finish(job, { result: 'timeout', message: `${unit}: Its ${type} job took longer than JobTimeoutSec=` }), timeoutMs);
    this.#jobs.set(unit, job);
    this.#due.add(unit);
    this.manager.tell((observer) => observer.onJobQueued?.(job));
  }

  /** Runs every job whose order is met, until none is left that is. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      // What becomes due meanwhile has its turn in the same loop.
      for (const unit of this.#due) this.#look(unit);
    } finally {
      this.#running = false;
    }
  }

  #look(unit: string): void {
    this.#due.delete(unit);
    const job = this.#jobs.get(unit);
    if (job?.state !== 'waiting' || this.#isGoingDown(job)) return;
    if (job.ignoreOrder || waitsFor(this.#view, this.#jobs, unit).length === 0) this.#runOne(job);
  }

  readonly #view = { related: (...args: Parameters<Manager['graph']['get']>): readonly string[] => this.manager.graph.get(...args) };

  /** Whatever may have waited for this unit's job is to be looked at again. */
  #freeWaiting(unit: string): void {
    for (const relation of ['before', 'after'] as const) for (const other of this.manager.graph.get(unit, relation)) if (this.#jobs.has(other)) this.#due.add(other);
  }

  /** The order of units has changed. */
  onReordered(): void {
    for (const unit of this.#jobs.keys()) this.#due.add(unit);
    this.#later();
  }

  /** A unit that still stops cannot start: its start has its turn when it is down. */
  #isGoingDown(job: Job): boolean {
    return isStarting(job.type) && this.manager.find(job.unit)?.activeState === 'deactivating';
  }

  #runOne(job: Job): void {
    job.state = 'running';
    const unit = this.manager.find(job.unit);
    if (unit === undefined) return this.finish(job, { result: 'failed', message: `Unit ${job.unit} is gone` });
    const { type } = job;
    let progress: JobProgress;
    try {
      progress = this.#begin(unit, job);
    } catch (error) {
      // A bug in one unit's code fails its job, and no other.
      this.manager.onBug(error);
      progress = { result: 'failed', message: `${unit.name}: Internal error: ${error instanceof Error ? error.message : String(error)}` };
    }
    // The unit may have ended the job already, or made the start of a restart of it, from within.
    if (progress !== 'running' && this.#jobs.get(job.unit) === job && job.type === type) this.#onProgress(unit, job, progress);
  }

  #begin(unit: Unit, job: Job): JobProgress {
    switch (job.type) {
      case 'start':
        return this.#beginStart(unit);
      case 'verify-active':
        return isActive(unit.activeState) ? { result: 'done' } : { result: 'failed', message: `${unit.name}: It is not active, as Requisite= asks` };
      case 'stop':
      case 'restart':
        return isInactive(unit.activeState) && unit.subState !== 'auto-restart' ? { result: 'done' } : unit.stop();
      case 'reload':
        return unit.reload();
      case 'try-restart':
      case 'reload-or-start':
      case 'nop':
        return { result: 'done' };
    }
  }

  #beginStart(unit: Unit): JobProgress {
    if (isActive(unit.activeState)) return { result: 'done' };
    const unmet = isInactive(unit.activeState) ? this.manager.unmetCondition(unit) : undefined;
    if (unmet !== undefined) {
      unit.reason = unmet.message;
      this.manager.say(unit, unmet.message);
      return unmet.assert ? { result: 'assert', message: `${unit.name}: ${unmet.message}` } : { result: 'skipped', message: `${unit.name}: ${unmet.message}` };
    }
    const missing = isInactive(unit.activeState) ? this.#missingBinding(unit) : undefined;
    if (missing !== undefined) return { result: 'dependency', message: `${unit.name}: It is bound to ${missing}, which is not active, refusing to start it` };
    return unit.start();
  }

  /** systemd.unit(5), BindsTo=: with After=, what a unit is bound to has to be up before it. */
  #missingBinding(unit: Unit): string | undefined {
    const { graph } = this.manager;
    const after = graph.get(unit.name, 'after');
    return graph.get(unit.name, 'bindsTo').find((name) => after.includes(name) && !isActive(this.manager.find(name)?.activeState ?? 'inactive'));
  }

  #onProgress(unit: Unit, job: Job, end: JobEnd): void {
    if (job.type === 'restart' && end.result === 'done') return this.#becomeStart(job);
    this.finish(job, end);
    if (end.result === 'failed' && unit.reason === undefined) unit.reason = end.message;
  }

  /** The stop of a restart is done: from now on it is a start, and waits for its turn as one. */
  #becomeStart(job: Job): void {
    job.type = 'start';
    job.state = 'waiting';
    this.#due.add(job.unit);
    this.#freeWaiting(job.unit);
    this.#later();
  }

  /** Whether the change was what the unit's job wanted. */
  onState(unit: Unit): boolean {
    const job = this.#jobs.get(unit.name);
    if (job === undefined) return false;
    if (job.state !== 'running') {
      this.#due.add(unit.name);
      this.#later();
      return false;
    }
    const end = jobEnd(job.type, unit);
    const wanted = job.type === 'stop' || job.type === 'restart' || isActive(unit.activeState);
    if (end !== undefined) this.#onProgress(unit, job, end);
    return wanted;
  }

  finish(job: Job, end: JobEnd): void {
    if (this.#jobs.get(job.unit) !== job) return;
    clearTimeout(job.timer);
    this.#jobs.delete(job.unit);
    this.#freeWaiting(job.unit);
    for (const callback of job.onEnd) callback(end);
    this.manager.tell((observer) => observer.onJobEnded?.(job, end));
    if (end.result !== 'done' && end.result !== 'skipped' && isStarting(job.type)) this.#failDependents(job, end);
    this.#later();
  }

  /** What requires a unit that could not be started is not started either. */
  #failDependents(job: Job, end: JobEnd): void {
    const why = end.message ?? `${job.unit} could not be started`;
    for (const relation of ['requires-inverse', 'bindsTo-inverse', 'requisite-inverse'] as const) {
      for (const name of this.manager.graph.get(job.unit, relation)) {
        const dependent = this.#jobs.get(name);
        if (dependent !== undefined && isStarting(dependent.type) && dependent.state === 'waiting') {
          this.finish(dependent, { result: 'dependency', message: `${name}: Its dependency ${job.unit} failed: ${why}`, ...(end.hint === undefined ? {} : { hint: end.hint }) });
        }
      }
    }
  }

  #later(): void {
    this.manager.soon(() => this.run());
  }
}

/** How a unit's state ends a running job; undefined: not yet. */
function jobEnd(type: JobType, unit: Unit): JobEnd | undefined {
  const { activeState } = unit;
  switch (type) {
    case 'start':
    case 'verify-active':
    case 'reload-or-start':
      if (isActive(activeState)) return { result: 'done' };
      if (activeState === 'failed') return failed(unit);
      return activeState === 'inactive' ? { result: 'done' } : undefined;
    case 'stop':
    case 'restart':
    case 'try-restart':
      return isInactive(activeState) ? { result: 'done' } : undefined;
    case 'reload':
      if (activeState === 'active')
        return unit instanceof ServiceUnit && unit.reloadResult !== 'success'
          ? { result: 'failed', message: `${unit.name}: Its reload failed (${unit.reloadResult})` }
          : { result: 'done' };
      return isInactive(activeState) ? failed(unit) : undefined;
    case 'nop':
      return { result: 'done' };
  }
}

function failed(unit: Unit): JobEnd {
  return { result: 'failed', message: `${unit.name}: ${unit.reason ?? `Failed with result '${unit.result}'`}`, ...(unit.hint === undefined ? {} : { hint: unit.hint }) };
}
