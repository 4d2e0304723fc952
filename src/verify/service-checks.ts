/** Services: programs, users and folders that are not there, and keys that contradict each other. */
import { posix } from 'node:path';
import { signal } from '../unit/values/simple.js';
import type { Command, ServiceConfig } from '../unit/config.js';
import { serviceOf, type Finding, type Subject, type World } from './subject.js';
import { lastOf } from './text.js';

const COMMANDS = ['execStartPre', 'execStart', 'execStartPost', 'execCondition', 'execReload', 'execStop', 'execStopPre', 'execStopPost'] as const;
/** systemd.exec(5), "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES": what a program's bare name is looked up in. */
const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The commands that the file itself holds; what Quadlet added is podman's. */
function commandsOf(subject: Subject): readonly Command[] {
  const { config } = subject;
  if (config === undefined || config.type === 'target' || config.exec.rootDirectory !== undefined) return [];
  const all = config as Partial<Record<(typeof COMMANDS)[number], readonly Command[]>>;
  return COMMANDS.flatMap((key) => all[key] ?? []).filter(({ place }) => place.line > 0 && !(subject.isQuadlet && !isInService(subject, place.line, place.file)));
}

function isInService(subject: Subject, line: number, file: string): boolean {
  return subject.contents.sections.some(({ name, assignments }) => name === 'Service' && assignments.some((each) => each.line === line && each.file === file));
}

export function* missingProgram(subject: Subject, world: World): Iterable<Finding> {
  for (const { path, place, ignoreFailure } of commandsOf(subject)) {
    if (/[$%]/.test(path)) continue;
    const fault = path.startsWith('/') ? pathFault(path, world) : nameFault(path, world);
    if (fault === undefined) continue;
    const next = ignoreFailure ? 'leaving it out' : `${subject.unitName} will fail`;
    yield {
      at: place,
      word: path,
      section: ownSectionOf(subject),
      ...(ignoreFailure ? { severity: 'warning' } : {}),
      message: `${fault.message}: ${next}`,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    };
  }
}

function ownSectionOf(subject: Subject): string {
  return subject.type === 'socket' ? 'Socket' : 'Service';
}

function pathFault(path: string, { host }: World): { message: string; hint?: string } | undefined {
  if (host.exists(path) === false) {
    const elsewhere = PROGRAM_FOLDERS.map((folder) => posix.join(folder, posix.basename(path))).find((other) => host.exists(other) === true);
    return { message: `The program '${path}' does not exist`, ...(elsewhere === undefined ? {} : { hint: `there is ${elsewhere}` }) };
  }
  if (host.isFolder(path) === true) return { message: `'${path}' is a folder and no program` };
  return host.isExecutable(path) === false ? { message: `The file '${path}' is not executable`, hint: `chmod +x ${path}, or name the interpreter before it` } : undefined;
}

function nameFault(name: string, { host }: World): { message: string; hint?: string } | undefined {
  if (PROGRAM_FOLDERS.some((folder) => host.exists(posix.join(folder, name)) !== false)) return undefined;
  return { message: `There is no program '${name}' in ${PROGRAM_FOLDERS.slice(0, 4).join(':')}`, hint: 'write its absolute path' };
}

export function* unknownUser(subject: Subject, world: World): Iterable<Finding> {
  const section = subject.isQuadlet ? 'Service' : subject.type === 'socket' ? 'Socket' : 'Service';
  if (lastOf(subject, 'DynamicUser', section) !== undefined) return;
  for (const [key, exists, what] of [
    ['User', world.host.hasUser, 'user'],
    ['SocketUser', world.host.hasUser, 'user'],
    ['Group', world.host.hasGroup, 'group'],
    ['SocketGroup', world.host.hasGroup, 'group'],
  ] as const) {
    const line = lastOf(subject, key, section);
    if (line === undefined || /^\d+$/.test(line.value) || /[%$]/.test(line.value) || exists(line.value) !== false) continue;
    yield {
      at: line,
      section,
      message: `There is no ${what} '${line.value}' on this host: ${subject.unitName} will fail`,
      hint: what === 'user' ? `useradd --system ${line.value}` : `groupadd --system ${line.value}`,
    };
  }
}

