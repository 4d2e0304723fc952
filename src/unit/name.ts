/** Unit names; systemd.unit(5). `prefix@instance.type`, or a template `prefix@.type`. */

import { bad, good, type ValueParser } from './values/value.js';

const TYPES = ['service', 'socket', 'target', 'timer', 'path', 'mount', 'automount', 'swap', 'slice', 'scope', 'device'] as const;

const VALID = /^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\@-]*)?\.([a-z]+)$/;

export interface UnitName {
  /** Without type: 'foo@bar'. */
  readonly base: string;
  /** 'foo'. */
  readonly prefix: string;
  /** 'bar'; '' for a template, undefined for a plain unit. */
  readonly instance: string | undefined;
  readonly type: string;
}

/** undefined: not a unit's name. */
export function parseUnitName(name: string): UnitName | undefined {
  const type = VALID.exec(name)?.[2];
  if (type === undefined || name.length > 255 || !(TYPES as readonly string[]).includes(type)) return undefined;
  const base = name.slice(0, -type.length - 1);
  const at = base.indexOf('@');
  return { base, type, prefix: at < 0 ? base : base.slice(0, at), instance: at < 0 ? undefined : base.slice(at + 1) };
}

/** For values that name a unit of one type, or (without `type`) of any. */
export function unitNameOf(type?: string): ValueParser<string> {
  const expected = type === undefined ? 'the name of a unit, such as name.service' : `the name of a ${type}, such as name.${type}`;
  return (text) => {
    const parsed = parseUnitName(text);
    return parsed !== undefined && (type === undefined || parsed.type === type) ? good(text) : bad(expected);
  };
}

/** 'foo@bar.service' to 'foo@.service'; undefined for what is no instance. */
export function templateOf(name: string): string | undefined {
  const parsed = parseUnitName(name);
  return parsed?.instance === undefined || parsed.instance === '' ? undefined : `${parsed.prefix}@.${parsed.type}`;
}

/** 'foo@.service' and 'bar' to 'foo@bar.service'. */
export function instanceName(template: string, instance: string): string {
  return `${template.slice(0, template.indexOf('@'))}@${instance}${template.slice(template.lastIndexOf('.'))}`;
}

/** systemctl(1): a name without a type is a service's. */
export function completeName(name: string): string {
  return parseUnitName(name) === undefined && !/\.(container|pod|volume|network|kube|image|build|artifact)$/.test(name) ? `${name}.service` : name;
}

/** systemd-escape(1): `/` becomes `-`, and what a name may not have becomes `\xNN`. */
export function escapeName(text: string): string {
  return [...Buffer.from(text)]
    .map((byte, i) => {
      const c = String.fromCharCode(byte);
      if (c === '/') return '-';
      return /[A-Za-z0-9:_]/.test(c) || (c === '.' && i > 0) ? c : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

export function unescapeName(text: string): string {
  const bytes = text.replaceAll('-', '/').replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
