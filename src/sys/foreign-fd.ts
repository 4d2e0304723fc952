/** Descriptors of another process: a copy of one, and its flags; pidfd_getfd(2), proc_pid_fdinfo(5). */
import { readFileSync } from 'node:fs';
import { Fd } from './fd.js';
import * as libc from './libc.js';

/** The same on every architecture. */
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;
/** <linux/pidfd.h>, since Linux 6.9: the thread itself, whose table of descriptors may be its own. */
const PIDFD_THREAD = 0o200;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** The same open file as descriptor `number` of a thread; undefined when there is none, or it is not ours to see. */
export function copyDescriptor(tid: number, number: number): Fd | undefined {
  const pidfd = openThread(tid);
  if (pidfd === undefined) return undefined;
  const copied = libc.syscall(SYS_pidfd_getfd, pidfd.number, number, 0, 0);
  pidfd.close();
  return copied < 0 ? undefined : new Fd(copied);
}

function openThread(tid: number): Fd | undefined {
  const opened = libc.syscall(SYS_pidfd_open, tid, PIDFD_THREAD, 0, 0);
  if (opened >= 0) return new Fd(opened);
  const leader = libc.syscall(SYS_pidfd_open, leaderOf(tid), 0, 0, 0);
  return leader < 0 ? undefined : new Fd(leader);
}

/** An older kernel knows processes only; their threads share one table of descriptors, as good as always. */
function leaderOf(tid: number): number {
  return Number(/^Tgid:\s*(\d+)$/m.exec(readQuietly(`/proc/${tid}/status`))?.[1] ?? tid);
}

export interface DescriptorFlags {
  readonly nonblocking: boolean;
  readonly cloexec: boolean;
}

/** undefined where /proc does not show it. */
export function descriptorFlags(tid: number, number: number): DescriptorFlags | undefined {
  const text = /^flags:\s*([0-7]+)$/m.exec(readQuietly(`/proc/${tid}/fdinfo/${number}`))?.[1];
  if (text === undefined) return undefined;
  const flags = Number.parseInt(text, 8);
  return { nonblocking: (flags & O_NONBLOCK) !== 0, cloexec: (flags & O_CLOEXEC) !== 0 };
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
