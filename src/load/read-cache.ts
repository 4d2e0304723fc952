/**
 * What was read from unit files, for as long as the files stay the same: a reload of thousands of units, of which one has changed, looks at all
 * files and reads one. Whoever asks for a unit twice gets the same object.
 */
import type { Dependency } from '../unit/config.js';
import { statQuietly } from './quietly.js';
import type { LoadedUnit } from './unit-store.js';

interface Entry {
  readonly loaded: LoadedUnit;
  readonly stamp: FileStamp;
  readonly extra: readonly Dependency[];
}

/** The files of a unit as they were at one moment. */
interface FileStamp {
  readonly text: string;
  /** The newest change of any of them, in milliseconds since the epoch. */
  readonly changedMs: number;
  /** When somebody looked. */
  readonly lookedMs: number;
}

/** A file that was written just now may be written once more without its times telling. */
const SETTLED_MS = 100;

export class ReadCache {
  readonly #entries = new Map<string, Entry>();

  /** `read` is called when a file has changed, or another unit's folder pulls the unit in. */
  get(name: string, paths: readonly string[], extra: readonly Dependency[], read: () => LoadedUnit): LoadedUnit {
    const stamp = stampOf(paths);
    const entry = this.#entries.get(name);
    if (entry !== undefined && entry.stamp.text === stamp.text && isSettled(entry.stamp) && isSame(entry.extra, extra)) return entry.loaded;
    const loaded = read();
    this.#entries.set(name, { loaded, stamp, extra });
    return loaded;
  }
}

function stampOf(paths: readonly string[]): FileStamp {
  const lookedMs = Date.now();
  const stats = paths.map((path) => [path, statQuietly(path)] as const);
  const text = stats.map(([path, stat]) => (stat === undefined ? path : `${path} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`)).join('\n');
  return { text, lookedMs, changedMs: Math.max(0, ...stats.map(([, stat]) => stat?.mtimeMs ?? 0)) };
}

function isSettled({ changedMs, lookedMs }: FileStamp): boolean {
  return lookedMs - changedMs > SETTLED_MS;
}

function isSame(a: readonly Dependency[], b: readonly Dependency[]): boolean {
  return a.length === b.length && a.every(({ kind, name, place }, i) => kind === b[i]?.kind && name === b[i].name && place.file === b[i].place.file);
}
