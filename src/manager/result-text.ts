/** The words for how a service ended. The stage and the number are there, so that a reader need not look them up. */
import type { ServiceConfig } from '../unit/config.js';
import type { ServiceData } from './service-machine.js';
import { exitResult, type ExitInfo, type ServiceResult } from './service-result.js';

/** What `result` means to a user, without the unit's name. */
export function describeResult(result: string, exit?: ExitInfo, config?: ServiceConfig): string {
  switch (result as ServiceResult) {
    case 'success':
      return 'Ended well';
    case 'resources':
      return 'A process could not be set up';
    case 'protocol':
      return protocolText(config);
    case 'timeout':
      return config === undefined
        ? 'It took too long'
        : `It took longer than it may (TimeoutStartSec=${seconds(config.timeoutStartMs)}, TimeoutStopSec=${seconds(config.timeoutStopMs)})`;
    case 'exit-code':
    case 'signal':
    case 'core-dump':
      return exit === undefined ? `A process of it failed (${result})` : exitText(exit);
    case 'watchdog':
      return 'It did not send WATCHDOG=1 in time';
    case 'start-limit-hit':
      return 'Start limit hit: it was started too often in too short a time, refusing to start it';
    case 'exec-condition':
      return 'ExecCondition= said that it is not to run';
  }
}

function protocolText(config: ServiceConfig | undefined): string {
  if (config?.serviceType === 'forking') return 'No main process was left when the command of ExecStart= had returned';
  return 'The main process left before it said READY=1 (Type=notify)';
}

function seconds(timeMs: number): string {
  return Number.isFinite(timeMs) ? `${timeMs / 1000}s` : 'infinity';
}

/** Exit codes that the helper between fork and exec uses; systemd.exec(5), "PROCESS EXIT CODES". */
const SETUP_CODES: Readonly<Record<number, string>> = {
  200: 'CHDIR',
  201: 'NICE',
  203: 'EXEC',
  205: 'LIMITS',
  206: 'OOM_ADJUST',
  210: 'CHROOT',
  216: 'GROUP',
  217: 'USER',
  219: 'CGROUP',
};

/** 'exited with code 203 (EXEC)', 'was ended by SIGKILL': what somebody did whose name stands before it. */
function endText(exit: ExitInfo): string {
  if (exit.code !== 'exited') return `was ended by ${exit.signal ?? `signal ${exit.status}`}${exit.code === 'dumped' ? ' and dumped core' : ''}`;
  const name = SETUP_CODES[exit.status];
  return `exited with code ${exit.status}${name === undefined ? '' : ` (${name})`}`;
}

export function exitText(exit: ExitInfo): string {
  return `The main process ${endText(exit)}`;
}

/** Why a service goes down because of one of its commands; undefined when it does not. */
export function controlFailure(config: ServiceConfig, control: ServiceData['control'], exit: ExitInfo): string | undefined {
  const command = control === undefined ? undefined : config[control.list][control.index];
  if (control === undefined || command === undefined || command.ignoreFailure) return undefined;
  if (control.list === 'execReload' || control.list === 'execCondition' || exitResult(exit, config.successExitStatus, false) === 'success') return undefined;
  const key = `E${control.list.slice(1)}=`;
  return `${key} (${command.path}) ${endText(exit)}`;
}
