/** A lock that goes with the process that holds it; flock(2). */
import { closeSync, openSync } from 'node:fs';
import * as libc from './libc.js';

const LOCK_EX = 2;
const LOCK_NB = 4;

/** Held until the process ends; false when someone else has it. Throws Node's file errors. */
export function lockFile(path: string): boolean {
  const fdNumber = openSync(path, 'a', 0o600);
  if (libc.flock(fdNumber, LOCK_EX | LOCK_NB) === 0) return true;
  closeSync(fdNumber);
  return false;
}
