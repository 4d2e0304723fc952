/** Descriptors sent over a Unix socket; cmsg(3), unix(7) SCM_RIGHTS. `receiveMessage` of socket.ts takes them at the other end. */
import { check, type Fd } from './fd.js';
import * as libc from './libc.js';

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** struct cmsghdr: length, level, type. */
const CONTROL_HEADER = 16;

/** The kernel's SCM_MAX_FD. */
export const MOST_FDS = 253;

/** One message with these descriptors, which are lent. There is at least one byte and one descriptor. Throws SysError. */
export function sendFds(socket: Fd, data: Buffer, fds: readonly Fd[]): void {
  const control = Buffer.alloc(CONTROL_HEADER + Math.ceil((4 * fds.length) / 8) * 8);
  control.writeBigUInt64LE(BigInt(CONTROL_HEADER + 4 * fds.length), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  fds.forEach(({ number }, i) => control.writeInt32LE(number, CONTROL_HEADER + 4 * i));
  const iov = Buffer.alloc(16);
  iov.writeBigUInt64LE(libc.addressOf(data), 0);
  iov.writeBigUInt64LE(BigInt(data.length), 8);
  // struct msghdr: name, namelen, iov, iovlen, control, controllen, flags.
  const header = Buffer.alloc(56);
  header.writeBigUInt64LE(libc.addressOf(iov), 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(libc.addressOf(control), 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  check('sendmsg', libc.sendmsg(socket.number, header, MSG_DONTWAIT | MSG_NOSIGNAL));
}
