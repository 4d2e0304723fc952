/**
 * What kind of socket a descriptor is. /proc/net/* does not tell: a container without a network has one of its own, in which
 * the manager's sockets are not listed. So the kernel is asked through the descriptor itself.
 */
import { spawn } from 'node:child_process';
import { fstatSync, readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { loadNative } from './load-native.js';
import type { ListenFd } from './listen-fds.js';

export interface SocketDescription {
  readonly family: 'inet' | 'inet6' | 'unix' | 'vsock' | 'netlink' | 'other';
  readonly type: 'stream' | 'datagram' | 'seqpacket' | 'other';
  /** As ListenStream= spells it: '127.0.0.1:3000', '[::1]:3000', '/run/x.sock', '@name', 'vsock:4294967295:3000'; '' where it has none. */
  readonly address: string;
}

/**
 * The family, type and address of a socket, as ss(8) would tell them. Where the optional package koffi is missing, a second
 * Node looks at the descriptor: it takes some 50 ms, knows no Unix paths, and only the kinds that Node can serve.
 *
 * Rejects when the descriptor is not a socket, or is one that cannot be told without koffi.
 */
export async function describeSocket(socket: ListenFd | number): Promise<SocketDescription> {
  const fd = typeof socket === 'number' ? socket : socket.fd;
  inodeOfSocket(fd);
  const native = await loadNative().catch((error: unknown) => error as Error);
  return native instanceof Error ? askNode(fd, native) : native.describe(fd);
}

/** Which socket a descriptor means. Throws when it means something else, or nothing. */
export function inodeOfSocket(fd: number): number {
  const status = fstatSync(fd);
  if (!status.isSocket()) throw new Error(`Descriptor ${fd} is not a socket, but ${readlinkSync(`/proc/self/fd/${fd}`)}`);
  return status.ino;
}

/** Nothing of it reads or answers: it ends before its event loop begins. */
const PROBE = `
  const { Socket } = require('node:net');
  let found;
  try {
    found = { type: 'stream', ...new Socket({ fd: 3 }).address() };
  } catch {
    found = { type: 'datagram', ...require('node:dgram').createSocket('udp4').bind({ fd: 3, exclusive: true }).address() };
  }
  process.stdout.write(JSON.stringify(found), () => process.exit());
`;

async function askNode(fd: number, whyNot: Error): Promise<SocketDescription> {
  const child = spawn(process.execPath, ['-e', PROBE], { stdio: ['ignore', 'pipe', 'ignore', fd], env: {} });
  const answer = await text(child.stdout as NodeJS.ReadableStream);
  if (answer === '') throw new Error(`Failed to look at descriptor ${fd}: Node knows no such socket, and the package 'koffi' cannot be loaded`, { cause: whyNot });
  const { type, family, address, port } = JSON.parse(answer) as { type: 'stream' | 'datagram'; family?: string; address?: string; port?: number };
  if (family === undefined) return { family: 'unix', type, address: '' };
  return family === 'IPv6' ? { family: 'inet6', type, address: `[${address}]:${port}` } : { family: 'inet', type, address: `${address}:${port}` };
}
