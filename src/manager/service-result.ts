/** How a run of a service ended, and whether another one follows; systemd.service(5), Restart= and its table. */
import type { ExitStatusSet, ServiceConfig } from '../unit/config.js';
import type { ServiceData } from './service-machine.js';

export type ServiceResult = 'success' | 'resources' | 'protocol' | 'timeout' | 'exit-code' | 'signal' | 'core-dump' | 'watchdog' | 'start-limit-hit' | 'exec-condition';

/** As waitid(2) reports it. */
export interface ExitInfo {
  readonly code: 'exited' | 'killed' | 'dumped';
  /** The exit code, or the signal's number. */
  readonly status: number;
  /** 'SIGTERM' …, when a signal ended it. */
  readonly signal?: string;
}

/** Signals that count as a clean end of a daemon; systemd.service(5), SuccessExitStatus=. */
const CLEAN_SIGNALS: readonly string[] = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];

/** `daemon` is true for the main process: the signals that stop a daemon are then a clean end. */
export function exitResult(exit: ExitInfo, extra: ExitStatusSet, daemon: boolean): ServiceResult {
  if (exit.code === 'exited') return exit.status === 0 || extra.codes.includes(exit.status) ? 'success' : 'exit-code';
  const signal = exit.signal ?? '';
  if ((daemon && CLEAN_SIGNALS.includes(signal)) || extra.signals.includes(signal)) return 'success';
  return exit.code === 'dumped' ? 'core-dump' : 'signal';
}

const ABNORMAL = new Set<ServiceResult>(['resources', 'protocol', 'timeout', 'signal', 'core-dump', 'watchdog']);

function isIn(set: ExitStatusSet, exit: ExitInfo | undefined): boolean {
  if (exit === undefined) return false;
  return exit.code === 'exited' ? set.codes.includes(exit.status) : set.signals.includes(exit.signal ?? '');
}

export function shouldRestart(config: ServiceConfig, data: ServiceData): boolean {
  const { result, lastExit } = data;
  if (data.forbidRestart || data.startLimitHit || result === 'exec-condition') return false;
  if (isIn(config.restartPreventExitStatus, lastExit)) return false;
  if (isIn(config.restartForceExitStatus, lastExit)) return true;
  switch (config.restart) {
    case 'no':
      return false;
    case 'always':
      return true;
    case 'on-success':
      return result === 'success';
    case 'on-failure':
      return result !== 'success';
    case 'on-abnormal':
      return ABNORMAL.has(result);
    case 'on-watchdog':
      return result === 'watchdog';
    case 'on-abort':
      return result === 'signal' || result === 'core-dump';
  }
}
