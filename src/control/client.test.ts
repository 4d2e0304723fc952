import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { asNobody, canBecomeNobody } from '../sys/testing/as-nobody.js';
import { ControlError, NotRunning, request } from './client.js';
import { encodeMessage, MessageReader } from './framing.js';
import type { Reply } from './protocol.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-client-'));
afterAll(() => rmSync(folder, { recursive: true }));

let server: ReturnType<typeof createServer> | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

let count = 0;

/** A manager that does this with a connection, once it has the request. */
async function manager(answer: (socket: Socket, message: unknown) => void): Promise<string> {
  const path = join(folder, `s${++count}`);
  server = createServer((socket) => {
    const reader = new MessageReader();
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const message of reader.push(bytes)) answer(socket, message);
    });
  }).listen(path);
  await new Promise((resolve) => server?.once('listening', resolve));
  return path;
}

const DONE: Reply = { type: 'done', diagnostics: [] };
const progress = (message: string): string => encodeMessage({ type: 'progress', message } satisfies Reply);

describe('a request', () => {
  it('brings the reply, and the words on the way', async () => {
    const said: string[] = [];
    let asked: unknown;
    const path = await manager((socket, message) => {
      asked = message;
      socket.end(progress('one') + progress('two') + encodeMessage(DONE));
    });
    expect(await request(path, { method: 'daemon-reload' }, 'done', (text) => said.push(text))).toEqual(DONE);
    expect([asked, said]).toEqual([{ method: 'daemon-reload' }, ['one', 'two']]);
  });

  it('fails with the words of the manager', async () => {
    const path = await manager((socket) => socket.write(encodeMessage({ type: 'error', code: 'no-such-unit', message: 'No', hint: 'look' } satisfies Reply)));
    await expect(request(path, { method: 'show', units: ['x'] }, 'units')).rejects.toEqual(new ControlError('no-such-unit', 'No', 'look'));
  });

  it('fails where nobody listens', async () => {
    await expect(request(join(folder, 'nobody'), { method: 'hello' }, 'hello')).rejects.toThrow(new NotRunning('rouse is not running'));
    await expect(request(join(folder, 'nobody/x'), { method: 'hello' }, 'hello')).rejects.toThrow(NotRunning);
  });

  it('fails when the manager goes away before it has answered', async () => {
    const path = await manager((socket) => socket.end(progress('one')));
    await expect(request(path, { method: 'hello' }, 'hello')).rejects.toMatchObject({ code: 'disconnected', message: 'The manager closed the connection before it answered' });
  });

  it('fails when what answers is no manager', async () => {
    const path = await manager((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n\0'));
    await expect(request(path, { method: 'hello' }, 'hello')).rejects.toMatchObject({ code: 'disconnected', message: expect.stringContaining('JSON') as string });
  });

  it.runIf(canBecomeNobody)("says that the manager is somebody else's", async () => {
    const path = await manager(() => undefined);
    chmodSync(path, 0o600);
    chmodSync(folder, 0o755);
    const error = await asNobody(() => request(path, { method: 'hello' }, 'hello').catch((reason: unknown) => reason));
    expect(error).toMatchObject({ code: 'refused', message: `Failed to connect to ${path}: EACCES`, hint: 'only the user whose manager it is may use it' });
  });
});
