/** Makes one listening socket as its unit asks: options, address, owner and mode, in systemd's order; systemd.socket(5). */
import { chmodSync, chownSync, existsSync, lstatSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Listen, ListenAddress, SocketConfig } from '../unit/config.js';
import type { Fd } from '../sys/fd.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import { bind, IPPROTO_IPV6, IPV6_V6ONLY, listen, setsockopt, socket, SO_BINDTODEVICE, SO_REUSEADDR, SOL_SOCKET, type SocketType } from '../sys/socket.js';
import { addressText } from '../unit/listen-text.js';
import { hintFor } from './listen-hint.js';
import { makeParents, openFifo, openNetlink, openQueue, openSpecial, ownerOf, type OpenContext, type Opened } from './open-node.js';
import { applyOptions } from './options.js';

/** "Failed to listen on 'ADDRESS': CALL: Words (CODE)". */
export class ListenError extends Error {
  constructor(
    address: string,
    detail: string,
    readonly hint: string | undefined,
    options?: ErrorOptions,
  ) {
    super(`Failed to listen on '${address}': ${detail}`, options);
  }
}

export type { OpenContext, Opened } from './open-node.js';

/** Throws ListenError. */
export function openListen(wanted: Listen, config: SocketConfig, context: OpenContext): Opened {
  try {
    return open(wanted, config, context);
  } catch (error) {
    throw toListenError(wanted, error);
  }
}

function open(wanted: Listen, config: SocketConfig, context: OpenContext): Opened {
  switch (wanted.kind) {
    case 'stream':
      return openSocket(wanted, 'stream', config, context);
    case 'datagram':
      return openSocket(wanted, 'datagram', config, context);
    case 'sequential-packet':
      return openSocket(wanted, 'seqpacket', config, context);
    case 'fifo':
      return openFifo(wanted.text, config, context);
    case 'special':
      return openSpecial(wanted.text, config);
    case 'netlink':
      return openNetlink(wanted.text, config);
    case 'message-queue':
      return openQueue(wanted.text, config, context);
    case 'usb-function':
      throw new Error('USB functions cannot be held');
  }
}

function openSocket(wanted: Listen, type: SocketType, config: SocketConfig, context: OpenContext): Opened {
  if (wanted.address === undefined) throw new Error('no address');
  const address = kernelAddress(wanted.address);
  const fd = socket(address.family === 'abstract' ? 'unix' : address.family, type, protocolOf(config));
  try {
    const warnings = prepare(fd, address, config);
    bindTo(fd, address, config, context);
    if (type !== 'datagram') listen(fd, config.backlog);
    return { fd, warnings };
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** <linux/in.h> */
const PROTOCOLS = { udplite: 136, sctp: 132, mptcp: 262 } as const;

function protocolOf({ socketProtocol }: SocketConfig): number {
  return socketProtocol === undefined ? 0 : PROTOCOLS[socketProtocol];
}

/** A port alone is an IPv6 socket for both families, or IPv4 where the kernel has no IPv6. */
function kernelAddress(address: ListenAddress): SocketAddress {
  switch (address.family) {
    case 'any':
      return existsSync('/proc/net/if_inet6') ? { family: 'inet6', host: '::', port: address.port } : { family: 'inet', host: '0.0.0.0', port: address.port };
    case 'inet6':
      return { family: 'inet6', host: address.host, port: address.port, ...(address.scope === undefined ? {} : { scopeId: scopeId(address.scope) }) };
    default:
      return address;
  }
}

function scopeId(scope: string): number {
  if (/^\d+$/.test(scope)) return Number(scope);
  const found = networkInterfaces()[scope]?.find((entry) => entry.family === 'IPv6');
  return found?.family === 'IPv6' ? found.scopeid : 0;
}

function prepare(fd: Fd, address: SocketAddress, config: SocketConfig): readonly string[] {
  if (address.family === 'inet6') {
    // BindIPv6Only=default is what the kernel has: /proc/sys/net/ipv6/bindv6only.
    if (config.bindIpv6Only !== 'default') setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, config.bindIpv6Only === 'ipv6-only' ? 1 : 0);
  }
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family === 'inet' || address.family === 'inet6') bindToDevice(fd, config);
  return applyOptions(fd, address.family, config);
}

/** No mere warning: a service that is for one interface must not be reached through all of them. */
function bindToDevice(fd: Fd, { bindToDevice: device }: SocketConfig): void {
  if (device === undefined) return;
  try {
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${device}\0`));
  } catch (error) {
    throw new Error(`BindToDevice=${device}: ${(error as Error).message}`, { cause: error });
  }
}

function bindTo(fd: Fd, address: SocketAddress, config: SocketConfig, context: OpenContext): void {
  if (address.family !== 'unix') return bind(fd, address);
  makeParents(address.path, config.directoryMode);
  // What a dead server left is no server's: systemd removes it too.
  if (lstatSync(address.path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(address.path);
  bind(fd, address);
  chmodSync(address.path, config.socketMode);
  const owner = ownerOf(config, context);
  if (owner !== undefined) chownSync(address.path, owner.uid, owner.gid);
}

function toListenError(wanted: Listen, error: unknown): ListenError {
  const detail = error instanceof Error ? error.message : String(error);
  return new ListenError(addressText(wanted), detail, hintFor(wanted, error), { cause: error });
}
