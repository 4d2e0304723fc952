/**
 * What a unit writes: its stdout and stderr come through a pipe, line by line, into one file a unit, with the manager's own
 * words about the unit between them. Files are bounded: at `MAX_BYTES` a file becomes `.1`, and the old `.1` goes.
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

/** One unit's log file. It is opened at the first line, and never grows past its bound. */
export class UnitLog {
  #fd: number | undefined;
  #size = 0;

  constructor(
    readonly folder: string,
    readonly unit: string,
  ) {}

  get path(): string {
    return join(this.folder, `${this.unit}.log`);
  }

  write(identifier: string, pid: number, text: string): void {
    const stamp = new Date().toISOString();
    this.#append(
      text
        .split('\n')
        .map((line) => `${stamp} ${identifier}[${pid}]: ${line}\n`)
        .join(''),
    );
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** A full disk or a removed folder costs the lines, never the service or the manager. */
  #append(text: string): void {
    try {
      const bytes = Buffer.from(text);
      if (this.#fd !== undefined && !existsSync(this.path)) this.close();
      if (this.#fd === undefined) this.#open();
      if (this.#size + bytes.length > MAX_BYTES && this.#size > 0) this.#rotate();
      if (this.#fd !== undefined) this.#size += writeSync(this.#fd, bytes);
    } catch {
      this.close();
    }
  }

  #open(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.#fd = openSync(this.path, 'a', 0o600);
    this.#size = fstatSync(this.#fd).size;
  }

  #rotate(): void {
    this.close();
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

/** Reads a pipe until every writer has closed it, and writes each line to the log. Takes the fd. */
export function captureOutput(readEnd: Fd, log: UnitLog, identify: () => { identifier: string; pid: number }): void {
  const splitter = new LineSplitter();
  const onLine = (line: string): void => {
    const { identifier, pid } = identify();
    log.write(identifier, pid, line);
  };
  const stream = new Socket({ fd: readEnd.take(), readable: true, writable: false });
  stream.on('data', (bytes: Buffer) => splitter.push(bytes, onLine));
  stream.on('error', () => stream.destroy());
  stream.on('close', () => splitter.end(onLine));
}

/** SyslogIdentifier=, or the program's name as systemd has it. */
export function identifierOf(syslogIdentifier: string | undefined, program: string): string {
  return syslogIdentifier ?? basename(program);
}
