/** What the manager is as a whole, as systemd's Manager object says it; a table of its properties. */
import { readFileSync } from 'node:fs';
import { monotonic } from '../properties/unit-properties.js';
import { TIMEOUT_MS } from '../unit/defaults.js';
import type { Api } from './api.js';
import type { PropertyAccess } from './interface.js';
import type { Value } from './value.js';

declare const ROUSE_VERSION: string;

/** Clients read the number for what they may ask: rouse answers as this systemd does, and says whom they talk to. */
export const VERSION = `257 (rouse ${typeof ROUSE_VERSION === 'string' ? ROUSE_VERSION : '0'})`;

/** systemctl(1), is-system-running. */
export function systemState({ manager }: Api): string {
  if (manager.stopping) return 'stopping';
  if (manager.find('default.target')?.activeState !== 'active' && manager.jobs.has('default.target')) return 'starting';
  return failedUnits(manager.units.values()) > 0 ? 'degraded' : 'running';
}

function failedUnits(units: Iterable<{ readonly activeState: string }>): number {
  return [...units].filter(({ activeState }) => activeState === 'failed').length;
}

const startedMs = Date.now() - process.uptime() * 1000;

/** Both clocks; systemd's start-up has more stages than ours. */
function stamps(name: string, timeMs: number): readonly Row[] {
  return [
    [`${name}Timestamp`, 't', () => Math.round(timeMs * 1000)],
    [`${name}TimestampMonotonic`, 't', () => monotonic(timeMs)],
  ];
}

type Row = readonly [name: string, signature: string, get: (api: Api) => Value, set?: (api: Api, value: Value) => void];

const NO_STAGES =
  'Firmware Loader Kernel InitRD ShutdownStart SecurityStart SecurityFinish GeneratorsStart GeneratorsFinish UnitsLoadStart UnitsLoadFinish UnitsLoad InitRDSecurityStart InitRDSecurityFinish InitRDGeneratorsStart InitRDGeneratorsFinish InitRDUnitsLoadStart InitRDUnitsLoadFinish';

function constants(signature: string, value: Value, names: string): readonly Row[] {
  return names.split(' ').map((name) => [name, signature, () => value]);
}

const LOG_ROWS: readonly Row[] = [
  ['LogLevel', 's', () => (process.env['ROUSE_LOG_LEVEL'] === 'debug' ? 'debug' : 'info'), (_, value) => void (process.env['ROUSE_LOG_LEVEL'] = String(value))],
  ...constants('s', 'console', 'LogTarget'),
];

const ROWS: readonly Row[] = [
  ['Version', 's', () => VERSION],
  ...constants('s', '', 'Features Virtualization ConfidentialVirtualization'),
  ['Architecture', 's', ({ store }) => store.facts.architecture],
  ...constants('s', '', 'Tainted'),
  ...NO_STAGES.split(' ').flatMap((name) => stamps(name, 0)),
  ...stamps('Userspace', startedMs),
  ...stamps('Finish', startedMs),
  ...LOG_ROWS,
  ['NNames', 'u', ({ manager }) => manager.units.size],
  ['NFailedUnits', 'u', ({ manager }) => failedUnits(manager.units.values())],
  ['NJobs', 'u', ({ manager }) => manager.jobs.all.length],
  ['NInstalledJobs', 'u', ({ manager }) => manager.jobs.lastId],
  ...constants('u', 0, 'NFailedJobs'),
  ...constants('d', 1, 'Progress'),
  ['Environment', 'as', ({ manager }) => [...manager.launchHost.environment].map(([name, value]) => `${name}=${value}`)],
  ...constants('b', false, 'ConfirmSpawn ShowStatus'),
  ['UnitPath', 'as', ({ scope }) => [...scope.unitDirs]],
  ...constants('s', 'journal', 'DefaultStandardOutput'),
  ...constants('s', 'inherit', 'DefaultStandardError'),
  ...constants('s', '', 'WatchdogDevice'),
  ...constants('t', 0, 'RuntimeWatchdogUSec RuntimeWatchdogPreUSec RebootWatchdogUSec KExecWatchdogUSec'),
  ...constants('s', '', 'RuntimeWatchdogPreGovernor'),
  ...constants('b', true, 'ServiceWatchdogs'),
  ['ControlGroup', 's', ({ manager }) => manager.cgroups.path ?? ''],
  ['SystemState', 's', systemState],
  ...constants('y', 0, 'ExitCode'),
  ...constants('t', 60_000_000, 'DefaultTimerAccuracyUSec'),
  ...constants('t', TIMEOUT_MS * 1000, 'DefaultTimeoutStartUSec DefaultTimeoutStopUSec DefaultTimeoutAbortUSec DefaultDeviceTimeoutUSec'),
  ...constants('t', 100_000, 'DefaultRestartUSec'),
  ...constants('t', 10_000_000, 'DefaultStartLimitIntervalUSec'),
  ...constants('u', 5, 'DefaultStartLimitBurst'),
  ...constants('b', false, 'DefaultCPUAccounting DefaultBlockIOAccounting DefaultIOAccounting DefaultIPAccounting DefaultMemoryAccounting DefaultTasksAccounting'),
  ...constants('t', Infinity, 'DefaultTasksMax'),
  ['TimerSlackNSec', 't', timerSlack],
  ...constants('s', 'continue', 'DefaultOOMPolicy'),
  ...constants('i', 0, 'DefaultOOMScoreAdjust'),
  ...constants('s', 'none', 'CtrlAltDelBurstAction'),
  ...constants('u', 0, 'SoftRebootsCount'),
];

/** In nanoseconds; proc_pid_timerslack_ns(5). */
function timerSlack(): number {
  try {
    return Number(readFileSync('/proc/self/timerslack_ns', 'utf8'));
  } catch {
    return 50_000;
  }
}

export function managerProperties(api: Api): readonly PropertyAccess[] {
  return accessTo(api, ROWS);
}

/** org.freedesktop.LogControl1(5) */
export function logProperties(api: Api): readonly PropertyAccess[] {
  return accessTo(api, [...LOG_ROWS, ...constants('s', 'rouse', 'SyslogIdentifier')]);
}

function accessTo(api: Api, rows: readonly Row[]): readonly PropertyAccess[] {
  return rows.map(([name, signature, get, set]) => ({
    name,
    signature,
    get: () => get(api),
    ...(set === undefined ? {} : { set: (value: Value) => set(api, value) }),
    live: false,
  }));
}
