/**
 * What `show` prints of a unit's configuration, by the names of systemd's D-Bus API; org.freedesktop.systemd1(5). A table: name
 * and how the value is made. State is added by whoever has it.
 */
import { constants } from 'node:os';
import type { Command, CommonConfig, DependencyKind, ExitStatusSet, OwnedDirectories, ServiceConfig, SocketConfig, UnitConfig } from '../unit/config.js';
import { serviceOf } from '../unit/load.js';
import { addressText, KIND_TEXT } from '../unit/listen-text.js';
import { formatTimeSpan } from '../unit/values/time-span.js';
import { quoteWord } from '../unitfile/words.js';

export type Property = readonly [name: string, value: string];

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const list = (values: readonly string[]): string => values.join(' ');
const signal = (name: string): string => String((constants.signals as Readonly<Record<string, number>>)[name] ?? name);
const number = (value: number): string => (Number.isFinite(value) ? String(value) : 'infinity');

const DEPENDENCIES: readonly (readonly [name: string, kind: DependencyKind])[] = [
  ['Requires', 'requires'],
  ['Requisite', 'requisite'],
  ['Wants', 'wants'],
  ['BindsTo', 'bindsTo'],
  ['PartOf', 'partOf'],
  ['Upholds', 'upholds'],
  ['Conflicts', 'conflicts'],
  ['Before', 'before'],
  ['After', 'after'],
  ['OnFailure', 'onFailure'],
  ['OnSuccess', 'onSuccess'],
  ['PropagatesReloadTo', 'propagatesReloadTo'],
  ['ReloadPropagatedFrom', 'reloadPropagatedFrom'],
  ['PropagatesStopTo', 'propagatesStopTo'],
  ['StopPropagatedFrom', 'stopPropagatedFrom'],
  ['JoinsNamespaceOf', 'joinsNamespaceOf'],
];

export function configProperties(config: UnitConfig): readonly Property[] {
  const own = config.type === 'service' ? serviceProperties(config) : config.type === 'socket' ? socketProperties(config) : [];
  return [...own, ...unitProperties(config)];
}

function unitProperties(config: CommonConfig): readonly Property[] {
  const dependencies = DEPENDENCIES.flatMap(([name, kind]): readonly Property[] => {
    const names = [...new Set(config.dependencies.filter((dependency) => dependency.kind === kind).map((dependency) => dependency.name))];
    return names.length === 0 ? [] : [[name, list(names)]];
  });
  return [
    ...dependencies,
    ['Documentation', list(config.documentation)],
    ['Description', config.description],
    ['FragmentPath', config.fragmentPath],
    ...optional('SourcePath', config.sourcePath),
    ['DropInPaths', list(config.dropInPaths)],
    ['StopWhenUnneeded', yesNo(config.stopWhenUnneeded)],
    ['RefuseManualStart', yesNo(config.refuseManualStart)],
    ['RefuseManualStop', yesNo(config.refuseManualStop)],
    ['AllowIsolate', yesNo(config.allowIsolate)],
    ['DefaultDependencies', yesNo(config.defaultDependencies)],
    ['IgnoreOnIsolate', yesNo(config.ignoreOnIsolate)],
    ['JobTimeoutUSec', formatTimeSpan(config.jobTimeoutMs)],
    ['JobRunningTimeoutUSec', formatTimeSpan(config.jobRunningTimeoutMs)],
    ['StartLimitIntervalUSec', formatTimeSpan(config.startLimitIntervalMs)],
    ['StartLimitBurst', String(config.startLimitBurst)],
    ['CollectMode', config.collectMode],
  ];
}

