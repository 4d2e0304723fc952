/**
 * The typed configuration of a unit: frozen, made once from text by `load.ts`, and never holding runtime state.
 * Field names are the keys of systemd.unit(5), systemd.socket(5), systemd.service(5), systemd.exec(5) and
 * systemd.kill(5) in camelCase. Times are milliseconds (`…Ms`; Infinity for `infinity`), signals are names
 * ('SIGTERM'), modes are numbers.
 */
import type { Credential, OpenFile } from './input-keys.js';
import type { SandboxConfig } from './sandbox.js';
import type { SchedulingConfig } from './scheduling.js';
import type { Place } from '../unitfile/diagnostic.js';

export type UnitType = 'socket' | 'service' | 'target';

/** systemd.unit(5); the inverse kinds (RequiredBy, TriggeredBy …) are derived by the manager. */
export type DependencyKind =
  | 'requires'
  | 'requisite'
  | 'wants'
  | 'bindsTo'
  | 'partOf'
  | 'upholds'
  | 'conflicts'
  | 'before'
  | 'after'
  | 'onFailure'
  | 'onSuccess'
  | 'propagatesReloadTo'
  | 'reloadPropagatedFrom'
  | 'propagatesStopTo'
  | 'stopPropagatedFrom'
  | 'joinsNamespaceOf';

/** A dependency as written (or implied: then `place.line` is 0). */
export interface Dependency {
  readonly kind: DependencyKind;
  readonly name: string;
  readonly place: Place;
}

export interface Condition {
  /** 'ConditionPathExists', 'AssertPathExists' … as spelled. */
  readonly key: string;
  readonly assert: boolean;
  /** `|` before the value: one of the triggering conditions suffices. */
  readonly trigger: boolean;
  /** `!` before the value. */
  readonly negate: boolean;
  readonly value: string;
  readonly place: Place;
}

/** What [Install] asks for; systemd.unit(5), "[Install] SECTION OPTIONS". */
export interface InstallConfig {
  readonly alias: readonly string[];
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly upheldBy: readonly string[];
  readonly also: readonly string[];
  readonly defaultInstance: string | undefined;
}

/** Keys of [Unit] and [Install], which every type has. */
export interface CommonConfig {
  readonly name: string;
  readonly description: string;
  readonly documentation: readonly string[];
  readonly fragmentPath: string;
  readonly sourcePath: string | undefined;
  readonly dropInPaths: readonly string[];
  readonly dependencies: readonly Dependency[];
  readonly conditions: readonly Condition[];
  readonly defaultDependencies: boolean;
  readonly refuseManualStart: boolean;
  readonly refuseManualStop: boolean;
  readonly stopWhenUnneeded: boolean;
  readonly allowIsolate: boolean;
  readonly ignoreOnIsolate: boolean;
  readonly collectMode: 'inactive' | 'inactive-or-failed';
  readonly jobTimeoutMs: number;
  readonly jobRunningTimeoutMs: number;
  readonly startLimitIntervalMs: number;
  readonly startLimitBurst: number;
  readonly install: InstallConfig;
}

/** One command line of ExecStart= and its sisters; systemd.service(5), "COMMAND LINES". */
export interface Command {
  /** The program: an absolute path, or a name that is looked up in PATH. Specifiers are expanded, `$` is not. */
  readonly path: string;
  /** argv, argv[0] included: the path itself, or the word after it where `@` was given. `$` is not expanded yet. */
  readonly argv: readonly string[];
  /** `-` */
  readonly ignoreFailure: boolean;
  /** `:` */
  readonly noEnvironmentExpansion: boolean;
  /** `+` */
  readonly fullPrivileges: boolean;
  /** `!` or `!!` */
  readonly noSetuid: boolean;
  readonly place: Place;
}

export interface EnvironmentFile {
  readonly path: string;
  /** `-` before the path. */
  readonly optional: boolean;
  readonly place: Place;
}

