/** Table: properties of services; org.freedesktop.systemd1(5), "SERVICE OBJECTS". */
import { constants } from 'node:os';
import type { ExitStatusSet, ServiceConfig } from '../unit/config.js';
import { NO_STATUSES, SERVICE_DEFAULTS, TIMEOUT_MS } from '../unit/defaults.js';
import { ABSENT_PROPERTIES } from './absent-properties.js';
import { CGROUP_PROPERTIES, commandLists, EXEC_PROPERTIES, EXIT_CODES, KILL_PROPERTIES, signalNumber } from './exec-properties.js';
import { fixed, live, NO_ID, property, usec, type Property, type PropertyValue } from './property.js';
import type { Subject } from './subject.js';
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

function statuses(name: string, read: (config: ServiceConfig) => ExitStatusSet): Property {
  return service(name, '(aiai)', (config) => [read(config).codes, read(config).signals.map(signalNumber)]);
}

export const SERVICE_PROPERTIES: readonly Property[] = [
  service('Type', 's', ({ serviceType }) => serviceType),
  ...fixed('s', 'main', 'ExitType'),
  service('Restart', 's', ({ restart }) => restart),
  ...fixed('s', 'normal', 'RestartMode'),
  service('PIDFile', 's', ({ pidFile }) => pidFile ?? ''),
  service('NotifyAccess', 's', ({ notifyAccess }) => notifyAccess),
  service('RestartUSec', 't', ({ restartMs }) => usec(restartMs)),
  ...fixed('u', 0, 'RestartSteps'),
  ...fixed('t', Infinity, 'RestartMaxDelayUSec'),
  service('RestartUSecNext', 't', ({ restartMs }) => usec(restartMs)),
  service('TimeoutStartUSec', 't', ({ timeoutStartMs }) => usec(timeoutStartMs)),
  service('TimeoutStopUSec', 't', ({ timeoutStopMs }) => usec(timeoutStopMs)),
  service('TimeoutAbortUSec', 't', ({ timeoutAbortMs }) => usec(timeoutAbortMs)),
  ...fixed('s', 'terminate', 'TimeoutStartFailureMode TimeoutStopFailureMode'),
  service('RuntimeMaxUSec', 't', ({ runtimeMaxMs }) => usec(runtimeMaxMs)),
  ...fixed('t', 0, 'RuntimeRandomizedExtraUSec'),
  service('WatchdogUSec', 't', ({ watchdogMs }) => usec(watchdogMs)),
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
  ...fixed('u', 0, 'NFileDescriptorStore'),
  ...fixed('s', 'restart', 'FileDescriptorStorePreserve'),
  live('StatusText', 's', ({ state }) => state.statusText),
  ...fixed('i', 0, 'StatusErrno'),
  ...fixed('s', '', 'StatusBusError StatusVarlinkError'),
  live('Result', 's', ({ state }) => state.result),
  live('ReloadResult', 's', ({ state }) => state.reloadResult),
  ...fixed('s', 'success', 'CleanResult LiveMountResult'),
  // Whom the kernel knows for User= is looked up where it is started.
  property('UID', 'u', (subject) => (configOf(subject).exec?.user === undefined ? NO_ID : undefined)),
  property('GID', 'u', (subject) => (configOf(subject).exec?.user === undefined && configOf(subject).exec?.group === undefined ? NO_ID : undefined)),
  live('NRestarts', 'u', ({ state }) => state.restarts),
  ...fixed('a(sst)', [], 'OpenFile'),
  ...fixed('as', [], 'ExtraFileDescriptorNames'),
  ...fixed('i', constants.signals.SIGHUP, 'ReloadSignal'),
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
  ...KILL_PROPERTIES,
  ...ABSENT_PROPERTIES,
];