function serviceProperties(config: ServiceConfig): readonly Property[] {
  return [
    ['Type', config.serviceType],
    ['Restart', config.restart],
    ...optional('PIDFile', config.pidFile),
    ...optional('BusName', config.busName),
    ['NotifyAccess', config.notifyAccess],
    ['RestartUSec', formatTimeSpan(config.restartMs)],
    ['TimeoutStartUSec', formatTimeSpan(config.timeoutStartMs)],
    ['TimeoutStopUSec', formatTimeSpan(config.timeoutStopMs)],
    ['TimeoutAbortUSec', formatTimeSpan(config.timeoutAbortMs)],
    ['RuntimeMaxUSec', formatTimeSpan(config.runtimeMaxMs)],
    ['WatchdogUSec', formatTimeSpan(config.watchdogMs)],
    ['RootDirectoryStartOnly', yesNo(config.rootDirectoryStartOnly)],
    ['RemainAfterExit', yesNo(config.remainAfterExit)],
    ['GuessMainPID', yesNo(config.guessMainPid)],
    ...statuses('SuccessExitStatus', config.successExitStatus),
    ...statuses('RestartPreventExitStatus', config.restartPreventExitStatus),
    ...statuses('RestartForceExitStatus', config.restartForceExitStatus),
    ['FileDescriptorStoreMax', String(config.fileDescriptorStoreMax)],
    ...commands('ExecCondition', config.execCondition),
    ...commands('ExecStartPre', config.execStartPre),
    ...commands('ExecStart', config.execStart),
    ...commands('ExecStartPost', config.execStartPost),
    ...commands('ExecReload', config.execReload),
    ...commands('ExecStop', config.execStop),
    ...commands('ExecStopPost', config.execStopPost),
    ['NonBlocking', yesNo(config.nonBlocking)],
    ['Delegate', yesNo(config.delegate)],
    ...execProperties(config),
  ];
}

function socketProperties(config: SocketConfig): readonly Property[] {
  return [
    ['BindIPv6Only', config.bindIpv6Only],
    ['Backlog', String(config.backlog)],
    ['TimeoutUSec', formatTimeSpan(config.timeoutMs)],
    ...optional('BindToDevice', config.bindToDevice),
    ...optional('SocketUser', config.socketUser),
    ...optional('SocketGroup', config.socketGroup),
    ['SocketMode', octal(config.socketMode)],
    ['DirectoryMode', octal(config.directoryMode)],
    ['Accept', yesNo(config.accept)],
    ['FlushPending', yesNo(config.flushPending)],
    ['Writable', yesNo(config.writable)],
    ['KeepAlive', yesNo(config.keepAlive)],
    ['KeepAliveTimeUSec', formatTimeSpan(config.keepAliveTimeMs ?? 0)],
    ['KeepAliveIntervalUSec', formatTimeSpan(config.keepAliveIntervalMs ?? 0)],
    ['KeepAliveProbes', String(config.keepAliveProbes ?? 0)],
    ['DeferAcceptUSec', formatTimeSpan(config.deferAcceptMs ?? 0)],
    ['NoDelay', yesNo(config.noDelay)],
    ['Priority', String(config.priority ?? -1)],
    ['ReceiveBuffer', String(config.receiveBuffer ?? 0)],
    ['SendBuffer', String(config.sendBuffer ?? 0)],
    ['IPTOS', String(config.ipTos ?? -1)],
    ['IPTTL', String(config.ipTtl ?? -1)],
    ['PipeSize', String(config.pipeSize ?? 0)],
    ['FreeBind', yesNo(config.freeBind)],
    ['Transparent', yesNo(config.transparent)],
    ['Broadcast', yesNo(config.broadcast)],
    ['PassCredentials', yesNo(config.passCredentials)],
    ['PassFileDescriptorsToExec', yesNo(config.passFileDescriptorsToExec)],
    ['PassSecurity', yesNo(config.passSecurity)],
    ['PassPacketInfo', yesNo(config.passPacketInfo)],
    ['Timestamping', config.timestamping],
    ['RemoveOnStop', yesNo(config.removeOnStop)],
    ['Symlinks', list(config.symlinks)],
    ...config.listen.map((listen): Property => ['Listen', `${addressText(listen)} (${KIND_TEXT[listen.kind]})`]),
    ['Mark', String(config.mark ?? -1)],
    ['MaxConnections', String(config.maxConnections)],
    ['MaxConnectionsPerSource', String(config.maxConnectionsPerSource)],
    ['MessageQueueMaxMessages', String(config.messageQueueMaxMessages ?? 0)],
    ['MessageQueueMessageSize', String(config.messageQueueMessageSize ?? 0)],
    ...optional('TCPCongestion', config.tcpCongestion),
    ['ReusePort', yesNo(config.reusePort)],
    ...optional('FileDescriptorName', config.fileDescriptorName ?? config.name),
    ...optional('SocketProtocol', config.socketProtocol),
    ['TriggerLimitIntervalUSec', formatTimeSpan(config.triggerLimitIntervalMs)],
    ['TriggerLimitBurst', String(config.triggerLimitBurst)],
    ['PollLimitIntervalUSec', formatTimeSpan(config.pollLimitIntervalMs)],
    ['PollLimitBurst', String(config.pollLimitBurst)],
    ...commands('ExecStartPre', config.execStartPre),
    ...commands('ExecStartPost', config.execStartPost),
    ...commands('ExecStopPre', config.execStopPre),
    ...commands('ExecStopPost', config.execStopPost),
    ...execProperties(config),
    ['Triggers', serviceOf(config)],
  ];
}

