/** Text of unit files: values as they are meant, whatever characters they have. */
import { quoteWord } from '../unitfile/words.js';

export interface UnitSection {
  readonly name: string;
  readonly lines: readonly (readonly [key: string, value: string])[];
}

export function unitText(comment: string, sections: readonly UnitSection[]): string {
  const parts = sections.filter(({ lines }) => lines.length > 0).map(({ name, lines }) => `[${name}]\n${lines.map(([key, value]) => `${key}=${value}\n`).join('')}`);
  return `# ${comment}\n${parts.join('\n')}`;
}

/** One value that is taken whole: specifiers and variables are not meant. */
export function literal(text: string): string {
  return text.replaceAll('%', '%%').replaceAll('$', '$$$$');
}

/** Words of a value that is split. */
export function literalWords(words: readonly string[]): string {
  return words.map((word) => literal(quoteWord(word))).join(' ');
}

/** `NAME=value` for Environment= of a service, where `$` has no meaning. */
export function setting(text: string): string {
  return quoteWord(text).replaceAll('%', '%%');
}
