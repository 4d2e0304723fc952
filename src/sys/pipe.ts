/** pipe2(2), both ends O_CLOEXEC. */
import { check, Fd } from './fd.js';
import * as libc from './libc.js';

const O_CLOEXEC = 0o2000000;

export function pipe(): { readonly read: Fd; readonly write: Fd } {
  const fds = Buffer.alloc(8);
  check('pipe2', libc.pipe2(fds, O_CLOEXEC));
  return { read: new Fd(fds.readInt32LE(0)), write: new Fd(fds.readInt32LE(4)) };
}
