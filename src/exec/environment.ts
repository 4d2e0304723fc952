/**
 * The environment of a process that the manager starts; systemd.exec(5), "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES".
 * Later sources win: the manager's, what systemd sets, Environment=, EnvironmentFile=, and last what belongs to this one
 * process (LISTEN_FDS and its kin, NOTIFY_SOCKET, MAINPID).
 */
import { readFileSync } from 'node:fs';
import type { ExecConfig } from '../unit/config.js';

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What the system manager hands on of its own environment; a user manager hands on all of it, as systemd's do. */
const SYSTEM_PASSES = /^(PATH|LANG|LANGUAGE|LC_.*|TZ)$/;

/** Left behind by whoever started the manager, and never true for what the manager starts. */
const NEVER_PASSED =
  /^(LISTEN_(PID|FDS|FDNAMES|PIDFDID)|NOTIFY_SOCKET|INVOCATION_ID|JOURNAL_STREAM|MAINPID|MANAGERPID|WATCHDOG_(PID|USEC)|SYSTEMD_EXEC_PID|NODE_CHANNEL_FD|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|_|PWD|OLDPWD|SHLVL)$/;

/** The part that all units share: computed once when the manager starts. */
export function managerEnvironment(mode: 'system' | 'user', env: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  const kept = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || NEVER_PASSED.test(name) || name.startsWith('ROUSE_')) continue;
    if (mode === 'user' || SYSTEM_PASSES.test(name)) kept.set(name, value);
  }
  if (!kept.has('PATH')) kept.set('PATH', DEFAULT_PATH);
  return kept;
}

export interface UserFacts {
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

export interface EnvironmentSources {
  readonly manager: ReadonlyMap<string, string>;
  /** All of the manager's own, for PassEnvironment=. */
  readonly own: NodeJS.ProcessEnv;
  /** Set when User= is, and always for a user manager. */
  readonly user: UserFacts | undefined;
  readonly directories: ReadonlyMap<string, string>;
  readonly process: ReadonlyMap<string, string>;
}

/** Throws EnvironmentFileError when a file that is not optional cannot be read. */
export function buildEnvironment(exec: ExecConfig, sources: EnvironmentSources): Map<string, string> {
  const result = new Map(sources.manager);
  if (sources.user !== undefined) {
    result.set('HOME', sources.user.home).set('LOGNAME', sources.user.name).set('USER', sources.user.name).set('SHELL', sources.user.shell);
  }
  for (const [name, value] of [...sources.directories, ...sources.process]) result.set(name, value);
  for (const name of exec.passEnvironment) {
    const value = sources.own[name];
    if (value !== undefined) result.set(name, value);
  }
  for (const [name, value] of exec.environment) result.set(name, value);
  for (const file of exec.environmentFiles) readEnvironmentFile(file.path, file.optional, result);
  for (const name of exec.unsetEnvironment) unset(result, name);
  return result;
}

export class EnvironmentFileError extends Error {}

function readEnvironmentFile(path: string, optional: boolean, into: Map<string, string>): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (optional) return;
    throw new EnvironmentFileError(`Failed to read EnvironmentFile= '${path}': ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause: error });
  }
  for (const [name, value] of parseEnvironmentFile(text)) into.set(name, value);
}

function unset(environment: Map<string, string>, entry: string): void {
  const at = entry.indexOf('=');
  const name = at < 0 ? entry : entry.slice(0, at);
  if (at < 0 || environment.get(name) === entry.slice(at + 1)) environment.delete(name);
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `NAME=value` lines with shell-like quotes and backslash continuation; systemd.exec(5), EnvironmentFile=. */
export function parseEnvironmentFile(text: string): readonly (readonly [string, string])[] {
  return new EnvironmentReader(text).read();
}

/**
 * A value is pieces: quoted ones, and at last one that is not. White space between pieces goes, and so does that behind the last;
 * a quote in the middle of an unquoted piece is an ordinary character. An open quote ends with the file.
 */
class EnvironmentReader {
  #at = 0;

  constructor(readonly text: string) {}

  read(): readonly (readonly [string, string])[] {
    const entries: (readonly [string, string])[] = [];
    while ((this.#skip(/\s*/y), this.#at < this.text.length)) {
      if (this.#skip(/[#;](?:\\[^]|[^\n\\])*/y) !== '') continue;
      const name = this.#skip(/[^=\n]*/y).trimEnd();
      if (this.text[this.#at] !== '=') continue;
      this.#at++;
      const value = this.#value();
      if (NAME.test(name)) entries.push([name, value]);
    }
    return entries;
  }

  #value(): string {
    let value = '';
    for (;;) {
      this.#skip(/[^\S\n]*/y);
      const quote = this.text[this.#at];
      if (quote !== '"' && quote !== "'") return value + this.#plain();
      this.#at++;
      value += quote === '"' ? this.#skip(/(?:\\[^]|[^"\\])*/y).replace(/\\(?:\n|(["\\`$]))/g, '$1') : this.#skip(/[^']*/y);
      this.#at++;
    }
  }

  /** A backslash keeps what is behind it, white space too; behind a line end it joins lines. */
  #plain(): string {
    const written = this.#skip(/(?:\\[^]|[^\n\\])*/y);
    const trimmed = /^(?:\\[^]|\s*[^\s\\])*/.exec(written)?.[0] ?? '';
    return trimmed.replace(/\\(?:\n|([^]))/g, '$1');
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}
