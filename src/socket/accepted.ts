/**
 * A connection that was accepted for an instance of a template: what its unit is called, and what its process is told of the client.
 * The names are those of systemd 257; systemd.socket(5), Accept=, systemd.exec(5), $REMOTE_ADDR.
 */
import type { Fd } from '../sys/fd.js';
import type { SocketAddress } from '../sys/sockaddr.js';
import { getOptionBytes, getpeername, getsockname, SO_PEERCRED, SOL_SOCKET } from '../sys/socket.js';
import type { Listen } from '../unit/config.js';
import { prettyAddress, prettyHost, unmapped } from './pretty.js';

export interface Client {
  /** The instance, behind the number of the connection: '192-0' for process and user, '127.0.0.1:80-127.0.0.1:5000' for addresses. */
  readonly instance: string;
  /** 'PID 192/UID 0', '127.0.0.1:5000', as the description of the instance has it. */
  readonly description: string;
  /** What MaxConnectionsPerSource= counts by: 'UID 0', '127.0.0.1'. */
  readonly source: string;
  /** REMOTE_ADDR and REMOTE_PORT; undefined for a client on a Unix socket that has no name. */
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** Throws SysError: ENOTCONN when the client has gone already. */
export function identifyClient(fd: Fd, { address }: Listen): Client {
  if (address?.family === 'unix' || address?.family === 'abstract') return localClient(fd);
  const local = getsockname(fd);
  const remote = getpeername(fd);
  if (local === undefined || remote === undefined) return { instance: 'unknown', description: 'unknown', source: 'unknown', address: undefined, port: undefined };
  return remoteClient(unmapped(local) ?? local, unmapped(remote) ?? remote);
}

/** A client from another pid namespace has no pid here. */
function localClient(fd: Fd): Client {
  // struct ucred: pid, uid, gid.
  const credentials = getOptionBytes(fd, SOL_SOCKET, SO_PEERCRED, 12);
  const pid = credentials?.readInt32LE(0) ?? 0;
  const uid = credentials?.readUInt32LE(4) ?? 0;
  const user = `UID ${uid}`;
  return {
    instance: pid > 0 ? `${pid}-${uid}` : 'unknown',
    description: pid > 0 ? `PID ${pid}/${user}` : user,
    source: user,
    address: nameOf(getpeername(fd)),
    port: undefined,
  };
}

function nameOf(remote: SocketAddress | undefined): string | undefined {
  if (remote?.family === 'abstract') return remote.name === '' ? undefined : `@${remote.name}`;
  return remote?.family === 'unix' && remote.path !== '' ? remote.path : undefined;
}

function remoteClient(local: SocketAddress, remote: SocketAddress): Client {
  return {
    instance: `${endpoint(local)}-${endpoint(remote)}`,
    description: prettyAddress(remote),
    source: prettyHost(remote),
    address: prettyHost(remote),
    port: 'port' in remote ? remote.port : undefined,
  };
}

function endpoint(address: SocketAddress): string {
  if (address.family === 'vsock') return `${address.cid}:${address.port}`;
  return 'port' in address ? `${address.host}:${address.port}` : '';
}
