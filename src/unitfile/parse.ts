/**
 * Text of a unit file to lines; systemd.syntax(7). It knows no section and no key, loses nothing, and never throws: what it
 * cannot read is a line of type 'invalid' with a diagnostic beside it.
 */
import type { Diagnostic, Parsed } from './diagnostic.js';
import type { UnitFile, UnitLine } from './unit-file.js';

/** systemd reads no longer line either (LONG_LINE_MAX). */
const LINE_MAX = 1024 * 1024;

/** Begins with a letter, and has no backslash. */
const PLAIN = /^[A-Za-z][^\\]*$/;

/**
 * How continued lines become one. systemd puts a blank in the place of the backslash; podman nothing, but takes the blanks around
 * each line off, and goes on over empty lines.
 */
export type Joining = 'systemd' | 'podman';

export function parseUnitFile(path: string, text: string, joining: Joining = 'systemd'): Parsed<UnitFile> {
  if (text.includes('\0')) {
    const message = 'Not a text file (it holds a NUL byte), refusing to load';
    return { value: { path, lines: [] }, diagnostics: [{ severity: 'error', code: 'binary-file', file: path, line: 0, message }] };
  }
  return new LineReader(path, text, joining).read();
}

class LineReader {
  readonly #lines: UnitLine[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #section: string | undefined;
  /** Where the next physical line begins, and its number. */
  #at = 0;
  #number = 1;

  constructor(
    readonly path: string,
    readonly text: string,
    readonly joining: Joining,
  ) {}

  read(): Parsed<UnitFile> {
    while (this.#at < this.text.length) this.#readOne();
    return { value: { path: this.path, lines: this.#lines }, diagnostics: this.#diagnostics };
  }

  /** One physical line with its line end, so that joining them all gives the text back. */
  #next(): string {
    const end = this.text.indexOf('\n', this.#at) + 1;
    const line = this.text.slice(this.#at, end === 0 ? undefined : end);
    this.#at += line.length;
    this.#number++;
    return line;
  }

  #readOne(): void {
    const line = this.#number;
    const raw = this.#next();
    if (this.#readPlain(line, raw)) return;
    const start = withoutEnd(line === 1 && raw.startsWith('\uFEFF') ? raw.slice(1) : raw).trimStart();
    if (start === '') this.#lines.push({ type: 'blank', raw, line });
    else if (isComment(start)) this.#lines.push({ type: 'comment', raw, line });
    else if (this.joining === 'podman' && start.trimEnd().endsWith('\\')) this.#readJoined(line, raw, start.trimEnd());
    else if (!start.endsWith('\\')) this.#classify(line, raw, start.trimEnd());
    else this.#readContinued(line, raw, start);
  }

  /** What most lines are: a key from the first column on, and nothing that could continue. */
  #readPlain(line: number, raw: string): boolean {
    const at = raw.indexOf('=');
    if (at < 1 || this.#section === undefined || raw.length > LINE_MAX || !PLAIN.test(raw)) return false;
    this.#lines.push({ type: 'assignment', raw, line, key: raw.slice(0, at).trimEnd(), value: raw.slice(at + 1).trim() });
    return true;
  }

  /** A backslash at the end joins the next line; comments between the two are left out of the value. */
  #readContinued(line: number, first: string, start: string): void {
    let raw = first;
    let last = start;
    const parts: string[] = [];
    while (isContinued(last) && this.#at < this.text.length) {
      const next = this.#next();
      raw += next;
      const more = withoutEnd(next);
      if (isComment(more.trimStart())) continue;
      parts.push(last.slice(0, -1));
      last = more;
    }
    this.#classify(line, raw, [...parts, last].join(' ').trimEnd());
  }

  /** The same by podman's rules: every backslash at the end of a line joins, also an escaped one. */
  #readJoined(line: number, first: string, start: string): void {
    let raw = first;
    const parts = [start];
    while (parts.at(-1)?.endsWith('\\') === true) {
      parts.push(parts.pop()?.slice(0, -1) ?? '');
      let more = '';
      while (more === '' && this.#at < this.text.length) {
        const next = this.#next();
        raw += next;
        more = isComment(next.trim()) ? '' : next.trim();
      }
      if (more !== '') parts.push(more);
    }
    this.#classify(line, raw, parts.join('').trimEnd());
  }

  #classify(line: number, raw: string, text: string): void {
    if (text.length > LINE_MAX) return this.#invalid(line, raw, 'Line is longer than 1 MiB, ignoring');
    if (text.startsWith('[')) return this.#readSection(line, raw, text);
    const at = text.indexOf('=');
    const key = at < 0 ? '' : text.slice(0, at).trim();
    if (at < 0) return this.#invalid(line, raw, `Missing '=' in '${shorten(text)}', ignoring`, 'a line is `Key=value`, `[Section]`, or a comment that begins with `#`');
    if (key === '') return this.#invalid(line, raw, `Missing key before '=', ignoring`);
    if (this.#section === undefined) return this.#invalid(line, raw, `Assignment '${shorten(key)}=' outside of a section, ignoring`, 'put a line such as `[Unit]` before it');
    this.#lines.push({ type: 'assignment', raw, line, key, value: text.slice(at + 1).trim() });
  }

  #readSection(line: number, raw: string, text: string): void {
    if (!text.endsWith(']') || text.length < 3) return this.#invalid(line, raw, `Invalid section header '${shorten(text)}', ignoring`, 'a section header is `[Name]`');
    this.#section = text.slice(1, -1);
    this.#lines.push({ type: 'section', raw, line, name: this.#section });
  }

  #invalid(line: number, raw: string, message: string, hint?: string): void {
    this.#lines.push({ type: 'invalid', raw, line });
    this.#diagnostics.push({ severity: 'warning', code: 'invalid-line', file: this.path, line, message, ...(hint === undefined ? {} : { hint }) });
  }
}

function withoutEnd(line: string): string {
  return line.endsWith('\r\n') ? line.slice(0, -2) : line.endsWith('\n') ? line.slice(0, -1) : line;
}

/** A backslash that is itself escaped does not join lines. */
function isContinued(line: string): boolean {
  let start = line.length;
  while (line[start - 1] === '\\') start--;
  return (line.length - start) % 2 === 1;
}

function isComment(text: string): boolean {
  return text.startsWith('#') || text.startsWith(';');
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
