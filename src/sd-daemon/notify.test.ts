import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketAddress } from '../sys/sockaddr.js';
import { receiveMessage } from '../sys/socket.js';
import { notify, watchdogIntervalMs } from './notify.js';
import { activate, hasProgram, hold, installPackage, type Package } from './testing/activate.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-notify-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Manager {
  /** NOTIFY_SOCKET= */
  readonly env: { NOTIFY_SOCKET?: string };
  /** The messages so far. */
  received(): readonly string[];
  close(): void;
}

let managers = 0;
function manager(abstract = false): Manager {
  const path = join(folder, String(managers++));
  const address: SocketAddress = abstract ? { family: 'abstract', name: path } : { family: 'unix', path };
  const { fd } = hold('datagram', address);
  return {
    env: { NOTIFY_SOCKET: abstract ? `@${path}` : path },
    received: () => {
      const messages: string[] = [];
      for (let message; (message = receiveMessage(fd, { maxBytes: 4096 })) !== undefined;) messages.push(message.data.toString());
      return messages;
    },
    close: () => fd.close(),
  };
}

describe('a notification', () => {
  it.each([false, true])('reaches the manager (abstract socket: %s)', async (abstract) => {
    const { env, received, close } = manager(abstract);
    expect(await notify({ ready: true, status: 'Serving', mainPid: 42 }, { env })).toBe(true);
    expect(await notify({ stopping: true, errno: 2 }, { env })).toBe(true);
    expect(await notify({ watchdog: true, watchdogIntervalMs: 1.5, extendTimeoutMs: 2000 }, { env })).toBe(true);
    expect(await notify({ watchdog: 'trigger' }, { env })).toBe(true);
    expect(received()).toEqual(['READY=1\nSTATUS=Serving\nMAINPID=42', 'STOPPING=1\nERRNO=2', 'WATCHDOG=1\nWATCHDOG_USEC=1500\nEXTEND_TIMEOUT_USEC=2000000', 'WATCHDOG=trigger']);
    close();
  });

  it('of reloading says when, on the clock that the manager compares with', async () => {
    const { env, received, close } = manager();
    await notify({ reloading: true }, { env });
    expect(received()[0]).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    close();
  });

  it('cannot become two by a line break in its status', async () => {
    const { env, received, close } = manager();
    await notify({ status: 'bad\nREADY=1' }, { env });
    expect(received()).toEqual(['STATUS=bad READY=1']);
    close();
  });

  it('is not sent, and nothing fails, without a manager that listens', async () => {
    const { env, close } = manager();
    close();
    expect(await notify({ ready: true }, { env })).toBe(false);
    expect(await notify({ ready: true }, { env: {} })).toBe(false);
    expect(await notify({ ready: true }, { env: { NOTIFY_SOCKET: 'relative' } })).toBe(false);
    expect(await notify({}, { env })).toBe(false);
  });

  it('can be the last', async () => {
    const { env, received, close } = manager();
    expect(await notify({ ready: true }, { env, unsetEnvironment: true })).toBe(true);
    expect(env).toEqual({});
    expect(await notify({ ready: true }, { env })).toBe(false);
    expect(received()).toEqual(['READY=1']);
    close();
  });
});

describe('without koffi', () => {
  let library: Package;
  beforeAll(async () => {
    library = await installPackage({ koffi: false });
  });
  afterAll(() => library.remove());

  const program = (): string => library.program('notify.mjs', `import { notify } from 'rouse/sd-daemon'; console.log(await notify({ ready: true, status: 'Serving all' }));`);

  it.for(['systemd-notify', 'socat'])('%s sends it', async (sender, { skip }) => {
    if (!(await hasProgram(sender))) skip(`${sender} is not installed`);
    for (const abstract of [false, true]) {
      const { env, received, close } = manager(abstract);
      // A PATH with this one sender.
      const path = mkdtempSync(join(folder, 'bin-'));
      symlinkSync(`/usr/bin/${sender}`, join(path, sender));
      const started = activate({ argv: [process.execPath, program()], sockets: [], env: [`PATH=${path}`, `NOTIFY_SOCKET=${env.NOTIFY_SOCKET}`] });
      expect(await started.output).toBe('true\n');
      expect(received()[0]?.split('\n').slice(0, 2)).toEqual(['READY=1', 'STATUS=Serving all']);
      close();
    }
  });

  it('and without a program that sends it, it is not sent', async () => {
    const { env, close } = manager();
    const started = activate({ argv: [process.execPath, program()], sockets: [], env: ['PATH=/nowhere', `NOTIFY_SOCKET=${env.NOTIFY_SOCKET}`] });
    expect(await started.output).toBe('false\n');
    close();
  });
});

describe('the watchdog', () => {
  it('waits for as long as WATCHDOG_USEC= says', () => {
    expect(watchdogIntervalMs({ env: { WATCHDOG_USEC: '30000000' } })).toBe(30_000);
    expect(watchdogIntervalMs({ env: { WATCHDOG_USEC: '1500', WATCHDOG_PID: String(process.pid) } })).toBe(1.5);
  });

  it('does not wait for another process, nor when it is off', () => {
    expect(watchdogIntervalMs({ env: { WATCHDOG_USEC: '1500', WATCHDOG_PID: '1' } })).toBeUndefined();
    expect(watchdogIntervalMs({ env: {} })).toBeUndefined();
  });

  it('is refused when it makes no sense', () => {
    expect(() => watchdogIntervalMs({ env: { WATCHDOG_USEC: 'soon' } })).toThrow("Failed to read WATCHDOG_USEC=: 'soon' is not a number of microseconds");
  });
});
