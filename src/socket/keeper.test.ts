import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Poller } from '../sys/poller.js';
import { accept4, bind, listen, socket } from '../sys/socket.js';
import type { Fd } from '../sys/fd.js';
import { Keeper } from './keeper.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-keeper-'));
let poller: Poller | undefined;
let present: Keeper | undefined;
afterEach(() => {
  present?.end();
  present = undefined;
  poller?.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The one before is dead: it hears of nothing any more, and what it had is closed. */
function manager(): Keeper {
  poller?.close();
  poller = new Poller((error) => {
    throw error;
  });
  present = new Keeper({ poller, path: join(folder, 'keeper'), onTrouble: (message) => expect.fail(message) });
  present.takeOver();
  return present;
}

let ports = 0;
/** A listening socket at a path of its own. */
function listener(): { readonly fd: Fd; readonly path: string } {
  const path = join(folder, `listener-${++ports}`);
  const fd = socket('unix', 'stream');
  bind(fd, { family: 'unix', path });
  listen(fd, 8);
  return { fd, path };
}

function keeperPid(): number {
  return Number(readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(`${folder}/keeper`)) ?? 0);
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function connects(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(path);
    client.on('connect', () => (client.destroy(), resolve(true)));
    client.on('error', () => resolve(false));
  });
}

describe('the keeper', () => {
  it('has copies that another manager finds by unit and name, with whoever waits there', async () => {
    const { fd, path } = listener();
    manager().group('socket', 'web.socket').keep('stream 80 0', fd);
    fd.close();
    expect(await connects(path)).toBe(true);
    const next = manager();
    expect(next.foundUnits('socket')).toEqual(['web.socket']);
    const [kept] = next.group('socket', 'web.socket').take();
    expect(kept?.name).toBe('stream 80 0');
    expect(kept === undefined ? undefined : accept4(kept.fd)).toBeDefined();
    kept?.fd.close();
  });

  it('lets go of what is dropped before that returns, and of nothing else', async () => {
    const [one, ten] = [listener(), listener()];
    const group = manager().group('socket', 'web.socket');
    group.keep('1', one.fd);
    group.keep('10', ten.fd);
    one.fd.close();
    ten.fd.close();
    group.drop('1');
    expect([await connects(one.path), await connects(ten.path)]).toEqual([false, true]);
    group.drop();
    expect(await connects(ten.path)).toBe(false);
  });

  it('lets go of what the next manager does not want', async () => {
    const { fd, path } = listener();
    const other = listener();
    manager().group('socket', 'web.socket').keep('1', fd);
    fd.close();
    const next = manager();
    next.dropFound();
    next.group('socket', 'other.socket').keep('1', other.fd);
    next.group('socket', 'other.socket').drop();
    expect(await connects(path)).toBe(false);
  });

  it('is started again when it was killed, with everything that is to be kept', async () => {
    const { fd, path } = listener();
    manager().group('socket', 'web.socket').keep('1', fd);
    await until(() => keeperPid() > 0);
    const first = keeperPid();
    process.kill(first, 'SIGKILL');
    await until(() => ![0, first].includes(keeperPid()));
    const [kept] = manager().group('socket', 'web.socket').take();
    fd.close();
    expect(await connects(path)).toBe(true);
    kept?.fd.close();
  });

  it('takes many', () => {
    const { fd } = listener();
    const group = manager().group('socket', 'many.socket');
    for (let i = 0; i < 2000; i++) group.keep(String(i), fd);
    const kept = manager().group('socket', 'many.socket').take();
    expect(kept).toHaveLength(2000);
    for (const each of kept) each.fd.close();
    fd.close();
  });

  it('ends with a manager that ends in order', async () => {
    manager().group('socket', 'web.socket').keep('1', listener().fd);
    await until(() => keeperPid() > 0);
    present?.end();
    await until(() => keeperPid() === 0);
  });
});
