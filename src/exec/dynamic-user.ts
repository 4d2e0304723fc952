/**
 * DynamicUser=: a user that exists while the service runs; systemd.exec(5). Unlike systemd: nobody is asked to know its name, so `id` prints a
 * number, and the same unit always tries the same number first.
 */
import { createHash } from 'node:crypto';
import { userByName } from '../sys/process.js';

/** <https://systemd.io/UIDS-GIDS>: dynamic users */
const FIRST = 61_184;
const COUNT = 65_519 - FIRST + 1;

/** Who has which number, as long as the manager lives. */
const taken = new Map<number, string>();

/** A number that the system gave nobody, and no other unit has. */
export function dynamicUid(unit: string): number {
  const begin = createHash('sha256').update(unit).digest().readUInt32LE(0) % COUNT;
  for (let i = 0; i < COUNT; i++) {
    const uid = FIRST + ((begin + i) % COUNT);
    if ((taken.get(uid) ?? unit) !== unit || userByName(String(uid))?.name !== String(uid)) continue;
    taken.set(uid, unit);
    return uid;
  }
  throw new Error('No number is left for a dynamic user');
}
