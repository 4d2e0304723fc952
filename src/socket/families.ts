/**
 * IPv4 and IPv6 of a port alone (ListenStream=8080), for programs whose sockets are adopted. Some bind one socket for both families,
 * some one for each, some IPv4 only, and each is to get what it asks for: a program that asked for IPv4 does not understand the addresses of
 * an IPv6 socket. So both an IPv4 socket and one for both families are held, side by side on the same port (SO_REUSEPORT); the kernel
 * gives IPv4 clients to the first. When the program has chosen, the one that it does not want is let go of, and what has
 * been learned is kept for the next time.
 */
import { existsSync } from 'node:fs';
import type { Listen, SocketConfig } from '../unit/config.js';
import { changed } from '../unit/inherit.js';

/** inet6: one socket for both families. */
export type Families = 'each' | 'inet' | 'inet6';

/** What a program asked the kernel for, with one call to bind. */
export type AskedFamily = 'inet' | 'inet6-only' | 'both';

export interface ListenVariant {
  readonly listen: Listen;
  readonly config: SocketConfig;
}

/** What is opened for one line of a unit's file. */
export function variantsOf(listen: Listen, wanted: SocketConfig, families: Families): readonly ListenVariant[] {
  if (wanted.adopt.mode !== 'yes') return [{ listen, config: wanted }];
  // Some servers want to know where a datagram came in, and say so when the first one waits already: the kernel notes it only if asked before.
  const config = listen.kind === 'datagram' ? changed(wanted, { passPacketInfo: true }) : wanted;
  if (listen.address?.family !== 'any' || config.bindIpv6Only === 'ipv6-only' || !existsSync('/proc/net/if_inet6')) return [{ listen, config }];
  const { port } = listen.address;
  const inet = { listen: { ...listen, address: { family: 'inet', host: '0.0.0.0', port } as const }, config: changed(config, { reusePort: true }) };
  const inet6 = { listen: { ...listen, address: { family: 'inet6', host: '::', port } as const }, config: changed(config, { bindIpv6Only: 'both', reusePort: true }) };
  return families === 'inet' ? [inet] : families === 'inet6' ? [inet6] : [inet, inet6];
}

/** What would have been right for such a program. */
export function familiesFor(asked: ReadonlySet<AskedFamily>): Families {
  if (asked.has('both') || !asked.has('inet')) return 'inet6';
  return asked.has('inet6-only') ? 'each' : 'inet';
}
