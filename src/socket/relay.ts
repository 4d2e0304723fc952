/**
 * Clients of a held socket that the program turns out not to want (families.ts): they connected before anybody could know, and are
 * passed on to the socket that it does want, through us. Their address is lost on the way, which happens once in the life of a service.
 */
import { createSocket } from 'node:dgram';
import { connect, Socket } from 'node:net';
import type { Fd } from '../sys/fd.js';
import type { Poller } from '../sys/poller.js';
import { accept4, receiveFrom, sendTo } from '../sys/socket.js';

export interface RelayTarget {
  readonly host: string;
  readonly port: number;
}

/** How long answers to datagrams may take. */
const DATAGRAM_MS = 5000;
const DATAGRAM_MOST = 65_535;

/** Every client that waits. The descriptor stays the caller's. */
export function relayConnections(fd: Fd, { host, port }: RelayTarget): void {
  fd.setNonblocking(true);
  for (let accepted = accept4(fd); accepted !== undefined; accepted = accept4(fd)) {
    const client = new Socket({ fd: accepted.fd.take(), allowHalfOpen: true });
    const server = connect({ host, port, allowHalfOpen: true });
    for (const [from, to] of [[client, server], [server, client]] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  }
}

/** Takes the descriptor: datagrams go on for as long as their answers may take, and then it is closed. */
export function relayDatagrams(fd: Fd, { host, port }: RelayTarget, poller: Poller): void {
  const senders = new Map<string, ReturnType<typeof createSocket>>();
  const buffer = Buffer.alloc(DATAGRAM_MOST);
  const passOn = (): void => {
    for (let got = receiveFrom(fd, buffer); got !== undefined; got = receiveFrom(fd, buffer)) {
      const { from } = got;
      const key = from.toString('latin1');
      const sender = senders.get(key) ?? makeSender(host, (answer) => sendTo(fd, answer, from));
      senders.set(key, sender);
      sender.send(Buffer.from(buffer.subarray(0, got.length)), port, host, () => undefined);
    }
  };
  const watch = poller.watch(fd, { read: true }, passOn);
  setTimeout(() => {
    watch.close();
    fd.close();
    for (const sender of senders.values()) sender.close();
  }, DATAGRAM_MS);
}

function makeSender(host: string, onAnswer: (answer: Buffer) => void): ReturnType<typeof createSocket> {
  const sender = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  sender.on('message', onAnswer);
  sender.on('error', () => undefined);
  return sender;
}
