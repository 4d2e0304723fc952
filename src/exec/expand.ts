/**
 * `$NAME` and `${NAME}` in command lines; systemd.service(5), "COMMAND LINES": `${NAME}` is replaced wherever it stands and
 * stays one word, a word that is `$NAME` alone is split at white space into any number of words, `$$` is a dollar sign.
 */
import type { Command } from '../unit/config.js';

const BRACED = /\$\$|\$\{([^}:]*)\}/g;
/** Whatever its name may be: one that no variable can have is one that is not set. */
const WHOLE_WORD = /^\$(?![{$])(.*)$/s;

export interface Expanded {
  readonly path: string;
  readonly argv: readonly string[];
  /** Names that are not set: they become the empty string, and systemd says so. */
  readonly unset: readonly string[];
}

/** The program and argv of a command with its variables replaced. The program's own path is never expanded. */
export function expandCommand(command: Command, environment: ReadonlyMap<string, string>): Expanded {
  const { path, argv } = command;
  if (command.noEnvironmentExpansion) return { path, argv, unset: [] };
  const unset: string[] = [];
  const lookUp = (name: string): string => {
    const value = environment.get(name);
    if (value === undefined) unset.push(name);
    return value ?? '';
  };
  const words = argv.slice(1).flatMap((word) => expandWord(word, lookUp));
  return { path, argv: [...argv.slice(0, 1), ...words], unset };
}

function expandWord(word: string, lookUp: (name: string) => string): readonly string[] {
  const whole = WHOLE_WORD.exec(word);
  if (whole?.[1] !== undefined) return splitUnquoted(lookUp(whole[1]));
  return [word.replace(BRACED, (match, name: string | undefined) => (name === undefined ? '$' : lookUp(name)))];
}

const WORD = /(?:\\[^]|"(?:\\[^]|[^"\\])*(?:"|$)|'(?:\\[^]|[^'\\])*(?:'|$)|[^\s"'\\])+/g;
const QUOTE_OR_ESCAPE = /\\([^])|"((?:\\[^]|[^"\\])*)(?:"|$)|'((?:\\[^]|[^'\\])*)(?:'|$)/g;

/** White space separates; quotes and backslashes keep it, and are removed. */
function splitUnquoted(value: string): readonly string[] {
  const plain = (text: string): string => text.replace(/\\([^])/g, '$1');
  return [...value.matchAll(WORD)].map(([word]) =>
    word.replace(QUOTE_OR_ESCAPE, (_, escaped?: string, double?: string, single?: string) => escaped ?? plain(double ?? single ?? '')),
  );
}
