/**
 * What a unit's files say of it, as the wire has it. A verb that asks answers with this alone when no manager runs; a manager
 * adds the state.
 */
import { unitFileState } from '../load/install.js';
import type { LoadedUnit, UnitStore } from '../load/unit-store.js';
import { serviceOf } from '../unit/load.js';
import { addressText, KIND_TEXT } from '../unit/listen-text.js';
import { formatDiagnostic, type Diagnostic } from '../unitfile/diagnostic.js';
import { formatContents } from '../unitfile/format.js';
import { configProperties } from './properties.js';
import type { WireDiagnostic, WireUnit } from './protocol.js';
import { statQuietly } from '../load/stat.js';

export function toWireDiagnostic(diagnostic: Diagnostic): WireDiagnostic {
  const { severity, code, file, line, message, hint } = diagnostic;
  return { severity, code, file, line, message, ...(hint === undefined ? {} : { hint }), text: formatDiagnostic(diagnostic) };
}

/** A unit that nobody runs: inactive, or what its files make of it. */
export function wireUnit(store: UnitStore, loaded: LoadedUnit): WireUnit {
  const { config, contents } = loaded;
  return {
    name: loaded.name,
    description: config?.description ?? loaded.name,
    documentation: config?.documentation ?? [],
    loadState: loaded.loadState,
    activeState: 'inactive',
    subState: 'dead',
    result: 'success',
    fragmentPath: contents?.fragmentPath ?? '',
    ...(contents?.sourcePath === undefined ? {} : { sourcePath: contents.sourcePath, contents: formatContents(contents) }),
    dropInPaths: contents?.dropInPaths ?? [],
    stateChangeMs: 0,
    activeEnterMs: 0,
    triggers: config?.type === 'socket' ? [serviceOf(config)] : [],
    triggeredBy: [],
    diagnostics: loaded.diagnostics.map(toWireDiagnostic),
    needsDaemonReload: false,
    unitFileState: fileState(store, loaded),
    ...(config?.type === 'socket' ? { listen: config.listen.map((listen) => ({ kind: KIND_TEXT[listen.kind], address: addressText(listen) })) } : {}),
  };
}

function fileState(store: UnitStore, { name, loadState }: LoadedUnit): string {
  if (loadState === 'not-found') return '';
  return unitFileState(store, name);
}

/** Whether a file of the unit is newer than what was read. */
export function changedOnDisk({ contents, changedMs }: LoadedUnit): boolean {
  if (contents === undefined) return false;
  const paths = [contents.sourcePath ?? contents.fragmentPath, ...contents.dropInPaths].filter((path) => path.startsWith('/'));
  return paths.some((path) => {
    const stat = statQuietly(path);
    return stat === undefined || stat.mtimeMs > changedMs;
  });
}

/** `show`: state first, then the configuration. */
export function wireProperties(unit: WireUnit, loaded: LoadedUnit): WireUnit {
  const state: (readonly [string, string])[] = [
    ['Id', unit.name],
    ['Names', unit.name],
    ['LoadState', unit.loadState],
    ['ActiveState', unit.activeState],
    ['SubState', unit.subState],
    ['Result', unit.result],
    ['UnitFileState', unit.unitFileState],
    ['NeedDaemonReload', unit.needsDaemonReload ? 'yes' : 'no'],
    ['StateChangeTimestamp', timestamp(unit.stateChangeMs)],
    ['ActiveEnterTimestamp', timestamp(unit.activeEnterMs)],
    ['Job', String(unit.job?.id ?? 0)],
    ['TriggeredBy', unit.triggeredBy.join(' ')],
    ...serviceState(unit),
    ...socketState(unit),
  ];
  const known = new Set(state.map(([name]) => name));
  const config = loaded.config === undefined ? [['Description', unit.description] as const] : configProperties(loaded.config);
  return { ...unit, properties: [...state, ...config.filter(([name]) => !known.has(name))] };
}

function serviceState(unit: WireUnit): readonly (readonly [string, string])[] {
  if (!unit.name.endsWith('.service')) return [];
  return [
    ['MainPID', String(unit.mainPid ?? 0)],
    ['ControlPID', String(unit.controlPid ?? 0)],
    ['ExecMainCode', unit.mainCode ?? ''],
    ['ExecMainStatus', String(unit.mainStatus ?? 0)],
    ['NRestarts', String(unit.restarts ?? 0)],
    ['StatusText', unit.statusText ?? ''],
    ['ControlGroup', unit.controlGroup ?? ''],
    ['InvocationID', unit.invocationId ?? ''],
  ];
}

function socketState(unit: WireUnit): readonly (readonly [string, string])[] {
  if (!unit.name.endsWith('.socket')) return [];
  return [
    ['NAccepted', String(unit.accepted ?? 0)],
    ['NConnections', String(unit.connections ?? 0)],
  ];
}

/** 'Tue 2026-11-24 20:06:15 UTC', in the local time zone; '' for never. */
export function timestamp(timeMs: number): string {
  if (timeMs === 0) return '';
  const time = new Date(timeMs);
  const part = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-GB', options).format(time);
  const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const date = `${time.getFullYear()}-${String(time.getMonth() + 1).padStart(2, '0')}-${String(time.getDate()).padStart(2, '0')}`;
  return `${part({ weekday: 'short' })} ${date} ${part({ hour: '2-digit', minute: '2-digit', second: '2-digit' })} ${zone}`;
}
