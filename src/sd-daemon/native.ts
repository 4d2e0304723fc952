/**
 * What takes system calls of our own: looking at a socket, serving the kinds that Node cannot, sending a Unix datagram. The
 * only way from this library to koffi, which users may have or not: always loaded by `loadNative`, when it is needed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Fd } from '../sys/fd.js';
import { AF, encodeAddress } from '../sys/sockaddr.js';
import { getsockname, getsockopt, sendTo, socket, SO_DOMAIN, SO_TYPE, SOL_SOCKET } from '../sys/socket.js';
import { addressText } from './address-text.js';
import type { SocketDescription } from './describe.js';

export { DatagramServer } from './datagram-server.js';
export { StreamServer } from './stream-server.js';

/** <sys/socket.h> */
const AF_NETLINK = 16;
const FAMILIES: ReadonlyMap<number, SocketDescription['family']> = new Map([
  [AF.unix, 'unix'],
  [AF.inet, 'inet'],
  [AF.inet6, 'inet6'],
  [AF.vsock, 'vsock'],
  [AF_NETLINK, 'netlink'],
]);
const TYPES: ReadonlyMap<number, SocketDescription['type']> = new Map([
  [1, 'stream'],
  [2, 'datagram'],
  [5, 'seqpacket'],
]);

/** The descriptor is lent. Throws SysError. */
export function describe(fdNumber: number): SocketDescription {
  const fd = new Fd(fdNumber);
  return {
    family: FAMILIES.get(getsockopt(fd, SOL_SOCKET, SO_DOMAIN)) ?? 'other',
    type: TYPES.get(getsockopt(fd, SOL_SOCKET, SO_TYPE)) ?? 'other',
    address: addressText(getsockname(fd)),
  };
}

const FULL_RETRY_MS = 10;
const FULL_RETRIES = 500;

/** Sends one datagram to a Unix socket; waits some seconds while its queue is full. Throws SysError. */
export async function sendUnixDatagram(
  target: { readonly family: 'unix'; readonly path: string } | { readonly family: 'abstract'; readonly name: string },
  data: Buffer,
): Promise<boolean> {
  const fd = socket('unix', 'datagram');
  try {
    for (let tries = 0; tries < FULL_RETRIES; tries++) {
      if (sendTo(fd, data, encodeAddress(target)) !== undefined) return true;
      await delay(FULL_RETRY_MS);
    }
    return false;
  } finally {
    fd.close();
  }
}
