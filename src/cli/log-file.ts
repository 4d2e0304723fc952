/** Reading what units wrote: the files of exec/output.ts, newest lines last. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly identifier: string;
  readonly pid: number;
  readonly text: string;
}

export type LogFormat = 'short' | 'short-iso' | 'cat' | 'json';
export const LOG_FORMATS: readonly LogFormat[] = ['short', 'short-iso', 'cat', 'json'];

const LINE = /^(\S+) (.*?)\[(\d+)\]: (.*)$/s;
const CHUNK = 64 * 1024;

export function logPath(folder: string, unit: string): string {
  return join(folder, `${unit}.log`);
}

/** The last `count` entries, of the file and of the one before it. */
export function readEntries(folder: string, unit: string, count: number): readonly LogEntry[] {
  const path = logPath(folder, unit);
  const lines = lastLines(path, count);
  const older = lines.length < count ? lastLines(`${path}.1`, count - lines.length) : [];
  return [...older, ...lines].flatMap((line) => parseEntry(line) ?? []);
}

export function parseEntry(line: string): LogEntry | undefined {
  const [, stamp, identifier, pid, text] = LINE.exec(line) ?? [];
  if (stamp === undefined || identifier === undefined || text === undefined) return undefined;
  return { timeMs: Date.parse(stamp), identifier, pid: Number(pid), text };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As journalctl's -o. */
export function formatEntry(entry: LogEntry, format: LogFormat): string {
  if (format === 'cat') return entry.text;
  if (format === 'json') return JSON.stringify(entry);
  const time = new Date(entry.timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  const stamp = format === 'short-iso' ? time.toISOString() : `${MONTHS[time.getMonth()] ?? ''} ${two(time.getDate())} ${clock}`;
  return `${stamp} ${entry.identifier}[${entry.pid}]: ${entry.text}`;
}

/** Read backwards, so that the end of a large file costs little. */
function lastLines(path: string, count: number): readonly string[] {
  const fd = openQuietly(path);
  if (fd === undefined || count <= 0) return [];
  try {
    let at = fstatSync(fd).size;
    let bytes = Buffer.alloc(0);
    while (at > 0 && countLines(bytes) <= count) {
      const length = Math.min(CHUNK, at);
      const chunk = Buffer.alloc(length);
      at -= length;
      readSync(fd, chunk, 0, length, at);
      bytes = Buffer.concat([chunk, bytes]);
    }
    return bytes.toString('utf8').split('\n').filter(Boolean).slice(-count);
  } finally {
    closeSync(fd);
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

function openQuietly(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
