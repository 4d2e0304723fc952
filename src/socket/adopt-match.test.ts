import { describe, expect, it } from 'vitest';
import type { SocketAddress } from '../sys/sockaddr.js';
import type { SocketType } from '../sys/socket.js';
import type { ListenAddress } from '../unit/config.js';
import { socketUnit } from '../unit/testing/load-text.js';
import { bestMatch, couldMatch, targetsOf, type HeldFacts } from './adopt-match.js';

const inet = (host: string, port: number): SocketAddress => ({ family: 'inet', host, port });
const inet6 = (host: string, port: number): SocketAddress => ({ family: 'inet6', host, port });

/** What is held, by name: 'v4' is an IPv4 socket, 'both' one for both families, 'v6' one without IPv4. */
function held(name: string, address: SocketAddress, more: Partial<HeldFacts> = {}): HeldFacts & { readonly name: string } {
  return { name, type: 'stream', address, v6only: false, target: undefined, ...more };
}

const V4 = held('v4', inet('0.0.0.0', 8080));
const BOTH = held('both', inet6('::', 8080));
const V6 = held('v6', inet6('::', 8080), { v6only: true });
const LOCAL = held('local', inet('127.0.0.1', 8080));
const UDP = held('udp', inet('0.0.0.0', 8080), { type: 'datagram' });
const PATH = held('path', { family: 'unix', path: '/run/app.sock' });
const NAME = held('name', { family: 'abstract', name: 'app' });
const port = (number: number): ListenAddress => ({ family: 'any', port: number });

interface Row {
  readonly what: string;
  readonly held: readonly (HeldFacts & { readonly name: string })[];
  readonly binds: SocketAddress;
  readonly type?: SocketType;
  readonly v6only?: boolean;
  readonly gets: string | undefined;
}

const ROWS: readonly Row[] = [
  { what: 'the same port is the same socket', held: [V4], binds: inet('0.0.0.0', 8080), gets: 'v4' },
  { what: 'any address of the port is meant', held: [V4], binds: inet('127.0.0.1', 8080), gets: 'v4' },
  { what: 'another port is not', held: [V4], binds: inet('0.0.0.0', 8081), gets: undefined },
  { what: 'another type is not', held: [V4], binds: inet('0.0.0.0', 8080), type: 'datagram', gets: undefined },
  { what: 'of TCP and UDP on one port each gets its own', held: [V4, UDP], binds: inet('0.0.0.0', 8080), type: 'datagram', gets: 'udp' },
  { what: 'IPv4 gets the IPv4 socket', held: [BOTH, V4], binds: inet('0.0.0.0', 8080), gets: 'v4' },
  { what: 'IPv4 gets the one for both when there is no other', held: [V6, BOTH], binds: inet('0.0.0.0', 8080), gets: 'both' },
  { what: 'IPv4 cannot be served on IPv6 alone', held: [V6], binds: inet('0.0.0.0', 8080), gets: undefined },
  { what: 'a socket for both families gets one', held: [V4, BOTH], binds: inet6('::', 8080), gets: 'both' },
  { what: 'a socket for both families rather gets IPv4 than IPv6 alone', held: [V6, V4], binds: inet6('::', 8080), gets: 'v4' },
  { what: 'IPv6 alone gets the one that has IPv6', held: [V4, BOTH], binds: inet6('::', 8080), v6only: true, gets: 'both' },
  { what: 'IPv6 alone is not IPv4', held: [V4], binds: inet6('::', 8080), v6only: true, gets: undefined },
  { what: 'of two addresses the same one is better', held: [V4, LOCAL], binds: inet('127.0.0.1', 8080), gets: 'local' },
  { what: 'a port that Adopt= names stands for it', held: [{ ...V4, target: port(80) }], binds: inet('127.0.0.1', 80), gets: 'v4' },
  { what: 'the own port does not count then', held: [{ ...V4, target: port(80) }], binds: inet('0.0.0.0', 8080), gets: undefined },
  { what: 'an address that Adopt= names must be that', held: [{ ...V4, target: { family: 'inet', host: '127.0.0.1', port: 80 } }], binds: inet('127.0.0.1', 80), gets: 'v4' },
  { what: 'and is not another', held: [{ ...V4, target: { family: 'inet', host: '127.0.0.1', port: 80 } }], binds: inet('0.0.0.0', 80), gets: undefined },
  { what: 'a path is that path', held: [PATH], binds: { family: 'unix', path: '/run/app.sock' }, gets: 'path' },
  { what: 'a path is no other', held: [PATH], binds: { family: 'unix', path: '/run/other.sock' }, gets: undefined },
  { what: 'a path stands for a port as little as a port for a path', held: [PATH, { ...V4, target: port(80) }], binds: inet('0.0.0.0', 81), gets: undefined },
  { what: 'an abstract name is that name', held: [NAME], binds: { family: 'abstract', name: 'app' }, gets: 'name' },
];

describe('which held socket stands for what a program binds', () => {
  it.each(ROWS)('$what', ({ held: sockets, binds, type = 'stream', v6only = false, gets }) => {
    expect(bestMatch({ type, address: binds, v6only }, sockets)?.name).toBe(gets);
    if (gets !== undefined) expect(couldMatch(binds, sockets)).toBe(true);
  });
});

describe('what Adopt= says for each line', () => {
  const targets = (lines: string): readonly unknown[] => {
    const { listen, adopt } = socketUnit(lines);
    return targetsOf(listen, adopt).map((target) =>
      target === undefined || target === 'none' ? target : 'port' in target ? target.port : 'path' in target ? target.path : target,
    );
  };
  it.each([
    ['nothing: the same', 'ListenStream=8080', [undefined]],
    ['in their order', 'ListenStream=8080\nListenStream=8443\n[X-Rouse]\nAdopt=80\nAdopt=443', [80, 443]],
    ['several words', 'ListenStream=8080\nListenStream=8443\n[X-Rouse]\nAdopt=80 443', [80, 443]],
    ['by the port that is held', 'ListenStream=8080\nListenStream=8443\n[X-Rouse]\nAdopt=8443:443', [undefined, 443]],
    ['a line of the same port has the same', 'ListenStream=127.0.0.1:8080\nListenStream=[::1]:8080\n[X-Rouse]\nAdopt=80', [80, 80]],
    ['not this one', 'ListenStream=8080\nListenStream=8443\n[X-Rouse]\nAdopt=- 443', ['none', 443]],
    ['a path', 'ListenStream=/run/a.sock\n[X-Rouse]\nAdopt=/run/b.sock', ['/run/b.sock']],
    ['taken back', 'ListenStream=8080\n[X-Rouse]\nAdopt=80\nAdopt=\nAdopt=81', [81]],
  ])('%s', (_, lines, expected) => {
    expect(targets(lines)).toEqual(expected);
  });
});