function execProperties({ exec, kill }: ServiceConfig | SocketConfig): readonly Property[] {
  return [
    ...(exec.environment.length === 0 ? [] : [['Environment', list(exec.environment.map(([name, value]) => quoteWord(`${name}=${value}`)))] as const]),
    ...exec.environmentFiles.map(({ path, optional: ignored }): Property => ['EnvironmentFiles', `${path} (ignore_errors=${yesNo(ignored)})`]),
    ...(exec.passEnvironment.length === 0 ? [] : [['PassEnvironment', list(exec.passEnvironment)] as const]),
    ...(exec.unsetEnvironment.length === 0 ? [] : [['UnsetEnvironment', list(exec.unsetEnvironment)] as const]),
    ['UMask', octal(exec.umask)],
    ...exec.limits.flatMap(({ resource, soft, hard }): readonly Property[] => [
      [`Limit${resource.toUpperCase()}`, number(hard)],
      [`Limit${resource.toUpperCase()}Soft`, number(soft)],
    ]),
    ...optional('WorkingDirectory', exec.workingDirectory === undefined ? undefined : `${exec.workingDirectoryOptional ? '!' : ''}${exec.workingDirectory}`),
    ...optional('RootDirectory', exec.rootDirectory),
    ['OOMScoreAdjust', String(exec.oomScoreAdjust ?? 0)],
    ['Nice', String(exec.nice ?? 0)],
    ['StandardInput', exec.standardInput.type],
    ['StandardOutput', exec.standardOutput.type],
    ['StandardError', exec.standardError.type],
    ...optional('SyslogIdentifier', exec.syslogIdentifier),
    ...optional('User', exec.user),
    ...optional('Group', exec.group),
    ...(exec.supplementaryGroups.length === 0 ? [] : [['SupplementaryGroups', list(exec.supplementaryGroups)] as const]),
    ['NoNewPrivileges', yesNo(exec.noNewPrivileges)],
    ['IgnoreSIGPIPE', yesNo(exec.ignoreSigpipe)],
    ['RuntimeDirectoryPreserve', exec.runtimeDirectoryPreserve],
    ...directory('RuntimeDirectory', exec.runtimeDirectory),
    ...directory('StateDirectory', exec.stateDirectory),
    ...directory('CacheDirectory', exec.cacheDirectory),
    ...directory('LogsDirectory', exec.logsDirectory),
    ...directory('ConfigurationDirectory', exec.configurationDirectory),
    ['KillMode', kill.killMode],
    ['KillSignal', signal(kill.killSignal)],
    ['RestartKillSignal', signal(kill.restartKillSignal ?? kill.killSignal)],
    ['FinalKillSignal', signal(kill.finalKillSignal)],
    ['SendSIGKILL', yesNo(kill.sendSigkill)],
    ['SendSIGHUP', yesNo(kill.sendSighup)],
  ];
}

function directory(name: string, { names, mode }: OwnedDirectories): readonly Property[] {
  return [...(names.length === 0 ? [] : [[name, list(names)] as const]), [`${name}Mode`, octal(mode)]];
}

/** Codes, then signals without their SIG. */
function statuses(name: string, { codes, signals }: ExitStatusSet): readonly Property[] {
  return codes.length + signals.length === 0 ? [] : [[name, list([...codes.map(String), ...signals.map((each) => each.replace(/^SIG/, ''))])]];
}

function optional(name: string, value: string | undefined): readonly Property[] {
  return value === undefined ? [] : [[name, value]];
}

/** systemctl show prints each command as a record; what rouse does not keep is n/a. */
function commands(name: string, all: readonly Command[]): readonly Property[] {
  return all.map(({ path, argv, ignoreFailure }): Property => [
    name,
    `{ path=${path} ; argv[]=${argv.join(' ')} ; ignore_errors=${yesNo(ignoreFailure)} ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }`,
  ]);
}
