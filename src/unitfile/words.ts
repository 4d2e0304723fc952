/**
 * Words as systemd splits them: white space separates, single and double quotes keep it, C escapes are decoded;
 * systemd.service(5), "COMMAND LINES", and systemd.syntax(7), "QUOTING".
 */

export interface WordsOptions {
  /** Keep a backslash that begins no known escape, instead of refusing the value. */
  readonly relaxed?: boolean;
  /** Leave escapes as they are written. */
  readonly keepEscapes?: boolean;
  /** Say which words were quoted. */
  readonly markQuoted?: boolean;
}

export interface Words {
  readonly words: readonly string[];
  /** For each word, whether any part of it was quoted; where `markQuoted` asks for it. */
  readonly quoted?: readonly boolean[];
  /** Set when the value cannot be split: an open quote, or an escape that does not exist. */
  readonly error?: string;
}

const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', s: ' ', '\\': '\\', '"': '"', "'": "'" };
/** Quotes and escapes. */
const SPECIAL = /["'\\]/;
const SEPARATOR = /[ \t\n\r]/;
const SEPARATORS = /[ \t\n\r]+/;
const ENDS_BARE = /["'\\ \t\n\r]/g;
const ENDS_DOUBLE = /["\\]/g;
const ENDS_SINGLE = /['\\]/g;
const NUMBERED = { x: 2, u: 4, U: 8 } as const;

export function splitWords(text: string, options: WordsOptions = {}): Words {
  // Most values are as plain as this, and there are thousands.
  if (!SPECIAL.test(text)) {
    const words = SEPARATOR.test(text) ? text.split(SEPARATORS).filter((word) => word !== '') : text === '' ? [] : [text];
    return options.markQuoted === true ? { words, quoted: words.map(() => false) } : { words };
  }
  return new Splitter(text, options).split();
}

class Splitter {
  #at = 0;
  readonly #words: string[] = [];
  readonly #quoted: boolean[] = [];
  #wasQuoted = false;
  #word: string | undefined;
  #error: string | undefined;

  constructor(
    readonly text: string,
    readonly options: WordsOptions,
  ) {}

  split(): Words {
    let quote = '';
    while (this.#at < this.text.length && this.#error === undefined) {
      const c = this.text.charAt(this.#at++);
      if (c === '\\' && this.options.keepEscapes !== true) this.#escape();
      else if (quote === '' && (c === '"' || c === "'")) {
        quote = c;
        this.#wasQuoted = true;
        this.#word ??= '';
      } else if (c === quote) quote = '';
      else if (quote === '' && ' \t\n\r'.includes(c)) this.#end();
      else this.#run(quote);
    }
    if (quote !== '') this.#error ??= `a ${quote} is not closed`;
    this.#end();
    const split = { words: this.#words, ...(this.options.markQuoted === true ? { quoted: this.#quoted } : {}) };
    return this.#error === undefined ? split : { ...split, error: this.#error };
  }

  /** Takes what stands before the next character that means something, in one piece. */
  #run(quote: string): void {
    const from = this.#at - 1;
    const ends = quote === '' ? ENDS_BARE : quote === '"' ? ENDS_DOUBLE : ENDS_SINGLE;
    ends.lastIndex = this.#at;
    this.#at = ends.exec(this.text)?.index ?? this.text.length;
    this.#word = (this.#word ?? '') + this.text.slice(from, this.#at);
  }

  #end(): void {
    if (this.#word !== undefined) {
      this.#words.push(this.#word);
      this.#quoted.push(this.#wasQuoted);
    }
    this.#word = undefined;
    this.#wasQuoted = false;
  }

  #escape(): void {
    const c = this.text.charAt(this.#at++);
    const decoded = this.#decode(c);
    if (decoded !== undefined) this.#word = (this.#word ?? '') + decoded;
    else if (this.options.relaxed === true) this.#word = `${this.#word ?? ''}\\${c}`;
    else this.#error = c === '' ? 'it ends with a backslash' : `'\\${c}' is not an escape`;
  }

  #decode(c: string): string | undefined {
    if (c in SIMPLE) return SIMPLE[c];
    if (c in NUMBERED) return this.#number(NUMBERED[c as keyof typeof NUMBERED], 16, this.#at);
    return /[0-7]/.test(c) ? this.#number(3, 8, this.#at - 1) : undefined;
  }

  /** `\x41`, `\101`, `\u00e9`: exactly so many digits. */
  #number(length: number, radix: 8 | 16, from: number): string | undefined {
    const digits = this.text.slice(from, from + length);
    if (!(radix === 16 ? /^[0-9a-fA-F]+$/ : /^[0-7]+$/).test(digits) || digits.length < length) return undefined;
    const code = Number.parseInt(digits, radix);
    if (code === 0 || code > (radix === 8 ? 0xff : 0x10ffff)) return undefined;
    this.#at = from + length;
    return String.fromCodePoint(code);
  }
}

/** A word as it can stand in a command line, quoted when it must be. */
export function quoteWord(word: string): string {
  if (word !== '' && !/[\s"'\\;$%\p{Cc}]/u.test(word)) return word;
  return `"${escapeText(word)}"`;
}

function escapeText(text: string): string {
  return text.replace(/[\\"\p{Cc}]/gu, (c) => {
    const name = Object.entries(SIMPLE).find(([letter, value]) => value === c && letter !== 's')?.[0];
    return name === undefined ? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}` : `\\${name}`;
  });
}
