/** `rouse logs`: what units wrote and what the manager said of them; with -f, what comes. Without a unit, the manager's own. */
import { existsSync, mkdirSync, openSync, closeSync, fstatSync, readSync, statSync, watch } from 'node:fs';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { formatEntry, LOG_FORMATS, logPath, parseEntry, readEntries, type LogEntry, type LogFormat } from './log-file.js';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly lines?: string;
  readonly output?: string;
}

/** Enough for everything that the bounded files can hold. */
const ALL = 10_000_000;

/** Resolves with the exit code; with --follow, when the reader goes away. */
export async function logs(context: CliContext, given: readonly string[], options: LogsOptions): Promise<number> {
  const format = (context.options.json === true ? 'json' : (options.output ?? 'short')) as LogFormat;
  if (!LOG_FORMATS.includes(format)) throw new CliError(`Unknown output format '${format}'`, `expected ${LOG_FORMATS.join(', ')}`);
  const names = given.length === 0 ? ['rouse'] : context.unitNames(given);
  const missing = names.filter((name) => name !== 'rouse' && !existsSync(logPath(context.scope.logDir, name)));
  for (const name of missing) explainMissing(context, name);
  const count = options.lines === undefined ? (options.follow === true ? 10 : ALL) : options.lines === 'all' ? ALL : Number(options.lines);
  if (!Number.isInteger(count) || count < 0) throw new CliError(`'${options.lines ?? ''}' is not a number of lines`, 'expected a whole number or all');
  const print = (entry: LogEntry): void => context.io.out(`${formatEntry(entry, format)}\n`);
  const entries = names.flatMap((name) => readEntries(context.scope.logDir, name, count)).sort((a, b) => a.timeMs - b.timeMs);
  for (const entry of entries.slice(-count)) print(entry);
  if (options.follow !== true) return missing.length === names.length && names[0] !== 'rouse' ? EXIT.failure : EXIT.success;
  return follow(context.scope.logDir, names, print);
}

function explainMissing(context: CliContext, name: string): void {
  const known = context.store.load(name).loadState !== 'not-found';
  context.warn(known ? `${name} has written nothing yet` : `Unit ${name} could not be found, and nothing is kept of it\n  hint: ${context.missingHint(name)}`);
}

/** Ends with the process: ctrl-C, or a reader that closed the pipe. */
function follow(folder: string, names: readonly string[], print: (entry: LogEntry) => void): Promise<number> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const tails = new Map(names.map((name) => [`${name}.log`, new Tail(logPath(folder, name), print)]));
  const watcher = watch(folder, (_, file) => tails.get(file ?? '')?.read());
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        watcher.close();
        resolve(EXIT.success);
      });
    }
  });
}

/** What is appended to a file, across its rotation. */
class Tail {
  #inode: number | undefined;
  #at: number;
  #rest = '';

  constructor(
    readonly path: string,
    readonly print: (entry: LogEntry) => void,
  ) {
    const stat = statSync(path, { throwIfNoEntry: false });
    this.#inode = stat?.ino;
    this.#at = stat?.size ?? 0;
  }

  read(): void {
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch {
      return;
    }
    try {
      const { ino, size } = fstatSync(fd);
      if (ino !== this.#inode) this.#at = 0;
      this.#inode = ino;
      const bytes = Buffer.alloc(Math.max(0, size - this.#at));
      this.#at += readSync(fd, bytes, 0, bytes.length, this.#at);
      const lines = (this.#rest + bytes.toString('utf8')).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const entry = parseEntry(line);
        if (entry !== undefined) this.print(entry);
      }
    } finally {
      closeSync(fd);
    }
  }
}
