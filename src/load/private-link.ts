/**
 * Where systemctl looks for its manager, and how it is seen that rouse is there. rouse puts a link to its own socket where systemd puts a
 * socket, so one look at the link tells them apart, without a connection; systemctl(1) does not mind.
 */
import { readlinkSync } from 'node:fs';
import type { Scope } from './scope.js';

export interface PrivateLink {
  /** rouse's own socket. */
  readonly socket: string;
  /** The place where systemctl looks. */
  readonly link: string;
  /** What the link holds. */
  readonly target: string;
}

const SOCKET = 'rouse/private.sock';

export function privateLink({ runtimeDir }: Pick<Scope, 'runtimeDir'>): PrivateLink {
  return { socket: `${runtimeDir}/${SOCKET}`, link: `${runtimeDir}/systemd/private`, target: `../${SOCKET}` };
}

/** Whether a rouse answers there, or a dead one did last. */
export function isPrivateOurs(scope: Pick<Scope, 'runtimeDir'>): boolean {
  const { link, target } = privateLink(scope);
  try {
    return readlinkSync(link) === target;
  } catch {
    // It is a socket, or there is none.
    return false;
  }
}
