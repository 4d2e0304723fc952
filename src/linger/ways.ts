/** Which way a host has: its init before cron, which some hosts have beside it. */
import { cron } from './cron.js';
import type { LingerHost } from './host.js';
import { openrc } from './openrc.js';
import { runit, s6 } from './supervisors.js';
import { systemd } from './systemd.js';
import type { Target } from './target.js';
import { LingerError, type Way } from './way.js';

export const WAYS: readonly Way[] = [systemd, openrc, runit, s6, cron];

/** The ways that this host has and the caller may use, best first. */
export function possibleWays(host: LingerHost, target: Target): readonly Way[] {
  return WAYS.filter((way) => way.isHere(host, target) && (host.isRoot || !way.needsRoot));
}

/** Throws LingerError. */
export function chooseWay(host: LingerHost, target: Target): Way {
  const [way] = possibleWays(host, target);
  if (way !== undefined) return way;
  const forRoot = WAYS.find((each) => each.isHere(host, target));
  if (forRoot !== undefined)
    throw new LingerError(`Only root can have something started by ${forRoot.name}, and there is no cron`, `as root: rouse linger enable ${target.user.name}`);
  throw new LingerError(
    `Nothing here starts programs at boot that rouse knows: ${WAYS.map(({ name }) => name).join(', ')}`,
    'have your init run `rouse daemon`, or use `rouse init` as the first process of a container',
  );
}
