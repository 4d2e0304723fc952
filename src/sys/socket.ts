/** Sockets that Node's own modules cannot make: held without accepting, with every option; socket(7), unix(7), vsock(7). */
import { SysError } from './errno.js';
import { check, Fd } from './fd.js';
import * as libc from './libc.js';
import { AF, decodeAddress, encodeAddress, type SocketAddress } from './sockaddr.js';

export type SocketType = 'stream' | 'datagram' | 'seqpacket';
export type SocketFamily = keyof typeof AF;

/** <asm-generic/socket.h>, <netinet/in.h>, <netinet/tcp.h>: the numbers of x86-64 and arm64. */
const SOCK = { stream: 1, datagram: 2, seqpacket: 5 } as const;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SHUT_WR = 1;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_PRIORITY = 12;
export const SO_REUSEPORT = 15;
export const SO_PASSCRED = 16;
export const SO_PEERCRED = 17;
export const SO_BINDTODEVICE = 25;
export const SO_TIMESTAMP = 29;
export const SO_ACCEPTCONN = 30;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_PASSSEC = 34;
export const SO_TIMESTAMPNS = 35;
export const SO_MARK = 36;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
export const SO_COOKIE = 57;
export const SO_PASSPIDFD = 76;
export const SO_PASSRIGHTS = 83;
export const IPPROTO_IP = 0;
export const IPPROTO_TCP = 6;
export const IPPROTO_IPV6 = 41;
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_PKTINFO = 8;
export const IP_FREEBIND = 15;
export const IP_TRANSPARENT = 19;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const TCP_NODELAY = 1;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_CONGESTION = 13;
export const SOL_SCTP = 132;
export const SCTP_NODELAY = 3;
export const SOL_NETLINK = 270;
export const NETLINK_PKTINFO = 3;

/** CLOEXEC and non-blocking. Throws SysError, as everything here does. */
export function socket(family: SocketFamily, type: SocketType, protocol = 0): Fd {
  return new Fd(check('socket', libc.socket(AF[family], SOCK[type] | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)));
}

