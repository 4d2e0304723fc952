/** Time spans to milliseconds; systemd.time(7). A number alone is seconds, unless the key says otherwise. */
import { bad, good, type Value } from './value.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A twelfth of a year of 365.25 days, as systemd counts. */
const YEAR = 365.25 * DAY;
const MONTH = YEAR / 12;

const NAMES: readonly (readonly [RegExp, number])[] = [
  [/^(us|usec|µs|μs)$/, 0.001],
  [/^(ms|msec)$/, 1],
  [/^(s|sec|second|seconds)$/, SECOND],
  [/^(m|min|minute|minutes)$/, MINUTE],
  [/^(h|hr|hour|hours)$/, HOUR],
  [/^(d|day|days)$/, DAY],
  [/^(w|week|weeks)$/, 7 * DAY],
  [/^(M|month|months)$/, MONTH],
  [/^(y|year|years)$/, YEAR],
];

/** Infinity for 'infinity'. */
export function timeSpan(written: string): Value<number> {
  const text = written.trim();
  if (text === 'infinity') return good(Infinity);
  const parts = [...text.matchAll(/\s*(\d+(?:\.\d+)?|(?<!\d)\.\d+)\s*([a-zA-Zµμ]*)/gy)];
  const read = parts.map(([whole]) => whole).join('').length;
  const times = parts.map(([, number, unit]) => Number(number) * (unit === '' ? SECOND : (NAMES.find(([name]) => name.test(unit ?? ''))?.[1] ?? Number.NaN)));
  const total = times.reduce((sum, time) => sum + time, 0);
  return parts.length === 0 || read !== text.length || Number.isNaN(total) ? bad('a time such as 90, 500ms, 5min 20s or infinity') : good(total);
}

/** As timeSpan, but 0 means never: TimeoutStartSec= and its kin; systemd.service(5). */
export function timeout(text: string): Value<number> {
  const parsed = timeSpan(text);
  return parsed.ok && parsed.value === 0 ? good(Infinity) : parsed;
}

const PARTS: readonly (readonly [name: string, lengthUs: number])[] = (
  [
    ['y', YEAR],
    ['month', MONTH],
    ['w', 7 * DAY],
    ['d', DAY],
    ['h', HOUR],
    ['min', MINUTE],
    ['s', SECOND],
    ['ms', 1],
    ['us', 0.001],
  ] as const
).map(([name, lengthMs]) => [name, lengthMs * 1000]);

/** '1min 30s', '1.500000s', '100ms', 'infinity', '0': as systemd prints it. */
export function formatTimeSpan(timeMs: number): string {
  if (!Number.isFinite(timeMs)) return 'infinity';
  const parts: string[] = [];
  let left = Math.round(timeMs * 1000);
  for (const [name, length] of PARTS) {
    const count = Math.floor(left / length);
    const rest = left - count * length;
    // Below a minute the last part has decimals.
    const decimals = count > 0 && rest > 0 && left < MINUTE * 1000 ? `.${String(rest).padStart(Math.log10(length), '0')}` : '';
    if (count > 0) parts.push(`${count}${decimals}${name}`);
    left = decimals === '' ? rest : 0;
  }
  return parts.length === 0 ? '0' : parts.join(' ');
}
