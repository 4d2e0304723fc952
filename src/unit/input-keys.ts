/** Keys for what a process is given to read: text, credentials, open files; systemd.exec(5), systemd.service(5). */
import { expandSpecifiers } from '../unitfile/specifier.js';
import { splitWords } from '../unitfile/words.js';
import { append, custom, type KeyRow } from './key-table.js';

/** A credential: its text, or where it is read from. */
export interface Credential {
  readonly id: string;
  readonly data: Uint8Array | undefined;
  readonly path: string | undefined;
}

/** OpenFile= */
export interface OpenFile {
  readonly path: string;
  readonly name: string;
  readonly options: readonly string[];
}

function appendData(draft: Record<string, unknown>, data: Uint8Array): void {
  draft['standardInputData'] = Buffer.concat([draft['standardInputData'] as Uint8Array, data]);
}

const ID = /^[^/\p{Cc}:]{1,255}$/u;

/** What a C escape stands for, as one word. */
function unescaped(text: string): string | undefined {
  const quoted = splitWords(`"${text.replaceAll('"', '\\"')}"`, { relaxed: true });
  return quoted.error === undefined ? (quoted.words[0] ?? '') : undefined;
}

function load(key: string): KeyRow {
  return custom(key, (draft, text, { specifiers }) => {
    if (text === '') draft['credentials'] = [];
    if (text === '') return undefined;
    const expanded = expandSpecifiers(text, specifiers).value;
    const at = expanded.indexOf(':');
    const id = at < 0 ? expanded : expanded.slice(0, at);
    if (!ID.test(id)) return 'NAME:PATH';
    append<Credential>(draft, 'credentials', [{ id, data: undefined, path: at < 0 ? id : expanded.slice(at + 1) }]);
    return undefined;
  });
}

const OPEN_OPTIONS = ['read-only', 'append', 'truncate', 'graceful'];

export const INPUT_KEYS: readonly KeyRow[] = [
  custom('StandardInputText', (draft, text, { specifiers }) => {
    if (text === '') draft['standardInputData'] = new Uint8Array();
    const plain = unescaped(expandSpecifiers(text, specifiers).value);
    if (plain === undefined) return 'text, in which a backslash begins an escape of C';
    if (text !== '') appendData(draft, Buffer.from(`${plain}\n`));
    return undefined;
  }),
  custom('StandardInputData', (draft, text) => {
    if (text === '') draft['standardInputData'] = new Uint8Array();
    const compact = text.replace(/\s+/g, '');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return 'text in Base64';
    appendData(draft, Buffer.from(compact, 'base64'));
    return undefined;
  }),
  custom('SetCredential', (draft, text, { specifiers }) => {
    if (text === '') draft['setCredentials'] = [];
    if (text === '') return undefined;
    const at = text.indexOf(':');
    const id = expandSpecifiers(text.slice(0, Math.max(0, at)), specifiers).value;
    const data = unescaped(text.slice(at + 1));
    if (!ID.test(id) || data === undefined) return 'NAME:TEXT';
    append<Credential>(draft, 'setCredentials', [{ id, data: Buffer.from(data), path: undefined }]);
    return undefined;
  }),
  load('LoadCredential'),
  custom('OpenFile', (draft, text, { specifiers }) => {
    if (text === '') draft['openFiles'] = [];
    if (text === '') return undefined;
    const [path = '', name = '', options = ''] = expandSpecifiers(text, specifiers).value.split(':');
    const words = options.split(',').filter(Boolean);
    if (!path.startsWith('/') || !words.every((word) => OPEN_OPTIONS.includes(word))) return `PATH, PATH:NAME or PATH:NAME:OPTIONS with ${OPEN_OPTIONS.join(', ')}`;
    append<OpenFile>(draft, 'openFiles', [{ path, name: name === '' ? path.slice(path.lastIndexOf('/') + 1) : name, options: words }]);
    return undefined;
  }),
];
