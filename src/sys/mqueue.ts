/** POSIX message queues; mq_overview(7). By system call: before glibc 2.34 their functions are in a library of their own. */
import { SysError } from './errno.js';
import { check, Fd } from './fd.js';
import * as libc from './libc.js';

/** <asm/unistd.h> */
const NUMBERS = process.arch === 'x64' ? { open: 240, unlink: 241, receive: 243, attributes: 245 } : { open: 180, unlink: 181, receive: 183, attributes: 185 };
/** <asm-generic/fcntl.h> */
const O_CREAT = 0o100;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

export interface QueueAttributes {
  readonly maxMessages: number;
  readonly messageSize: number;
}

/** For reading, non-blocking; made where there is none of this name, with the kernel's attributes where none are given. Throws SysError. */
export function openMessageQueue(name: string, mode: number, attributes: QueueAttributes | undefined): Fd {
  // struct mq_attr: flags, maxmsg, msgsize, curmsgs, and room.
  const attr = attributes === undefined ? null : Buffer.alloc(64);
  attr?.writeBigInt64LE(BigInt(attributes?.maxMessages ?? 0), 8);
  attr?.writeBigInt64LE(BigInt(attributes?.messageSize ?? 0), 16);
  return new Fd(check('mq_open', libc.syscallWithName(NUMBERS.open, kernelName(name), O_CREAT | O_NONBLOCK | O_CLOEXEC, mode, attr)));
}

/** A queue that is not there is removed. Throws SysError. */
export function unlinkMessageQueue(name: string): void {
  if (libc.syscallWithName(NUMBERS.unlink, kernelName(name), 0, 0, null) < 0 && libc.errno() !== ENOENT) throw new SysError('mq_unlink', libc.errno());
}

const ENOENT = 2;

/** Takes out what waits, and at most so many messages. */
export function drainMessageQueue(fd: Fd, most: number): void {
  const { messageSize } = queueAttributes(fd);
  const message = Buffer.alloc(messageSize);
  const noWait = Buffer.alloc(16);
  for (let i = 0; i < most; i++) if (libc.syscallWithBuffers(NUMBERS.receive, fd.number, message, messageSize, null, noWait) < 0) return;
}

/** Throws SysError. */
export function queueAttributes(fd: Fd): QueueAttributes {
  const attr = Buffer.alloc(64);
  check('mq_getsetattr', libc.syscallWithBuffer(NUMBERS.attributes, fd.number, 0, attr, 0));
  return { maxMessages: Number(attr.readBigInt64LE(8)), messageSize: Number(attr.readBigInt64LE(16)) };
}

/** The kernel knows queues without the slash that mq_open(3) wants. */
function kernelName(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}
