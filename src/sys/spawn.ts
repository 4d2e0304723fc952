/**
 * Starting a process through native/rouse-spawn: the child shares our memory until it has set itself up and executed its program,
 * so nothing is copied however big we are, and whether it could be executed is known at once; or, where many are started in a row, when it
 * has ended, and we do not wait for it.
 */
import { closeSync, constants as fs, openSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from './errno.js';
import { Fd } from './fd.js';
import * as libc from './libc.js';
import { nativeProgram } from './native-program.js';

export interface ExecSetup {
  readonly newSession?: boolean;
  /** Fills in LISTEN_PID= and WATCHDOG_PID=. */
  readonly listenPid?: boolean;
  /** Folder of the cgroup in which the process begins; cgroups(7). */
  readonly cgroup?: string;
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
  /** Words as rouse-spawn has them (native/rouse-spawn/sandbox.h), each group in its place. */
  readonly sandbox?: { readonly namespaces: readonly string[]; readonly limits: readonly string[]; readonly rights: readonly string[]; readonly filters: readonly string[] };
}

export interface SpawnRequest {
  /** Absolute. */
  readonly path: string;
  readonly argv: readonly string[];
  /** 'NAME=value' */
  readonly env: readonly string[];
  /** fds[i] is descriptor i of the process, which has no others; lent. */
  readonly fds: readonly number[];
  readonly setup: ExecSetup;
  /** Goes on before the program is executed: then `failure` is not known yet, and `outcome` says it when the process has ended. */
  readonly hasty?: boolean;
}

export interface SpawnFailure {
  readonly stage: string;
  readonly errno: number;
}

export interface SpawnedProcess {
  readonly pid: number;
  readonly pidfd: Fd;
  /** Set when the process ended before it became the program. `stage` is a letter for `stageText`. */
  readonly failure: SpawnFailure | undefined;
  /** The same of a hasty one, to be asked soon after its end. */
  readonly outcome: () => SpawnFailure | undefined;
}

let loaded: libc.RouseSpawn | undefined;

/** Throws when there is none for this machine. */
function rouseSpawn(): libc.RouseSpawn {
  return (loaded ??= libc.loadRouseSpawn(nativeProgram('rouse-spawn', '.so')));
}

/** Throws SysError when there is no process at all. */
export function spawn(request: SpawnRequest): SpawnedProcess {
  const { cgroup } = request.setup;
  if (cgroup === undefined) return start(request, -1, []);
  const fdNumber = openCgroup(cgroup);
  try {
    return start(request, fdNumber, []);
  } catch (error) {
    // A kernel before 5.7, or a sandbox that refuses the flag: the process moves there itself.
    if (error instanceof SysError && MOVES.has(error.code)) return start(request, -1, [`c${cgroup}/cgroup.procs`]);
    throw error;
  } finally {
    closeSync(fdNumber);
  }
}

const MOVES = new Set(['ENOSYS', 'EINVAL', 'EPERM', 'EACCES', 'EOPNOTSUPP']);

function openCgroup(folder: string): number {
  try {
    return openSync(folder, fs.O_RDONLY | fs.O_DIRECTORY);
  } catch (error) {
    throw new SysError(`open ${folder}`, -((error as NodeJS.ErrnoException).errno ?? 0));
  }
}

function start(request: SpawnRequest, cgroup: number, first: readonly string[]): SpawnedProcess {
  const words = [...first, ...setupWords(request.setup), '--', request.path, ...request.argv, null];
  // Ten digits of room behind LISTEN_PID=, which the child fills in.
  const env = request.env.map((entry) => (entry === 'LISTEN_PID=' || entry === 'WATCHDOG_PID=' ? `${entry}0000000000` : entry));
  const fds = Buffer.alloc(4 * Math.max(1, request.fds.length));
  request.fds.forEach((fdNumber, i) => fds.writeInt32LE(fdNumber, 4 * i));
  const result = Buffer.alloc(12);
  const call = (how: libc.SpawnCall): number => how(words, [...env, null], fds, request.fds.length, cgroup, result);
  const started = request.hasty === true ? call(rouseSpawn().start) : -EAGAIN;
  if (started >= 0) return { pid: started, pidfd: new Fd(result.readInt32LE(0)), failure: undefined, outcome: () => outcomeOf(result.readInt32LE(4), started) };
  // No room for another that nobody waits for, or a kernel that cannot.
  const pid = call(rouseSpawn().spawn);
  if (pid < 0) throw new SysError('clone3', -pid);
  const failure = failureOf(result.readInt32LE(4), result.readInt32LE(8));
  return { pid, pidfd: new Fd(result.readInt32LE(0)), failure, outcome: () => failure };
}

const { EAGAIN } = constants.errno;

function outcomeOf(place: number, pid: number): SpawnFailure | undefined {
  const outcome = Buffer.alloc(8);
  rouseSpawn().outcome(place, pid, outcome);
  return failureOf(outcome.readInt32LE(0), outcome.readInt32LE(4));
}

function failureOf(stage: number, errno: number): SpawnFailure | undefined {
  return stage === 0 ? undefined : { stage: String.fromCharCode(stage), errno };
}

/** The order matters: what needs privileges comes before the user changes, the folder after. */
function setupWords(setup: ExecSetup): readonly string[] {
  const words: string[] = [];
  const add = (letter: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(`${letter}${value}`);
  };
  if (setup.newSession === true) words.push('s');
  for (const { resource, soft, hard } of setup.limits ?? []) words.push(`l${resource}:${limit(soft)}:${limit(hard)}`);
  add('n', setup.nice);
  add('o', setup.oomScoreAdjust);
  words.push(...(setup.sandbox?.namespaces ?? []));
  add('m', setup.umask);
  add('r', setup.rootDirectory);
  add('G', setup.supplementaryGroups?.join(','));
  words.push(...(setup.sandbox?.limits ?? []));
  add('g', setup.gid);
  add('u', setup.uid);
  add(setup.workingDirectoryOptional === true ? 'D' : 'd', setup.workingDirectory);
  words.push(...(setup.sandbox?.rights ?? []));
  if (setup.noNewPrivileges === true) words.push('p');
  if (setup.ignoreSigpipe === true) words.push('i');
  words.push('L', ...(setup.sandbox?.filters ?? []));
  return words;
}

function limit(value: number): string {
  return Number.isFinite(value) ? String(Math.trunc(value)) : 'i';
}
