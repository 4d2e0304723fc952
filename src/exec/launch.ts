/**
 * From a command and its configuration to a running process: everything between "the machine says spawn" and execve().
 * Each thing that can fail here is a stage with words (systemd.exec(5) numbers them as exit codes), so that a user reads
 * what was being done when it failed.
 */
import { accessSync, closeSync, constants } from 'node:fs';
import { constants as errnos } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Command, ExecConfig, ServiceConfig } from '../unit/config.js';
import type { OpenFile } from '../unit/input-keys.js';
import { NO_SANDBOX } from '../unit/sandbox.js';
import { errnoText } from '../sys/errno.js';
import { stageText } from '../sys/exec-stage.js';
import type { Fd } from '../sys/fd.js';
import { nativeProgram } from '../sys/native-program.js';
import { spawn, type ExecSetup, type SpawnedProcess } from '../sys/spawn.js';
import { ownFileLimit, RESOURCES } from '../sys/limits.js';
import { USUAL_FILES } from '../unit/defaults.js';
import { buildEnvironment, DEFAULT_PATH, EnvironmentFileError, type UserFacts } from './environment.js';
import { writeCredentials } from './credentials.js';
import { openFiles } from './open-files.js';
import type { PrivateTmp } from './private-tmp.js';
import { emptyPlaces } from './sandbox/places.js';
import { NO_SETUP, sandboxSetup, type SandboxSetup } from './sandbox/sandbox.js';
import { scheduleWords } from './schedule.js';
import { isDynamic, resolveIdentity, type Identity } from './identity.js';
import { LaunchError, stage } from './launch-error.js';
import { openStdio, usesSocket } from './stdio.js';
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
  /** rouse's own, for what is needed to hide things; undefined: nothing is hidden. */
  readonly rouseDir: string | undefined;
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
  readonly openFiles?: readonly OpenFile[];
  /** PrivateTmp=; the same for every process of the unit. */
  readonly privateTmp?: PrivateTmp;
  /** Where the host refuses namespaces: what the service goes without, in words. */
  readonly onRefused?: (words: string) => void;
}

/** Throws LaunchError. The caller closes nothing that it lent: descriptors are duplicated by the kernel. */
export function launch(host: LaunchHost, request: LaunchRequest): SpawnedProcess {
  const { exec } = request;
  const identity = resolveIdentity(host, request);
  const folders = stage('creating its directories', () => ownDirectories(host.folders, exec, identity.uid, identity.gid, isDynamic(host, exec)));
  const credentials = stage('setting up credentials', () => writeCredentials(host.folders.runtime, request.unit, exec, identity.uid, identity.gid));
  const opened = stage('opening files', () => openFiles(request.openFiles ?? []));
  try {
    return launchWith(host, request, identity, { folders, credentials, opened });
  } finally {
    for (const { fdNumber } of opened) closeSync(fdNumber);
  }
}

interface Prepared {
  readonly folders: ReadonlyMap<string, string>;
  readonly credentials: string | undefined;
  readonly opened: readonly { readonly fdNumber: number; readonly name: string }[];
}

function launchWith(host: LaunchHost, request: LaunchRequest, identity: Identity, prepared: Prepared): SpawnedProcess {
  const { command, exec } = request;
  const environment = makeEnvironment(host, request, identity, prepared);
  const expanded = expandCommand(command, environment);
  const argv = request.adapt?.(expanded.argv) ?? expanded.argv;
  const path = findProgram(expanded.path, exec.execSearchPath.join(':') || (environment.get('PATH') ?? DEFAULT_PATH));
  const stdio = openStdio(request);
  const fds = [...stdio.fds, ...passedSockets(request).map(({ fd }) => fd.number), ...prepared.opened.map(({ fdNumber }) => fdNumber)];
  const setup = makeSetup(host, request, identity, prepared.folders);
  try {
    for (const { fd } of request.sockets) fd.setNonblocking(request.nonBlocking);
    const start = (chosen: ExecSetup): SpawnedProcess =>
      spawn({
        ...helped(request, fds.length, path, argv.length === 0 ? [path] : argv),
        env: [...environment].map(([name, value]) => `${name}=${value}`),
        fds: [...fds, ...[request.asks, request.gate].flatMap((fd) => fd?.number ?? [])],
        setup: chosen,
        hasty: request.hasty === true && chosen.sandbox === undefined,
      });
    return stage('starting the process', () => orWithoutNamespaces(request, setup, start));
  } finally {
    stdio.close();
  }
}

/** As systemd does: where the host gives no namespaces, a service runs without what they are for, and that is said. */
function orWithoutNamespaces(request: LaunchRequest, setup: ExecSetup, start: (setup: ExecSetup) => SpawnedProcess): SpawnedProcess {
  const child = start(setup);
  const { failure } = child;
  if (failure === undefined || setup.sandbox === undefined || !NAMESPACE_STAGES.includes(failure.stage) || !REFUSED.has(failure.errno)) return child;
  child.pidfd.close();
  request.onRefused?.(`${stageText(failure.stage)}: ${errnoText(failure.errno)}`);
  return start({ ...setup, sandbox: { ...setup.sandbox, namespaces: [] } });
}

