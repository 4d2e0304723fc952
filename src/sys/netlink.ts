/** Netlink sockets; netlink(7). */
import { check, Fd } from './fd.js';
import * as libc from './libc.js';

/** <linux/socket.h> */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;

/** CLOEXEC and non-blocking. Throws SysError. */
export function netlinkSocket(protocol: number): Fd {
  return new Fd(check('socket', libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)));
}

/** `groups` is the mask of the multicast groups to hear. Throws SysError. */
export function bindNetlink(fd: Fd, groups: number): void {
  // struct sockaddr_nl: family, padding, port, groups.
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  check('bind', libc.bind(fd.number, address, address.length));
}
