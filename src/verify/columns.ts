/** Where in its file a finding stands, to the column; columns count UTF-16 units from 1, as editors and code hosts do. */
import { readFileSync } from 'node:fs';
import type { Place } from '../unitfile/diagnostic.js';

/** Which part of the line is meant. */
export type Part = { readonly type: 'start' } | { readonly type: 'value' } | { readonly type: 'word'; readonly word: string };

export class Texts {
  readonly #lines = new Map<string, readonly string[]>();

  /** The place with its column, where the text has what is meant; a word of a continued line has that line. */
  locate(place: Place, part: Part): Place {
    if (place.line === 0 || place.column !== undefined) return place;
    const lines = this.#read(place.file);
    const first = lines[place.line - 1];
    if (first === undefined) return place;
    return part.type === 'word' ? (findWord(lines, place, part.word) ?? at(place, valueColumn(first))) : at(place, part.type === 'start' ? startColumn(first) : valueColumn(first));
  }

  #read(path: string): readonly string[] {
    let lines = this.#lines.get(path);
    if (lines === undefined) this.#lines.set(path, (lines = linesOf(path)));
    return lines;
  }
}

function at(place: Place, index: number): Place {
  return { file: place.file, line: place.line, column: index + 1 };
}

function startColumn(line: string): number {
  return Math.max(0, line.search(/\S/));
}

/** Of a line without a value, where the line begins. */
function valueColumn(line: string): number {
  const value = /=\s*(?=\S)/.exec(line);
  return value === null ? startColumn(line) : value.index + value[0].length;
}

/** From the value on, and through the lines that continue it. */
function findWord(lines: readonly string[], { file, line }: Place, word: string): Place | undefined {
  let from = (lines[line - 1] ?? '').indexOf('=') + 1;
  for (let index = line - 1; index < lines.length; index++, from = 0) {
    const text = lines[index] ?? '';
    const found = indexOfWord(text, word, from);
    if (word !== '' && found >= 0 && !(from === 0 && /^\s*[#;]/.test(text))) return { file, line: index + 1, column: found + 1 };
    if (!text.trimEnd().endsWith('\\') && !/^\s*([#;]|$)/.test(text)) return undefined;
  }
  return undefined;
}

/** On its own rather than as a part of another word. */
function indexOfWord(text: string, word: string, from: number): number {
  const first = text.indexOf(word, from);
  for (let found = first; found >= 0; found = text.indexOf(word, found + 1)) {
    if (!/\w\w/.test(text.slice(Math.max(0, found - 1), found + 1)) && !/\w\w/.test(text.slice(found + word.length - 1, found + word.length + 1))) return found;
  }
  return first;
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch {
    return [];
  }
}
