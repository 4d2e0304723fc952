/**
 * A manager mostly sleeps, and is started without the optimizing compiler, which then saves memory (src/cli/background.ts). Where
 * connections come by the hundred it pays, and is switched on for good.
 */
import { setFlagsFromString } from 'node:v8';

/** By then the code that serves a connection has run often enough to be worth it. */
const HOT = 200;
let served = 0;

export function noteConnection(): void {
  served++;
  if (served === HOT) setFlagsFromString('--opt');
}
