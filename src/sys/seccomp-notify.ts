/**
 * System calls of other processes that wait for our word: receive one, let it go on, answer it in the kernel's place, or put a
 * descriptor of ours into its process first; seccomp_unotify(2).
 *
 * A descriptor is read by one process at a time and only when epoll says so: then none of these calls waits for anybody but the
 * kernel. The process that made the call may be gone at any moment; whoever answers it learns that, and it is no error.
 */
import { release } from 'node:os';
import { SysError } from './errno.js';
import type { Fd } from './fd.js';
import * as libc from './libc.js';

/** <linux/seccomp.h>: _IOWR('!', 0, struct seccomp_notif) and its sisters. */
const SECCOMP_IOCTL_NOTIF_RECV = 0xc0502100;
const SECCOMP_IOCTL_NOTIF_SEND = 0xc0182101;
const SECCOMP_IOCTL_NOTIF_ID_VALID = 0x40082102;
const SECCOMP_IOCTL_NOTIF_ADDFD = 0x40182103;
const SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1;
const SECCOMP_ADDFD_FLAG_SETFD = 1;
const SECCOMP_GET_NOTIF_SIZES = 3;
const O_CLOEXEC = 0o2000000;

/** The numbers of the calls that are asked about, and the architecture that they belong to; <linux/audit.h>. */
const MACHINE = process.arch === 'arm64' ? { audit: 0xc00000b7, bind: 200, listen: 201, seccomp: 277 } : { audit: 0xc000003e, bind: 49, listen: 50, seccomp: 317 };

/** struct seccomp_notif, seccomp_notif_resp, seccomp_notif_addfd. */
const SIZES = { notification: 80, response: 24, addfd: 24 } as const;

/** The first kernel that can put a descriptor into the process of a call. */
const ADDFD_SINCE = [5, 9] as const;

export interface HeldCall {
  readonly id: bigint;
  /** The thread that made it, as we see it; 0 when it is in no pid namespace of ours. */
  readonly tid: number;
  /** undefined: another call, or one of another architecture, which is to go on. */
  readonly name: 'bind' | 'listen' | undefined;
  readonly args: readonly bigint[];
}

/** Whether this kernel can do what is needed here. */
export function hasSeccompNotify(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < ADDFD_SINCE[0] || (major === ADDFD_SINCE[0] && minor < ADDFD_SINCE[1])) return false;
  const sizes = Buffer.alloc(6);
  return libc.syscallWithBuffer(MACHINE.seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes, 0) === 0 && sizes.readUInt16LE(0) <= SIZES.notification;
}

/** undefined when its process has gone meanwhile. Throws SysError. */
export function receiveCall(fd: Fd): HeldCall | undefined {
  const bytes = Buffer.alloc(SIZES.notification);
  if (libc.ioctl(fd.number, SECCOMP_IOCTL_NOTIF_RECV, bytes) < 0) return gone('SECCOMP_IOCTL_NOTIF_RECV');
  const number = bytes.readInt32LE(16);
  const ours = bytes.readUInt32LE(20) === MACHINE.audit;
  return {
    id: bytes.readBigUInt64LE(0),
    tid: bytes.readUInt32LE(8),
    name: !ours ? undefined : number === MACHINE.bind ? 'bind' : number === MACHINE.listen ? 'listen' : undefined,
    args: Array.from({ length: 6 }, (_, i) => bytes.readBigUInt64LE(32 + 8 * i)),
  };
}

/** Whether the call still waits, so that its thread is still the one that made it. */
export function stillWaits(fd: Fd, { id }: HeldCall): boolean {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(id);
  return libc.ioctl(fd.number, SECCOMP_IOCTL_NOTIF_ID_VALID, bytes) === 0;
}

/** The kernel carries the call out, with what its arguments point to by then. */
export function letContinue(fd: Fd, call: HeldCall): void {
  respond(fd, call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/** The call returns 0, or -1 with this errno, and the kernel does nothing. */
export function answer(fd: Fd, call: HeldCall, errno = 0): void {
  respond(fd, call, -errno, 0);
}

/** Puts `source` in the place of descriptor `target` of the process, as dup2(2) does. False: it has gone, or has no such descriptor. */
export function putDescriptor(fd: Fd, { id }: HeldCall, source: Fd, target: number, cloexec: boolean): boolean {
  const bytes = Buffer.alloc(SIZES.addfd);
  bytes.writeBigUInt64LE(id, 0);
  bytes.writeUInt32LE(SECCOMP_ADDFD_FLAG_SETFD, 8);
  bytes.writeUInt32LE(source.number, 12);
  bytes.writeUInt32LE(target, 16);
  bytes.writeUInt32LE(cloexec ? O_CLOEXEC : 0, 20);
  return libc.ioctl(fd.number, SECCOMP_IOCTL_NOTIF_ADDFD, bytes) >= 0;
}

function respond(fd: Fd, { id }: HeldCall, error: number, flags: number): void {
  const bytes = Buffer.alloc(SIZES.response);
  bytes.writeBigUInt64LE(id, 0);
  bytes.writeInt32LE(error, 16);
  bytes.writeUInt32LE(flags, 20);
  if (libc.ioctl(fd.number, SECCOMP_IOCTL_NOTIF_SEND, bytes) < 0) gone('SECCOMP_IOCTL_NOTIF_SEND');
}

/** ENOENT: the process was killed, or a signal took it out of the call, which it then makes again. */
function gone(what: string): undefined {
  const error = new SysError(what, libc.errno());
  if (error.code !== 'ENOENT' && error.code !== 'EINTR') throw error;
}

/** So many bytes at this address of another process; undefined where it has none. Throws SysError (EPERM: it is not ours to see). */
export function readMemory(tid: number, address: bigint, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  const read = libc.processVmReadv(tid, ioVector(libc.addressOf(bytes), length), 1, ioVector(address, length), 1, 0);
  if (read === length) return bytes;
  const error = new SysError('process_vm_readv', libc.errno());
  if (read < 0 && error.code !== 'EFAULT' && error.code !== 'ESRCH') throw error;
  return undefined;
}

/** Whether we may read the memory of a process; ptrace(2), "Ptrace access mode checking". An address that it cannot have is all that is asked for. */
export function mayLookAt(pid: number): boolean {
  try {
    readMemory(pid, 0n, 1);
    return true;
  } catch {
    return false;
  }
}

/** Where these bytes are in our own memory. */
export function ownAddress(bytes: Buffer): bigint {
  return libc.addressOf(bytes);
}

function ioVector(address: bigint, length: number): Buffer {
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(address, 0);
  vector.writeBigUInt64LE(BigInt(length), 8);
  return vector;
}
