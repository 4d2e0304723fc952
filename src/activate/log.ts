/**
 * Lines on standard error, as systemd's tools write them. Written at once and past process.stderr, which would make a pipe
 * non-blocking for the program that we become.
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
type Level = (typeof LEVELS)[number];

const PAINT: Partial<Record<Level, string>> = { err: '\u001b[0;1;31m', warning: '\u001b[0;1;38:5:185m' };
const PLAIN = '\u001b[0m';

export class Log {
  readonly #most: number;
  readonly #colour: boolean;

  /** $SYSTEMD_LOG_LEVEL and $SYSTEMD_LOG_COLOR as systemd(1) has them. */
  constructor(env: NodeJS.ProcessEnv) {
    const level = env['SYSTEMD_LOG_LEVEL'] ?? '';
    const named = LEVELS.indexOf(level as Level);
    this.#most = /^[0-7]$/.test(level) ? Number(level) : named < 0 ? LEVELS.indexOf('info') : named;
    this.#colour =
      env['SYSTEMD_LOG_COLOR'] === undefined ? isatty(2) && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' : /^(1|y|yes|t|true|on)$/i.test(env['SYSTEMD_LOG_COLOR']);
  }

  shows(level: Level): boolean {
    return LEVELS.indexOf(level) <= this.#most;
  }

  /** The line as it would be written, '' where the level hides it. */
  line(level: Level, text: string): string {
    if (!this.shows(level)) return '';
    const paint = this.#colour ? PAINT[level] : undefined;
    return paint === undefined ? `${text}\n` : `${paint}${text}${PLAIN}\n`;
  }

  info(text: string): void {
    write(this.line('info', text));
  }

  warning(text: string): void {
    write(this.line('warning', text));
  }

  error(text: string): void {
    write(this.line('err', text));
  }
}

/** Whoever does not read our lines does not stop us. */
function write(text: string): void {
  try {
    if (text !== '') writeSync(2, text);
  } catch {
    return;
  }
}
