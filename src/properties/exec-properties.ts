/** Table: properties of units that run commands; org.freedesktop.systemd1(5), "SERVICE OBJECTS" and "SOCKET OBJECTS", what both have. */
import { constants } from 'node:os';
import type { Command, ExecConfig, InputTarget, KillConfig, OutputTarget, OwnedDirectories } from '../unit/config.js';
import { EXEC_DEFAULTS, KILL_DEFAULTS } from '../unit/defaults.js';
import { live, property, type Property, type PropertyValue } from './property.js';
import { runsCommands } from './runs-commands.js';
import type { MainProcess, Subject } from './subject.js';
import { monotonic } from './unit-properties.js';

/** What a unit without files has. Where the output goes is filled in from the manager's own default. */
const NO_EXEC = { ...EXEC_DEFAULTS, standardOutput: { type: 'inherit' } } as unknown as ExecConfig;
const NO_KILL = KILL_DEFAULTS as unknown as KillConfig;

function exec(name: string, signature: string, read: (exec: ExecConfig) => PropertyValue | undefined): Property {
  return property(name, signature, (subject) => read(runsCommands(subject)?.exec ?? NO_EXEC));
}

function kill(name: string, signature: string, read: (kill: KillConfig) => PropertyValue): Property {
  return property(name, signature, (subject) => read(runsCommands(subject)?.kill ?? NO_KILL));
}

export function signalNumber(name: string): number {
  return (constants.signals as Readonly<Record<string, number>>)[name] ?? 0;
}

function usage(name: string, file: string, factor = 1): Property {
  return live(name, 't', (subject) => (subject.usage(file) ?? Infinity) * factor);
}

/** What the unit's cgroup says. */
export const CGROUP_PROPERTIES: readonly Property[] = [
  live('ControlGroup', 's', ({ state }) => state.controlGroup),
  usage('MemoryCurrent', 'memory.current'),
  usage('MemoryPeak', 'memory.peak'),
  usage('MemorySwapCurrent', 'memory.swap.current'),
  usage('MemorySwapPeak', 'memory.swap.peak'),
  usage('MemoryZSwapCurrent', 'memory.zswap.current'),
  // cpu.stat counts microseconds.
  usage('CPUUsageNSec', 'cpu.stat', 1000),
  usage('TasksCurrent', 'pids.current'),
  property('Delegate', 'b', ({ config }) => config?.type === 'service' && config.delegate),
];

/** setrlimit(2), in systemd's order. */
const RESOURCES = 'CPU FSIZE DATA STACK CORE RSS NOFILE AS NPROC MEMLOCK LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME'.split(' ');

function limit(resource: string): readonly Property[] {
  const read = (subject: Subject): readonly [number, number] | undefined => {
    const set = runsCommands(subject)?.exec.limits.findLast((each) => each.resource === resource.toLowerCase());
    return set === undefined ? subject.inheritedLimit(resource) : [set.soft, set.hard];
  };
  return [property(`Limit${resource}`, 't', (subject) => read(subject)?.[1]), property(`Limit${resource}Soft`, 't', (subject) => read(subject)?.[0])];
}

function directory(name: string, read: (exec: ExecConfig) => OwnedDirectories): readonly Property[] {
  const symlink = exec(`${name}Symlink`, 'a(sst)', (config) => read(config).links.map(([to, link]) => [to, link, 0]));
  // systemd has none for this one.
  const symlinks = name === 'ConfigurationDirectory' ? [] : [symlink];
  return [...symlinks, exec(`${name}Mode`, 'u', (config) => read(config).mode), exec(name, 'as', (config) => read(config).names)];
}

const stream = ({ type }: InputTarget | OutputTarget): string => type;
const fdName = (target: InputTarget | OutputTarget): string => (target.type === 'fd' ? (target.name ?? '') : '');

