/** Table: properties of services; org.freedesktop.systemd1(5), "SERVICE OBJECTS". */
import type { ExitStatusSet, ServiceConfig } from '../unit/config.js';
import { restartDelayMs } from '../unit/restart-delay.js';
import { NO_STATUSES, SERVICE_DEFAULTS, TIMEOUT_MS } from '../unit/defaults.js';
import { ABSENT_PROPERTIES } from './absent-properties.js';
import { CGROUP_PROPERTIES, commandLists, EXEC_PROPERTIES, EXIT_CODES, KILL_PROPERTIES, signalNumber } from './exec-properties.js';
import { fixed, live, NO_ID, property, usec, type Property, type PropertyValue } from './property.js';
import type { Subject } from './subject.js';
import { SANDBOX_PROPERTIES } from './sandbox-properties.js';
import { times } from './unit-properties.js';

/** Of a unit without files. */
const BLANK = {
  ...SERVICE_DEFAULTS,
  serviceType: '',
  notifyAccess: 'none',
  timeoutStartMs: TIMEOUT_MS,
  timeoutAbortMs: TIMEOUT_MS,
  successExitStatus: NO_STATUSES,
} as unknown as ServiceConfig;

function service(name: string, signature: string, read: (config: ServiceConfig) => PropertyValue): Property {
  return property(name, signature, (subject) => read(configOf(subject)));
}

function configOf({ config }: Subject): ServiceConfig {
  return config?.type === 'service' ? config : BLANK;
}

/** Until its first start nobody has said that there is none. */
function watchdogUsec(subject: Subject): number {
  const timeMs = subject.state.watchdogMs ?? configOf(subject).watchdogMs;
  return timeMs === 0 && subject.state.inactiveExitMs === 0 ? Infinity : usec(timeMs);
}

const OPEN_FLAGS = { 'read-only': 1, append: 2, truncate: 4, graceful: 8 } as const;

function statuses(name: string, read: (config: ServiceConfig) => ExitStatusSet): Property {
  return service(name, '(aiai)', (config) => [read(config).codes, read(config).signals.map(signalNumber)]);
}

export const SERVICE_PROPERTIES: readonly Property[] = [
  service('Type', 's', ({ serviceType }) => serviceType),
  ...fixed('s', 'main', 'ExitType'),
  service('Restart', 's', ({ restart }) => restart),
  service('RestartMode', 's', ({ restartMode }) => restartMode),
  service('PIDFile', 's', ({ pidFile }) => pidFile ?? ''),
  service('NotifyAccess', 's', ({ notifyAccess }) => notifyAccess),
  service('RestartUSec', 't', ({ restartMs }) => usec(restartMs)),
  service('RestartSteps', 'u', ({ restartSteps }) => restartSteps),
  service('RestartMaxDelayUSec', 't', ({ restartMaxDelayMs }) => usec(restartMaxDelayMs)),
  live('RestartUSecNext', 't', (subject) => usec(restartDelayMs(configOf(subject), subject.state.restarts))),
  service('TimeoutStartUSec', 't', ({ timeoutStartMs }) => usec(timeoutStartMs)),
  service('TimeoutStopUSec', 't', ({ timeoutStopMs }) => usec(timeoutStopMs)),
  service('TimeoutAbortUSec', 't', ({ timeoutAbortMs }) => usec(timeoutAbortMs)),
  service('TimeoutStartFailureMode', 's', ({ timeoutStartFailureMode }) => timeoutStartFailureMode),
  service('TimeoutStopFailureMode', 's', ({ timeoutStopFailureMode }) => timeoutStopFailureMode),
  service('RuntimeMaxUSec', 't', ({ runtimeMaxMs }) => usec(runtimeMaxMs)),
  service('RuntimeRandomizedExtraUSec', 't', ({ runtimeRandomizedExtraMs }) => usec(runtimeRandomizedExtraMs)),
  property('WatchdogUSec', 't', (subject) => watchdogUsec(subject)),
  service('RootDirectoryStartOnly', 'b', ({ rootDirectoryStartOnly }) => rootDirectoryStartOnly),
  service('RemainAfterExit', 'b', ({ remainAfterExit }) => remainAfterExit),
  service('GuessMainPID', 'b', ({ guessMainPid }) => guessMainPid),
  statuses('RestartPreventExitStatus', ({ restartPreventExitStatus }) => restartPreventExitStatus),
  statuses('RestartForceExitStatus', ({ restartForceExitStatus }) => restartForceExitStatus),
  statuses('SuccessExitStatus', ({ successExitStatus }) => successExitStatus),
  live('MainPID', 'u', ({ state }) => state.mainPid),
  live('ControlPID', 'u', ({ state }) => state.controlPid),
  service('BusName', 's', ({ busName }) => busName ?? ''),
  service('FileDescriptorStoreMax', 'u', ({ fileDescriptorStoreMax }) => fileDescriptorStoreMax),
  live('NFileDescriptorStore', 'u', ({ state }) => state.storedDescriptors),
  service('FileDescriptorStorePreserve', 's', ({ fileDescriptorStorePreserve }) => fileDescriptorStorePreserve),
  live('StatusText', 's', ({ state }) => state.statusText),
  live('StatusErrno', 'i', ({ state }) => state.statusErrno),
  ...fixed('s', '', 'StatusBusError StatusVarlinkError'),
  live('Result', 's', ({ state }) => state.result),
  live('ReloadResult', 's', ({ state }) => state.reloadResult),
  ...fixed('s', 'success', 'CleanResult LiveMountResult'),
  // Whom the kernel knows for User= is looked up where it is started.
  property('UID', 'u', (subject) => (configOf(subject).exec?.user === undefined ? NO_ID : undefined)),
  property('GID', 'u', (subject) => (configOf(subject).exec?.user === undefined && configOf(subject).exec?.group === undefined ? NO_ID : undefined)),
  live('NRestarts', 'u', ({ state }) => state.restarts),
  service('OpenFile', 'a(sst)', ({ openFiles }) =>
    openFiles.map(({ path, name, options }) => [path, name, options.reduce((all, option) => all | OPEN_FLAGS[option as keyof typeof OPEN_FLAGS], 0)]),
  ),
  ...fixed('as', [], 'ExtraFileDescriptorNames'),
  service('ReloadSignal', 'i', ({ reloadSignal }) => signalNumber(reloadSignal)),
  ...times('ExecMainStart', ({ main }) => main.startMs),
  ...times('ExecMainExit', ({ main }) => main.exitMs),
  live('ExecMainPID', 'u', ({ state }) => state.main.pid),
  live('ExecMainCode', 'i', ({ state: { main } }) => (main.code === undefined ? 0 : EXIT_CODES[main.code])),
  live('ExecMainStatus', 'i', ({ state: { main } }) => main.status),
  ...commandLists('ExecCondition', (subject) => configOf(subject).execCondition),
  ...commandLists('ExecStartPre', (subject) => configOf(subject).execStartPre),
  ...commandLists('ExecStart', (subject) => configOf(subject).execStart, true),
  ...commandLists('ExecStartPost', (subject) => configOf(subject).execStartPost),
  ...commandLists('ExecReload', (subject) => configOf(subject).execReload),
  ...commandLists('ExecStop', (subject) => configOf(subject).execStop),
  ...commandLists('ExecStopPost', (subject) => configOf(subject).execStopPost),
  ...CGROUP_PROPERTIES,
  ...EXEC_PROPERTIES,
  ...SANDBOX_PROPERTIES,
  ...KILL_PROPERTIES,
  ...ABSENT_PROPERTIES,
];
