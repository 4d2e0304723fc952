import { closeSync, openSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { waitExited, type ExitInfo } from './pidfd.js';
import { pipe } from './pipe.js';
import { Poller } from './poller.js';
import { spawn, type SpawnedProcess, type SpawnRequest } from './spawn.js';

const poller = new Poller((error) => {
  throw error;
});
const nothing = openSync('/dev/null', 'r+');
afterAll(() => {
  poller.close();
  closeSync(nothing);
});

const hasty = (request: Partial<SpawnRequest>): SpawnedProcess =>
  spawn({ path: '/bin/true', argv: ['true'], env: [], fds: [nothing, nothing, nothing], setup: {}, hasty: true, ...request });

function exitOf({ pidfd }: SpawnedProcess): Promise<ExitInfo | undefined> {
  return new Promise((resolve) => {
    const watch = poller.watch(pidfd, { read: true, oneShot: true }, () => {
      const exit = waitExited(pidfd);
      watch.close();
      pidfd.close();
      resolve(exit);
    });
  });
}

describe('a process that nobody waits for', () => {
  it('is what was asked for, though what it was told of is changed meanwhile', async () => {
    const output = pipe();
    const argv = ['sh', '-c', 'echo "$0 $A $LISTEN_PID = $$"', 'word'];
    const env = ['A=1', 'LISTEN_PID='];
    const fds = [nothing, output.write.number, nothing];
    const child = hasty({ path: '/bin/sh', argv, env, fds, setup: { workingDirectory: '/' } });
    argv.fill('other');
    env.fill('B=2');
    output.write.close();
    expect(child.failure).toBeUndefined();
    expect(await exitOf(child)).toEqual({ code: 'exited', status: 0 });
    const [, pid] = /^word 1 (\d+) = \1\n$/.exec(readFileSync(output.read.number, 'utf8')) ?? [];
    expect(Number(pid)).toBe(child.pid);
    output.read.close();
  });

  it('says what failed when it has ended', async () => {
    const child = hasty({ path: '/no/such/program' });
    expect(child.failure).toBeUndefined();
    expect(await exitOf(child)).toEqual({ code: 'exited', status: 203 });
    expect(child.outcome()).toEqual({ stage: 'x', errno: 2 });
    const fine = hasty({});
    await exitOf(fine);
    expect(fine.outcome()).toBeUndefined();
  });

  it('comes in any number, each with its own', async () => {
    const children = Array.from({ length: 60 }, (_, i) => hasty({ path: '/bin/sh', argv: ['sh', '-c', `exit ${i}`] }));
    const exits = await Promise.all(children.map((child) => exitOf(child)));
    expect(exits.map((exit) => exit?.status)).toEqual(children.map((_, i) => i));
  });

  it('is waited for after all when it is told too much to be kept', async () => {
    const child = hasty({ path: '/no/such/program', env: [`LONG=${'x'.repeat(100_000)}`] });
    expect(child.failure).toEqual({ stage: 'x', errno: 2 });
    expect(child.outcome()).toEqual({ stage: 'x', errno: 2 });
    await exitOf(child);
  });
});