export function* missingFileOfService(subject: Subject, world: World): Iterable<Finding> {
  const { config } = subject;
  if (config === undefined || config.type === 'target') return;
  for (const { path, optional, place } of config.exec.environmentFiles) {
    if (!optional && place.line > 0 && !/[*?[%]/.test(path) && world.host.exists(path) === false) {
      yield {
        at: place,
        section: ownSectionOf(subject),
        message: `The file '${path}' does not exist: ${subject.unitName} will fail`,
        hint: `EnvironmentFile=-${path} where it may be missing`,
      };
    }
  }
  const folder = config.exec.workingDirectory;
  const line = lastOf(subject, 'WorkingDirectory', ownSectionOf(subject));
  if (folder === undefined || line === undefined || config.exec.workingDirectoryOptional || /[~%]/.test(folder) || config.exec.rootDirectory !== undefined) return;
  if (world.host.isFolder(folder) === false && !ownsFolder(config, folder))
    yield {
      at: line,
      section: ownSectionOf(subject),
      message: `The folder '${folder}' does not exist: ${subject.unitName} will fail`,
      hint: `make it, or WorkingDirectory=-${folder} where it may be missing`,
    };
}

function ownsFolder({ exec }: Pick<ServiceConfig, 'exec'>, folder: string): boolean {
  return [exec.runtimeDirectory, exec.stateDirectory, exec.cacheDirectory, exec.logsDirectory, exec.configurationDirectory].some(({ names }) =>
    names.some((name) => folder.endsWith(`/${name}`) || folder.includes(`/${name}/`)),
  );
}

/** What has an effect only with another key beside it. */
const INEFFECTIVE: readonly { readonly key: string; readonly has: (config: ServiceConfig) => boolean; readonly needs: string; readonly hint: string }[] = [
  { key: 'PIDFile', needs: 'Type=forking', has: ({ serviceType }) => serviceType === 'forking', hint: 'leave PIDFile= out: the manager knows the process that it has started' },
  { key: 'BusName', needs: 'Type=dbus', has: ({ serviceType }) => serviceType === 'dbus', hint: 'Type=dbus' },
  { key: 'RestartSec', needs: 'Restart=', has: ({ restart }) => restart !== 'no', hint: 'Restart=on-failure' },
  { key: 'RestartPreventExitStatus', needs: 'Restart=', has: ({ restart }) => restart !== 'no', hint: 'Restart=on-failure' },
];

export function* ineffectiveServiceKey(subject: Subject): Iterable<Finding> {
  const config = serviceOf(subject);
  if (config === undefined) return;
  for (const { key, needs, has, hint } of INEFFECTIVE) {
    const line = lastOf(subject, key, 'Service');
    if (line !== undefined && !has(config)) yield { at: line, section: 'Service', message: `${key}= without ${needs} has no effect`, hint };
  }
}

/** systemd.kill(5): "not recommended". */
export function* leftBehind(subject: Subject): Iterable<Finding> {
  const line = lastOf(subject, 'KillMode', ownSectionOf(subject));
  if (subject.isQuadlet || line?.value !== 'none') return;
  yield {
    at: line,
    section: ownSectionOf(subject),
    message: `KillMode=none leaves processes of ${subject.unitName} behind when it is stopped`,
    hint: 'leave the line out, or use KillMode=mixed',
  };
}

/** A forking program without a PID file: the manager has to guess which process is the service. */
export function* guessedProcess(subject: Subject): Iterable<Finding> {
  const config = serviceOf(subject);
  const line = lastOf(subject, 'Type', 'Service');
  if (config === undefined || subject.isQuadlet || line === undefined || config.serviceType !== 'forking' || config.pidFile !== undefined) return;
  yield {
    at: line,
    section: 'Service',
    message: 'Type=forking without PIDFile=: the manager guesses which of its processes the service is',
    hint: 'PIDFile=%t/NAME.pid, or Type=exec with the program kept in the foreground',
  };
}

/** `ExecStop=/bin/kill -9 $MAINPID` is what the manager does anyway, only later and with care. */
export function* needlessKill(subject: Subject): Iterable<Finding> {
  const line = lastOf(subject, 'ExecStop', 'Service');
  const match = /^-?(?:\/usr)?\/?(?:bin\/)?kill(?:\s+-(\S+)(?:\s+(\S+))?)?\s+\$\{?MAINPID\}?$/.exec(line?.value ?? '');
  if (line === undefined || match === null || subject.isQuadlet) return;
  const name = match[1] === 's' ? match[2] : match[1];
  const parsed = signal((name ?? 'TERM').toUpperCase());
  yield {
    at: line,
    section: 'Service',
    message: 'ExecStop= sends a signal that the manager would send itself, and does not wait for the end',
    hint: parsed.ok && parsed.value !== 'SIGTERM' ? `KillSignal=${parsed.value} in its place` : 'leave the line out',
  };
}
