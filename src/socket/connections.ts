/**
 * Whether somebody is connected to a listening socket, though another process accepts: from the kernel's tables, which know every
 * connection of this network namespace by its local address.
 */
import { readFileSync } from 'node:fs';
import { SysError } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import { getOptionBytes, getsockname, socketType, SO_PROTOCOL, SOL_SOCKET, IPPROTO_TCP } from '../sys/socket.js';
import { inetConnections, TCP, vsockConnections, type InetConnection } from '../sys/sock-diag.js';
import { encodeAddress } from '../sys/sockaddr.js';

/** 'busy': somebody is connected now; a number: for how many milliseconds nobody has been, at least; 'unknown': the kernel does not tell. */
export type Presence = 'busy' | 'unknown' | { readonly goneMs: number };

/** How to ask about one listening socket, decided once; undefined for a socket without connections. */
export function presenceOf(fd: Fd): (() => Presence) | undefined {
  const type = socketType(fd);
  if (type === 'datagram') return undefined;
  const address = getsockname(fd);
  const protocol = getOptionBytes(fd, SOL_SOCKET, SO_PROTOCOL, 4)?.readInt32LE() ?? 0;
  if (address === undefined) return () => 'unknown';
  switch (address.family) {
    case 'inet':
    case 'inet6':
      return protocol === IPPROTO_TCP ? () => tcpPresence(address) : () => 'unknown';
    case 'unix':
      return () => unixPresence(address.path);
    case 'abstract':
      return () => unixPresence(`@${address.name}`);
    case 'vsock':
      return () => vsockPresence(address.port);
  }
}

/** How long a connection is remembered after the end that closed first; <net/tcp.h>, TCP_TIMEWAIT_LEN. */
const TIME_WAIT_MS = 60_000;
const NOBODY: Presence = { goneMs: Infinity };
const OPEN = [TCP.established, TCP.synRecv, TCP.finWait1, TCP.finWait2, TCP.closeWait];

type InetAddress = SocketAddress & { readonly family: 'inet' | 'inet6' };

function tcpPresence(address: InetAddress): Presence {
  const host = hostBytes(address);
  const isOurs = (candidate: string): boolean => /^0+$/.test(host) || candidate === host;
  const rows = ask(address.family, 'local', address.port, [...OPEN, TCP.timeWait]).filter(({ localHost }) => isOurs(localHost));
  if (rows.some(isOpen)) return 'busy';
  // A client of this machine that closed first is remembered at its own end, whose address is mostly the same as ours.
  const clients = ask(address.family, 'remote', address.port, [TCP.timeWait]).filter(
    ({ localHost, remoteHost }) => remoteHost === host || (isOurs(remoteHost) && localHost === remoteHost),
  );
  const remembered = [...rows, ...clients].filter(({ state }) => state === TCP.timeWait).map(({ expiresMs }) => Math.max(0, TIME_WAIT_MS - expiresMs));
  return remembered.length === 0 ? NOBODY : { goneMs: Math.min(...remembered) };
}

/** What both ends are through with, and what the service has closed, is nobody's any more; what it has not accepted yet is. */
function isOpen({ state, inode }: InetConnection): boolean {
  if (state === TCP.timeWait) return false;
  return inode !== 0 || (state !== TCP.finWait1 && state !== TCP.finWait2);
}

function hostBytes(address: InetAddress): string {
  const bytes = encodeAddress(address);
  return address.family === 'inet' ? bytes.toString('hex', 4, 8) : bytes.toString('hex', 8, 24);
}

let diagWorks = true;

/** Netlink, and where there is none /proc/net/tcp, whose reading takes as long as everybody's connections are many. */
function ask(family: 'inet' | 'inet6', end: 'local' | 'remote', port: number, states: readonly number[]): readonly InetConnection[] {
  if (diagWorks) {
    try {
      return inetConnections(family, end, port, states);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      diagWorks = false;
    }
  }
  return procConnections(family).filter((row) => states.includes(row.state) && (end === 'local' ? row.localPort : row.remotePort) === port);
}

/** proc_pid_net(5): addresses are words in the machine's byte order, times in hundredths of a second. */
export function procConnections(family: 'inet' | 'inet6'): readonly InetConnection[] {
  const lines = readQuietly(`/proc/net/${family === 'inet' ? 'tcp' : 'tcp6'}`)
    .split('\n')
    .slice(1);
  return lines.flatMap((line) => {
    const [, local, remote, state, , timer, , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || state === undefined || timer === undefined) return [];
    const [localHost = '', localPort = ''] = local.split(':');
    const [remoteHost = '', remotePort = ''] = remote.split(':');
    return {
      state: Number.parseInt(state, 16),
      localPort: Number.parseInt(localPort, 16),
      remotePort: Number.parseInt(remotePort, 16),
      localHost: swapWords(localHost),
      remoteHost: swapWords(remoteHost),
      inode: Number(inode),
      expiresMs: Number.parseInt(timer.split(':')[1] ?? '0', 16) * 10,
    };
  });
}

function swapWords(hex: string): string {
  return hex.replace(/(..)(..)(..)(..)/g, '$4$3$2$1').toLowerCase();
}

/** <linux/net.h>: SS_CONNECTING is a connection that waits to be accepted. */
const CONNECTED = new Set(['02', '03']);
/** Number, references, protocol, flags, type, state, inode, name. */
const UNIX_LINE = /^\S+ \S+ \S+ \S+ \S+ (\S+) +\d+ (.*)$/;

/** Accepted connections carry their listener's name; proc_pid_net(5), /proc/net/unix. */
function unixPresence(name: string): Presence {
  const text = readQuietly('/proc/net/unix');
  if (text === '') return 'unknown';
  const isBusy = text.split('\n').some((line) => {
    const [, state, path] = UNIX_LINE.exec(line) ?? [];
    return path === name && state !== undefined && CONNECTED.has(state);
  });
  return isBusy ? 'busy' : NOBODY;
}

function vsockPresence(port: number): Presence {
  try {
    return vsockConnections().includes(port) ? 'busy' : NOBODY;
  } catch (error) {
    if (error instanceof SysError) return 'unknown';
    throw error;
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
