/** Values that only commands' sections have: environment, limits, standard streams, exit statuses; systemd.exec(5). */
import { splitWords } from '../../unitfile/words.js';
import type { ExitStatusSet, InputTarget, OutputTarget, ResourceLimit } from '../config.js';
import { signal, size } from './simple.js';
import { bad, good, type Value } from './value.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function environment(text: string): Value<readonly (readonly [string, string])[]> {
  const { words, error } = splitWords(text, { relaxed: true });
  if (error !== undefined) return bad(`NAME=value: ${error}`);
  const pairs = words.map((word) => [word.slice(0, Math.max(0, word.indexOf('='))), word.slice(word.indexOf('=') + 1)] as const);
  return pairs.every(([name]) => NAME.test(name)) ? good(pairs) : bad('NAME=value, quoted where it has spaces');
}

export function words(text: string): Value<readonly string[]> {
  const split = splitWords(text, { relaxed: true });
  return split.error === undefined ? good(split.words) : bad(`words: ${split.error}`);
}

/** `LimitNOFILE=1024:4096`, `infinity`, sizes with a suffix. */
export function limit(resource: string): (text: string) => Value<ResourceLimit> {
  return (text) => {
    const [soft, hard = soft] = text.split(':').map((part) => (part === 'infinity' ? Infinity : amount(part)));
    return soft === undefined || hard === undefined || Number.isNaN(soft) || Number.isNaN(hard) ? bad('a number, SOFT:HARD or infinity') : good({ resource, soft, hard });
  };
}

function amount(text: string): number {
  const parsed = size(text);
  return parsed.ok ? parsed.value : Number.NaN;
}

const PLAIN_OUTPUT = ['inherit', 'null', 'tty', 'journal', 'kmsg', 'socket'] as const;

export function outputTarget(text: string): Value<OutputTarget> {
  const plain = PLAIN_OUTPUT.find((word) => text === word || text === `${word}+console`);
  if (plain !== undefined) return good({ type: plain });
  if (text === 'syslog') return good({ type: 'journal' });
  if (text === 'fd' || text.startsWith('fd:')) return good({ type: 'fd', name: text.slice(3) || undefined });
  const file = /^(file|append|truncate):(\/.*)$/.exec(text);
  if (file?.[2] === undefined) return bad('inherit, null, journal, file:PATH, append:PATH, truncate:PATH, socket or fd:NAME');
  return good({ type: file[1] as 'file' | 'append' | 'truncate', path: file[2] });
}

export function inputTarget(text: string): Value<InputTarget> {
  if (text === 'null' || text === 'socket') return good({ type: text });
  if (/^tty(-force|-fail)?$/.test(text)) return good({ type: 'tty' });
  if (text === 'fd' || text.startsWith('fd:')) return good({ type: 'fd', name: text.slice(3) || undefined });
  return text.startsWith('file:/') ? good({ type: 'file', path: text.slice(5) }) : bad('null, socket, file:PATH or fd:NAME');
}

export function exitStatuses(text: string): Value<ExitStatusSet> {
  const codes: number[] = [];
  const signals: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const named = signal(word);
    if (/^\d+$/.test(word) && Number(word) <= 255) codes.push(Number(word));
    else if (named.ok) signals.push(named.value);
    else return bad('exit codes from 0 to 255 and signals such as SIGKILL');
  }
  return good({ codes, signals });
}