export const EXEC_PROPERTIES: readonly Property[] = [
  exec('Environment', 'as', ({ environment }) => [...new Map(environment)].map(([name, value]) => `${name}=${value}`)),
  // The variables of a log-in come with a user.
  exec('SetLoginEnvironment', 'b', ({ user, sandbox }) => user !== undefined || sandbox.dynamicUser),
  exec('EnvironmentFiles', 'a(sb)', ({ environmentFiles }) => environmentFiles.map(({ path, optional }) => [path, optional])),
  exec('PassEnvironment', 'as', ({ passEnvironment }) => passEnvironment),
  exec('UnsetEnvironment', 'as', ({ unsetEnvironment }) => unsetEnvironment),
  exec('UMask', 'u', ({ umask }) => umask),
  ...RESOURCES.flatMap(limit),
  exec('WorkingDirectory', 's', ({ workingDirectory, workingDirectoryOptional }) =>
    workingDirectory === undefined ? '' : `${workingDirectoryOptional ? '!' : ''}${workingDirectory}`,
  ),
  exec('RootDirectory', 's', ({ rootDirectory }) => rootDirectory ?? ''),
  exec('OOMScoreAdjust', 'i', ({ oomScoreAdjust }) => oomScoreAdjust ?? 0),
  exec('Nice', 'i', ({ nice }) => nice ?? 0),
  property('NonBlocking', 'b', ({ config }) => config?.type === 'service' && config.nonBlocking),
  exec('StandardInput', 's', ({ standardInput }) => stream(standardInput)),
  exec('StandardInputFileDescriptorName', 's', ({ standardInput }) => fdName(standardInput)),
  exec('StandardInputData', 'ay', ({ standardInputData }) => standardInputData),
  exec('StandardOutput', 's', ({ standardOutput }) => stream(standardOutput)),
  exec('StandardOutputFileDescriptorName', 's', ({ standardOutput }) => fdName(standardOutput)),
  exec('StandardError', 's', ({ standardError }) => stream(standardError)),
  exec('StandardErrorFileDescriptorName', 's', ({ standardError }) => fdName(standardError)),
  exec('SyslogIdentifier', 's', ({ syslogIdentifier }) => syslogIdentifier ?? ''),
  exec('User', 's', ({ user }) => user ?? ''),
  exec('Group', 's', ({ group }) => group ?? ''),
  exec('SupplementaryGroups', 'as', ({ supplementaryGroups }) => supplementaryGroups),
  exec('IgnoreSIGPIPE', 'b', ({ ignoreSigpipe }) => ignoreSigpipe),
  exec('NoNewPrivileges', 'b', ({ noNewPrivileges }) => noNewPrivileges),
  exec('RuntimeDirectoryPreserve', 's', ({ runtimeDirectoryPreserve }) => runtimeDirectoryPreserve),
  exec('ExecSearchPath', 'as', ({ execSearchPath }) => execSearchPath),
  exec('SetCredential', 'a(say)', ({ setCredentials }) => setCredentials.map(({ id, data }) => [id, data ?? new Uint8Array()])),
  exec('LoadCredential', 'a(ss)', ({ credentials }) => credentials.map(({ id, path }) => [id, path ?? ''])),
  exec('IOSchedulingClass', 'i', ({ scheduling }) => scheduling.ioClass ?? 2),
  exec('IOSchedulingPriority', 'i', ({ scheduling }) => scheduling.ioPriority ?? 4),
  exec('CPUSchedulingPolicy', 'i', ({ scheduling }) => scheduling.policy ?? 0),
  exec('CPUSchedulingPriority', 'i', ({ scheduling }) => scheduling.priority),
  exec('CPUSchedulingResetOnFork', 'b', ({ scheduling }) => scheduling.resetOnFork),
  exec('CPUAffinity', 'ay', ({ scheduling }) => maskOf(scheduling.processors)),
  exec('TimerSlackNSec', 't', ({ scheduling }) => scheduling.timerSlackNs ?? 50_000),
  exec('CoredumpFilter', 't', ({ scheduling }) => scheduling.coredumpFilter ?? 0x33),
  ...directory('RuntimeDirectory', ({ runtimeDirectory }) => runtimeDirectory),
  ...directory('StateDirectory', ({ stateDirectory }) => stateDirectory),
  ...directory('CacheDirectory', ({ cacheDirectory }) => cacheDirectory),
  ...directory('LogsDirectory', ({ logsDirectory }) => logsDirectory),
  ...directory('ConfigurationDirectory', ({ configurationDirectory }) => configurationDirectory),
];

/** The lowest processors come first, eight in a byte. */
function maskOf(processors: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(processors.length === 0 ? 0 : (Math.max(...processors) >> 3) + 1);
  for (const each of processors) bytes[each >> 3] = (bytes[each >> 3] ?? 0) | (1 << (each & 7));
  return bytes;
}

export const KILL_PROPERTIES: readonly Property[] = [
  kill('KillMode', 's', ({ killMode }) => killMode),
  kill('KillSignal', 'i', ({ killSignal }) => signalNumber(killSignal)),
  kill('RestartKillSignal', 'i', ({ restartKillSignal, killSignal }) => signalNumber(restartKillSignal ?? killSignal)),
  kill('FinalKillSignal', 'i', ({ finalKillSignal }) => signalNumber(finalKillSignal)),
  kill('SendSIGKILL', 'b', ({ sendSigkill }) => sendSigkill),
  kill('SendSIGHUP', 'b', ({ sendSighup }) => sendSighup),
  kill('WatchdogSignal', 'i', ({ watchdogSignal }) => signalNumber(watchdogSignal)),
];

/** `<sys/wait.h>`, CLD_EXITED and its kin. */
export const EXIT_CODES = { exited: 1, killed: 2, dumped: 3 } as const;

/** Commands in the two forms that the API has: whether failure is ignored, or all prefixes by name. `main` is the run of the last one. */
export function commandLists(name: string, read: (subject: Subject) => readonly Command[], isMain = false): readonly Property[] {
  const record = (third: (command: Command) => PropertyValue) => (subject: Subject) => {
    const commands = read(subject);
    return commands.map((command, i) => [command.path, command.argv, third(command), ...runOf(isMain && i === commands.length - 1 ? subject.state.main : undefined)]);
  };
  return [
    property(
      name,
      'a(sasbttttuii)',
      record(({ ignoreFailure }) => ignoreFailure),
    ),
    property(`${name}Ex`, 'a(sasasttttuii)', record(flags)),
  ];
}

function runOf(main: MainProcess | undefined): readonly number[] {
  if (main === undefined || main.pid === 0) return [0, 0, 0, 0, 0, 0, 0];
  const { pid, startMs, exitMs, code, status } = main;
  return [startMs * 1000, monotonic(startMs), exitMs * 1000, monotonic(exitMs), pid, code === undefined ? 0 : EXIT_CODES[code], status];
}

function flags({ ignoreFailure, fullPrivileges, noSetuid, noEnvironmentExpansion }: Command): readonly string[] {
  return [
    ...(ignoreFailure ? ['ignore-failure'] : []),
    ...(fullPrivileges ? ['privileged'] : []),
    ...(noSetuid ? ['no-setuid'] : []),
    ...(noEnvironmentExpansion ? ['no-env-expand'] : []),
  ];
}
