/** `volumes:`, `secrets:` and `configs:` of a compose service: its Volume= and Tmpfs= lines. */
import { literal } from '../run/unit-text.js';
import { isRecord, text, type Line } from './values.js';

export interface StorageAround {
  /** The .volume file of a named volume; undefined when the file names none of that name. */
  readonly volumeUnit: (name: string) => string | undefined;
  readonly resolve: (path: string) => string;
}

/** undefined: none that could be carried over. */
export function volumeLine(value: unknown, around: StorageAround): Line | undefined {
  if (isRecord(value)) return longForm(value, around);
  const own = text(value);
  if (own === undefined) return undefined;
  const [source = '', target, ...options] = own.split(':');
  if (target === undefined) return ['Volume', literal(source)];
  const from = sourceOf(source, around);
  return from === undefined ? undefined : ['Volume', literal([from, target, ...options].join(':'))];
}

function longForm(value: Readonly<Record<string, unknown>>, around: StorageAround): Line | undefined {
  const [type, source = '', target] = [text(value['type']), text(value['source']), text(value['target'])];
  if (target === undefined) return undefined;
  if (type === 'tmpfs') return ['Tmpfs', literal(target)];
  if (type !== 'bind' && type !== 'volume') return undefined;
  if (source === '') return ['Volume', literal(target)];
  const from = sourceOf(source, around);
  return from === undefined ? undefined : ['Volume', literal(`${from}:${target}${value['read_only'] === true ? ':ro' : ''}`)];
}

function sourceOf(source: string, { resolve, volumeUnit }: StorageAround): string | undefined {
  return /^[./~]/.test(source) ? resolve(source) : volumeUnit(source);
}

/** A file of this host, where the container looks for it. undefined: it is kept elsewhere. */
export function fileLine(value: unknown, defined: Readonly<Record<string, unknown>>, folder: string, resolve: (path: string) => string): Line | undefined {
  const name = isRecord(value) ? text(value['source']) : text(value);
  const definition = defined[name ?? ''];
  const file = isRecord(definition) ? text(definition['file']) : undefined;
  if (name === undefined || file === undefined) return undefined;
  const target = (isRecord(value) ? text(value['target']) : undefined) ?? name;
  return ['Volume', literal(`${resolve(file)}:${target.startsWith('/') ? target : `${folder}${target}`}:ro`)];
}
