/** Type signatures; D-Bus specification, "Type system". A text such as 'a{sv}' becomes a tree, once. */

/** The letters that stand for one value each. */
const BASIC = 'ybnqiuxtdsogh';

export type Type =
  | { readonly code: string }
  | { readonly code: 'v' }
  | { readonly code: 'a'; readonly element: Type }
  /** A struct, or with '{' a dictionary's entry, which is marshalled as one. */
  | { readonly code: '(' | '{'; readonly fields: readonly Type[] };

/** The specification's limits. */
const MAX_LENGTH = 255;
const MAX_DEPTH = 32;

const known = new Map<string, readonly Type[]>();

/** The complete types that a signature has. Throws SyntaxError. */
export function parseSignature(signature: string): readonly Type[] {
  let types = known.get(signature);
  if (types === undefined) {
    types = new Parser(signature).parse();
    // What peers send could be anything; ours are a few dozen.
    if (known.size < 1000) known.set(signature, types);
  }
  return types;
}

/** The one type of a signature that must have exactly one, as a variant's. Throws SyntaxError. */
export function parseSingle(signature: string): Type {
  const [type, more] = parseSignature(signature);
  if (type === undefined || more !== undefined) throw new SyntaxError(`'${signature}' is not one complete type`);
  return type;
}

/** Where a value of this type begins: at a multiple of so many bytes. */
export function alignmentOf(code: string): number {
  switch (code) {
    case 'y':
    case 'g':
    case 'v':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'x':
    case 't':
    case 'd':
    case '(':
    case '{':
      return 8;
    default:
      return 4;
  }
}

class Parser {
  #at = 0;

  constructor(readonly text: string) {}

  parse(): readonly Type[] {
    if (this.text.length > MAX_LENGTH) throw new SyntaxError('The signature is too long');
    const types: Type[] = [];
    while (this.#at < this.text.length) types.push(this.#type(0, 0));
    return types;
  }

  #type(arrays: number, structs: number): Type {
    const code = this.text.charAt(this.#at++);
    if (arrays > MAX_DEPTH || structs > MAX_DEPTH) throw this.#error('is nested too deeply');
    if (code === 'v' || (code !== '' && BASIC.includes(code))) return { code };
    if (code === 'a') return { code, element: this.text.charAt(this.#at) === '{' ? this.#entry(arrays + 1, structs + 1) : this.#type(arrays + 1, structs) };
    if (code !== '(') throw this.#error('is not a signature');
    const fields: Type[] = [];
    while (this.text.charAt(this.#at) !== ')') fields.push(this.#type(arrays, structs + 1));
    this.#at++;
    if (fields.length === 0) throw this.#error('has an empty struct');
    return { code, fields };
  }

  #entry(arrays: number, structs: number): Type {
    this.#at++;
    const key = this.#type(arrays, structs);
    if (!BASIC.includes(key.code)) throw this.#error('has a dictionary whose key is no basic type');
    const value = this.#type(arrays, structs);
    if (this.text.charAt(this.#at++) !== '}') throw this.#error('has a dictionary entry that is no pair');
    return { code: '{', fields: [key, value] };
  }

  #error(words: string): SyntaxError {
    return new SyntaxError(`'${this.text}' ${words}`);
  }
}
