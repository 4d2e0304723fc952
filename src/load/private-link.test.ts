import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isPrivateOurs, privateLink } from './private-link.js';
import { resolveScope } from './resolve-scope.js';

let runtimeDir: string;
let server: Server | undefined;
let connections: number;
beforeEach(() => {
  runtimeDir = mkdtempSync(join(tmpdir(), 'private-link-'));
  for (const name of ['systemd', 'rouse']) mkdirSync(join(runtimeDir, name));
  connections = 0;
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(runtimeDir, { recursive: true });
});

function listen(path: string): Promise<void> {
  server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  return new Promise((resolve) => server?.listen(path, resolve));
}

const notice = async (): Promise<string | undefined> => (await resolveScope({ user: true, env: { XDG_RUNTIME_DIR: runtimeDir, HOME: runtimeDir } })).notice;

it('a systemd that answers is noticed', async () => {
  await listen(privateLink({ runtimeDir }).link);
  expect(await notice()).toMatch(/^systemd runs here for this user/);
});

it('rouse’s own socket in its place is none, and nobody connects to it to find out', async () => {
  const { socket, link, target } = privateLink({ runtimeDir });
  await listen(socket);
  symlinkSync(target, link);
  expect(isPrivateOurs({ runtimeDir })).toBe(true);
  expect(await notice()).toBeUndefined();
  expect(connections).toBe(0);
});

it('what a dead rouse or a dead systemd left is none', async () => {
  expect(await notice()).toBeUndefined();
  const { link, target } = privateLink({ runtimeDir });
  symlinkSync(target, link);
  expect(await notice()).toBeUndefined();
});

it('a link to somewhere else is not taken for rouse’s', async () => {
  const elsewhere = join(runtimeDir, 'elsewhere');
  await listen(elsewhere);
  symlinkSync(elsewhere, privateLink({ runtimeDir }).link);
  expect(isPrivateOurs({ runtimeDir })).toBe(false);
  expect(await notice()).toMatch(/^systemd runs here/);
});
