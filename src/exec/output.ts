/**
 * What a unit writes: its stdout and stderr come through a pipe, line by line, into one file a unit, with the manager's own
 * words about the unit between them. Files are bounded: at `MAX_BYTES` a file becomes `.1`, and the old `.1` goes. A line is written
 * at once, and what follows it closely is written together.
 *
 * A line in the file: `2026-01-31T12:00:00.000Z echo[123]: text`.
 */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Fd } from '../sys/fd.js';

const MAX_BYTES = 8 * 1024 * 1024;
/** journald.conf(5), LineMax=: a longer line is cut into several. */
const LINE_MAX = 48 * 1024;

/** For so long lines are kept and not written, when one was just before. */
const GATHER_MS = 10;
const GATHER_MOST = 64 * 1024;
/** A file that nobody writes to for so long is closed until the next line. */
const QUIET_MS = 1000;
/** And no more are open than this: descriptors are for sockets. */
const OPEN_MOST = 64;
const opened = new Set<UnitLog>();

/** Logs with lines that are not written yet: the process may end before their time. */
const unwritten = new Set<UnitLog>();
process.on('exit', () => {
  for (const log of unwritten) log.flush();
});

/** One unit's log file. It is opened at the first line, and never grows past its bound. */
export class UnitLog {
  #fd: number | undefined;
  #size = 0;
  #pending = '';
  #timer: NodeJS.Timeout | undefined;
  #closing: NodeJS.Timeout | undefined;
  readonly path: string;

  constructor(
    readonly folder: string,
    readonly unit: string,
    /** Gets what the unit itself writes, too, a line at a time. */
    readonly echo?: ((unit: string, line: string) => void) | undefined,
  ) {
    this.path = join(folder, `${unit}.log`);
  }

  write(identifier: string, pid: number, text: string): void {
    const stamp = new Date().toISOString();
    const lines = text.split('\n');
    if (this.echo !== undefined && identifier !== 'rouse') for (const line of lines) this.echo(this.unit, line);
    this.#append(lines.map((line) => `${stamp} ${identifier}[${pid}]: ${line}\n`).join(''));
  }

  close(): void {
    this.flush();
    this.#closeFile();
  }

  #closeFile(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    opened.delete(this);
  }

  #append(text: string): void {
    this.#pending += text;
    unwritten.add(this);
    if (this.#timer !== undefined && this.#pending.length < GATHER_MOST) return;
    this.flush();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
      this.#closeLater();
    }, GATHER_MS).unref();
  }

  /** Thousands of units would have as many files open, which every process that is started would get to close. */
  #closeLater(): void {
    if (this.#closing !== undefined) return void this.#closing.refresh();
    this.#closing = setTimeout(() => {
      this.#closing = undefined;
      this.#closeFile();
    }, QUIET_MS).unref();
  }

  flush(): void {
    unwritten.delete(this);
    const text = this.#pending;
    this.#pending = '';
    if (text !== '') this.#write(text);
  }

  /** A full disk or a removed folder costs the lines, never the service or the manager. */
  #write(text: string): void {
    try {
      const bytes = Buffer.from(text);
      if (this.#fd !== undefined && !existsSync(this.path)) this.#closeFile();
      if (this.#fd === undefined) this.#open();
      if (this.#size + bytes.length > MAX_BYTES && this.#size > 0) this.#rotate();
      if (this.#fd !== undefined) this.#size += writeSync(this.#fd, bytes);
    } catch {
      this.#closeFile();
    }
  }

  #open(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.#fd = openSync(this.path, 'a', 0o600);
    this.#size = fstatSync(this.#fd).size;
    opened.add(this);
    for (const first of opened) {
      if (opened.size <= OPEN_MOST) break;
      first.#closeFile();
    }
  }

  #rotate(): void {
    this.#closeFile();
    renameSync(this.path, `${this.path}.1`);
    this.#open();
  }
}

/** Cuts a stream of bytes into lines of text. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(bytes: Buffer, onLine: (line: string) => void): void {
    this.#rest += this.#decoder.write(bytes);
    let start = 0;
    for (let at = this.#rest.indexOf('\n'); at >= 0; at = this.#rest.indexOf('\n', start)) {
      cut(this.#rest.slice(start, at), onLine);
      start = at + 1;
    }
    this.#rest = this.#rest.slice(start);
    while (this.#rest.length > LINE_MAX) {
      onLine(this.#rest.slice(0, LINE_MAX));
      this.#rest = this.#rest.slice(LINE_MAX);
    }
  }

  end(onLine: (line: string) => void): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') cut(rest, onLine);
  }
}

function cut(line: string, onLine: (line: string) => void): void {
  for (let at = 0; at === 0 || at < line.length; at += LINE_MAX) onLine(line.slice(at, at + LINE_MAX));
}

/** Has a copy of the pipe's end for as long as it is read: without a reader, a program that writes fails or is killed; pipe(7). */
export interface OutputKeeper {
  keep(name: string, fd: Fd): void;
  drop(name: string): void;
}

let pipes = 0;

/** Reads a pipe until every writer has closed it, and writes each line to the log. Takes the fd. */
export function captureOutput(readEnd: Fd, log: UnitLog, identify: () => { identifier: string; pid: number }, keeper?: OutputKeeper): void {
  const splitter = new LineSplitter();
  const onLine = (line: string): void => {
    const { identifier, pid } = identify();
    log.write(identifier, pid, line);
  };
  const keptAs = keeper === undefined ? '' : `${process.pid} ${++pipes}`;
  if (keeper !== undefined) keepSoon(keeper, keptAs, readEnd.dup());
  const stream = new Socket({ fd: readEnd.take(), readable: true, writable: false });
  stream.on('data', (bytes: Buffer) => splitter.push(bytes, onLine));
  stream.on('error', () => stream.destroy());
  stream.on('close', () => {
    splitter.end(onLine);
    keeper?.drop(keptAs);
  });
}

/** Not on the way to the first byte. */
function keepSoon(keeper: OutputKeeper, keptAs: string, copy: Fd): void {
  setImmediate(() => {
    keeper.keep(keptAs, copy);
    copy.close();
  });
}

/** SyslogIdentifier=, or the program's name as systemd has it. */
export function identifierOf(syslogIdentifier: string | undefined, program: string): string {
  return syslogIdentifier ?? basename(program);
}
