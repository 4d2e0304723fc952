/**
 * What a socket unit can hold beside sockets with addresses: FIFOs, special files, netlink sockets and message queues; systemd.socket(5).
 * And what all that has a place in the file system shares: folders on the way, owner and mode.
 */
import { chmodSync, constants, existsSync, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fd } from '../sys/fd.js';
import { mkfifo } from '../sys/fifo.js';
import { openMessageQueue } from '../sys/mqueue.js';
import { bindNetlink, netlinkSocket } from '../sys/netlink.js';
import { setPipeSize } from '../sys/pipe.js';
import { setsockopt, SO_REUSEADDR, SOL_SOCKET } from '../sys/socket.js';
import type { Listen, SocketConfig } from '../unit/config.js';
import { netlinkAddress } from '../unit/values/netlink.js';
import type { Families } from './families.js';
import { applyOptions } from './options.js';

export interface OpenContext {
  /** Throw when there is no such user or group. */
  readonly resolveUser: (name: string) => { readonly uid: number; readonly gid: number };
  readonly resolveGroup: (name: string) => { readonly gid: number };
  /** What is known of a program whose sockets are adopted; families.ts. */
  readonly familiesOf?: (unit: string, listen: Listen) => Families;
}

export interface Opened {
  readonly fd: Fd;
  /** Options that the kernel refuses: they are mere warnings in systemd, too. */
  readonly warnings: readonly string[];
}

/** SocketUser= and SocketGroup=; the user's own group where only the user is given. undefined: whoever we are. */
export function ownerOf({ socketUser, socketGroup }: SocketConfig, context: OpenContext): { readonly uid: number; readonly gid: number } | undefined {
  if (socketUser === undefined && socketGroup === undefined) return undefined;
  const user = socketUser === undefined ? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 } : context.resolveUser(socketUser);
  return { uid: user.uid, gid: (socketGroup === undefined ? user : context.resolveGroup(socketGroup)).gid };
}

/** The folders that lead to a path, with DirectoryMode= and whatever our umask is. Those that exist stay as they are. */
export function makeParents(path: string, mode: number): void {
  const folder = dirname(path);
  if (existsSync(folder)) return;
  makeParents(folder, mode);
  mkdirSync(folder);
  chmodSync(folder, mode);
}

/** Open for writing as well: so it never ends, however many writers come and go. */
export function openFifo(path: string, config: SocketConfig, context: OpenContext): Opened {
  makeParents(path, config.directoryMode);
  if (!existsSync(path)) mkfifo(path, config.socketMode);
  const fd = openNode(path, constants.O_RDWR);
  return closingOnError(fd, () => {
    if (!fstatSync(fd.number).isFIFO()) throw Object.assign(new Error('It is not a FIFO'), { code: 'EEXIST' });
    own(fd, config, context);
    return pipeWarnings(fd, config);
  });
}

function pipeWarnings(fd: Fd, { pipeSize }: SocketConfig): readonly string[] {
  if (pipeSize === undefined) return [];
  try {
    setPipeSize(fd, pipeSize);
    return [];
  } catch (error) {
    return [`Failed to set PipeSize=, ignoring: ${(error as Error).message}`];
  }
}

/** A device, or a file of /proc or /sys. */
export function openSpecial(path: string, config: SocketConfig): Opened {
  const fd = openNode(path, config.writable ? constants.O_RDWR : constants.O_RDONLY);
  return closingOnError(fd, () => {
    const stat = fstatSync(fd.number);
    if (!stat.isFile() && !stat.isCharacterDevice()) throw Object.assign(new Error('It is neither a file nor a character device'), { code: 'EEXIST' });
    return [];
  });
}

export function openNetlink(text: string, config: SocketConfig): Opened {
  const parsed = netlinkAddress(text);
  if (!parsed.ok) throw new Error(`It is not ${parsed.expected}`);
  const fd = netlinkSocket(parsed.value.protocol);
  return closingOnError(fd, () => {
    // As on every socket in systemd, whatever its kind makes of it.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const warnings = applyOptions(fd, 'netlink', config);
    bindNetlink(fd, parsed.value.groups);
    return warnings;
  });
}

export function openQueue(name: string, config: SocketConfig, context: OpenContext): Opened {
  const { messageQueueMaxMessages: maxMessages, messageQueueMessageSize: messageSize } = config;
  // As in systemd: one alone is not passed on.
  const attributes = maxMessages === undefined || messageSize === undefined ? undefined : { maxMessages, messageSize };
  const fd = openMessageQueue(name, config.socketMode, attributes);
  return closingOnError(fd, () => {
    own(fd, config, context);
    return [];
  });
}

/** Never through a link, which somebody may have laid. */
function openNode(path: string, flags: number): Fd {
  return new Fd(openSync(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW));
}

/** The mode is what was asked for, whatever our umask is. Somebody else's is not taken: that one could change it again, or write to it. */
function own(fd: Fd, config: SocketConfig, context: OpenContext): void {
  const owner = ownerOf(config, context);
  const { uid } = fstatSync(fd.number);
  if (uid !== process.getuid?.() && uid !== owner?.uid) throw Object.assign(new Error(`It belongs to user ${uid} already`), { code: 'EEXIST' });
  if (owner !== undefined) fchownSync(fd.number, owner.uid, owner.gid);
  if ((fstatSync(fd.number).mode & 0o7777) !== config.socketMode) fchmodSync(fd.number, config.socketMode);
}

function closingOnError(fd: Fd, finish: () => readonly string[]): Opened {
  try {
    return { fd, warnings: finish() };
  } catch (error) {
    fd.close();
    throw error;
  }
}
