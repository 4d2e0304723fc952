/** Booleans, numbers, modes, signals, words out of a list; systemd.syntax(7), systemd.exec(5). */
import { bad, good, type Value, type ValueParser } from './value.js';

export function boolean(text: string): Value<boolean> {
  if (/^(1|yes|y|true|t|on)$/i.test(text)) return good(true);
  if (/^(0|no|n|false|f|off)$/i.test(text)) return good(false);
  return bad('yes or no');
}

export function wholeNumber(least: number, most: number): ValueParser<number> {
  return (text) => (/^-?\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? good(Number(text)) : bad(`a whole number from ${least} to ${most}`));
}

/** Octal, up to 7777. */
export function mode(text: string): Value<number> {
  return /^[0-7]{1,5}$/.test(text) && Number.parseInt(text, 8) <= 0o7777 ? good(Number.parseInt(text, 8)) : bad('an octal mode such as 0660');
}

const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40, P: 2 ** 50, E: 2 ** 60 };

/** `64K`: bytes, to the base of 1024. */
export function size(text: string): Value<number> {
  const match = /^(\d+(?:\.\d+)?)\s*([BKMGTPE]?)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  return match?.[1] === undefined || unit === undefined ? bad('a size in bytes, such as 4096 or 64K') : good(Math.trunc(Number(match[1]) * unit));
}

export function oneOf<T extends string>(...words: readonly T[]): ValueParser<T> {
  return (text) => {
    const found = words.find((word) => word === text);
    return found === undefined ? bad(words.length === 1 ? `'${words[0]}'` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`) : good(found);
  };
}

const SIGNALS = 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(' ');

/** Real-time signals go from 34 to 64 in every libc that counts. */
const SIGRTMIN = 34;
const REAL_TIME_MOST = 30;

/** 'TERM', 'SIGTERM', '15', 'SIGRTMIN+3' to 'SIGTERM' …; signal(7). */
export function signal(text: string): Value<string> {
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number >= SIGRTMIN && number <= SIGRTMIN + REAL_TIME_MOST) return good(`SIGRTMIN+${number - SIGRTMIN}`);
  const name = SIGNALS[number - 1] ?? text.replace(/^SIG/, '');
  if (SIGNALS.includes(name)) return good(`SIG${name}`);
  const offset = /^RTM(?:IN(?:\+(\d{1,2}))?|AX(?:-(\d{1,2}))?)$/.exec(name);
  return offset !== null && Number(offset[1] ?? offset[2] ?? 0) <= REAL_TIME_MOST ? good(`SIG${name}`) : bad('a signal such as SIGTERM');
}

export function absolutePath(text: string): Value<string> {
  return text.startsWith('/') && !text.includes('\0') ? good(text.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')) : bad('an absolute path');
}

export function text(value: string): Value<string> {
  return good(value);
}

/** A boolean, or until the next run. */
export function preserve(text: string): Value<'yes' | 'no' | 'restart'> {
  if (text === 'restart') return good(text);
  const plain = boolean(text);
  return plain.ok ? good(plain.value ? 'yes' : 'no') : bad('yes, no or restart');
}
