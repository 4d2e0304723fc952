/** Where the bytes go: addresses as they are typed, and what they mean; systemd-socket-proxyd(8). */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { readFileSync } from 'node:fs';
import { UNIX_PATH_MAX, type SocketAddress } from '../sys/sockaddr.js';
import { interfaceIndex } from '../socket/open-address.js';
import { listenAddress } from '../unit/values/address.js';

/** `name=text`, or a text alone. */
export interface NamedText {
  readonly name: string | undefined;
  readonly text: string;
}

/** A host's port, whose addresses are looked up, or an address that is one. */
export type Target = { readonly text: string } & ({ readonly address: SocketAddress } | { readonly host: string; readonly port: number });

/** The message is for the user. */
export class ProxyError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

function parseError(text: string, reason: string): ProxyError {
  return new ProxyError(`Failed to parse target '${text}': ${reason}`);
}

/** systemd's, for a host without a port. */
const DEFAULT_PORT = 80;
const EXPECTED = 'HOST:PORT, [V6]:PORT, /PATH, unix:/PATH, @ABSTRACT or vsock:CID:PORT';

/** `web=127.0.0.1:80`: a socket's name may hold anything but a colon, and an address begins with none of these. */
export function splitName(text: string): NamedText {
  const [, name, rest] = /^([^=:/@[]+)=(.*)$/s.exec(text) ?? [];
  return name === undefined || rest === undefined ? { name: undefined, text } : { name, text: rest };
}

/** Throws ProxyError. */
export function parseTarget(text: string): Target {
  const plain = text.startsWith('unix:') ? text.slice('unix:'.length) : text;
  if (/^[/@]/.test(plain)) return { text, address: unixAddress(text, plain) };
  if (plain !== text) throw parseError(text, 'expected a path or @name after unix:');
  if (text.startsWith('vsock:')) return { text, address: vsockAddress(text) };
  const [, v6, v6Port] = /^\[([0-9a-fA-F:.]+(?:%[^\]]+)?)\](?::(.+))?$/.exec(text) ?? [];
  if (v6 !== undefined) return { text, host: v6, port: portOf(text, v6Port) };
  const [, host, port] = /^([^:[\]\s]+)(?::(.+))?$/.exec(text) ?? [];
  if (host === undefined) throw parseError(text, `expected ${EXPECTED}`);
  return { text, host, port: portOf(text, port) };
}

function unixAddress(text: string, plain: string): SocketAddress {
  if (plain === '/' || plain === '@') throw parseError(text, `expected ${EXPECTED}`);
  if (Buffer.byteLength(plain) > UNIX_PATH_MAX) throw parseError(text, `a Unix socket's path has at most ${UNIX_PATH_MAX} bytes`);
  return plain.startsWith('@') ? { family: 'abstract', name: plain.slice(1) } : { family: 'unix', path: plain };
}

function vsockAddress(text: string): SocketAddress {
  const parsed = listenAddress(text);
  if (!parsed.ok || parsed.value.family !== 'vsock') throw parseError(text, 'expected vsock:CID:PORT');
  return parsed.value;
}

function portOf(text: string, port: string | undefined): number {
  if (port === undefined) return DEFAULT_PORT;
  const number = /^\d+$/.test(port) ? Number(port) : serviceport(port);
  if (number === undefined || number < 1 || number > 65535) throw parseError(text, 'expected a port from 1 to 65535 after the host, or a service that /etc/services names');
  return number;
}

function serviceport(name: string): number | undefined {
  try {
    const line = readFileSync('/etc/services', 'utf8')
      .split('\n')
      .find((candidate) =>
        candidate
          .replace(/#.*/, '')
          .split(/\s+/)
          .some((word, i) => i !== 1 && word === name),
      );
    return line === undefined ? undefined : Number(/\s(\d+)\//.exec(line)?.[1]);
  } catch {
    return undefined;
  }
}

/** Every address of the target, in the order in which they are tried. Throws node:dns' errors. */
export async function addressesOf(target: Target): Promise<readonly SocketAddress[]> {
  if ('address' in target) return [target.address];
  const { host, port } = target;
  const literal = isIP(host.split('%')[0] ?? '');
  const found = literal === 0 ? await lookup(host, { all: true, verbatim: true }) : [{ address: host, family: literal }];
  return found.map(({ address, family }) => inetAddress(address, family, port));
}

function inetAddress(text: string, family: number, port: number): SocketAddress {
  if (family === 4) return { family: 'inet', host: text, port };
  const [host = '', scope] = text.split('%');
  const parsed = scope === undefined ? undefined : interfaceIndex(scope);
  return parsed === undefined ? { family: 'inet6', host, port } : { family: 'inet6', host, port, scopeId: parsed };
}