/** Soft and hard limit; Infinity for `infinity`. The name is LimitNOFILE= … without `Limit`, lower case: 'nofile'. */
export interface ResourceLimit {
  readonly resource: string;
  readonly soft: number;
  readonly hard: number;
}

export type OutputTarget =
  | { readonly type: 'inherit' | 'null' | 'tty' | 'journal' | 'kmsg' | 'socket' }
  | { readonly type: 'file' | 'append' | 'truncate'; readonly path: string }
  | { readonly type: 'fd'; readonly name: string | undefined };

export type InputTarget =
  | { readonly type: 'null' | 'tty' | 'socket' }
  | { readonly type: 'data'; readonly data: Uint8Array }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'fd'; readonly name: string | undefined };

/** Directories that a service owns: RuntimeDirectory= and its sisters, relative to their parent. */
export interface OwnedDirectories {
  readonly names: readonly string[];
  /** Second names: links beside the first ones. */
  readonly links: readonly (readonly [name: string, link: string])[];
  readonly mode: number;
}

/** systemd.exec(5): keys of every section that runs commands. */
export interface ExecConfig {
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly supplementaryGroups: readonly string[];
  /** '~' stands for the user's home. */
  readonly workingDirectory: string | undefined;
  readonly workingDirectoryOptional: boolean;
  readonly rootDirectory: string | undefined;
  readonly umask: number;
  readonly nice: number | undefined;
  readonly oomScoreAdjust: number | undefined;
  readonly limits: readonly ResourceLimit[];
  readonly noNewPrivileges: boolean;
  readonly ignoreSigpipe: boolean;
  /** NAME → value, in order; later ones win. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly environmentFiles: readonly EnvironmentFile[];
  readonly passEnvironment: readonly string[];
  readonly unsetEnvironment: readonly string[];
  readonly standardInput: InputTarget;
  readonly standardOutput: OutputTarget;
  readonly standardError: OutputTarget;
  readonly syslogIdentifier: string | undefined;
  readonly runtimeDirectory: OwnedDirectories;
  readonly runtimeDirectoryPreserve: 'no' | 'yes' | 'restart';
  readonly stateDirectory: OwnedDirectories;
  readonly cacheDirectory: OwnedDirectories;
  readonly logsDirectory: OwnedDirectories;
  readonly configurationDirectory: OwnedDirectories;
  readonly sandbox: SandboxConfig;
  readonly scheduling: SchedulingConfig;
  readonly execSearchPath: readonly string[];
  readonly standardInputData: Uint8Array;
  /** LoadCredential= and, where that finds nothing, SetCredential=. */
  readonly credentials: readonly Credential[];
  readonly setCredentials: readonly Credential[];
}

/** systemd.kill(5) */
export interface KillConfig {
  readonly killMode: 'control-group' | 'mixed' | 'process' | 'none';
  readonly killSignal: string;
  readonly restartKillSignal: string | undefined;
  readonly finalKillSignal: string;
  readonly watchdogSignal: string;
  readonly sendSighup: boolean;
  readonly sendSigkill: boolean;
}

/** Exit codes and signals, as SuccessExitStatus= lists them. */
export interface ExitStatusSet {
  readonly codes: readonly number[];
  readonly signals: readonly string[];
}

export type ServiceType = 'simple' | 'exec' | 'forking' | 'oneshot' | 'dbus' | 'notify' | 'notify-reload' | 'idle';
/** What a process that takes too long gets: the signals of a stop, those of a watchdog, or the last one at once. */
export type FailureMode = 'terminate' | 'abort' | 'kill';
export type ServiceRestart = 'no' | 'on-success' | 'on-failure' | 'on-abnormal' | 'on-watchdog' | 'on-abort' | 'always';

