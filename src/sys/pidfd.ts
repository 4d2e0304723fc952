/** Processes by descriptor, so that a number cannot come to mean another one; pidfd_open(2), waitid(2). */
import { constants } from 'node:os';
import { SysError } from './errno.js';
import { check, Fd } from './fd.js';
import * as libc from './libc.js';

/** The same on every architecture since Linux 5.3. */
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const P_PID = 1;
const P_PIDFD = 3;
const WNOHANG = 1;
const WEXITED = 4;
const CLD = { exited: 1, killed: 2, dumped: 3 } as const;

export interface ExitInfo {
  readonly code: 'exited' | 'killed' | 'dumped';
  /** The exit code, or the signal's number. */
  readonly status: number;
  readonly signal?: string;
}

/** Throws SysError (ESRCH: no such process). */
export function openPidfd(pid: number): Fd {
  return new Fd(check('pidfd_open', libc.syscall(SYS_pidfd_open, pid, 0, 0, 0)));
}

/** Throws SysError (ESRCH: it has gone). */
export function sendSignal(pidfd: Fd, signal: string): void {
  check('pidfd_send_signal', libc.syscall(SYS_pidfd_send_signal, pidfd.number, signalNumber(signal), 0, 0));
}

/** undefined while it runs. Throws SysError (ECHILD: not our child). */
export function waitExited(pidfd: Fd): ExitInfo | undefined {
  return wait(P_PIDFD, pidfd.number);
}

/** Reaps an adopted orphan; undefined when it still runs or is not ours. */
export function reapOrphan(pid: number): ExitInfo | undefined {
  try {
    return wait(P_PID, pid);
  } catch (error) {
    if (error instanceof SysError && error.code === 'ECHILD') return undefined;
    throw error;
  }
}

function wait(idType: number, id: number): ExitInfo | undefined {
  const info = Buffer.alloc(128);
  check('waitid', libc.waitid(idType, id, info, WEXITED | WNOHANG));
  // siginfo_t: signo, errno, code, (padding,) pid, uid, status.
  if (info.readInt32LE(0) === 0) return undefined;
  const status = info.readInt32LE(24);
  switch (info.readInt32LE(8)) {
    case CLD.killed:
      return { code: 'killed', status, signal: signalName(status) };
    case CLD.dumped:
      return { code: 'dumped', status, signal: signalName(status) };
    default:
      return { code: 'exited', status };
  }
}

const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** 'SIGTERM', 'SIGRTMIN+3' to their numbers; signal(7). Throws RangeError for what is none. */
export function signalNumber(name: string): number {
  const plain = (constants.signals as Readonly<Record<string, number>>)[name];
  if (plain !== undefined) return plain;
  const realTime = /^SIGRT(MIN|MAX)(?:([+-]\d+))?$/.exec(name);
  const number = realTime === null ? Number(name) : (realTime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX) + Number(realTime[2] ?? 0);
  if (!Number.isInteger(number) || number < 1 || number > SIGRTMAX) throw new RangeError(`'${name}' is not a signal`);
  return number;
}

export function signalName(number: number): string {
  const plain = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return plain ?? (number >= SIGRTMIN ? `SIGRTMIN+${number - SIGRTMIN}` : `signal ${number}`);
}
