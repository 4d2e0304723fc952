/**
 * A problem in a unit file, as data: the same text goes to the daemon's log, the control API and `rouse verify`.
 *
 * Wording: sentence case, no final period, no contractions; the message says what happens next (", ignoring",
 * ", refusing to load"); the fix goes in `hint`, which is printed on a line of its own.
 */

/** 'error' means the unit does not load; 'warning' means it loads and something in it is ignored or replaced. */
export type Severity = 'error' | 'warning' | 'info';

/** Where a piece of text stands. `line` is 1-based; 0 stands for the file as a whole. */
export interface Place {
  readonly file: string;
  readonly line: number;
  /** 1-based column of the first character concerned, where it is known. */
  readonly column?: number;
}

export interface Diagnostic extends Place {
  readonly severity: Severity;
  /** Stable, kebab-case: 'unknown-key', 'bad-value', 'missing-section' … */
  readonly code: string;
  readonly section?: string;
  readonly key?: string;
  readonly message: string;
  readonly hint?: string;
}

/** What every step before the manager returns: it never throws on user input. */
export interface Parsed<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** The one text form of a diagnostic: `path:line: Message`, and the hint on a second, indented line. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, message, hint } = diagnostic;
  const place = line === 0 ? file : column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
  return `${place}: ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`;
}
