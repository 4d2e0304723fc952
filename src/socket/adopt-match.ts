/**
 * Which held socket stands for what a program binds. Pure: the kernel's answers come in as facts.
 *
 * The type must be the same. Without Adopt= the port (or path, or abstract name) must be that of the held socket, whatever the
 * address: a program that binds 127.0.0.1:6379 in its container means the port that is held for it outside. Of several the one of
 * the family that the program asks for is best.
 */
import type { SocketAddress } from '../sys/sockaddr.js';
import type { SocketType } from '../sys/socket.js';
import type { AdoptConfig, Listen, ListenAddress } from '../unit/config.js';

export interface HeldFacts {
  readonly type: SocketType;
  /** Where it is bound. */
  readonly address: SocketAddress;
  /** An IPv6 socket without IPv4. */
  readonly v6only: boolean;
  /** What the program binds in its place; undefined: the same. */
  readonly target: ListenAddress | undefined;
}

export interface WantedBind {
  readonly type: SocketType;
  readonly address: SocketAddress;
  readonly v6only: boolean;
}

/** Whether anything that is held could stand for this address, before more is known of the program's socket. */
export function couldMatch(address: SocketAddress, held: readonly HeldFacts[]): boolean {
  return held.some((facts) => sameAddress(address, facts));
}

/** undefined: none of them, and the kernel is to bind it. */
export function bestMatch<T extends HeldFacts>(wanted: WantedBind, held: readonly T[]): T | undefined {
  let best: T | undefined;
  let bestScore = 0;
  for (const facts of held) {
    const score = facts.type === wanted.type && sameAddress(wanted.address, facts) ? familyScore(wanted, facts) : 0;
    if (score > bestScore) [best, bestScore] = [facts, score];
  }
  return best;
}

function sameAddress(wanted: SocketAddress, { address, target }: HeldFacts): boolean {
  const meant = target ?? address;
  switch (meant.family) {
    case 'unix':
      return wanted.family === 'unix' && wanted.path === meant.path;
    case 'abstract':
      return wanted.family === 'abstract' && wanted.name === meant.name;
    case 'vsock':
      return false;
    default:
      // Only an address that was written down in Adopt= must be that address.
      return isInternet(wanted) && wanted.port === meant.port && (target === undefined || target.family === 'any' || sameHost(wanted, target));
  }
}

function sameHost(wanted: SocketAddress, target: ListenAddress): boolean {
  return wanted.family === target.family && 'host' in wanted && 'host' in target && wanted.host === target.host;
}

export function isInternet(address: SocketAddress): address is Extract<SocketAddress, { family: 'inet' | 'inet6' }> {
  return address.family === 'inet' || address.family === 'inet6';
}

/** 0: of no use to a program that asks for this family. */
function familyScore({ address, v6only }: WantedBind, held: HeldFacts): number {
  if (!isInternet(address)) return 1;
  const both = held.address.family === 'inet6' && !held.v6only;
  const exact = 'host' in held.address && held.address.host === address.host ? 0.5 : 0;
  if (address.family === 'inet') return held.address.family === 'inet' ? 3 + exact : both ? 1 : 0;
  if (v6only) return held.address.family === 'inet6' ? 3 + exact : 0;
  // A socket for both families: one that has IPv4 alone serves more clients than one that has IPv6 alone.
  return both ? 3 + exact : held.address.family === 'inet' ? 2 : 1;
}

/** What the program binds for each Listen…= line; undefined: the same; 'none': that one is not adopted. */
export function targetsOf(listens: readonly Listen[], { targets }: AdoptConfig): readonly (ListenAddress | 'none' | undefined)[] {
  const inOrder = targets.filter(({ held }) => held === undefined);
  const found: (ListenAddress | 'none' | undefined)[] = [];
  for (const [i, listen] of listens.entries()) {
    const named = targets.find(({ held }) => held !== undefined && held === portOf(listen));
    const positional = inOrder[i];
    const twin = found[listens.findIndex((other, j) => j < i && other.kind === listen.kind && portOf(other) !== undefined && portOf(other) === portOf(listen))];
    if (named !== undefined) found.push(named.address ?? 'none');
    else if (positional !== undefined) found.push(positional.address ?? 'none');
    else found.push(twin);
  }
  return found;
}

function portOf({ address }: Listen): number | undefined {
  return address !== undefined && 'port' in address ? address.port : undefined;
}
