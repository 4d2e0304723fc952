/**
 * Values as `systemctl show` prints them. As there, the words follow from the type and the name: times from names with USec or
 * Timestamp, modes in octal, the largest number as what it stands for.
 */
import { constants } from 'node:os';
import { ALL_CAPABILITIES, capabilityName } from '../unit/values/capabilities.js';
import { NAMESPACE_FLAGS, NAMESPACE_KINDS } from '../unit/values/namespaces.js';
import { formatTimeSpan } from '../unit/values/time-span.js';
import type { PropertyValue } from './property.js';

/** The lines of a property, each without its name; an empty value is one empty line, and a list of records without any has none. */
export function propertyLines(name: string, signature: string, value: PropertyValue): readonly string[] {
  const lines = LINES[signature]?.(value as never, name);
  if (lines !== undefined) return lines;
  switch (signature) {
    case 's':
    case 'o':
      return [String(value).includes('\n') ? '[unprintable]' : String(value)];
    case 'b':
      return [yesNo(value === true)];
    case 't':
      return [wideText(name, Number(value))];
    case 'i':
      return [value !== -1 ? String(value) : name === 'NUMAPolicy' ? 'n/a' : name.endsWith('ActionExitStatus') ? '' : '-1'];
    case 'u':
      return [/Mode|UMask/.test(name) ? Number(value).toString(8).padStart(4, '0') : value === UINT32_MAX && /^[UG]ID$/.test(name) ? '[not set]' : String(value)];
    case 'as':
      return [(value as readonly string[]).map(shellQuoted).join(' ')];
    case 'ay':
      return [Buffer.from(value as Uint8Array).toString('hex')];
    default:
      return Array.isArray(value) ? [] : [String(value)];
  }
}

const UINT32_MAX = 2 ** 32 - 1;
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

type Strings = readonly string[];
type Numbers = readonly number[];

/** Lines of structs and of lists of them. */
const LINES: Readonly<Record<string, (value: never, name: string) => readonly string[]>> = {
  // A job: its number, and none is none.
  '(uo)': ([id]: readonly [number, string]) => [id === 0 ? '' : String(id)],
  // An error: its name and its words.
  '(ss)': ([name, message]: Strings) => [name === '' ? '' : `${name} "${message}"`],
  '(aiai)': ([codes, signals]: readonly [Numbers, Numbers]) => [[...codes.map(String), ...signals.map(signalText)].join(' ')],
  'a(sb)': (files: readonly (readonly [string, boolean])[]) => files.map(([path, ignored]) => `${path} (ignore_errors=${yesNo(ignored)})`),
  'a(ss)': (listens: readonly Strings[], name) => (name === 'Listen' ? listens.map(([kind, address]) => `${address} (${kind})`) : []),
  'a(sbbsi)': () => [],
  '(bs)': () => [''],
  // A set of words, or with `~` all but those.
  '(bas)': ([allow, words]: readonly [boolean, Strings]) => [words.length === 0 ? '' : `${allow ? '' : '~'}${words.join(' ')}`],
  'a(sasbttttuii)': (records: readonly ExecRecord<boolean>[]) => records.map((record) => execText(record, `ignore_errors=${yesNo(record[2])}`)),
  'a(sasasttttuii)': (records: readonly ExecRecord<Strings>[]) => records.map((record) => execText(record, `flags=${record[2].join(' ')}`)),
};

/** The text of a 't': time span, date, or a number with a meaning. */
function wideText(name: string, value: number): string {
  if (name.endsWith('Timestamp')) return timestamp(value / 1000);
  if (name.includes('USec')) return value === Infinity && UNSET_TIMES.has(name) ? '[not set]' : formatTimeSpan(value / 1000);
  if (name.startsWith('Ambient') || name === 'CapabilityBoundingSet') return capabilityNames(value);
  if (value === 0 && name === 'MountFlags') return '';
  if (name === 'RestrictNamespaces') return namespaceNames(value);
  if (name === 'CoredumpFilter') return `0x${value.toString(16)}`;
  if (value !== Infinity) return String(value);
  if (/^IP.*(Bytes|Packets)$/.test(name)) return '[no data]';
  if (name.endsWith('Monotonic')) return '18446744073709551615';
  return /(Current|Peak|Available|NSec|Weight|Shares|Bytes|Operations)$/.test(name) ? '[not set]' : 'infinity';
}

function capabilityNames(set: number): string {
  return ALL_CAPABILITIES.filter((each) => Math.floor(set / 2 ** each) % 2 === 1)
    .map(capabilityName)
    .join(' ');
}

/** What may be made: nothing is a whole restriction. */
function namespaceNames(flags: number): string {
  if (flags === Infinity) return 'no';
  const allowed = NAMESPACE_KINDS.filter((kind) => ((NAMESPACE_FLAGS[kind] ?? 0) & flags) !== 0);
  return allowed.length === 0 ? 'yes' : allowed.join(' ');
}

const UNSET_TIMES: ReadonlySet<string> = new Set(['ManagedOOMMemoryPressureDurationUSec']);

type ExecRecord<T> = readonly [path: string, argv: Strings, third: T, start: number, startMono: number, stop: number, stopMono: number, pid: number, code: number, status: number];

const CODES = ['(null)', 'exited', 'killed', 'dumped'];

function execText([path, argv, , start, , stop, , pid, code, status]: ExecRecord<unknown>, third: string): string {
  const time = (usec: number): string => (usec === 0 ? 'n/a' : timestamp(usec / 1000));
  const end = code === 1 ? String(status) : `${status}/${signalText(status)}`;
  return `{ path=${path} ; argv[]=${argv.join(' ')} ; ${third} ; start_time=[${time(start)}] ; stop_time=[${time(stop)}] ; pid=${pid} ; code=${CODES[code] ?? '(null)'} ; status=${end} }`;
}

/** 'TERM' for 15. */
function signalText(number: number): string {
  return (
    Object.entries(constants.signals)
      .find(([, value]) => value === number)?.[0]
      .slice(3) ?? String(number)
  );
}

/** A word as a shell would need it, in double quotes where it must have quotes. */
function shellQuoted(word: string): string {
  return /[\s"\\`$*?['()<>|&;!\p{Cc}]/u.test(word) ? `"${word.replace(/["\\`$]/g, '\\$&')}"` : word;
}

/** 'Tue 2026-11-24 20:06:15 UTC', in the local time zone; '' for never. */
export function timestamp(timeMs: number): string {
  if (timeMs === 0) return '';
  const time = new Date(timeMs);
  const part = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-GB', options).format(time);
  const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const date = `${time.getFullYear()}-${String(time.getMonth() + 1).padStart(2, '0')}-${String(time.getDate()).padStart(2, '0')}`;
  return `${part({ weekday: 'short' })} ${date} ${part({ hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })} ${zone}`;
}
