/** Where a socket listens; systemd.socket(5), ListenStream=. */
import { isIPv4, isIPv6 } from 'node:net';
import type { ListenAddress } from '../config.js';
import { bad, good, type Value } from './value.js';

const EXPECTED = 'a port from 1 to 65535, an address and port such as 127.0.0.1:80 or [::1]:80, an absolute path, @name, or vsock:CID:PORT';
/** sockaddr_un(3type): 108 bytes with the NUL. */
const PATH_MOST = 107;
/** <linux/vm_sockets.h> */
const VMADDR_ANY = 4294967295;
const CIDS: Readonly<Record<string, number>> = { '': VMADDR_ANY, hypervisor: 0, local: 1, host: 2 };

export function listenAddress(text: string): Value<ListenAddress> {
  if (text.startsWith('/')) return unixPath(text);
  if (text.startsWith('@')) return abstractName(text.slice(1));
  if (text.startsWith('vsock:')) return vsock(text);
  if (/^\d+$/.test(text)) return withPort(text, (port) => ({ family: 'any', port }));
  const v6 = /^\[([0-9a-fA-F:.]+)(?:%([^\]]+))?\]:(\d+)(?:%(.+))?$/.exec(text);
  if (v6?.[1] !== undefined && v6[3] !== undefined) return inet6(v6[1], v6[3], v6[2] ?? v6[4]);
  const [, host = '', port = ''] = /^([\d.]+):(\d+)$/.exec(text) ?? [];
  return isIPv4(host) ? withPort(port, (number) => ({ family: 'inet', host, port: number })) : bad(EXPECTED);
}

function unixPath(text: string): Value<ListenAddress> {
  const path = text.replace(/\/{2,}/g, '/');
  const length = Buffer.byteLength(path);
  if (length > PATH_MOST) return bad(`a path of at most ${PATH_MOST} bytes, which is what a Unix socket can have (this one has ${length})`);
  return path.endsWith('/') ? bad('the path of a socket, not of a folder') : good({ family: 'unix', path });
}

function abstractName(name: string): Value<ListenAddress> {
  return name !== '' && Buffer.byteLength(name) <= PATH_MOST ? good({ family: 'abstract', name }) : bad(`a name of 1 to ${PATH_MOST} bytes after the @`);
}

/** vsock(7): `vsock::PORT` and CID 4294967295 are any; no port is. */
function vsock(text: string): Value<ListenAddress> {
  const [, name, number] = /^vsock:(\d*|[a-z]+):(\d+)$/.exec(text) ?? [];
  const cid = CIDS[name ?? ''] ?? Number(name);
  const port = Number(number);
  return name !== undefined && cid <= VMADDR_ANY && port < VMADDR_ANY ? good({ family: 'vsock', cid, port }) : bad('vsock:CID:PORT, where CID may be left out for any');
}

function inet6(host: string, port: string, scope: string | undefined): Value<ListenAddress> {
  return isIPv6(host) ? withPort(port, (number) => ({ family: 'inet6', host, port: number, ...(scope === undefined ? {} : { scope }) })) : bad(EXPECTED);
}

function withPort(text: string, make: (port: number) => ListenAddress): Value<ListenAddress> {
  const port = Number(text);
  return port >= 1 && port <= 65535 ? good(make(port)) : bad('a port from 1 to 65535');
}
