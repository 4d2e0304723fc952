/**
 * From a command and its configuration to a running process: everything between "the machine says spawn" and execve().
 * Each thing that can fail here is a stage with words (systemd.exec(5) numbers them as exit codes), so that a user reads
 * what was being done when it failed.
 */
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Command, ExecConfig, OutputTarget, ServiceConfig } from '../unit/config.js';
import { SysError } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import { nativeProgram } from '../sys/native-program.js';
import { groupByName, groupsOf, userByName } from '../sys/process.js';
import { spawn, type ExecSetup, type SpawnedProcess } from '../sys/spawn.js';
import { RESOURCES } from '../sys/limits.js';
import { buildEnvironment, DEFAULT_PATH, EnvironmentFileError, type UserFacts } from './environment.js';
import { expandCommand } from './expand.js';
import { ownDirectories, type OwnedFolders } from './directories.js';

/** What every launch of a manager shares. */
export interface LaunchHost {
  readonly mode: 'system' | 'user';
  readonly own: NodeJS.ProcessEnv;
  /** For every process; set-environment changes it. */
  readonly environment: Map<string, string>;
  readonly user: UserFacts;
  readonly folders: OwnedFolders;
}

export interface LaunchRequest {
  readonly unit: string;
  readonly command: Command;
  readonly exec: ExecConfig;
  /** Held sockets for descriptor 3 and on, each with its name. */
  readonly sockets: readonly { readonly fd: Fd; readonly name: string }[];
  readonly nonBlocking: boolean;
  /** NOTIFY_SOCKET, MAINPID, INVOCATION_ID …: what belongs to this process alone. */
  readonly variables: ReadonlyMap<string, string>;
  /** Folder of the cgroup in which it begins. */
  readonly cgroup: string | undefined;
  /** Where captured output goes; borrowed. undefined: it writes none (writesOutput). */
  readonly output: Fd | undefined;
  /** Its calls to bind and listen wait for our word: where the notify descriptor goes (native/rouse-adopt); borrowed. */
  readonly asks?: Fd;
  /** The program waits before exec for a byte from it (native/rouse-wait); borrowed. */
  readonly gate?: Fd;
  /** Goes on before the program is executed; SpawnRequest. */
  readonly hasty?: boolean;
  /** The last look at argv before it is executed: a container's command is fitted to the host here. */
  readonly adapt?: (argv: readonly string[]) => readonly string[];
}

/** The process could not be set up. `stage` says what was being done. */
export class LaunchError extends Error {
  constructor(
    readonly stage: string,
    detail: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(`${stage}: ${detail}`, options);
  }

  /** The code with which systemd's process would have exited, where systemd finds it out after fork(); systemd.exec(5), "PROCESS EXIT CODES". */
  get exitStatus(): number | undefined {
    return EXIT_STATUS[this.stage];
  }
}

const EXIT_STATUS: Readonly<Record<string, number>> = {
  'finding the program': 203,
  'setting up standard input and output': 209,
  'looking up the group': 216,
  'looking up the user': 217,
  'changing the user': 217,
};

interface Identity {
  readonly facts: UserFacts | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly groups: readonly number[] | undefined;
}

/** Throws LaunchError. The caller closes nothing that it lent: descriptors are duplicated by the kernel. */
export function launch(host: LaunchHost, request: LaunchRequest): SpawnedProcess {
  const { command, exec } = request;
  const identity = resolveIdentity(host, command, exec);
  const folders = stage('creating its directories', () => ownDirectories(host.folders, exec, identity.uid, identity.gid));
  const environment = makeEnvironment(host, request, identity, folders);
  const expanded = expandCommand(command, environment);
  const argv = request.adapt?.(expanded.argv) ?? expanded.argv;
  const path = findProgram(expanded.path, environment.get('PATH') ?? DEFAULT_PATH);
  const stdio = openStdio(request);
  const fds = [...stdio.fds, ...passedSockets(request).map(({ fd }) => fd.number)];
  try {
    for (const { fd } of request.sockets) fd.setNonblocking(request.nonBlocking);
    return stage('starting the process', () =>
      spawn({
        ...helped(request, fds.length, path, argv.length === 0 ? [path] : argv),
        env: [...environment].map(([name, value]) => `${name}=${value}`),
        fds: [...fds, ...[request.asks, request.gate].flatMap((fd) => fd?.number ?? [])],
        setup: makeSetup(host, request, identity),
        hasty: request.hasty === true,
      }),
    );
  } finally {
    stdio.close();
  }
}

