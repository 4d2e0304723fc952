/** What native/rouse-proxy is told: the words of its command line; native/rouse-proxy/plan.c. */
import { encodeAddress, type SocketAddress } from '../sys/sockaddr.js';
import type { ProxyOptions } from './options.js';

export interface PlannedTarget {
  readonly text: string;
  readonly isHost: boolean;
  readonly addresses: readonly SocketAddress[];
}

/** Listeners by their place after descriptor 3, and whither their clients go. */
export interface PlannedRoute {
  readonly targets: readonly PlannedTarget[];
  readonly listeners: readonly number[];
}

/** `lookUp` is the command that answers with `targetWords`, as lines, for the targets behind it. */
export function planWords(routes: readonly PlannedRoute[], options: ProxyOptions, lookUp: readonly string[]): readonly string[] {
  return [
    ...(Number.isFinite(options.connectionsMax) ? [`c${options.connectionsMax}`] : []),
    ...milliseconds('i', options.exitIdleMs),
    ...milliseconds('w', options.connectTimeoutMs),
    `s${Number.isFinite(options.sessionTimeoutMs) ? Math.ceil(options.sessionTimeoutMs) : Number.MAX_SAFE_INTEGER}`,
    ...(options.sendProxy === undefined ? [] : [`p${options.sendProxy}`]),
    ...lookUp.map((word) => `x${word}`),
    ...routes.flatMap(routeWords),
  ];
}

function milliseconds(letter: string, timeMs: number): readonly string[] {
  return Number.isFinite(timeMs) ? [`${letter}${Math.ceil(timeMs)}`] : [];
}

function routeWords({ targets, listeners }: PlannedRoute): readonly string[] {
  return ['r', ...targets.flatMap(targetWords), ...listeners.map((place) => `l${place}`)];
}

/** A host's addresses may change, and are then looked up again. */
export function targetWords({ text, isHost, addresses }: PlannedTarget): readonly string[] {
  return [`${isHost ? 'h' : 't'}${text}`, ...addresses.map((address) => `a${encodeAddress(address).toString('hex')}`)];
}
