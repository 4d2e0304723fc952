/**
 * Serves a socket that was passed, whatever kind it is. What Node can serve, Node serves (TCP, Unix streams, UDP); koffi is
 * loaded for the rest (VSOCK, seqpacket, Unix datagrams), and to tell UDP over IPv4 from UDP over IPv6.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { describeSocket, inodeOfSocket } from './describe.js';
import type { ListenFd } from './listen-fds.js';
import { loadNative } from './load-native.js';

export interface Datagram {
  readonly data: Buffer;
  /** Who sent it: '127.0.0.1:4000', '[::1]:4000', '/run/client.sock'; '' for a sender that is bound to no address. */
  readonly from: string;
  /** Sends an answer to the sender. It may get lost, as datagrams may. */
  reply(answer: Uint8Array): void;
}

export interface ListenOptions {
  /**
   * For each client of a stream or seqpacket socket. It is a `net.Socket` where Node has one, and a Duplex stream otherwise; on
   * a seqpacket socket each chunk is one packet. As on every stream, an 'error' that nobody listens for ends the process.
   */
  readonly onConnection?: (connection: Duplex) => void;
  /** For each message to a datagram socket. */
  readonly onDatagram?: (datagram: Datagram) => void;
  /** The client's end of sending does not end ours; as in `net.createServer`. */
  readonly allowHalfOpen?: boolean;
  /** The length of the queue of clients, which Node sets again for TCP and Unix streams; net.core.somaxconn by default. */
  readonly backlog?: number;
  /** When the socket itself fails. Without it the error is an uncaught exception. */
  readonly onError?: (error: Error) => void;
}

export interface Listener {
  /** Takes no more clients, closes the descriptor, and waits until those connected have gone. */
  close(): Promise<void>;
}

/** The kernel takes as much of it as net.core.somaxconn allows. Node's own default, 511, would shorten the queue that the manager made. */
const LONGEST_BACKLOG = 0x7fffffff;

/**
 * Serves one socket, and takes its descriptor. TCP and Unix stream sockets are served at once, the others when what they need
 * is loaded; the promise resolves when the socket is served.
 *
 * Rejects when the descriptor is no socket that can be served, or when the optional package koffi is needed and missing.
 *
 * ```ts
 * for (const socket of listenFds()) {
 *   await listen(socket, {
 *     onConnection: (connection) => connection.end('hello\n'),
 *     onDatagram: ({ reply }) => reply(Buffer.from('hello\n')),
 *   });
 * }
 * ```
 */
export async function listen(socket: ListenFd | number, options: ListenOptions): Promise<Listener> {
  const fd = typeof socket === 'number' ? socket : socket.fd;
  const inode = inodeOfSocket(fd);
  const served = await listenNet(fd, options);
  if (served !== undefined) return served;
  if (!sameSocket(fd, inode)) throw new Error(`Failed to listen on descriptor ${fd}: it is a connection, as Accept=yes passes it: use 'new net.Socket({ fd })'`);
  const { family, type } = await describeSocket(fd);
  if (type === 'datagram' && (family === 'inet' || family === 'inet6')) return listenUdp(fd, family === 'inet' ? 'udp4' : 'udp6', options);
  const { StreamServer, DatagramServer } = await loadNative();
  if (type === 'datagram') return new DatagramServer(fd, options);
  return new StreamServer(fd, type === 'seqpacket', options);
}

/** Without a look at the descriptor before: Node refuses, and leaves alone, what it does not know. */
function listenNet(fd: number, { onConnection, allowHalfOpen = false, backlog = LONGEST_BACKLOG, onError }: ListenOptions): Promise<Listener | undefined> {
  const server = createServer({ allowHalfOpen }, onConnection);
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ fd }, backlog, () => {
      server.removeAllListeners('error');
      if (onError !== undefined) server.on('error', onError);
      resolve({ close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

/** Node closes a descriptor of a kind that it knows when listen(2) fails on it. */
function sameSocket(fd: number, inode: number): boolean {
  try {
    return inodeOfSocket(fd) === inode;
  } catch {
    return false;
  }
}

function listenUdp(fd: number, type: 'udp4' | 'udp6', { onDatagram, onError }: ListenOptions): Promise<Listener> {
  const socket = createSocket({ type }, (data, from) => {
    onDatagram?.({ data, from: udpAddress(from), reply: (answer) => socket.send(answer, from.port, from.address, ignoreLoss) });
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ fd, exclusive: true }, () => {
      socket.off('error', reject);
      if (onError !== undefined) socket.on('error', onError);
      resolve({ close: () => new Promise((closed) => socket.close(() => closed())) });
    });
  });
}

function ignoreLoss(): void {
  // The sender has gone, or the network refuses: a datagram that got lost.
}

function udpAddress({ family, address, port }: RemoteInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
