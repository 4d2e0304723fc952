/** Makes one listening socket as its unit asks: options, address, owner and mode, in systemd's order; systemd.socket(5). */
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import type { Listen, ListenAddress, SocketConfig } from '../unit/config.js';
import type { Fd } from '../sys/fd.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import { bind, IPPROTO_IPV6, IPV6_V6ONLY, listen, setsockopt, socket, SO_REUSEADDR, SOL_SOCKET, type SocketType } from '../sys/socket.js';
import { addressText } from '../unit/listen-text.js';
import { applyOptions } from './options.js';

export interface OpenContext {
  /** Throw when there is no such user or group. */
  readonly resolveUser: (name: string) => { readonly uid: number; readonly gid: number };
  readonly resolveGroup: (name: string) => { readonly gid: number };
}

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

const TYPES: Partial<Record<Listen['kind'], SocketType>> = { stream: 'stream', datagram: 'datagram', 'sequential-packet': 'seqpacket' };

/** Throws ListenError. Options that the kernel refuses are warnings, as they are in systemd. */
export function openListen(wanted: Listen, config: SocketConfig, context: OpenContext): { readonly fd: Fd; readonly warnings: readonly string[] } {
  const type = TYPES[wanted.kind];
  if (type === undefined || wanted.address === undefined)
    throw new ListenError(wanted.text, `rouse cannot hold a ${wanted.kind} yet`, 'ListenStream=, ListenDatagram= and ListenSequentialPacket= can be held');
  let fd: Fd | undefined;
  try {
    const address = kernelAddress(wanted.address);
    fd = socket(address.family === 'abstract' ? 'unix' : address.family, type, protocolOf(config));
    const warnings = prepare(fd, address, config);
    bindTo(fd, address, config, context);
    if (type !== 'datagram') listen(fd, config.backlog);
    return { fd, warnings };
  } catch (error) {
    fd?.close();
    throw toListenError(wanted, error);
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
  if (address.family === 'inet' || address.family === 'inet6') setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return applyOptions(fd, address.family, config);
}

function bindTo(fd: Fd, address: SocketAddress, config: SocketConfig, context: OpenContext): void {
  if (address.family !== 'unix') return bind(fd, address);
  mkdirSync(dirname(address.path), { recursive: true, mode: config.directoryMode });
  // What a dead server left is no server's: systemd removes it too.
  if (lstatSync(address.path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(address.path);
  bind(fd, address);
  chmodSync(address.path, config.socketMode);
  if (config.socketUser === undefined && config.socketGroup === undefined) return;
  const user = config.socketUser === undefined ? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 } : context.resolveUser(config.socketUser);
  chownSync(address.path, user.uid, (config.socketGroup === undefined ? user : context.resolveGroup(config.socketGroup)).gid);
}

function toListenError(wanted: Listen, error: unknown): ListenError {
  const detail = error instanceof Error ? error.message : String(error);
  return new ListenError(addressText(wanted), detail, hintFor(wanted, error), { cause: error });
}

function hintFor({ address, kind }: Listen, error: unknown): string | undefined {
  const code = (error as { code?: string }).code;
  const port = address !== undefined && 'port' in address ? address.port : undefined;
  if (code === 'EADDRINUSE' && address?.family === 'vsock') return 'VSOCK ports are the whole machine’s, in whatever namespace: ss -lp --vsock shows who has this one';
  if (code === 'EADDRINUSE' && port !== undefined) return ownerHint(port, kind);
  if (code === 'EACCES' && port !== undefined && port < 1024) return 'ports below 1024 need CAP_NET_BIND_SERVICE or net.ipv4.ip_unprivileged_port_start';
  if (code === 'EADDRNOTAVAIL')
    return address?.family === 'inet6' ? 'no interface has this address: IPv6 may be switched off here' : 'no interface has this address; FreeBind=yes binds it all the same';
  if (code === 'EAFNOSUPPORT') return address?.family === 'vsock' ? 'the kernel has no VSOCK: modprobe vsock' : 'the kernel does not have this address family';
  if (code === 'EACCES' && address?.family === 'unix') return `the folder ${dirname(address.path)} cannot be written to`;
  return undefined;
}

/** Names the process that holds the port, as far as /proc shows it. */
function ownerHint(port: number, kind: Listen['kind']): string {
  const tables = kind === 'datagram' ? ['udp', 'udp6'] : ['tcp', 'tcp6'];
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = tables.flatMap((table) =>
    lines(`/proc/net/${table}`)
      .filter((line) => line.split(/\s+/)[2]?.endsWith(`:${hex}`))
      .map((line) => line.split(/\s+/)[10] ?? ''),
  );
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holdsSocket(pid, inodes)) return `process ${pid} (${lines(`/proc/${pid}/comm`)[0] ?? '?'}) has this port already`;
  }
  return 'another process has this port already: ss -lptun shows which';
}

function holdsSocket(pid: string, inodes: readonly string[]): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.some((inode) => inode !== '' && readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`));
  } catch {
    return false;
  }
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trimEnd());
  } catch {
    return [];
  }
}
