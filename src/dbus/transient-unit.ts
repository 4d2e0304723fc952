/**
 * A unit that a client describes by properties instead of a file (StartTransientUnit), as the text of a file: pure. What rouse would not do is
 * refused, for whoever asked for a sandbox must not go without.
 */
import { SERVICE_KEYS } from '../unit/service-keys.js';
import { UNIT_KEYS } from '../unit/unit-keys.js';
import { quoteWord } from '../unitfile/words.js';
import { CallError } from './names.js';
import type { Value, Variant } from './value.js';

/** Name and value, as the API passes them. */
export type TransientProperty = readonly [name: string, value: Variant];

/** Of no file: how long a unit stays in memory, and what only systemd's own clients ask for. */
const IGNORED = /^(AddRef|PIDs|Slice|SendSIGHUP|CoredumpReceive)$/;

/** 2^64-1 microseconds are for ever. */
const FOREVER = 2n ** 64n - 1n;

/** The text of NAME.service. Throws CallError. */
export function transientText(properties: readonly TransientProperty[]): string {
  const sections = new Map<string, string[]>([
    ['Unit', []],
    ['Service', []],
  ]);
  for (const [name, variant] of properties) {
    if (IGNORED.test(name)) continue;
    const key = name.replace(/USec$/, 'Sec').replace(/Ex$/, '');
    const row = UNIT_KEYS.get(key) ?? SERVICE_KEYS.get(key);
    if (row === undefined) throw CallError.standard('PropertyReadOnly', `Cannot set property ${name}, or unknown property.`);
    if (row.without !== undefined) throw CallError.standard('NotSupported', `Cannot set property ${name}: rouse does not have it, and ${row.without}`);
    sections.get(UNIT_KEYS.has(key) ? 'Unit' : 'Service')?.push(...values(name, variant).map((value) => `${key}=${value}`));
  }
  return [...sections].map(([name, lines]) => `[${name}]\n${lines.map((line) => `${line}\n`).join('')}`).join('\n');
}

function values(name: string, { signature, value }: Variant): readonly string[] {
  switch (signature) {
    case 's':
      return [plain(String(value))];
    case 'b':
      return [value === true ? 'yes' : 'no'];
    case 'i':
    case 'u':
    case 'x':
      return [String(value)];
    case 't':
      return [value === FOREVER ? 'infinity' : `${String(value)}${name.endsWith('USec') ? 'us' : ''}`];
    case 'as':
      return (value as readonly string[]).map(word);
    case 'a(sasb)':
      return (value as readonly Command[]).map(([path, argv, ignore]) => command(ignore === true ? '-' : '', path, argv));
    case 'a(sasas)':
      return (value as readonly Command[]).map(([path, argv, flags]) => command(prefixes(flags as readonly string[]), path, argv));
    default:
      throw CallError.standard('NotSupported', `Cannot set property ${name}: rouse takes no values of type '${signature}'`);
  }
}

type Command = readonly [path: string, argv: readonly string[], how: Value];

const PREFIXES: Readonly<Record<string, string>> = { 'ignore-failure': '-', privileged: '+', 'no-setuid': '!', 'no-env-expand': ':' };

function prefixes(flags: readonly string[]): string {
  return flags.map((flag) => PREFIXES[flag] ?? '').join('');
}

/** argv[0] may be another name than that of the program. */
function command(prefix: string, path: string, argv: readonly string[]): string {
  const [first = path, ...rest] = argv;
  const words = first === path ? [path, ...rest] : [path, first, ...rest];
  return `${prefix}${first === path ? '' : '@'}${words.map(word).join(' ')}`;
}

/** `$` is meant, as it would be in a file; specifiers are not. */
function word(text: string): string {
  return quoteWord(text).replaceAll('%', '%%');
}

function plain(text: string): string {
  if (/[\n\r]/.test(text)) throw CallError.standard('InvalidArgs', 'A value must be one line');
  return text.replaceAll('%', '%%');
}