const NAMESPACE_STAGES = 'NUjWvbatqKkyM';
const { EPERM, EACCES, ENOSYS, EUSERS, ENOSPC } = errnos.errno as Readonly<Record<string, number>>;
const REFUSED = new Set([EPERM, EACCES, ENOSYS, EUSERS, ENOSPC]);

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

function passedSockets({ exec, sockets }: LaunchRequest): LaunchRequest['sockets'] {
  return usesSocket(exec) ? [] : sockets;
}

function makeEnvironment(host: LaunchHost, request: LaunchRequest, identity: Identity, { folders: directories, credentials, opened }: Prepared): Map<string, string> {
  const variables = new Map(request.variables);
  const passed = [...passedSockets(request), ...opened];
  if (credentials !== undefined) variables.set('CREDENTIALS_DIRECTORY', credentials);
  if (request.exec.execSearchPath.length > 0) variables.set('PATH', request.exec.execSearchPath.join(':'));
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

function makeSetup(host: LaunchHost, request: LaunchRequest, identity: Identity, directories: ReadonlyMap<string, string>): ExecSetup {
  const { exec, command } = request;
  const home = identity.facts?.home ?? host.user.home;
  const folder = exec.workingDirectory === '~' ? home : exec.workingDirectory;
  const sandbox = makeSandbox(host, request, identity, directories);
  const schedule = scheduleWords(exec.scheduling);
  return {
    newSession: true,
    listenPid: passedSockets(request).length > 0 || (request.openFiles ?? []).length > 0,
    ...(request.cgroup === undefined ? {} : { cgroup: request.cgroup }),
    limits: [...usualLimits(exec), ...exec.limits].flatMap(({ resource, soft, hard }) => {
      const number = RESOURCES[resource];
      return number === undefined ? [] : [{ resource: number, soft, hard }];
    }),
    umask: exec.umask,
    ...(exec.nice === undefined ? {} : { nice: exec.nice }),
    ...(exec.oomScoreAdjust === undefined ? {} : { oomScoreAdjust: exec.oomScoreAdjust }),
    ...(identity.groups === undefined ? {} : { supplementaryGroups: [...identity.groups] }),
    ...(identity.gid === undefined ? {} : { gid: identity.gid }),
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
    noNewPrivileges: (exec.noNewPrivileges || sandbox.noNewPrivileges) && !command.fullPrivileges,
    ...(sandbox === NO_SETUP && schedule.length === 0 ? {} : { sandbox: { ...sandbox, namespaces: [...schedule, ...sandbox.namespaces] } }),
    ignoreSigpipe: exec.ignoreSigpipe,
    workingDirectory: folder ?? (host.mode === 'user' ? host.user.home : '/'),
    workingDirectoryOptional: exec.workingDirectoryOptional || folder === undefined,
    ...(exec.rootDirectory === undefined ? {} : { rootDirectory: exec.rootDirectory }),
  };
}

/** systemd-system.conf(5), DefaultLimitNOFILE=: a program that uses select(2) breaks with more, and Node has raised ours to what is allowed. */
function usualLimits({ limits }: ExecConfig): ExecConfig['limits'] {
  const hard = ownFileLimit();
  return hard === undefined || limits.some(({ resource }) => resource === 'nofile') ? [] : [{ resource: 'nofile', soft: Math.min(USUAL_FILES, hard), hard }];
}

/** NoExecPaths=: what stands before the program must be executed as well. */
function withHelpers({ exec: { sandbox }, asks, gate }: LaunchRequest): ExecConfig['sandbox'] {
  if (sandbox.noExecPaths.length === 0) return sandbox;
  const helpers = [...(asks === undefined ? [] : ['rouse-adopt']), ...(gate === undefined ? [] : ['rouse-wait'])];
  return { ...sandbox, execPaths: [...sandbox.execPaths, ...helpers.map((name) => ({ path: nativeProgram(name), optional: false, inRoot: false }))] };
}

function makeSandbox(host: LaunchHost, request: LaunchRequest, identity: Identity, directories: ReadonlyMap<string, string>): SandboxSetup {
  const { exec, command } = request;
  if (command.fullPrivileges || exec.sandbox === NO_SANDBOX || host.rouseDir === undefined) return NO_SETUP;
  const { rouseDir } = host;
  return stage('preparing its sandbox', () =>
    sandboxSetup({
      sandbox: withHelpers(request),
      root: exec.rootDirectory ?? '',
      runtimeDir: host.folders.runtime,
      places: emptyPlaces(rouseDir),
      privateTmp: exec.sandbox.privateTmp === 'connected' ? request.privateTmp?.folders : undefined,
      ownDirectories: [...directories.values()].flatMap((paths) => paths.split(':')),
      credentials: undefined,
      privileged: process.getuid?.() === 0,
      uid: identity.uid ?? process.getuid?.() ?? 0,
      gid: identity.gid ?? process.getgid?.() ?? 0,
      changesUser: identity.uid !== undefined && identity.uid !== 0,
    }),
  );
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

/** A service that Quadlet made: its command is podman's. */
export function isContainerService(config: ServiceConfig): boolean {
  return config.sourcePath !== undefined && /\.(container|pod|kube)$/.test(config.sourcePath);
}
