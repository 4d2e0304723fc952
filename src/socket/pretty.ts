/** Addresses as systemd's log lines have them: getsockname_pretty() and getpeername_pretty(). */
import { networkInterfaces } from 'node:os';
import type { Fd } from '../sys/fd.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import { getOptionBytes, getpeername, getsockname, SO_PEERCRED, SOL_SOCKET } from '../sys/socket.js';

/** <linux/vm_sockets.h> */
const VMADDR_CID_ANY = 0xffffffff;

export function prettyAddress(address: SocketAddress): string {
  switch (address.family) {
    case 'inet':
      return `${address.host}:${address.port}`;
    case 'inet6':
      return `[${dottedTail(address.host)}]:${address.port}${scopeText(address.scopeId ?? 0)}`;
    case 'unix':
      return address.path === '' ? '<unnamed>' : escapeText(address.path);
    case 'abstract':
      return address.name === '' ? '<unnamed>' : `@${escapeText(address.name)}`;
    case 'vsock':
      return `vsock:${address.cid === VMADDR_CID_ANY ? '' : address.cid}:${address.port}`;
  }
}

/** Without the port. */
export function prettyHost(address: SocketAddress): string {
  switch (address.family) {
    case 'inet':
      return address.host;
    case 'inet6':
      return `${dottedTail(address.host)}${scopeText(address.scopeId ?? 0)}`;
    case 'vsock':
      return `vsock:${address.cid}`;
    case 'unix':
    case 'abstract':
      return prettyAddress(address);
  }
}

/** 'n/a' for what is no socket. */
export function prettyOwnName(fd: Fd): string {
  return prettyName(() => getsockname(fd));
}

/** The client; on a Unix socket, which process that is. */
export function prettyPeerName(fd: Fd): string {
  try {
    const local = getsockname(fd);
    if (local?.family === 'unix' || local?.family === 'abstract') return peerProcess(fd);
  } catch {
    return 'n/a';
  }
  return prettyName(() => unmapped(getpeername(fd)));
}

function prettyName(ask: () => SocketAddress | undefined): string {
  try {
    const address = ask();
    return address === undefined ? 'n/a' : prettyAddress(address);
  } catch {
    return 'n/a';
  }
}

function peerProcess(fd: Fd): string {
  // struct ucred: pid, uid, gid.
  const credentials = getOptionBytes(fd, SOL_SOCKET, SO_PEERCRED, 12);
  if (credentials === undefined) return 'n/a';
  const pid = credentials.readInt32LE(0);
  return `${pid === 0 ? '' : `PID ${pid}/`}UID ${credentials.readUInt32LE(4)}`;
}

/** An IPv4 client of an IPv6 socket is named as what it is. */
export function unmapped(address: SocketAddress | undefined): SocketAddress | undefined {
  if (address?.family !== 'inet6') return address;
  const host = dottedTail(address.host);
  return host.startsWith('::ffff:') && host.includes('.') ? { family: 'inet', host: host.slice('::ffff:'.length), port: address.port } : address;
}

/** '::ffff:7f00:1' to '::ffff:127.0.0.1', as inet_ntop(3) writes it. */
function dottedTail(host: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `::ffff:${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

function scopeText(scopeId: number): string {
  if (scopeId === 0) return '';
  const found = Object.entries(networkInterfaces()).find(([, entries]) => entries?.some((entry) => entry.family === 'IPv6' && entry.scopeid === scopeId));
  return `%${found?.[0] ?? scopeId}`;
}

const NAMED: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
  "'": "\\'",
};

/** As C escapes; bytes above 126 in octal. */
export function escapeText(text: string): string {
  return [...Buffer.from(text)].map((byte) => escapeByte(byte)).join('');
}

function escapeByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return NAMED[char] ?? (byte < 32 || byte >= 127 ? `\\${byte.toString(8).padStart(3, '0')}` : char);
}
