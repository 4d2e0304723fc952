/** The forms in which compose files write lists, maps, times, sizes and commands. */
import { splitWords } from '../unitfile/words.js';
import { isRecord } from './compose-file.js';

export type Line = readonly [key: string, value: string];

/** What can stand for text. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** One, or a list of them. */
export function texts(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((each) => text(each) ?? []);
}

/** A map, or a list of `NAME=value`; a name alone is taken from the environment. */
export function pairs(value: unknown, env: Readonly<Record<string, string | undefined>> = {}): readonly string[] {
  const own = (name: string): readonly string[] => (env[name] === undefined ? [] : [`${name}=${env[name]}`]);
  if (isRecord(value)) return Object.entries(value).flatMap(([name, each]) => (each === null ? own(name) : [`${name}=${text(each) ?? ''}`]));
  return texts(value).flatMap((each) => (each.includes('=') ? [each] : own(each)));
}

/** A command as words: a list is taken as it is, and a text is split as a shell would. */
export function words(value: unknown): readonly string[] {
  return typeof value === 'string' ? splitWords(value, { relaxed: true }).words : texts(value);
}

/** '1m30s' in seconds, for keys that take a number. */
export function seconds(value: unknown): string | undefined {
  const parts = [...(text(value) ?? '').matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)?/g)];
  const unit: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
  return parts.length === 0 ? undefined : String(Math.ceil(parts.reduce((sum, [, number, name = 's']) => sum + Number(number) * (unit[name] ?? 1), 0)));
}

export { isRecord };