/** systemd.service(5) */
export interface ServiceConfig extends CommonConfig {
  readonly type: 'service';
  readonly serviceType: ServiceType;
  readonly execStartPre: readonly Command[];
  readonly execStart: readonly Command[];
  readonly execStartPost: readonly Command[];
  readonly execCondition: readonly Command[];
  readonly execReload: readonly Command[];
  readonly execStop: readonly Command[];
  readonly execStopPost: readonly Command[];
  readonly remainAfterExit: boolean;
  readonly pidFile: string | undefined;
  readonly busName: string | undefined;
  readonly restart: ServiceRestart;
  readonly restartMs: number;
  /** In how many restarts the delay grows from RestartSec= to RestartMaxDelaySec=; 0: it does not. */
  readonly restartSteps: number;
  readonly restartMaxDelayMs: number;
  /** 'direct': between two runs nobody takes it for failed or inactive. */
  readonly restartMode: 'normal' | 'direct';
  readonly timeoutStartMs: number;
  readonly timeoutStopMs: number;
  readonly timeoutAbortMs: number;
  readonly timeoutStartFailureMode: FailureMode;
  readonly timeoutStopFailureMode: FailureMode;
  readonly runtimeMaxMs: number;
  readonly runtimeRandomizedExtraMs: number;
  readonly watchdogMs: number;
  readonly notifyAccess: 'none' | 'main' | 'exec' | 'all';
  readonly successExitStatus: ExitStatusSet;
  readonly restartPreventExitStatus: ExitStatusSet;
  readonly restartForceExitStatus: ExitStatusSet;
  readonly guessMainPid: boolean;
  readonly rootDirectoryStartOnly: boolean;
  readonly nonBlocking: boolean;
  /** Type=notify-reload */
  readonly reloadSignal: string;
  readonly fileDescriptorStoreMax: number;
  readonly fileDescriptorStorePreserve: 'no' | 'yes' | 'restart';
  /** Sockets= names further socket units whose descriptors go to this service. */
  readonly sockets: readonly string[];
  readonly openFiles: readonly OpenFile[];
  readonly delegate: boolean;
  /** [X-Rouse]; without targets. */
  readonly adopt: AdoptConfig;
  /** [X-Rouse]; undefined: nothing was said. */
  readonly arm: ArmMode | undefined;
  /** [X-Rouse] Nobody for so long, and it is frozen again. */
  readonly freezeAfterMs: number | undefined;
  /** [X-Rouse] Nobody for so long, and it is stopped; undefined, 0 or Infinity: never. */
  readonly idleMs: number | undefined;
  readonly exec: ExecConfig;
  readonly kill: KillConfig;
}

/** Where a socket listens. */
export type ListenAddress =
  | { readonly family: 'inet'; readonly host: string; readonly port: number }
  | { readonly family: 'inet6'; readonly host: string; readonly port: number; readonly scope?: string }
  /** `ListenStream=8080`: an IPv6 socket for both families, or IPv4 where the kernel has no IPv6. */
  | { readonly family: 'any'; readonly port: number }
  | { readonly family: 'unix'; readonly path: string }
  /** `@name`, without the `@`. */
  | { readonly family: 'abstract'; readonly name: string }
  | { readonly family: 'vsock'; readonly cid: number; readonly port: number };

/** What a program binds where a held socket stands for it; [X-Rouse] Adopt=. */
export interface AdoptTarget {
  /** The port of the held socket that is meant; undefined: the one of the Listen…= line in the same place. */
  readonly held: number | undefined;
  /** Family 'any' is a port alone, whatever the address. undefined: the socket is not adopted. */
  readonly address: ListenAddress | undefined;
}

export type AdoptMode = 'auto' | 'yes' | 'no';

export interface AdoptConfig {
  /** undefined: nothing was said. */
  readonly mode: AdoptMode | undefined;
  readonly targets: readonly AdoptTarget[];
}

/**
 * How ready a service is while nobody is connected; [X-Rouse] Arm=. Each level takes more memory and answers sooner.
 *   stopped   nothing of it runs.
 *   armed     its container, or its process, waits before exec.
 *   frozen    it was started, and its cgroup is frozen until somebody connects; cgroups(7).
 *   running   it was started.
 */
export type ArmLevel = 'stopped' | 'armed' | 'frozen' | 'running';

