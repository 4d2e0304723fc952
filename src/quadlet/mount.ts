/** Mount=: comma-separated fields as RFC 4180 has them, the source of which may be another Quadlet file. */
import { Refusal, type Conversion } from './conversion.js';
import { storageSource } from './links.js';
import { row, type Row } from './rows.js';
import type { Value } from './source.js';

/** Their source is a path, a name, or another Quadlet file; a tmpfs has none. */
const TYPES_WITH_SOURCE = ['volume', 'bind', 'glob', 'image', 'artifact'];
const FORMAT = 'incorrect mount format: should be --mount type=<bind|glob|tmpfs|volume>,[src=<host-dir|volume-name>,]target=<ctr-dir>[,options]';

export const mounts: Row = row(['Mount'], (conversion, command) => {
  for (const value of conversion.source.args('Mount')) command.add('--mount', mount(conversion, value));
});

function mount(conversion: Conversion, value: Value): string {
  const refuse = (message: string): Refusal => new Refusal(message, value.place, { key: 'Mount', hint: 'Mount=type=bind,source=/on/the/host,target=/in/the/container' });
  const { fields, error } = splitFields(value.text);
  if (error !== undefined) throw refuse(error);
  const typeAt = fields.findIndex((field) => /^type=[^=]*$/.test(field));
  const type = typeAt < 0 ? 'volume' : (fields[typeAt]?.slice('type='.length) ?? '');
  if (!TYPES_WITH_SOURCE.includes(type)) return value.text;
  const rest = fields.filter((_, i) => i !== typeAt);
  const bare = rest.find((field) => field === 'source' || field === 'src');
  if (bare !== undefined) throw refuse('source parameter does not include a value');
  const at = rest.findLastIndex((field) => /^(source|src)=/.test(field));
  const source = at < 0 ? '' : (rest[at]?.replace(/^(source|src)=/, '') ?? '');
  // podman makes a volume without a name where none is given.
  if (source === '' && type !== 'volume') throw refuse(`source parameter is required for mount type ${type}`);
  const resolved = source === '' ? rest : rest.with(at, `source=${storageSource(conversion, source, value, ['volume', 'image', 'artifact'], 'Mount')}`);
  return [`type=${type}`, ...resolved].map(quoteField).join(',');
}

/** One record of comma-separated values. */
function splitFields(text: string): { readonly fields: readonly string[]; readonly error?: string } {
  if (text === '' || /[\r\n]/.test(text)) return { fields: [], error: FORMAT };
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    const field = (rest.startsWith('"') ? /^"((?:[^"]|"")*)"(?=,|$)/ : /^([^",]*)(?=,|$)/).exec(rest);
    if (field === null) return { fields, error: fieldError(text, rest) };
    fields.push((field[1] ?? '').replaceAll('""', '"'));
    if (field[0].length === rest.length) return { fields };
    rest = rest.slice(field[0].length + 1);
  }
}

/** `rest` begins with the field that is at fault. Columns count bytes. */
function fieldError(text: string, rest: string): string {
  const quoted = rest.startsWith('"');
  const inField = quoted ? (/^"(?:[^"]|"")*"?/.exec(rest)?.[0].length ?? 0) : rest.indexOf('"');
  const column = Buffer.byteLength(text.slice(0, text.length - rest.length + inField)) + 1;
  return `parse error on line 1, column ${column}: ${quoted ? 'extraneous or missing " in quoted-field' : 'bare " in non-quoted-field'}`;
}

function quoteField(field: string): string {
  return /[",\r\n]|^\s|^\\\.$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
