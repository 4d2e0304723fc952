/** The text of a compose file to its values, each with its line; compose-spec. Variables are filled in as compose does. Pure. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { interpolate } from './interpolate.js';
import type { Note } from './note.js';

export class ComposeError extends Error {
  constructor(
    message: string,
    readonly line: number,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export interface ComposeFile {
  readonly content: Readonly<Record<string, unknown>>;
  readonly notes: readonly Note[];
  /** Of the value at this path, or of what is nearest to it. */
  lineOf(path: readonly (string | number)[]): number;
}

/** Throws ComposeError. */
export function readCompose(text: string, env: Readonly<Record<string, string | undefined>>): ComposeFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const [error] = document.errors;
  if (error !== undefined) throw new ComposeError(error.message.split('\n', 1)[0]?.replace(/ at line \d+.*$/, '') ?? '', lines.linePos(error.pos[0]).line);
  const notes = fillIn(document, env, (offset) => lines.linePos(offset).line);
  const content: unknown = document.toJS();
  if (!isRecord(content)) throw new ComposeError('It is no map of services', 1, 'a compose file begins with services:');
  return { content, notes, lineOf: (path) => lineAt(document, lines, path) };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys are not filled in. */
function fillIn(document: Document, env: Readonly<Record<string, string | undefined>>, lineAtOffset: (offset: number) => number): readonly Note[] {
  const notes: Note[] = [];
  visit(document, {
    Scalar: (position, node) => {
      if (position === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return;
      const line = lineAtOffset(node.range?.[0] ?? 0);
      const filled = interpolate(node.value, env);
      if (filled.missing !== undefined) throw new ComposeError(filled.missing, line);
      for (const name of filled.unset)
        notes.push({ line, key: `\${${name}}`, message: 'The variable is not set, using nothing', hint: `${name}=VALUE rouse import, or a line in .env` });
      node.value = filled.text;
    },
  });
  return notes;
}

function lineAt(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = isScalar(node) || isMap(node) ? (node.range?.[0] ?? offset) : offset;
    } else break;
  }
  return lines.linePos(offset).line;
}
