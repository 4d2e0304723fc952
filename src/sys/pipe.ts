/** Pipes; pipe(7). */
import { check, Fd } from './fd.js';
import * as libc from './libc.js';

const O_CLOEXEC = 0o2000000;
/** <linux/fcntl.h> */
const F_SETPIPE_SZ = 1031;

/** pipe2(2), both ends O_CLOEXEC. */
export function pipe(): { readonly read: Fd; readonly write: Fd } {
  const fds = Buffer.alloc(8);
  check('pipe2', libc.pipe2(fds, O_CLOEXEC));
  return { read: new Fd(fds.readInt32LE(0)), write: new Fd(fds.readInt32LE(4)) };
}

/** How many bytes it holds; the kernel rounds up. Throws SysError: EPERM beyond /proc/sys/fs/pipe-max-size. */
export function setPipeSize(fd: Fd, bytes: number): void {
  check('fcntl', libc.fcntl(fd.number, F_SETPIPE_SZ, Math.min(bytes, 0x7fffffff)));
}

const ONE = Buffer.of(1);

/** One byte, for whoever waits for it. Throws SysError: EPIPE when nobody does any more. */
export function writeByte(fd: Fd): void {
  check('write', libc.write(fd.number, ONE, 1));
}
