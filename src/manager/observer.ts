/** For those who follow a manager from outside (src/dbus): what happens to units and jobs, told after it has happened. Each listens to what it wants. */
import type { Job, JobEnd } from './job.js';
import type { Unit } from './unit.js';

export interface ManagerObserver {
  onUnitLoaded?(unit: Unit): void;
  onUnitGone?(unit: Unit): void;
  /** Its state, its job or its processes are others. */
  onUnitChanged?(unit: Unit): void;
  onJobQueued?(job: Job): void;
  onJobEnded?(job: Job, end: JobEnd): void;
  /** Before and after the files are read again. */
  onReload?(active: boolean): void;
}