/** Two Unix sockets that are connected to each other. */
export function socketPair(type: SocketType): readonly [Fd, Fd] {
  const fds = Buffer.alloc(8);
  check('socketpair', libc.socketpair(AF.unix, SOCK[type] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
  return [new Fd(fds.readInt32LE(0)), new Fd(fds.readInt32LE(4))];
}

export function bind(fd: Fd, address: SocketAddress): void {
  const bytes = encodeAddress(address);
  check('bind', libc.bind(fd.number, bytes, bytes.length));
}

/** Binds to a name in a folder, however long the way to it: only the name has to fit into an address. */
export function bindIn(folder: Fd, name: string, fd: Fd): void {
  bind(fd, { family: 'unix', path: `/proc/self/fd/${folder.number}/${name}` });
}

export function connect(fd: Fd, address: SocketAddress): void {
  const bytes = encodeAddress(address);
  check('connect', libc.connect(fd.number, bytes, bytes.length));
}

export function listen(fd: Fd, backlog: number): void {
  check('listen', libc.listen(fd.number, Math.min(backlog, 0x7fffffff)));
}

export function getsockname(fd: Fd): SocketAddress | undefined {
  return nameFrom('getsockname', fd);
}

/** Who is connected; a client on a Unix socket mostly has no name, and then its path is ''. */
export function getpeername(fd: Fd): SocketAddress | undefined {
  return nameFrom('getpeername', fd);
}

function nameFrom(call: 'getsockname' | 'getpeername', fd: Fd): SocketAddress | undefined {
  const bytes = Buffer.alloc(128);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  check(call, libc[call](fd.number, bytes, length));
  return decodeAddress(bytes.subarray(0, length.readUInt32LE()));
}

/** undefined when nobody waits. The new descriptor is CLOEXEC, and non-blocking unless a program is to have it. */
export function accept4(fd: Fd, { blocking = false }: { readonly blocking?: boolean } = {}): { readonly fd: Fd } | undefined {
  const accepted = libc.accept4(fd.number, null, null, SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK));
  return accepted < 0 ? nothingWaits('accept4') : { fd: new Fd(accepted) };
}

export function setsockopt(fd: Fd, level: number, name: number, value: number | Buffer): void {
  const bytes = typeof value === 'number' ? Buffer.alloc(4) : value;
  if (typeof value === 'number') bytes.writeInt32LE(value | 0);
  check('setsockopt', libc.setsockopt(fd.number, level, name, bytes, bytes.length));
}

export function getsockopt(fd: Fd, level: number, name: number): number {
  const bytes = Buffer.alloc(4);
  const length = Buffer.from([4, 0, 0, 0]);
  check('getsockopt', libc.getsockopt(fd.number, level, name, bytes, length));
  return bytes.readInt32LE();
}

/** The value as the kernel has it; undefined where this socket has no such option. */
export function getOptionBytes(fd: Fd, level: number, name: number, size: number): Buffer | undefined {
  const bytes = Buffer.alloc(size);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(size);
  return libc.getsockopt(fd.number, level, name, bytes, length) < 0 ? undefined : bytes.subarray(0, length.readUInt32LE());
}

/** A number that no other socket of this machine has; undefined for what is no socket. */
export function socketCookie(fd: Fd): bigint | undefined {
  return getOptionBytes(fd, SOL_SOCKET, SO_COOKIE, 8)?.readBigUInt64LE();
}

/** Its type; undefined for one that is none of ours. */
export function socketType(fd: Fd): SocketType | undefined {
  const number = getOptionBytes(fd, SOL_SOCKET, SO_TYPE, 4)?.readInt32LE();
  return (Object.keys(SOCK) as SocketType[]).find((type) => SOCK[type] === number);
}

/** Opens a new socket of the same family, type and protocol; `key` is the same for sockets that are alike. */
export function socketLike(fd: Fd): { readonly key: string; readonly open: () => Fd } {
  const [domain, type, protocol] = [SO_DOMAIN, SO_TYPE, SO_PROTOCOL].map((name) => getsockopt(fd, SOL_SOCKET, name)) as [number, number, number];
  return { key: `${domain} ${type} ${protocol}`, open: () => new Fd(check('socket', libc.socket(domain, type | SOCK_CLOEXEC, protocol))) };
}

/** How many bytes came, 0 at the end of a stream; undefined when none wait. */
export function receive(fd: Fd, buffer: Buffer): number | undefined {
  const got = libc.recv(fd.number, buffer, buffer.length, MSG_DONTWAIT);
  return got < 0 ? wouldBlock('recv') : got;
}

/** One datagram and the name that its sender is bound to, as bytes for `sendTo`; undefined when none waits. */
export function receiveFrom(fd: Fd, buffer: Buffer): { readonly length: number; readonly from: Buffer } | undefined {
  const from = Buffer.alloc(128);
  const fromLength = Buffer.alloc(4);
  fromLength.writeUInt32LE(from.length);
  const got = libc.recvfrom(fd.number, buffer, buffer.length, MSG_DONTWAIT, from, fromLength);
  return got < 0 ? wouldBlock('recvfrom') : { length: got, from: from.subarray(0, fromLength.readUInt32LE()) };
}

/** How many bytes went, to the one connected; undefined when there is no room now. */
export function send(fd: Fd, bytes: Buffer): number | undefined {
  return sendTo(fd, bytes, null);
}

/** `address` as `encodeAddress` makes it and `receiveFrom` gives it. */
export function sendTo(fd: Fd, bytes: Buffer, address: Buffer | null): number | undefined {
  const sent = libc.sendto(fd.number, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address?.length ?? 0);
  return sent < 0 ? wouldBlock('sendto') : sent;
}

/** We send no more: the other end reads the end of the stream. */
export function shutdownWrite(fd: Fd): void {
  check('shutdown', libc.shutdown(fd.number, SHUT_WR));
}

export interface Message {
  readonly data: Buffer;
  /** With SO_PASSCRED: the sender, as the kernel knows it; 0 when it lives in another pid namespace. */
  readonly pid?: number;
  readonly uid?: number;
  /** The receiver's to close. */
  readonly fds: readonly Fd[];
}

/** One datagram with what came along; undefined when none waits. */
export function receiveMessage(fd: Fd, { maxBytes }: { readonly maxBytes: number }): Message | undefined {
  const data = Buffer.alloc(Math.max(1, maxBytes));
  const control = Buffer.alloc(1024);
  const iov = Buffer.alloc(16);
  iov.writeBigUInt64LE(libc.addressOf(data), 0);
  iov.writeBigUInt64LE(BigInt(data.length), 8);
  // struct msghdr: name, namelen, iov, iovlen, control, controllen, flags.
  const header = Buffer.alloc(56);
  header.writeBigUInt64LE(libc.addressOf(iov), 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(libc.addressOf(control), 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  const got = libc.recvmsg(fd.number, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return nothingWaits('recvmsg');
  return { data: data.subarray(0, got), ...readControl(control.subarray(0, Number(header.readBigUInt64LE(40)))) };
}

/** cmsg(3): length, level, type, bytes; each begins at a multiple of eight. */
function readControl(control: Buffer): { pid?: number; uid?: number; fds: Fd[] } {
  const result: { pid?: number; uid?: number; fds: Fd[] } = { fds: [] };
  for (let at = 0; at + 16 <= control.length;) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < 16) break;
    const type = control.readInt32LE(at + 12);
    const bytes = control.subarray(at + 16, at + length);
    if (type === SCM_CREDENTIALS) {
      result.pid = bytes.readInt32LE(0);
      result.uid = bytes.readUInt32LE(4);
    } else if (type === SCM_RIGHTS) {
      for (let i = 0; i + 4 <= bytes.length; i += 4) result.fds.push(new Fd(bytes.readInt32LE(i)));
    }
    at += Math.ceil(length / 8) * 8;
  }
  return result;
}

function nothingWaits(call: string): undefined {
  const error = new SysError(call, libc.errno());
  if (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK' || error.code === 'ECONNABORTED' || error.code === 'EINTR') return undefined;
  throw error;
}

function wouldBlock(call: string): undefined {
  const error = new SysError(call, libc.errno());
  if (error.code !== 'EAGAIN' && error.code !== 'EWOULDBLOCK') throw error;
}
