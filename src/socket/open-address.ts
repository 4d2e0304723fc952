/**
 * Listening sockets from an address alone, as a command line gives it: what systemd's make_socket_fd() does, with its words. (A unit's
 * sockets, which have many settings, are made by open.ts.)
 */
import { constants } from 'node:os';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SysError } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import { strerror } from '../sys/libc.js';
import { UNIX_PATH_MAX, type SocketAddress } from '../sys/sockaddr.js';
import { bind, listen, setsockopt, socket, SO_REUSEADDR, SOL_SOCKET, type SocketType } from '../sys/socket.js';
import { listenAddress } from '../unit/values/address.js';
import { prettyAddress } from './pretty.js';

const { EINVAL, ENODEV, ERANGE, ENAMETOOLONG } = constants.errno;
const BACKLOG = 0x7fffffff;
/** Files of sockets are 0644: their owner alone may connect. */
const UMASK = 0o133;

/** The message says what was tried with the address, and `reason` why that failed. */
export class AddressError extends Error {
  constructor(
    what: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${what}: ${reason}`, options);
  }
}

/** A port (for both families), host:port, [v6]:port, a path, @abstract or vsock:CID:PORT. Throws AddressError. */
export function parseSocketAddress(text: string): SocketAddress {
  const errno = problemOf(text);
  // As it is typed: who looks for the file looks for that.
  if (errno === undefined && /^\/./.test(text)) return { family: 'unix', path: text };
  // Kinds of VSOCK sockets are accepted for systemd's sake: the type is an option.
  const parsed = errno === undefined ? listenAddress(plainNumbers(text).replace(/^vsock-(?:stream|dgram|seqpacket):/, 'vsock:')) : undefined;
  if (parsed?.ok !== true) throw new AddressError(`Failed to parse socket address "${text}"`, strerror(errno ?? EINVAL));
  const address = parsed.value;
  if (address.family === 'any')
    return existsSync('/proc/net/if_inet6') ? { family: 'inet6', host: '::', port: address.port } : { family: 'inet', host: '0.0.0.0', port: address.port };
  if (address.family !== 'inet6' || address.scope === undefined) return address;
  const scopeId = interfaceIndex(address.scope);
  if (scopeId === undefined) throw new AddressError(`Failed to parse socket address "${text}"`, strerror(ENODEV));
  return { family: 'inet6', host: address.host, port: address.port, scopeId };
}

/** if_nametoindex(3). */
export function interfaceIndex(name: string): number | undefined {
  if (/^[1-9]\d*$/.test(name)) return Number(name);
  try {
    return Number(readFileSync(`/sys/class/net/${basename(name)}/ifindex`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** What strtoul(3) also takes: 0x1F9B, +8080. */
function plainNumbers(text: string): string {
  return /^\+?(\d+|0x[0-9a-fA-F]+)$/.test(text) ? String(Number(text.replace(/^\+/, ''))) : text;
}

/** The errno that systemd has for an address that it cannot read, as far as that is not plainly EINVAL. */
function problemOf(text: string): number | undefined {
  if (/^[/@]/.test(text)) return Buffer.byteLength(text) > UNIX_PATH_MAX ? ENAMETOOLONG : undefined;
  const [, cid] = /^vsock(?:-\w+)?:(\d+):\d+$/.exec(text) ?? [];
  if (cid !== undefined && Number(cid) > 0xffffffff) return ERANGE;
  const [, port] = /^(?:\[.*\]:|[\d.]+:)?([+-]?\d+|0x[0-9a-fA-F]+)$/.exec(text) ?? [];
  if (/^0\d/.test(port ?? '')) return EINVAL;
  return port !== undefined && (Number(port) > 65535 || Number(port) < 0) ? ERANGE : undefined;
}

/** Blocking, as the program behind it expects. Throws AddressError. */
export function openAddress(text: string, type: SocketType): Fd {
  const address = parseSocketAddress(text);
  // The words are systemd's, whose function that prints addresses is the first to notice.
  if (type === 'seqpacket' && (address.family === 'inet' || address.family === 'inet6')) throw new AddressError('socket_address_print()', strerror(EINVAL));
  let fd: Fd | undefined;
  try {
    fd = socket(address.family === 'abstract' ? 'unix' : address.family, type);
    if (address.family === 'inet' || address.family === 'inet6') setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    bindTo(fd, address);
    if (type !== 'datagram') listen(fd, BACKLOG);
    fd.setNonblocking(false);
    return fd;
  } catch (error) {
    fd?.close();
    const reason = error instanceof SysError ? strerror(error.errno) : (error as Error).message;
    throw new AddressError(`Failed to listen on ${prettyAddress(address)}`, reason, { cause: error });
  }
}

function bindTo(fd: Fd, address: SocketAddress): void {
  if (address.family !== 'unix') return bind(fd, address);
  mkdirSync(dirname(address.path), { recursive: true, mode: 0o755 });
  const before = process.umask(UMASK);
  try {
    bindPath(fd, address);
  } finally {
    process.umask(before);
  }
}

/** What is in the way, a dead server's socket mostly, is removed. */
function bindPath(fd: Fd, address: SocketAddress & { readonly family: 'unix' }): void {
  try {
    bind(fd, address);
  } catch (error) {
    if (!(error instanceof SysError && error.code === 'EADDRINUSE') || address.path.endsWith('/')) throw error;
    rmSync(address.path, { force: true });
    bind(fd, address);
  }
}
