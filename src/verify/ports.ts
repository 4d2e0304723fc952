/** Who listens where: the addresses that socket units hold and that Quadlet files publish, and whether two of them collide. */
import { isIPv6 } from 'node:net';
import type { ListenAddress, SocketConfig } from '../unit/config.js';
import type { Place } from '../unitfile/diagnostic.js';
import type { UnitContents } from '../unitfile/unit-file.js';

export interface Claim {
  /** 'tcp', 'path:/run/x': only what is the same here can collide. */
  readonly what: string;
  /** First and last port; 0 for what has none. */
  readonly ports: readonly [number, number];
  /** Addresses by family; '*' for all. Of what has no family, one entry. */
  readonly hosts: ReadonlyMap<number, string>;
  readonly type: 'held' | 'published';
  /** The unit or the Quadlet file. */
  readonly owner: string;
  readonly at: Place & { readonly key?: string };
  /** The value as written. */
  readonly text: string;
  readonly shared: boolean;
}

export interface Publish {
  readonly host: string;
  /** First and last port of the host; undefined where podman chooses. */
  readonly ports: readonly [number, number] | undefined;
  readonly protocol: string;
}

const ALL = '*';
const NO_PORTS = [0, 0] as const;

export function socketClaims(config: SocketConfig): readonly Claim[] {
  return config.listen.flatMap(({ kind, address, text, place }): readonly Claim[] => {
    const base = { type: 'held', owner: config.name, at: place, text, shared: config.reusePort, ports: NO_PORTS } as const;
    if (address === undefined) return kind === 'fifo' || kind === 'special' ? [{ ...base, what: `path:${text}`, hosts: new Map([[0, ALL]]) }] : [];
    if (address.family === 'unix') return [{ ...base, what: `path:${address.path}`, hosts: new Map([[0, ALL]]) }];
    if (address.family === 'abstract') return [{ ...base, what: `${kind}:@${address.name}`, hosts: new Map([[0, ALL]]) }];
    if (address.family === 'vsock')
      return [{ ...base, what: `vsock:${kind}`, ports: [address.port, address.port], hosts: new Map([[0, address.cid === 0xffffffff ? ALL : String(address.cid)]]) }];
    const protocol = config.socketProtocol ?? (kind === 'datagram' ? 'udp' : 'tcp');
    return [{ ...base, what: protocol, ports: [address.port, address.port], hosts: hostsOf(address, config.bindIpv6Only === 'ipv6-only') }];
  });
}

function hostsOf(address: ListenAddress, onlyV6: boolean): ReadonlyMap<number, string> {
  if (address.family === 'inet') return new Map([[4, address.host === '0.0.0.0' ? ALL : address.host]]);
  if (address.family === 'inet6' && address.host !== '::') return new Map([[6, address.host]]);
  return onlyV6
    ? new Map([[6, ALL]])
    : new Map([
        [4, ALL],
        [6, ALL],
      ]);
}

/** Of a .container, .pod or .kube file. */
export function publishClaims(contents: UnitContents): readonly Claim[] {
  const lines = contents.sections
    .filter(({ name }) => ['Container', 'Pod', 'Kube'].includes(name))
    .flatMap(({ assignments }) => assignments.filter(({ key }) => key === 'PublishPort'));
  return lines.flatMap((line) => {
    const { ports, host = '', protocol } = parsePublish(line.value) ?? {};
    if (ports === undefined) return [];
    const hosts =
      host === '' || host === '0.0.0.0' || host === '::'
        ? new Map([
            [4, ALL],
            [6, ALL],
          ])
        : new Map([[isIPv6(host) ? 6 : 4, host]]);
    return [{ what: protocol ?? 'tcp', ports, hosts, type: 'published', owner: contents.name, at: line, text: line.value, shared: false } as const];
  });
}

export function collide(a: Claim, b: Claim): boolean {
  if (a.what !== b.what || (a.shared && b.shared) || a.ports[0] > b.ports[1] || b.ports[0] > a.ports[1]) return false;
  return [...a.hosts].some(([family, host]) => {
    const other = b.hosts.get(family);
    return other !== undefined && (other === host || other === ALL || host === ALL);
  });
}

/** `[[IP:][HOSTPORT]:]PORT[/PROTOCOL]`; podman-run(1), --publish. undefined: it is not that. */
export function parsePublish(text: string): Publish | undefined {
  const match = /^(?:(?:(\[[0-9a-fA-F:.]+(?:%[^\]]+)?\]|\d+\.\d+\.\d+\.\d+|):)?(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match === null) return undefined;
  const [, host = '', outer, inner = '', protocol = 'tcp'] = match;
  const ports = outer === undefined ? undefined : range(outer);
  const inside = range(inner);
  if (inside === undefined || (outer !== undefined && ports === undefined)) return undefined;
  if (ports !== undefined && ports[1] - ports[0] !== inside[1] - inside[0]) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), ports, protocol };
}

function range(text: string): readonly [number, number] | undefined {
  const [from = 0, to = from] = text.split('-').map(Number);
  return from >= 1 && to <= 65535 && from <= to ? [from, to] : undefined;
}
