/** Values of [X-Rouse] Arm=. */
import type { ArmMode } from '../config.js';
import { boolean, oneOf } from './simple.js';
import { bad, good, type Value } from './value.js';

const MODES = ['auto', 'stopped', 'armed', 'frozen', 'running'] as const;

/** A level, `auto`, or a boolean: `yes` is armed, `no` is stopped. */
export function armMode(text: string): Value<ArmMode> {
  const level = oneOf(...MODES)(text);
  if (level.ok) return level;
  const parsed = boolean(text);
  return parsed.ok ? good(parsed.value ? 'armed' : 'stopped') : bad('auto, no (stopped), yes (armed), frozen or running');
}
