/** A podman command line as it is put together, and the text of it that goes into the service. */

export class PodmanCommand {
  readonly #words: string[];

  constructor(...words: readonly string[]) {
    this.#words = [...words];
  }

  add(...words: readonly string[]): this {
    this.#words.push(...words);
    return this;
  }

  /** `--init`, or `--init=false`. */
  flag(option: string, value: boolean): this {
    return this.add(value ? option : `${option}=false`);
  }

  /** As an ExecStart= value; `prefix` is one of systemd's, such as `-`. */
  text(prefix = ''): string {
    return prefix + this.#words.map(quoteArg).join(' ');
  }
}

/** What most words are. */
const PLAIN = /^[\w@%+=:,./${}~-]+$/;
const ESCAPES: Readonly<Record<string, string>> = { '\x07': '\\a', '\b': '\\b', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\f': '\\f', '\\': '\\\\', '"': '\\"' };

/**
 * In quotes where it must be. `%` and `$` stay as they are: specifiers and variables in a Quadlet file are systemd's to expand.
 * Unlike podman: an empty word stays a word, and a lone `;` does not end the command.
 */
export function quoteArg(word: string): string {
  if (PLAIN.test(word)) return word;
  if (word === ';') return '\\;';
  if (word !== '' && !/[\s\p{Cc}"'\\]/u.test(word)) return word;
  return `"${word.replace(/[\p{Cc}"\\]/gu, (c) => ESCAPES[c] ?? escapeControl(c))}"`;
}

/** `\xNN` is one byte to systemd, so it serves for ASCII only. */
function escapeControl(c: string): string {
  const code = c.charCodeAt(0);
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : c;
}
