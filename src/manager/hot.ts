/**
 * A manager mostly sleeps, and is started without the optimizing compiler, which then saves memory (src/cli/background.ts). Where connections
 * come or units are loaded by the hundred it pays, and is switched on for good.
 */
import { setFlagsFromString } from 'node:v8';

/** By then the code that does them has run often enough to be worth it. */
const HOT = 200;
let done = 0;

/** A connection was served, or a unit loaded. */
export function noteWork(): void {
  done++;
  if (done === HOT) setFlagsFromString('--opt');
}
