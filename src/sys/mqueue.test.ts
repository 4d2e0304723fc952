import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drainMessageQueue, openMessageQueue, queueAttributes, unlinkMessageQueue } from './mqueue.js';
import * as libc from './libc.js';

const has = existsSync('/proc/sys/fs/mqueue/msg_max');
const name = `/rouse-${process.pid}`;

/** mq_timedsend(2) */
function send(fdNumber: number, text: string): number {
  return libc.syscallWithBuffers(process.arch === 'x64' ? 242 : 182, fdNumber, Buffer.from(text), text.length, null, Buffer.alloc(16));
}

describe.skipIf(!has)('a message queue', () => {
  it('has the attributes that it was made with, and is gone when it is removed', () => {
    const queue = openMessageQueue(name, 0o600, { maxMessages: 3, messageSize: 77 });
    expect(queueAttributes(queue)).toEqual({ maxMessages: 3, messageSize: 77 });
    const again = openMessageQueue(name, 0o600, undefined);
    expect(queueAttributes(again)).toEqual({ maxMessages: 3, messageSize: 77 });
    unlinkMessageQueue(name);
    unlinkMessageQueue(name);
    const other = openMessageQueue(name, 0o600, { maxMessages: 2, messageSize: 9 });
    expect(queueAttributes(other).maxMessages).toBe(2);
    unlinkMessageQueue(name);
    for (const fd of [queue, again, other]) fd.close();
  });

  it('can be emptied', () => {
    const queue = openMessageQueue(name, 0o600, { maxMessages: 2, messageSize: 10 });
    unlinkMessageQueue(name);
    const writer = libc.open(`/proc/self/fd/${queue.number}`, 2);
    expect([send(writer, 'a'), send(writer, 'b'), send(writer, 'c')]).toEqual([0, 0, -1]);
    drainMessageQueue(queue, 100);
    expect(send(writer, 'd')).toBe(0);
    libc.close(writer);
    queue.close();
  });
});
