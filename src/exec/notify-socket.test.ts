import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { encodeAddress } from '../sys/sockaddr.js';
import { sendTo, socket } from '../sys/socket.js';
import { NotifySocket, parseNotification, type Notification } from './notify-socket.js';
import { newPoller } from './testing/launched.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-notify-'));
const poller = newPoller();
afterAll(() => {
  poller.close();
  rmSync(folder, { recursive: true });
});

const NOTHING: Notification = {
  pid: 7,
  ready: false,
  reloading: false,
  stopping: false,
  watchdog: false,
  watchdogTrigger: false,
  status: undefined,
  mainPid: undefined,
  extendTimeoutMs: undefined,
  errno: undefined,
  watchdogMs: undefined,
  storeFds: false,
  removeFds: false,
  fdName: undefined,
};

describe('a notification', () => {
  it.each<[text: string, fields: Partial<Notification>]>([
    ['READY=1', { ready: true }],
    ['READY=0', {}],
    ['RELOADING=1\nMONOTONIC_USEC=5', { reloading: true }],
    ['STOPPING=1', { stopping: true }],
    ['WATCHDOG=1', { watchdog: true }],
    ['WATCHDOG=trigger', { watchdogTrigger: true }],
    ['STATUS=a = b', { status: 'a = b' }],
    ['STATUS=', { status: '' }],
    ['MAINPID=123', { mainPid: 123 }],
    ['MAINPID=x', {}],
    ['MAINPID=-1', {}],
    ['EXTEND_TIMEOUT_USEC=1500000', { extendTimeoutMs: 1500 }],
    ['ERRNO=2', { errno: 2 }],
    ['READY=1\nSTATUS=up\nMAINPID=5\n', { ready: true, status: 'up', mainPid: 5 }],
    ['', {}],
    ['nonsense\n=\nX_MINE=1', {}],
  ])('%j is read', (text, fields) => {
    expect(parseNotification(text, 7)).toEqual({ ...NOTHING, ...fields });
  });
});

describe('a notify socket', () => {
  const got: Notification[] = [];
  const open = (id: string): NotifySocket => new NotifySocket(join(folder, 'notify'), id, poller, (notification) => got.push(notification));
  const say = (path: string, ...texts: readonly string[]): void => {
    const fd = socket('unix', 'datagram');
    for (const text of texts) sendTo(fd, Buffer.from(text), encodeAddress({ family: 'unix', path }));
    fd.close();
  };

  it('tells what was said, and by which process', async () => {
    const notify = open('a');
    say(notify.path, 'READY=1', 'STATUS=up');
    await vi.waitFor(() => expect(got).toHaveLength(2), { interval: 2 });
    expect(got.splice(0)).toEqual([
      { ...NOTHING, pid: process.pid, ready: true },
      { ...NOTHING, pid: process.pid, status: 'up' },
    ]);
    notify.close();
  });

  it('can be written to by services that run as other users', () => {
    const notify = open('b');
    expect(statSync(notify.path).mode & 0o777).toBe(0o777);
    expect(statSync(join(folder, 'notify')).mode & 0o777).toBe(0o711);
    notify.close();
  });

  it('takes the place of what a dead manager left, and leaves nothing', () => {
    open('c').close();
    const first = open('c');
    const second = open('c');
    expect(statSync(second.path).isSocket()).toBe(true);
    second.close();
    first.close();
    expect(existsSync(second.path)).toBe(false);
  });

  it('may be closed by what it tells', async () => {
    const notify: NotifySocket = new NotifySocket(join(folder, 'notify'), 'd', poller, (notification) => {
      got.push(notification);
      notify.close();
    });
    say(notify.path, 'READY=1', 'STATUS=never heard');
    await vi.waitFor(() => expect(got).toHaveLength(1), { interval: 2 });
    got.length = 0;
  });
});
