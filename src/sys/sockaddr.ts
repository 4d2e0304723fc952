/** Socket addresses as bytes: sockaddr_in(3type), sockaddr_un(3type), sockaddr_vm of <linux/vm_sockets.h>. */

export type SocketAddress =
  | { readonly family: 'inet'; readonly host: string; readonly port: number }
  | { readonly family: 'inet6'; readonly host: string; readonly port: number; readonly scopeId?: number }
  | { readonly family: 'unix'; readonly path: string }
  | { readonly family: 'abstract'; readonly name: string }
  | { readonly family: 'vsock'; readonly cid: number; readonly port: number };

/** <sys/socket.h> */
export const AF = { unix: 1, inet: 2, inet6: 10, vsock: 40 } as const;

/** sun_path has 108 bytes, and a path ends in a NUL. */
export const UNIX_PATH_MAX = 107;

/** Throws RangeError when a Unix path is too long. */
export function encodeAddress(address: SocketAddress): Buffer {
  switch (address.family) {
    case 'inet':
      return inet(address.host, address.port);
    case 'inet6':
      return inet6(address.host, address.port, address.scopeId ?? 0);
    case 'unix':
      return unix(Buffer.from(`${address.path}\0`));
    case 'abstract':
      return unix(Buffer.from(`\0${address.name}`));
    case 'vsock':
      return vsock(address.cid, address.port);
  }
}

function head(family: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt16LE(family, 0);
  return bytes;
}

function inet(host: string, port: number): Buffer {
  const bytes = head(AF.inet, 16);
  bytes.writeUInt16BE(port, 2);
  host.split('.').forEach((part, i) => bytes.writeUInt8(Number(part), 4 + i));
  return bytes;
}

function inet6(host: string, port: number, scopeId: number): Buffer {
  const bytes = head(AF.inet6, 28);
  bytes.writeUInt16BE(port, 2);
  parseInet6(host).forEach((group, i) => bytes.writeUInt16BE(group, 8 + 2 * i));
  bytes.writeUInt32LE(scopeId, 24);
  return bytes;
}

function unix(path: Buffer): Buffer {
  if (path.length > UNIX_PATH_MAX + 1) throw new RangeError(`A Unix socket's path has at most ${UNIX_PATH_MAX} bytes, and this one has ${path.length - 1}`);
  const bytes = head(AF.unix, 2 + path.length);
  path.copy(bytes, 2);
  return bytes;
}

function vsock(cid: number, port: number): Buffer {
  const bytes = head(AF.vsock, 16);
  bytes.writeUInt32LE(port, 4);
  bytes.writeUInt32LE(cid, 8);
  return bytes;
}

/** Eight groups of a textual IPv6 address, an IPv4 tail included. */
export function parseInet6(host: string): readonly number[] {
  const text = host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => `${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`);
  const [before = '', after] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(before);
  if (after === undefined) return left;
  const right = groups(after);
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

export function decodeAddress(bytes: Buffer): SocketAddress | undefined {
  if (bytes.length < 2) return undefined;
  switch (bytes.readUInt16LE(0)) {
    case AF.inet:
      return { family: 'inet', port: bytes.readUInt16BE(2), host: [...bytes.subarray(4, 8)].join('.') };
    case AF.inet6:
      return { family: 'inet6', port: bytes.readUInt16BE(2), host: formatInet6(bytes.subarray(8, 24)), scopeId: bytes.readUInt32LE(24) };
    case AF.unix:
      return decodeUnix(bytes.subarray(2));
    case AF.vsock:
      return { family: 'vsock', port: bytes.readUInt32LE(4), cid: bytes.readUInt32LE(8) };
    default:
      return undefined;
  }
}

function decodeUnix(path: Buffer): SocketAddress {
  if (path[0] === 0) return { family: 'abstract', name: path.subarray(1).toString() };
  const end = path.indexOf(0);
  return { family: 'unix', path: path.subarray(0, end < 0 ? path.length : end).toString() };
}

/** RFC 5952: the longest run of zero groups is `::`. */
function formatInet6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  const runs = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map((match) => match[0]);
  const longest = runs.toSorted((a, b) => b.length - a.length)[0];
  if (longest === undefined) return groups.join(':');
  return groups.join(':').replace(longest, '::').replace(/:{3,}/, '::');
}
