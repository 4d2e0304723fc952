/**
 * Options before another program's command, read as getopt_long(3) reads them for systemd's tools: up to the first word that is none,
 * short ones together (-dl80), long ones shortened (--list=80), and with its words for what is wrong.
 */

export interface OptionRow {
  readonly name: string;
  readonly short?: string;
  readonly takesValue?: boolean;
  /** What stands behind it does not matter any more: --help. */
  readonly ends?: boolean;
}

export interface ParsedWords {
  readonly options: readonly { readonly name: string; readonly value: string }[];
  readonly rest: readonly string[];
}

/** The message is for the user, without the program's name. */
export class OptionError extends Error {}

/** Throws OptionError. `anywhere`: options may stand behind other words too. */
export function parseWords(argv: readonly string[], rows: readonly OptionRow[], { anywhere = false } = {}): ParsedWords {
  const reader = new Reader(argv, rows);
  const rest: string[] = [];
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (word === '--') return { options: reader.found, rest: [...rest, ...reader.remaining()] };
    if (word.startsWith('--')) reader.readLong(word.slice(2));
    else if (word.startsWith('-') && word !== '-') reader.readShort(word.slice(1));
    else if (anywhere) rest.push(word);
    else return { options: reader.found, rest: [word, ...reader.remaining()] };
    if (reader.isOver) break;
  }
  return { options: reader.found, rest };
}

class Reader {
  readonly found: { name: string; value: string }[] = [];
  #at = 0;

  constructor(
    readonly argv: readonly string[],
    readonly rows: readonly OptionRow[],
  ) {}

  get isOver(): boolean {
    return this.rows.some(({ name, ends }) => ends === true && this.found.at(-1)?.name === name);
  }

  next(): string | undefined {
    return this.argv[this.#at++];
  }

  remaining(): readonly string[] {
    return this.argv.slice(this.#at);
  }

  readLong(text: string): void {
    const at = text.indexOf('=');
    const typed = at < 0 ? text : text.slice(0, at);
    const row = this.#rowOf(typed);
    const value = at < 0 ? undefined : text.slice(at + 1);
    if (row.takesValue !== true && value !== undefined) throw new OptionError(`option '--${row.name}' doesn't allow an argument`);
    const given = row.takesValue === true ? (value ?? this.next()) : '';
    if (given === undefined) throw new OptionError(`option '--${row.name}' requires an argument`);
    this.found.push({ name: row.name, value: given });
  }

  #rowOf(typed: string): OptionRow {
    const exact = this.rows.find(({ name }) => name === typed);
    if (exact !== undefined) return exact;
    const [row, ...others] = this.rows.filter(({ name }) => name.startsWith(typed));
    if (row === undefined) throw new OptionError(`unrecognized option '--${typed}'`);
    if (others.length > 0) throw new OptionError(`option '--${typed}' is ambiguous; possibilities: ${[row, ...others].map(({ name }) => `'--${name}'`).join(' ')}`);
    return row;
  }

  readShort(letters: string): void {
    for (let at = 0; at < letters.length && !this.isOver; at++) {
      const letter = letters.charAt(at);
      const row = this.rows.find(({ short }) => short === letter);
      if (row === undefined) throw new OptionError(`invalid option -- '${letter}'`);
      if (row.takesValue !== true) {
        this.found.push({ name: row.name, value: '' });
        continue;
      }
      const value = at + 1 < letters.length ? letters.slice(at + 1) : this.next();
      if (value === undefined) throw new OptionError(`option requires an argument -- '${letter}'`);
      this.found.push({ name: row.name, value });
      return;
    }
  }
}
