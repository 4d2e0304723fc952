/**
 * The kernel's table of sockets, asked over netlink and filtered there: connections of a port without reading everybody's;
 * sock_diag(7), <linux/inet_diag.h>, <linux/vm_sockets_diag.h>.
 */
import { SysError } from './errno.js';
import { check, Fd } from './fd.js';
import * as libc from './libc.js';
import { AF } from './sockaddr.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST_DUMP = 0x301;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const IPPROTO_TCP = 6;
const INET_DIAG_REQ_BYTECODE = 1;
/** Comparisons of inet_diag's filter: at least, at most. */
const PORT_FILTER = { local: [2, 3], remote: [4, 5] } as const;
const RECEIVE_SIZE = 32 * 1024;

/** <net/tcp_states.h> */
export const TCP = { established: 1, synRecv: 3, finWait1: 4, finWait2: 5, timeWait: 6, closeWait: 8 } as const;

export interface InetConnection {
  readonly state: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** Four bytes or sixteen, in hexadecimal. */
  readonly localHost: string;
  readonly remoteHost: string;
  /** 0: no process has it, or none has it yet. */
  readonly inode: number;
  /** In TIME_WAIT: how long it is still remembered. */
  readonly expiresMs: number;
}

/** TCP connections of one family with this port at one end, in these states. Throws SysError where the kernel cannot tell (ENOENT). */
export function inetConnections(family: 'inet' | 'inet6', end: 'local' | 'remote', port: number, states: readonly number[]): readonly InetConnection[] {
  const request = Buffer.alloc(56);
  request.writeUInt8(AF[family], 0);
  request.writeUInt8(IPPROTO_TCP, 1);
  request.writeUInt32LE(maskOf(states), 4);
  return dump(Buffer.concat([request, portFilter(PORT_FILTER[end], port)])).map((message) => readInet(family, message));
}

function maskOf(states: readonly number[]): number {
  return states.reduce((mask, state) => mask | (1 << state), 0);
}

/** Two operations of eight bytes, each with the way on when it holds and, past the end, when it does not. */
function portFilter([atLeast, atMost]: readonly [number, number], port: number): Buffer {
  const attribute = Buffer.alloc(20);
  attribute.writeUInt16LE(20, 0);
  attribute.writeUInt16LE(INET_DIAG_REQ_BYTECODE, 2);
  [atLeast, atMost].forEach((code, i) => {
    const at = 4 + 8 * i;
    attribute.writeUInt8(code, at);
    attribute.writeUInt8(8, at + 1);
    attribute.writeUInt16LE(16 - 8 * i + 4, at + 2);
    attribute.writeUInt16LE(port, at + 6);
  });
  return attribute;
}

function readInet(family: 'inet' | 'inet6', message: Buffer): InetConnection {
  const length = family === 'inet' ? 4 : 16;
  return {
    state: message.readUInt8(1),
    localPort: message.readUInt16BE(4),
    remotePort: message.readUInt16BE(6),
    localHost: message.toString('hex', 8, 8 + length),
    remoteHost: message.toString('hex', 24, 24 + length),
    expiresMs: message.readUInt32LE(52),
    inode: message.readUInt32LE(68),
  };
}

/** Local ports of the VSOCK connections that there are. Throws SysError where the kernel cannot tell (ENOENT). */
export function vsockConnections(): readonly number[] {
  const request = Buffer.alloc(24);
  request.writeUInt8(AF.vsock, 0);
  request.writeUInt32LE(maskOf([TCP.established]), 4);
  return dump(request).flatMap((message) => (message.readUInt8(2) === TCP.established ? message.readUInt32LE(8) : []));
}

/** The payload of every answer. The kernel answers while we ask, so nothing is waited for. */
function dump(request: Buffer): readonly Buffer[] {
  const fd = new Fd(check('socket', libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)));
  try {
    const header = Buffer.alloc(16);
    header.writeUInt32LE(header.length + request.length, 0);
    header.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
    header.writeUInt16LE(NLM_F_REQUEST_DUMP, 6);
    const message = Buffer.concat([header, request]);
    check('sendto', libc.sendto(fd.number, message, message.length, 0, null, 0));
    return receiveAll(fd);
  } finally {
    fd.close();
  }
}

function receiveAll(fd: Fd): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (;;) {
    const bytes = Buffer.alloc(RECEIVE_SIZE);
    const got = check('recv', libc.recv(fd.number, bytes, bytes.length, 0));
    for (let at = 0; at + 16 <= got;) {
      const length = bytes.readUInt32LE(at);
      const type = bytes.readUInt16LE(at + 4);
      if (type === NLMSG_DONE) return endOf(messages, bytes, at, length);
      if (type === NLMSG_ERROR) throw new SysError('sock_diag', -bytes.readInt32LE(at + 16));
      if (length < 16) return messages;
      messages.push(bytes.subarray(at + 16, at + length));
      at += Math.ceil(length / 4) * 4;
    }
    if (got === 0) return messages;
  }
}

/** A dump that failed on the way says so in its last message. */
function endOf(messages: readonly Buffer[], bytes: Buffer, at: number, length: number): readonly Buffer[] {
  const error = length >= 20 ? -bytes.readInt32LE(at + 16) : 0;
  if (error > 0) throw new SysError('sock_diag', error);
  return messages;
}
