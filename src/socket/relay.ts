/**
 * Clients of a held socket that the program turns out not to want (families.ts): they connected before anybody could know, and are
 * passed on to the socket that it does want, through us. To the program they come from the address that they connected to: from the
 * loopback if that is where they are, and from nowhere nearer than they are. It happens once in the life of a service.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv4, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Fd } from '../sys/fd.js';
import type { Poller } from '../sys/poller.js';
import { decodeAddress, encodeAddress, type SocketAddress } from '../sys/sockaddr.js';
import { accept4, getsockname, receiveFrom, sendTo } from '../sys/socket.js';

export interface RelayTarget {
  /** What the other socket understands. */
  readonly family: 'inet' | 'inet6';
  readonly port: number;
}

/** How long answers to datagrams may take. */
const DATAGRAM_MS = 5000;
const DATAGRAM_MOST = 65_535;

/** Every client that waits. The descriptor stays the caller's. */
export function relayConnections(fd: Fd, { family, port }: RelayTarget): void {
  fd.setNonblocking(true);
  for (let accepted = accept4(fd); accepted !== undefined; accepted = accept4(fd)) {
    const own = getsockname(accepted.fd);
    const host = own !== undefined && 'host' in own ? reachable(own.host, family) : undefined;
    if (host === undefined) {
      accepted.fd.close();
      continue;
    }
    const client = new Socket({ fd: accepted.fd.take(), allowHalfOpen: true });
    const server = connect({ host, port, localAddress: host, allowHalfOpen: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  }
}

/** An address of ours as near, or as far, as the one that the client used, in the family that the program understands. */
function reachable(host: string, family: RelayTarget['family']): string | undefined {
  const plain = host.replace(/^::ffff:(?=\d+\.)/, '');
  if (plain.startsWith('127.') || plain === '::1') return '127.0.0.1';
  if (isIPv4(plain) || family === 'inet6') return plain;
  return externalAddress();
}

/**
 * Every datagram that waits; answers go out through `instead` where that has the client's family. Takes the descriptor, and keeps it no
 * longer than answers may take.
 */
export function relayDatagrams(fd: Fd, { family, port }: RelayTarget, instead: Fd, poller: Poller): void {
  const senders = new Map<string, ReturnType<typeof createSocket>>();
  const buffer = Buffer.alloc(DATAGRAM_MOST);
  const passOn = (): void => {
    for (let got = receiveFrom(fd, buffer); got !== undefined; got = receiveFrom(fd, buffer)) {
      const from = decodeAddress(got.from);
      const host = from !== undefined && 'host' in from ? from.host : '';
      const source = /^(::ffff:)?127\.|^::1$/.test(host) ? '127.0.0.1' : externalAddress();
      if (from === undefined || source === undefined) continue;
      const [outlet, to] = family === 'inet6' ? [instead, mapped(from)] : [fd, got.from];
      const key = got.from.toString('latin1');
      const sender = senders.get(key) ?? makeSender(source, (answer) => (outlet.isOpen ? sendTo(outlet, answer, to) : undefined));
      senders.set(key, sender);
      sender.send(Buffer.from(buffer.subarray(0, got.length)), port, source, () => undefined);
    }
  };
  fd.setNonblocking(true);
  passOn();
  // An IPv4 socket that stays would get what is for the other one now.
  const watch = family === 'inet6' ? undefined : poller.watch(fd, { read: true }, passOn);
  if (family === 'inet6') fd.close();
  setTimeout(() => {
    watch?.close();
    fd.close();
    for (const sender of senders.values()) sender.close();
  }, DATAGRAM_MS).unref();
}

/** As a socket for both families names it. */
function mapped(address: SocketAddress): Buffer {
  return encodeAddress(address.family === 'inet' ? { family: 'inet6', host: `::ffff:${address.host}`, port: address.port } : address);
}

function externalAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .find((each) => each.family === 'IPv4' && !each.internal)?.address;
}

function makeSender(source: string, onAnswer: (answer: Buffer) => void): ReturnType<typeof createSocket> {
  const sender = createSocket('udp4');
  sender.on('message', onAnswer);
  sender.on('error', () => undefined);
  sender.bind(0, source);
  return sender;
}
