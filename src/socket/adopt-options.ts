/**
 * Options that a program set on its socket before it bound it, carried over to the held socket that takes its place; socket(7), tcp(7),
 * udp(7), ip(7), ipv6(7). What the program left alone stays as the unit's file has it.
 *
 * That an option was set is seen by its value, which is another than that of a new socket of the same kind.
 */
import type { Fd } from '../sys/fd.js';
import { getOptionBytes, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, setsockopt, socketLike, SOL_SOCKET, SO_RCVBUF, SO_SNDBUF } from '../sys/socket.js';

interface Option {
  readonly level: number;
  readonly name: number;
  readonly size: number;
}

const SOL_UDP = 17;

const ints = (level: number, names: readonly number[]): readonly Option[] => names.map((name) => ({ level, name, size: 4 }));

/** By the numbers of <asm-generic/socket.h>, <linux/tcp.h>, <linux/in.h>, <linux/in6.h> and <linux/udp.h>; those of the address itself are left out. */
const OPTIONS: readonly Option[] = [
  // SO_BROADCAST, SNDBUF, RCVBUF, KEEPALIVE, OOBINLINE, PRIORITY, PASSCRED, RCVLOWAT, TIMESTAMP, PASSSEC, TIMESTAMPNS, MARK, TIMESTAMPING, RXQ_OVFL, BUSY_POLL, INCOMING_CPU, PASSPIDFD
  ...ints(SOL_SOCKET, [6, SO_SNDBUF, SO_RCVBUF, 9, 10, 12, 16, 18, 29, 34, 35, 36, 37, 40, 46, 49, 76]),
  // SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO
  { level: SOL_SOCKET, name: 13, size: 8 },
  { level: SOL_SOCKET, name: 20, size: 16 },
  { level: SOL_SOCKET, name: 21, size: 16 },
  // TCP_NODELAY, MAXSEG, CORK, KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT, LINGER2, DEFER_ACCEPT, WINDOW_CLAMP, USER_TIMEOUT, FASTOPEN, NOTSENT_LOWAT, SAVE_SYN
  ...ints(IPPROTO_TCP, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 23, 25, 27]),
  // TCP_CONGESTION, a name
  { level: IPPROTO_TCP, name: 13, size: 16 },
  // IP_TOS, TTL, OPTIONS aside: PKTINFO, MTU_DISCOVER, RECVERR, RECVTTL, RECVTOS, RECVORIGDSTADDR, MINTTL, BIND_ADDRESS_NO_PORT, RECVFRAGSIZE, MULTICAST_TTL, MULTICAST_LOOP
  ...ints(IPPROTO_IP, [1, 2, 8, 10, 11, 12, 13, 20, 21, 24, 25, 33, 34]),
  // IPV6_UNICAST_HOPS, MULTICAST_HOPS, MULTICAST_LOOP, MTU_DISCOVER, RECVERR, RECVPKTINFO, RECVHOPLIMIT, TCLASS, RECVTCLASS, RECVORIGDSTADDR, MINHOPCOUNT
  ...ints(IPPROTO_IPV6, [16, 18, 19, 23, 25, 49, 51, 66, 67, 73, 74]),
  // UDP_CORK, SEGMENT, GRO
  ...ints(SOL_UDP, [1, 103, 104]),
];

/** The value of each option, undefined where the socket has no such option. */
export type Snapshot = readonly (Buffer | undefined)[];

export function snapshot(fd: Fd): Snapshot {
  return OPTIONS.map(({ level, name, size }) => getOptionBytes(fd, level, name, size));
}

const defaults = new Map<string, Snapshot>();

/** Of a new socket of the same family, type and protocol. */
function defaultsOf(like: Fd): Snapshot {
  const { key, open } = socketLike(like);
  let known = defaults.get(key);
  if (known === undefined) {
    const fresh = open();
    known = snapshot(fresh);
    fresh.close();
    defaults.set(key, known);
  }
  return known;
}

/** Learns beforehand what a new socket like this one has. */
export function prepareOptions(like: Fd): void {
  defaultsOf(like);
}

/** `asOpened` is what `held` had before any program; what this one did not set is put back to it. What the kernel refuses is left out. */
export function carryOver(own: Fd, held: Fd, asOpened: Snapshot): void {
  const wanted = snapshot(own);
  const usual = defaultsOf(own);
  const present = snapshot(held);
  for (const [i, option] of OPTIONS.entries()) {
    const wasSet = wanted[i] !== undefined && usual[i] !== undefined && !wanted[i].equals(usual[i]);
    const value = wasSet ? wanted[i] : asOpened[i];
    if (value !== undefined && present[i]?.equals(value) !== true) put(held, option, value);
  }
}

function put(fd: Fd, { level, name }: Option, value: Buffer): void {
  try {
    // The kernel doubles the sizes of buffers, and tells the doubled ones.
    const isBuffer = level === SOL_SOCKET && (name === SO_RCVBUF || name === SO_SNDBUF);
    setsockopt(fd, level, name, isBuffer ? value.readInt32LE(0) >> 1 : value);
  } catch {
    // EPERM for SO_MARK and SO_PRIORITY, EINVAL for an option of the other family.
  }
}
