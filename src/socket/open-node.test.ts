import { chownSync, closeSync, existsSync, fstatSync, mkdtempSync, openSync, rmSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Fd } from '../sys/fd.js';
import { fcntl } from '../sys/libc.js';
import { queueAttributes, unlinkMessageQueue } from '../sys/mqueue.js';
import { getsockopt, SO_DOMAIN, SO_PASSCRED, SO_PROTOCOL, SO_RCVBUF, SOL_SOCKET } from '../sys/socket.js';
import { socketUnit } from '../unit/testing/load-text.js';
import { ListenError, openListen, type OpenContext } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-node-'));
afterAll(() => rmSync(folder, { recursive: true }));
const isRoot = process.getuid?.() === 0;
const context: OpenContext = { resolveUser: (name) => ({ uid: Number(name), gid: 4321 }), resolveGroup: (name) => ({ gid: Number(name) }) };
const path = (name: string): string => join(folder, name);
const queue = `/rouse-node-${process.pid}`;
const F_GETPIPE_SZ = 1032;

function withOpened<T>(lines: string, use: (fd: Fd, warnings: readonly string[]) => T): T {
  const config = socketUnit(lines);
  const { fd, warnings } = openListen(config.listen[0] ?? expect.unreachable(), config, context);
  try {
    return use(fd, warnings);
  } finally {
    fd.close();
  }
}

function failure(lines: string): { readonly message: string; readonly hint: string | undefined } {
  try {
    withOpened(lines, () => undefined);
  } catch (error) {
    if (error instanceof ListenError) return { message: error.message, hint: error.hint };
    throw error;
  }
  return expect.unreachable();
}

describe('a FIFO', () => {
  it('is made with mode and folders as they are asked for', () => {
    withOpened(`ListenFIFO=${path('a/b/fifo')}\nSocketMode=0620\nDirectoryMode=0777`, (_, warnings) => {
      const stat = statSync(path('a/b/fifo'));
      expect([stat.isFIFO(), stat.mode & 0o7777, statSync(path('a/b')).mode & 0o7777, warnings]).toEqual([true, 0o620, 0o777, []]);
    });
    expect(existsSync(path('a/b/fifo'))).toBe(true);
  });

  it('is open for both, so that it has no end when a writer goes', () => {
    withOpened(`ListenFIFO=${path('both')}`, (fd) => {
      const writer = openSync(path('both'), 'w');
      writeSync(writer, 'x');
      closeSync(writer);
      expect(writeSync(fd.number, 'y')).toBe(1);
    });
  });

  it('has the size that PipeSize= asks for', () => {
    withOpened(`ListenFIFO=${path('size')}\nPipeSize=128K`, (fd, warnings) => {
      expect([fcntl(fd.number, F_GETPIPE_SZ, 0), warnings]).toEqual([131072, []]);
    });
    withOpened(`ListenFIFO=${path('size')}\nPipeSize=4G`, (_, warnings) => expect(warnings).toEqual([expect.stringMatching(/^Failed to set PipeSize=, ignoring: fcntl: /)]));
  });

  it.runIf(isRoot)('belongs to whom it is to belong', () => {
    withOpened(`ListenFIFO=${path('owned')}\nSocketUser=1234\nSocketGroup=2345`, (fd) => expect([fstatSync(fd.number).uid, fstatSync(fd.number).gid]).toEqual([1234, 2345]));
    withOpened(`ListenFIFO=${path('owned')}\nSocketUser=1234`, (_, warnings) => expect(warnings).toEqual([]));
  });

  it('does not take the place of something else', () => {
    writeFileSync(path('file'), 'mine');
    expect(failure(`ListenFIFO=${path('file')}`)).toEqual({
      message: `Failed to listen on '${path('file')}': It is not a FIFO`,
      hint: `remove ${path('file')}, or choose another path`,
    });
    symlinkSync(path('both'), path('link'));
    expect(failure(`ListenFIFO=${path('link')}`).message).toMatch(/ELOOP/);
  });

  it.runIf(isRoot)('is not taken from somebody else', () => {
    withOpened(`ListenFIFO=${path('theirs')}`, () => undefined);
    chownSync(path('theirs'), 1234, 1234);
    expect(failure(`ListenFIFO=${path('theirs')}`).message).toBe(`Failed to listen on '${path('theirs')}': It belongs to user 1234 already`);
  });
});

describe('a special file', () => {
  it('is open for reading, and with Writable= for writing too', () => {
    withOpened('ListenSpecial=/dev/null', (fd) => expect(() => writeSync(fd.number, 'x')).toThrow('EBADF'));
    withOpened('ListenSpecial=/dev/null\nWritable=yes', (fd) => expect(writeSync(fd.number, 'x')).toBe(1));
    withOpened('ListenSpecial=/proc/self/mounts', (_, warnings) => expect(warnings).toEqual([]));
  });

  it('is a file or a character device that is there', () => {
    expect(failure(`ListenSpecial=${folder}`).message).toBe(`Failed to listen on '${folder}': It is neither a file nor a character device`);
    expect(failure('ListenSpecial=/dev/no-such').message).toMatch(/ENOENT/);
  });
});

describe('a netlink socket', () => {
  it('has the protocol and groups that are named, and options', () => {
    withOpened('ListenNetlink=kobject-uevent 1\nPassCredentials=yes\nReceiveBuffer=64K', (fd, warnings) => {
      const option = (name: number): number => getsockopt(fd, SOL_SOCKET, name);
      expect([option(SO_DOMAIN), option(SO_PROTOCOL), option(SO_PASSCRED), option(SO_RCVBUF), warnings]).toEqual([16, 15, 1, 131072, []]);
    });
    withOpened('ListenNetlink=route', (fd) => expect(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL)).toBe(0));
  });

  it('of a protocol that the kernel does not have says so', () => {
    expect(failure('ListenNetlink=30 1').message).toMatch(/^Failed to listen on '30 1': socket: .* \(EPROTONOSUPPORT\)$/);
  });
});

describe.runIf(existsSync('/proc/sys/fs/mqueue/msg_max'))('a message queue', () => {
  it('has the attributes and the mode that are asked for', () => {
    withOpened(`ListenMessageQueue=${queue}\nMessageQueueMaxMessages=4\nMessageQueueMessageSize=99\nSocketMode=0622`, (fd, warnings) => {
      expect([queueAttributes(fd), fstatSync(fd.number).mode & 0o777, warnings]).toEqual([{ maxMessages: 4, messageSize: 99 }, 0o622, []]);
    });
    unlinkMessageQueue(queue);
  });

  it('has those of the kernel where only one is asked for', () => {
    withOpened(`ListenMessageQueue=${queue}\nMessageQueueMaxMessages=4`, (fd) => expect(queueAttributes(fd).maxMessages).not.toBe(4));
    unlinkMessageQueue(queue);
  });

  it('cannot be greater than anything', () => {
    const error = failure(`ListenMessageQueue=${queue}\nMessageQueueMaxMessages=400000\nMessageQueueMessageSize=99`);
    expect(error.message).toMatch(/^Failed to listen on '\/rouse-node-\d+': mq_open: /);
    expect(error.hint).toMatch(/msg_max|LimitMSGQUEUE/);
  });
});
