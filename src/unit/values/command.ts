/** A command line of ExecStart= and its sisters; systemd.service(5), "COMMAND LINES". */
import type { Place } from '../../unitfile/diagnostic.js';
import { expandSpecifiers, type SpecifierTable } from '../../unitfile/specifier.js';
import { splitWords } from '../../unitfile/words.js';
import type { Command } from '../config.js';
import { bad, good, type Value } from './value.js';

/** One assignment may hold several commands, separated by ` ; `. */
export function commands(text: string, table: SpecifierTable, place: Place): Value<readonly Command[]> {
  const { words, quoted, error } = splitWords(text, { relaxed: true, markQuoted: true });
  if (error !== undefined) return bad(`a command line: ${error}`);
  const lines: string[][] = [[]];
  for (const [i, word] of words.entries()) {
    if (word === ';' && quoted?.[i] !== true) lines.push([]);
    else lines.at(-1)?.push(word === '\\;' ? ';' : word);
  }
  const parsed = lines.filter((line) => line.length > 0).map((line) => command(line, table, place));
  const failed = parsed.find((one) => !one.ok);
  if (failed !== undefined && !failed.ok) return failed;
  return good(parsed.flatMap((one) => (one.ok ? [one.value] : [])));
}

const PREFIX = /^([@:|+!-]*)(.*)$/s;

/** Whether a failure of this command, and so also that it cannot be read, is to be ignored. */
export function mayFail(text: string): boolean {
  return PREFIX.exec(text)?.[1]?.includes('-') === true;
}

function command(words: readonly string[], table: SpecifierTable, place: Place): Value<Command> {
  const [, prefixes = '', program = ''] = PREFIX.exec(words[0] ?? '') ?? [];
  const rest = words.slice(1).map((word) => expandSpecifiers(word, table).value);
  const path = expandSpecifiers(program, table).value;
  if (path === '') return bad('a program after the prefix');
  if ((path.includes('/') && !path.startsWith('/')) || path.endsWith('/')) return bad('an absolute path of a program, or its name in PATH');
  const renamed = prefixes.includes('@');
  if (renamed && rest.length === 0) return bad('argv[0] after the program, because of the @');
  const shell = prefixes.includes('|');
  return good({
    path: shell ? '/bin/sh' : path.replace(/\/{2,}/g, '/'),
    argv: shell ? ['sh', '-c', [path, ...rest].join(' ')] : renamed ? rest : [path, ...rest],
    ignoreFailure: prefixes.includes('-'),
    noEnvironmentExpansion: prefixes.includes(':'),
    fullPrivileges: prefixes.includes('+'),
    noSetuid: prefixes.includes('!'),
    place,
  });
}