/** sd_listen_fds(3) */
const LISTEN_FDS_START = 3;

/** By way of a helper that installs the filter, or of one that waits. */
function helped({ asks, gate }: LaunchRequest, fdNumber: number, path: string, argv: readonly string[]): { readonly path: string; readonly argv: readonly string[] } {
  if (gate !== undefined) {
    const words = [`n${fdNumber - LISTEN_FDS_START}`, 'b', `fFailed to execute ${path}: `, `p${path}`];
    return { path: nativeProgram('rouse-wait'), argv: ['rouse-wait', ...words, '--', ...argv] };
  }
  if (asks === undefined) return { path, argv };
  const helper = nativeProgram('rouse-adopt');
  return { path: helper, argv: [helper, String(fdNumber), path, ...argv] };
}

/** systemd.exec(5), StandardInput=: a socket that is the standard input or output is not passed once more. */
export function usesSocket({ standardInput, standardOutput, standardError }: ExecConfig): boolean {
  return standardInput.type === 'socket' || standardOutput.type === 'socket' || standardError.type === 'socket';
}

/** Whether anything is left to capture when its clients and files have what is theirs. */
export function writesOutput({ standardInput, standardOutput, standardError }: ExecConfig): boolean {
  const own = (target: OutputTarget): boolean => target.type === 'null' || target.type === 'socket' || (target.type === 'inherit' && standardInput.type === 'socket');
  return !own(standardOutput) || (standardError.type !== 'inherit' && !own(standardError));
}

function passedSockets({ exec, sockets }: LaunchRequest): LaunchRequest['sockets'] {
  return usesSocket(exec) ? [] : sockets;
}

function makeEnvironment(host: LaunchHost, request: LaunchRequest, identity: Identity, directories: ReadonlyMap<string, string>): Map<string, string> {
  const variables = new Map(request.variables);
  const passed = passedSockets(request);
  if (passed.length > 0) {
    variables.set('LISTEN_FDS', String(passed.length));
    variables.set('LISTEN_FDNAMES', passed.map(({ name }) => name).join(':'));
    // Filled in by the helper: only the process itself knows its pid.
    variables.set('LISTEN_PID', '');
  }
  try {
    return buildEnvironment(request.exec, { manager: host.environment, own: host.own, user: identity.facts, directories, process: variables });
  } catch (error) {
    if (error instanceof EnvironmentFileError)
      throw new LaunchError('reading the environment files', error.message, 'put a `-` before the path if the file may be missing', { cause: error });
    throw error;
  }
}

function resolveIdentity(host: LaunchHost, command: Command, exec: ExecConfig): Identity {
  const login = host.mode === 'user' ? host.user : undefined;
  if (command.fullPrivileges || command.noSetuid || (exec.user === undefined && exec.group === undefined)) {
    return { facts: login, uid: undefined, gid: undefined, groups: undefined };
  }
  const user = exec.user === undefined ? undefined : userByName(exec.user);
  if (exec.user !== undefined && user === undefined)
    throw new LaunchError('looking up the user', `No such user '${exec.user}'`, 'User= takes a name or number that the system knows');
  const group = exec.group === undefined ? undefined : groupId(exec.group);
  if (host.mode === 'user' && user !== undefined && user.uid !== process.getuid?.()) {
    throw new LaunchError('changing the user', `A user's manager cannot run a service as '${exec.user}'`, 'remove User=, or make it a system service');
  }
  if (host.mode === 'user') return { facts: login, uid: undefined, gid: undefined, groups: undefined };
  const gid = group ?? user?.gid;
  const extra = exec.supplementaryGroups.map((name) => groupId(name));
  const groups = user === undefined ? extra : [...groupsOf(user.name, gid ?? user.gid), ...extra];
  return { facts: user === undefined ? undefined : { name: user.name, home: user.home, shell: user.shell }, uid: user?.uid, gid, groups };
}

function groupId(name: string): number {
  const group = groupByName(name);
  if (group === undefined) throw new LaunchError('looking up the group', `No such group '${name}'`, 'Group= and SupplementaryGroups= take names or numbers that the system knows');
  return group.gid;
}

