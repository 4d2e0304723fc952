/** `%n` and its like; systemd.unit(5), "SPECIFIERS". What each stands for is the caller's to say. */

export type SpecifierTable = (letter: string) => string | undefined;

export interface Expansion {
  readonly value: string;
  /** Letters that stand for nothing; they stay as written. */
  readonly unknown: readonly string[];
}

export function expandSpecifiers(text: string, table: SpecifierTable): Expansion {
  if (!text.includes('%')) return { value: text, unknown: [] };
  const unknown: string[] = [];
  const value = text.replace(/%(.)/gsu, (written, letter: string) => {
    if (letter === '%') return '%';
    const meaning = table(letter);
    if (meaning === undefined) unknown.push(letter);
    return meaning ?? written;
  });
  return { value, unknown };
}
