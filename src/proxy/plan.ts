/** What native/rouse-proxy is told: the words of its command line; native/rouse-proxy/plan.c. */
import { encodeAddress, type SocketAddress } from '../sys/sockaddr.js';
import type { ProxyOptions } from './options.js';

export interface PlannedTarget {
  readonly text: string;
  readonly addresses: readonly SocketAddress[];
}

/** Listeners by their place after descriptor 3, and whither their clients go. */
export interface PlannedRoute {
  readonly targets: readonly PlannedTarget[];
  readonly listeners: readonly number[];
}

export function planWords(routes: readonly PlannedRoute[], options: ProxyOptions): readonly string[] {
  return [
    ...(Number.isFinite(options.connectionsMax) ? [`c${options.connectionsMax}`] : []),
    ...milliseconds('i', options.exitIdleMs),
    ...milliseconds('w', options.connectTimeoutMs),
    `s${Number.isFinite(options.sessionTimeoutMs) ? Math.ceil(options.sessionTimeoutMs) : Number.MAX_SAFE_INTEGER}`,
    ...(options.sendProxy === undefined ? [] : [`p${options.sendProxy}`]),
    ...routes.flatMap(routeWords),
  ];
}

function milliseconds(letter: string, timeMs: number): readonly string[] {
  return Number.isFinite(timeMs) ? [`${letter}${Math.ceil(timeMs)}`] : [];
}

function routeWords({ targets, listeners }: PlannedRoute): readonly string[] {
  return [
    'r',
    ...targets.flatMap(({ text, addresses }) => [`t${text}`, ...addresses.map((address) => `a${encodeAddress(address).toString('hex')}`)]),
    ...listeners.map((place) => `l${place}`),
  ];
}
