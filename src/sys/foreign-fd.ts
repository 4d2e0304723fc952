/** What another process has: a copy of one of its descriptors, the flags of that, its paths; pidfd_getfd(2), proc_pid_fdinfo(5). */
import { constants, readFileSync, readlinkSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { Fd } from './fd.js';
import * as libc from './libc.js';

/** The same on every architecture. */
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;
/** <linux/pidfd.h>, since Linux 6.9: the thread itself, whose table of descriptors may be its own. */
const PIDFD_THREAD = 0o200;
const SYS_openat2 = 437;
/** <linux/openat2.h> */
const RESOLVE_IN_ROOT = 0x10n;
/** <asm-generic/fcntl.h>; arm64 has another O_DIRECTORY. */
const O_DIRECTORY = constants.O_DIRECTORY;
const O_PATH = 0o10000000;
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

/** Whether it is closed when the process executes another program; false where /proc does not show it. */
export function closesOnExec(tid: number, number: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readQuietly(`/proc/${tid}/fdinfo/${number}`))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
}

/** An absolute path as the process means it, in its own tree of files. */
export function resolvePath(tid: number, path: string): string {
  if (path.startsWith('/')) return normalize(path);
  try {
    return join(readlinkSync(`/proc/${tid}/cwd`), path);
  } catch {
    return path;
  }
}

/** A folder of the process's own tree; links lead nowhere else (openat2(2)). undefined: there is none, or it is not ours to see. */
export function openFolder(tid: number, path: string): Fd | undefined {
  const root = libc.open(`/proc/${tid}/root`, O_PATH | O_CLOEXEC);
  if (root < 0) return undefined;
  const relative = Buffer.from(`.${path}\0`);
  // struct open_how: flags, mode, resolve.
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(O_PATH | O_DIRECTORY | O_CLOEXEC), 0);
  how.writeBigUInt64LE(RESOLVE_IN_ROOT, 16);
  const folder = libc.syscall(SYS_openat2, root, Number(libc.addressOf(relative)), Number(libc.addressOf(how)), how.length);
  libc.close(root);
  return folder < 0 ? undefined : new Fd(folder);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