/** 'auto': what suits it; a container is armed if it can be. */
export type ArmMode = 'auto' | ArmLevel;

export type ListenKind = 'stream' | 'datagram' | 'sequential-packet' | 'fifo' | 'special' | 'netlink' | 'message-queue' | 'usb-function';

/** One Listen…= line. `address` is there for the first three kinds; `text` is the value as written, expanded; for a FIFO and a special file it is the path. */
export interface Listen {
  readonly kind: ListenKind;
  readonly text: string;
  readonly address: ListenAddress | undefined;
  readonly place: Place;
}

/** systemd.socket(5). undefined means: leave it as the kernel has it. */
export interface SocketConfig extends CommonConfig {
  readonly type: 'socket';
  readonly listen: readonly Listen[];
  readonly service: string | undefined;
  readonly accept: boolean;
  readonly socketProtocol: 'udplite' | 'sctp' | 'mptcp' | undefined;
  readonly bindIpv6Only: 'default' | 'both' | 'ipv6-only';
  readonly backlog: number;
  readonly bindToDevice: string | undefined;
  readonly socketUser: string | undefined;
  readonly socketGroup: string | undefined;
  readonly socketMode: number;
  readonly directoryMode: number;
  readonly writable: boolean;
  readonly flushPending: boolean;
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
  readonly keepAlive: boolean;
  readonly keepAliveTimeMs: number | undefined;
  readonly keepAliveIntervalMs: number | undefined;
  readonly keepAliveProbes: number | undefined;
  readonly noDelay: boolean;
  readonly priority: number | undefined;
  readonly deferAcceptMs: number | undefined;
  readonly receiveBuffer: number | undefined;
  readonly sendBuffer: number | undefined;
  readonly ipTos: number | undefined;
  readonly ipTtl: number | undefined;
  readonly mark: number | undefined;
  readonly reusePort: boolean;
  readonly freeBind: boolean;
  readonly transparent: boolean;
  readonly broadcast: boolean;
  readonly passCredentials: boolean;
  readonly passPidfd: boolean;
  readonly passSecurity: boolean;
  readonly acceptFileDescriptors: boolean;
  readonly passPacketInfo: boolean;
  readonly timestamping: 'off' | 'us' | 'ns';
  readonly tcpCongestion: string | undefined;
  readonly passFileDescriptorsToExec: boolean;
  readonly pipeSize: number | undefined;
  readonly messageQueueMaxMessages: number | undefined;
  readonly messageQueueMessageSize: number | undefined;
  readonly removeOnStop: boolean;
  readonly symlinks: readonly string[];
  readonly fileDescriptorName: string | undefined;
  readonly execStartPre: readonly Command[];
  readonly execStartPost: readonly Command[];
  readonly execStopPre: readonly Command[];
  readonly execStopPost: readonly Command[];
  readonly timeoutMs: number;
  readonly triggerLimitIntervalMs: number;
  readonly triggerLimitBurst: number;
  readonly pollLimitIntervalMs: number;
  readonly pollLimitBurst: number;
  /** [X-Rouse] What a limit that is hit does to the socket: it rests and recovers, or it fails as in systemd. */
  readonly onLimit: 'rest' | 'fail';
  /** [X-Rouse] */
  readonly adopt: AdoptConfig;
  /** [X-Rouse] As in the service, which has the last word. */
  readonly arm: ArmMode | undefined;
  readonly freezeAfterMs: number | undefined;
  readonly idleMs: number | undefined;
  readonly exec: ExecConfig;
  readonly kill: KillConfig;
}

/** systemd.target(5) */
export interface TargetConfig extends CommonConfig {
  readonly type: 'target';
}

export type UnitConfig = SocketConfig | ServiceConfig | TargetConfig;

/** systemd.unit(5); 'bad-setting': it was read and one of its settings makes it unusable. */
export type LoadState = 'loaded' | 'not-found' | 'bad-setting' | 'error' | 'masked';
