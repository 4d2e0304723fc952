/** What a unit has when its files say nothing; systemd-system.conf(5) and the manuals of the keys. */
import { NO_SANDBOX } from './sandbox.js';
import { NO_SCHEDULING } from './scheduling.js';
import type { ExitStatusSet, OwnedDirectories } from './config.js';

const NO_DIRECTORIES: OwnedDirectories = { names: [], links: [], mode: 0o755 };
export const NO_STATUSES: ExitStatusSet = { codes: [], signals: [] };

export const COMMON_DEFAULTS = {
  documentation: [],
  dependencies: [],
  conditions: [],
  defaultDependencies: true,
  refuseManualStart: false,
  refuseManualStop: false,
  stopWhenUnneeded: false,
  allowIsolate: false,
  ignoreOnIsolate: false,
  collectMode: 'inactive',
  jobTimeoutMs: Infinity,
  startLimitIntervalMs: 10_000,
  startLimitBurst: 5,
};

export const INSTALL_DEFAULTS = { alias: [], wantedBy: [], requiredBy: [], upheldBy: [], also: [], defaultInstance: undefined };

export const EXEC_DEFAULTS = {
  supplementaryGroups: [],
  workingDirectoryOptional: false,
  umask: 0o022,
  limits: [],
  noNewPrivileges: false,
  ignoreSigpipe: true,
  environment: [],
  environmentFiles: [],
  passEnvironment: [],
  unsetEnvironment: [],
  standardInput: { type: 'null' },
  standardError: { type: 'inherit' },
  runtimeDirectory: NO_DIRECTORIES,
  runtimeDirectoryPreserve: 'no',
  stateDirectory: NO_DIRECTORIES,
  cacheDirectory: NO_DIRECTORIES,
  logsDirectory: NO_DIRECTORIES,
  configurationDirectory: NO_DIRECTORIES,
  sandbox: NO_SANDBOX,
  scheduling: NO_SCHEDULING,
  execSearchPath: [],
  standardInputData: new Uint8Array(),
  credentials: [],
  setCredentials: [],
};

export const KILL_DEFAULTS = { killMode: 'control-group', killSignal: 'SIGTERM', finalKillSignal: 'SIGKILL', watchdogSignal: 'SIGABRT', sendSighup: false, sendSigkill: true };

/** The soft half of DefaultLimitNOFILE=. */
export const USUAL_FILES = 1024;

/** DefaultTimeoutStartSec= and DefaultTimeoutStopSec= */
const TIMEOUT_MS = 90_000;

export const SERVICE_DEFAULTS = {
  execStartPre: [],
  execStart: [],
  execStartPost: [],
  execCondition: [],
  execReload: [],
  execStop: [],
  execStopPost: [],
  remainAfterExit: false,
  restart: 'no',
  restartMs: 100,
  restartSteps: 0,
  restartMaxDelayMs: Infinity,
  restartMode: 'normal',
  timeoutStopMs: TIMEOUT_MS,
  timeoutStartFailureMode: 'terminate',
  timeoutStopFailureMode: 'terminate',
  runtimeMaxMs: Infinity,
  runtimeRandomizedExtraMs: 0,
  watchdogMs: 0,
  successExitStatus: NO_STATUSES,
  restartPreventExitStatus: NO_STATUSES,
  restartForceExitStatus: NO_STATUSES,
  guessMainPid: true,
  rootDirectoryStartOnly: false,
  nonBlocking: false,
  reloadSignal: 'SIGHUP',
  fileDescriptorStoreMax: 0,
  fileDescriptorStorePreserve: 'restart',
  sockets: [],
  openFiles: [],
  delegate: false,
};

export { TIMEOUT_MS };

export const SOCKET_DEFAULTS = {
  listen: [],
  accept: false,
  bindIpv6Only: 'default',
  backlog: 2 ** 31 - 1,
  socketMode: 0o666,
  directoryMode: 0o755,
  writable: false,
  flushPending: false,
  maxConnections: 64,
  maxConnectionsPerSource: 0,
  keepAlive: false,
  noDelay: false,
  reusePort: false,
  freeBind: false,
  transparent: false,
  broadcast: false,
  passCredentials: false,
  passPidfd: false,
  passSecurity: false,
  passPacketInfo: false,
  timestamping: 'off',
  passFileDescriptorsToExec: false,
  removeOnStop: false,
  symlinks: [],
  execStartPre: [],
  execStartPost: [],
  execStopPre: [],
  execStopPost: [],
  timeoutMs: TIMEOUT_MS,
  acceptFileDescriptors: true,
  triggerLimitIntervalMs: 2000,
  pollLimitIntervalMs: 2000,
  onLimit: 'rest',
};
