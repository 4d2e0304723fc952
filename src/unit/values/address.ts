/** Where a socket listens; systemd.socket(5), ListenStream=. */
import type { ListenAddress } from '../config.js';
import { bad, good, type Value } from './value.js';

const EXPECTED = 'a port from 1 to 65535, an address and port such as 127.0.0.1:80 or [::1]:80, an absolute path, @name, or vsock:CID:PORT';
/** sockaddr_un(3type): 108 bytes with the NUL. */
const PATH_MOST = 107;
const VMADDR_CID_ANY = 4294967295;

export function listenAddress(text: string): Value<ListenAddress> {
  if (text.startsWith('/')) return unixPath(text);
  if (text.startsWith('@')) return abstractName(text.slice(1));
  if (text.startsWith('vsock:')) return vsock(text);
  if (/^\d+$/.test(text)) return withPort(text, (port) => ({ family: 'any', port }));
  const v6 = /^\[([0-9a-fA-F:.]+)(?:%([^\]]+))?\]:(\d+)(?:%(.+))?$/.exec(text);
  if (v6?.[1] !== undefined && v6[3] !== undefined) return inet6(v6[1], v6[3], v6[2] ?? v6[4]);
  const v4 = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d+)$/.exec(text);
  if (v4?.[1] === undefined || v4[2] === undefined) return bad(EXPECTED);
  const host = v4[1];
  return host.split('.').every((part) => Number(part) <= 255) ? withPort(v4[2], (port) => ({ family: 'inet', host, port })) : bad(EXPECTED);
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

/** vsock(7): `vsock::PORT` and CID 4294967295 are any. */
function vsock(text: string): Value<ListenAddress> {
  const match = /^vsock:(\d*):(\d+)$/.exec(text);
  const cid = match?.[1] === '' ? VMADDR_CID_ANY : Number(match?.[1]);
  const port = Number(match?.[2]);
  return match !== null && cid <= VMADDR_CID_ANY && port <= 4294967295 ? good({ family: 'vsock', cid, port }) : bad('vsock:CID:PORT, where CID may be left out for any');
}

function inet6(host: string, port: string, scope: string | undefined): Value<ListenAddress> {
  const groups = host.split(':');
  const shortened = host.includes('::');
  const valid = host.split('::').length <= 2 && (shortened ? groups.length <= 9 : groups.length === 8 || host.includes('.')) && groups.every((group) => /^([0-9a-fA-F]{0,4}|\d+(\.\d+){3})$/.test(group));
  return valid ? withPort(port, (number) => ({ family: 'inet6', host, port: number, ...(scope === undefined ? {} : { scope }) })) : bad(EXPECTED);
}

function withPort(text: string, make: (port: number) => ListenAddress): Value<ListenAddress> {
  const port = Number(text);
  return port >= 1 && port <= 65535 ? good(make(port)) : bad('a port from 1 to 65535');
}
