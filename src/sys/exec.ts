/** Becoming another program in the same process: execve(2), with descriptors from 3 on. */
import { readFileSync } from 'node:fs';
import { check } from './fd.js';
import * as libc from './libc.js';

/** <asm-generic/fcntl.h>, <bits/resource.h> */
const F_SETFD = 2;
const F_DUPFD_CLOEXEC = 1030;
export const RLIMIT_NOFILE = 7;
const FIRST = 3;

export interface ExecRequest {
  /** Absolute. */
  readonly path: string;
  readonly argv: readonly string[];
  /** 'NAME=value' */
  readonly env: readonly string[];
  /** fds[i] becomes descriptor 3 + i. */
  readonly fds: readonly number[];
}

/**
 * Keeps the pid, and the standard descriptors. Does not return: whatever Node had, its event loop included, is overwritten by the
 * descriptors. Throws SysError when it fails before that; ends the process when execve(2) itself fails, which it does for a
 * `path` that is no program.
 */
export function become({ path, argv, env, fds }: ExecRequest): never {
  // Above all numbers that take part, so that no source is overwritten before its turn; dup2 clears FD_CLOEXEC.
  const above = Math.max(FIRST + fds.length, ...fds) + 1;
  const moved = fds.map((fd) => check('fcntl', libc.fcntl(fd, F_DUPFD_CLOEXEC, above)));
  moved.forEach((fd, i) => check('dup2', libc.dup2(fd, FIRST + i)));
  for (const standard of [0, 1, 2]) libc.fcntl(standard, F_SETFD, 0);
  libc.execve(path, [...argv, null], [...env, null]);
  const text = `Failed to execute ${path}: ${libc.strerror(libc.errno())}\n`;
  libc.write(2, Buffer.from(text), Buffer.byteLength(text));
  return libc.exitNow(1);
}

/**
 * Node raises its soft limit of open files to the hard one, and a program that it becomes or starts would inherit that. Its parent
 * has the limit that it was given, or else nobody knows it.
 */
export function givenFileLimit(): { readonly soft: number; readonly hard: number } | undefined {
  const own = fileLimit('self');
  const given = fileLimit(String(process.ppid));
  return own === undefined || given === undefined || given.hard !== own.hard ? undefined : given;
}

function fileLimit(pid: string): { readonly soft: number; readonly hard: number } | undefined {
  try {
    const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
    return soft === undefined || hard === undefined ? undefined : { soft: limit(soft), hard: limit(hard) };
  } catch {
    return undefined;
  }
}

function limit(text: string): number {
  return text === 'unlimited' ? Infinity : Number(text);
}
