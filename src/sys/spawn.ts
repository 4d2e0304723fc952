/**
 * Starting a process: posix_spawn(3), which does not copy this process as fork(2) does, of rouse-exec, which sets up what
 * posix_spawn cannot and becomes the program.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SysError } from './errno.js';
import { Fd } from './fd.js';
import * as libc from './libc.js';
import { openPidfd } from './pidfd.js';
import { pipe } from './pipe.js';

export interface ExecSetup {
  readonly newSession?: boolean;
  /** Fills in LISTEN_PID= and WATCHDOG_PID=. */
  readonly listenPid?: boolean;
  /** Path of a cgroup.procs to join. */
  readonly cgroupProcs?: string;
  /** Numbers of getrlimit(2); Infinity for no limit. */
  readonly limits?: readonly { readonly resource: number; readonly soft: number; readonly hard: number }[];
  readonly umask?: number;
  readonly nice?: number;
  readonly oomScoreAdjust?: number;
  readonly supplementaryGroups?: readonly number[];
  readonly gid?: number;
  readonly uid?: number;
  readonly noNewPrivileges?: boolean;
  readonly ignoreSigpipe?: boolean;
  readonly workingDirectory?: string;
  readonly workingDirectoryOptional?: boolean;
  readonly rootDirectory?: string;
}

export interface SpawnRequest {
  /** Absolute. */
  readonly path: string;
  readonly argv: readonly string[];
  /** 'NAME=value' */
  readonly env: readonly string[];
  /** fds[i] is descriptor i of the process; lent. */
  readonly fds: readonly number[];
  readonly setup: ExecSetup;
}

export interface SpawnedProcess {
  readonly pid: number;
  readonly pidfd: Fd;
  /** Readable when execve() has succeeded (end of file) or something before it has failed (`readExecResult`). */
  readonly execResult: Fd;
}

const POSIX_SPAWN_SETSIGDEF = 4;
const POSIX_SPAWN_SETSIGMASK = 8;
/** Room for glibc's and musl's posix_spawn_file_actions_t and posix_spawnattr_t, and more. */
const OPAQUE = 512;

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

let helper: string | undefined;

/** Where rouse-exec is, from the sources as from the bundle. Throws when there is none for this machine. */
export function helperPath(): string {
  if (helper !== undefined) return helper;
  const name = `rouse-exec.${MACHINES[process.arch] ?? process.arch}`;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'native', 'rouse-exec', name);
    if (existsSync(path)) return (helper = path);
    if (folder === dirname(folder)) throw new Error(`No native/rouse-exec/${name}: build it with native/rouse-exec/build.sh`);
  }
}

/** Throws SysError. */
export function spawn(request: SpawnRequest): SpawnedProcess {
  const result = pipe();
  try {
    const pid = posixSpawn(request, result.write.number);
    return { pid, pidfd: openPidfd(pid), execResult: result.read };
  } catch (error) {
    result.read.close();
    throw error;
  } finally {
    result.write.close();
  }
}

function posixSpawn(request: SpawnRequest, errorFd: number): number {
  const errorTarget = request.fds.length;
  const argv = ['rouse-exec', `E${errorTarget}`, `K${errorTarget}`, ...setupWords(request.setup), '--', request.path, ...request.argv];
  // Ten digits of room behind LISTEN_PID=, which rouse-exec fills in.
  const env = request.env.map((entry) => (entry === 'LISTEN_PID=' || entry === 'WATCHDOG_PID=' ? `${entry}0000000000` : entry));
  const actions = Buffer.alloc(OPAQUE);
  const attributes = Buffer.alloc(OPAQUE);
  const pid = Buffer.alloc(4);
  libc.spawnActionsInit(actions);
  libc.spawnAttrInit(attributes);
  try {
    addMoves(actions, [...request.fds, errorFd]);
    libc.spawnAttrSetSigdefault(attributes, Buffer.alloc(128, 0xff));
    libc.spawnAttrSetSigmask(attributes, Buffer.alloc(128));
    libc.spawnAttrSetFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const error = libc.posixSpawn(pid, helperPath(), actions, attributes, [...argv, null], [...env, null]);
    if (error !== 0) throw new SysError('posix_spawn', error);
    return pid.readInt32LE();
  } finally {
    libc.spawnActionsDestroy(actions);
    libc.spawnAttrDestroy(attributes);
  }
}

/**
 * dup2 onto 0, 1, 2 … would overwrite a source that is still needed. So every source first goes to a number above all that
 * take part, and from there to its place; what is left above is closed by rouse-exec.
 */
function addMoves(actions: Buffer, fds: readonly number[]): void {
  const above = Math.max(fds.length, ...fds) + 1;
  fds.forEach((fd, i) => libc.spawnActionsDup2(actions, fd, above + i));
  fds.forEach((_, i) => libc.spawnActionsDup2(actions, above + i, i));
}

/** The order matters: what needs privileges comes before the user changes, the folder after. */
function setupWords(setup: ExecSetup): readonly string[] {
  const words: string[] = [];
  const add = (letter: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(`${letter}${value}`);
  };
  if (setup.newSession === true) words.push('s');
  add('c', setup.cgroupProcs);
  for (const { resource, soft, hard } of setup.limits ?? []) words.push(`l${resource}:${limit(soft)}:${limit(hard)}`);
  add('n', setup.nice);
  add('o', setup.oomScoreAdjust);
  add('m', setup.umask);
  add('r', setup.rootDirectory);
  add('G', setup.supplementaryGroups?.join(','));
  add('g', setup.gid);
  add('u', setup.uid);
  add(setup.workingDirectoryOptional === true ? 'D' : 'd', setup.workingDirectory);
  if (setup.noNewPrivileges === true) words.push('p');
  if (setup.ignoreSigpipe === true) words.push('i');
  words.push('L');
  return words;
}

function limit(value: number): string {
  return Number.isFinite(value) ? String(Math.trunc(value)) : 'i';
}

export type ExecResult = { readonly ok: true } | { readonly ok: false; readonly stage: string; readonly errno: number };

/** Reads `execResult` when it is readable; blocks until then. `stage` is a letter for `stageText`. */
export function readExecResult(fd: Fd): ExecResult {
  const report = Buffer.alloc(8);
  if (libc.read(fd.number, report, 8) < 8) return { ok: true };
  return { ok: false, stage: String.fromCharCode(report.readInt32LE(0)), errno: report.readInt32LE(4) };
}
