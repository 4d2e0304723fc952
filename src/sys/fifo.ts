/** mkfifo(3). */
import { check } from './fd.js';
import * as libc from './libc.js';

/** Throws SysError. */
export function mkfifo(path: string, mode: number): void {
  check('mkfifo', libc.mkfifo(path, mode));
}