function makeSetup(host: LaunchHost, request: LaunchRequest, identity: Identity): ExecSetup {
  const { exec, command } = request;
  const home = identity.facts?.home ?? host.user.home;
  const folder = exec.workingDirectory === '~' ? home : exec.workingDirectory;
  return {
    newSession: true,
    listenPid: passedSockets(request).length > 0,
    ...(request.cgroup === undefined ? {} : { cgroup: request.cgroup }),
    limits: exec.limits.flatMap(({ resource, soft, hard }) => {
      const number = RESOURCES[resource];
      return number === undefined ? [] : [{ resource: number, soft, hard }];
    }),
    umask: exec.umask,
    ...(exec.nice === undefined ? {} : { nice: exec.nice }),
    ...(exec.oomScoreAdjust === undefined ? {} : { oomScoreAdjust: exec.oomScoreAdjust }),
    ...(identity.groups === undefined ? {} : { supplementaryGroups: [...identity.groups] }),
    ...(identity.gid === undefined ? {} : { gid: identity.gid }),
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
    noNewPrivileges: exec.noNewPrivileges && !command.fullPrivileges,
    ignoreSigpipe: exec.ignoreSigpipe,
    workingDirectory: folder ?? (host.mode === 'user' ? host.user.home : '/'),
    workingDirectoryOptional: exec.workingDirectoryOptional || folder === undefined,
    ...(exec.rootDirectory === undefined ? {} : { rootDirectory: exec.rootDirectory }),
  };
}

/** An absolute path stays as it is: that it is missing is the kernel's to say. */
export function findProgram(program: string, path: string): string {
  if (isAbsolute(program)) return program;
  for (const folder of path.split(':')) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  throw new LaunchError('finding the program', `No '${program}' in ${path}`, 'install it, or write its absolute path');
}

/** Descriptors 0, 1 and 2. What was opened here is closed by `close`; Node opens with O_CLOEXEC. */
function openStdio(request: LaunchRequest): { fds: number[]; close: () => void } {
  if (usesSocket(request.exec)) checkSocket(request.sockets.length);
  const opened: number[] = [];
  const open = (path: string, flags: number): number => {
    const fd = stage('setting up standard input and output', () => openSync(path, flags, 0o644));
    opened.push(fd);
    return fd;
  };
  const close = (): void => opened.forEach((fd) => closeSync(fd));
  try {
    const input = openInput(request, open);
    const output = openOutput(request, request.exec.standardOutput, open, input);
    const error = request.exec.standardError.type === 'inherit' ? output : openOutput(request, request.exec.standardError, open, output);
    return { fds: [input, output, error], close };
  } catch (error) {
    close();
    throw error;
  }
}

function checkSocket(count: number): void {
  if (count === 1) return;
  const problem = count === 0 ? 'Got no socket' : `Got more than one socket (${count})`;
  const hint = count === 0 ? 'a unit with StandardInput=socket is started by its .socket, not by itself' : 'a unit with StandardInput=socket can have one Listen…=, or Accept=yes';
  throw new LaunchError('setting up standard input and output', problem, hint);
}

type Opener = (path: string, flags: number) => number;

function openInput({ exec, sockets }: LaunchRequest, open: Opener): number {
  const { standardInput } = exec;
  if (standardInput.type === 'file') return open(standardInput.path, constants.O_RDONLY);
  if (standardInput.type === 'socket' && sockets[0] !== undefined) return sockets[0].fd.number;
  if (standardInput.type === 'fd') {
    const named = sockets.find(({ name }) => name === (standardInput.name ?? 'stdin'));
    if (named !== undefined) return named.fd.number;
  }
  return open('/dev/null', constants.O_RDWR);
}

function openOutput({ exec, sockets, output }: LaunchRequest, target: OutputTarget, open: Opener, inherited: number): number {
  switch (target.type) {
    case 'null':
      return open('/dev/null', constants.O_RDWR);
    case 'file':
      return open(target.path, constants.O_WRONLY | constants.O_CREAT);
    case 'append':
      return open(target.path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
    case 'truncate':
      return open(target.path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
    case 'socket':
      return sockets[0]?.fd.number ?? captured(output);
    case 'fd':
      return sockets.find(({ name }) => name === (target.name ?? 'stdout'))?.fd.number ?? captured(output);
    case 'inherit':
      return exec.standardInput.type === 'null' ? captured(output) : inherited;
    case 'journal':
    case 'kmsg':
    case 'tty':
      return captured(output);
  }
}

function captured(output: Fd | undefined): number {
  if (output === undefined) throw new Error('Its output is not captured');
  return output.number;
}

function stage<T>(words: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    const detail = error instanceof SysError || error instanceof Error ? error.message : String(error);
    throw new LaunchError(words, detail, undefined, { cause: error });
  }
}

/** A service that Quadlet made: its command is podman's. */
export function isContainerService(config: ServiceConfig): boolean {
  return config.sourcePath !== undefined && /\.(container|pod|kube)$/.test(config.sourcePath);
}
