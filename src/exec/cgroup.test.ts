import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { pipe } from '../sys/pipe.js';
import { service } from '../unit/testing/load-text.js';
import { closeCgroupTree, openCgroupTree, UnitCgroup } from './cgroup.js';
import { launch } from './launch.js';
import { TrackedProcess } from './processes.js';
import { launchHost, newPoller } from './testing/launched.js';

const tree = openCgroupTree(`rouse-test-${process.pid}`);
const poller = newPoller();
afterAll(() => {
  closeCgroupTree(tree);
  poller.close();
});

describe('the cgroup tree of this host', () => {
  it('is of a known layout, and has a base where units can have cgroups', () => {
    expect(['unified', 'undelegated', 'hybrid', 'none']).toContain(tree.layout);
    expect(tree.base === undefined).toBe(tree.path === undefined);
    if (tree.layout === 'none' || tree.layout === 'undelegated') expect(tree.base).toBeUndefined();
    expect(UnitCgroup.open(tree, 'x.service') === undefined).toBe(tree.base === undefined);
  });
});

// Where the host lets us make none there is nothing to try.
describe.skipIf(tree.base === undefined)('the cgroup of a unit', () => {
  const open = (name: string): UnitCgroup => UnitCgroup.open(tree, name) ?? expect.unreachable();

  /** A process that begins in it, with one below. */
  function run(cgroup: UnitCgroup): { readonly pid: number; readonly ended: Promise<unknown> } {
    const { exec, execStart } = service("ExecStart=/bin/sh -c 'setsid sleep 100 & wait'");
    const output = pipe();
    const child = launch(launchHost('/nowhere'), {
      unit: 'x.service',
      command: execStart[0] ?? expect.unreachable(),
      exec,
      sockets: [],
      nonBlocking: false,
      variables: new Map(),
      cgroup: cgroup.path,
      output: output.write,
    });
    output.write.close();
    output.read.close();
    return { pid: child.pid, ended: new Promise((resolve) => new TrackedProcess(poller, child.pid, child.pidfd, resolve)) };
  }

  it('holds what was begun in it, and what that begins', async () => {
    const cgroup = open('a.service');
    expect([cgroup.populated, cgroup.pids()]).toEqual([false, []]);
    const { pid, ended } = run(cgroup);
    await vi.waitFor(() => expect(cgroup.pids()).toHaveLength(2), { interval: 5 });
    expect(cgroup.pids()).toContain(pid);
    expect(cgroup.populated).toBe(true);
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`0::${cgroup.name}\n`);
    for (const each of cgroup.pids()) process.kill(each, 'SIGKILL');
    await ended;
    await vi.waitFor(() => expect(cgroup.populated).toBe(false), { interval: 5 });
    cgroup.remove();
    expect(existsSync(cgroup.path)).toBe(false);
  });

  it('tells when it becomes empty', async () => {
    const cgroup = open('b.service');
    const { ended } = run(cgroup);
    await vi.waitFor(() => expect(cgroup.pids()).toHaveLength(2), { interval: 5 });
    const empty = new Promise<void>((resolve) => {
      cgroup.onChange(() => {
        if (!cgroup.populated) resolve();
      });
    });
    if (!cgroup.killAll()) for (const each of cgroup.pids()) process.kill(each, 'SIGKILL');
    await Promise.all([ended, empty]);
    cgroup.remove();
  });

  it('stays while something runs in it', async () => {
    const cgroup = open('c.service');
    const { ended } = run(cgroup);
    await vi.waitFor(() => expect(cgroup.pids()).toHaveLength(2), { interval: 5 });
    cgroup.remove();
    expect(existsSync(cgroup.path)).toBe(true);
    for (const each of cgroup.pids()) process.kill(each, 'SIGKILL');
    await ended;
    await vi.waitFor(() => expect(cgroup.populated).toBe(false), { interval: 5 });
    cgroup.remove();
    expect(existsSync(cgroup.path)).toBe(false);
  });

  it('is removed with what containers made below it, and is not waited for then', async () => {
    const cgroup = open('d.service');
    mkdirSync(join(cgroup.path, 'libpod-payload/nested'), { recursive: true });
    cgroup.remove();
    expect(existsSync(cgroup.path)).toBe(false);
    await new Promise<void>((resolve) => cgroup.onChange(resolve));
    cgroup.remove();
  });

  it('goes with the tree', () => {
    const { path } = open('e.service');
    closeCgroupTree(tree);
    expect([existsSync(path), existsSync(tree.base ?? '')]).toEqual([false, false]);
  });
});
