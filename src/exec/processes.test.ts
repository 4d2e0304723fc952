import { mkdtempSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { reapOrphan, type ExitInfo } from '../sys/pidfd.js';
import { pipe } from '../sys/pipe.js';
import { setChildSubreaper } from '../sys/process.js';
import { service } from '../unit/testing/load-text.js';
import { launch } from './launch.js';
import { commandLine, TrackedProcess, UnitProcesses } from './processes.js';
import { launchHost, newPoller } from './testing/launched.js';

// As the manager is: what its services leave behind becomes its own.
setChildSubreaper();
const folder = mkdtempSync(join(tmpdir(), 'rouse-processes-'));
const poller = newPoller();
const host = launchHost(folder);
const started: number[] = [];
afterAll(() => {
  poller.close();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  for (const pid of started) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(started.filter((pid) => (reapOrphan(pid), isAlive(pid)))).toEqual([]), { interval: 5 });
  started.length = 0;
});

/** Neither gone nor a zombie. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

let runs = 0;

interface Running {
  readonly processes: UnitProcesses;
  readonly main: number;
  /** The pids that the script printed, in order. */
  readonly others: readonly number[];
  readonly exits: readonly ExitInfo[];
  readonly empty: () => number;
  readonly signal: (operation: 'terminate' | 'kill') => boolean;
}

/** A service whose main process runs this script, which prints `count` pids and a line end. */
async function run(script: string, count: number, lines = ''): Promise<Running> {
  const config = service(`ExecStart=/bin/sh -c "${script}"\n${lines}`);
  const [command] = config.execStart;
  if (command === undefined) throw new Error('no command');
  const output = pipe();
  const invocationId = `rouse-test-${process.pid}-${++runs}`;
  const child = launch(host, {
    unit: config.name,
    command,
    exec: config.exec,
    sockets: [],
    nonBlocking: false,
    variables: new Map([['INVOCATION_ID', invocationId]]),
    cgroup: undefined,
    output: output.write,
  });
  output.write.close();
  let text = '';
  const buffer = Buffer.alloc(4096);
  while (text.split('\n').length <= count) text += buffer.toString('utf8', 0, readSync(output.read.number, buffer));
  output.read.close();
  const others = text.split('\n').filter(Boolean).map(Number);
  started.push(child.pid, ...others);

  const processes = new UnitProcesses(poller, undefined, invocationId);
  const exits: ExitInfo[] = [];
  let empty = 0;
  const { killMode } = config.kill;
  let everyone = killMode === 'control-group';
  const onEmpty = (): void => void empty++;
  // What service.ts does when its main process ends.
  processes.main = new TrackedProcess(poller, child.pid, child.pidfd, (exit) => {
    exits.push(exit);
    processes.main = undefined;
    if (processes.isEmpty(everyone)) onEmpty();
  });
  const signal = (operation: 'terminate' | 'kill'): boolean => {
    everyone = killMode === 'control-group' || (killMode === 'mixed' && operation === 'kill');
    return processes.signal(operation, config.kill, 'SIGABRT', onEmpty);
  };
  return { processes, main: child.pid, others, exits, empty: () => empty, signal };
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5000, interval: 5 });
const TERM: ExitInfo = { code: 'killed', status: 15, signal: 'SIGTERM' };

const CHILD = 'sleep 100 & echo $$!; wait';
/** It has left its parent, its session and its process group. */
const ORPHAN = '(setsid sleep 100 >/dev/null 2>&1 & echo $$!); exec sleep 100';

describe('the processes of a service', () => {
  it('are its main process and all below it', async () => {
    const { processes, main, others } = await run(CHILD, 1);
    expect(processes.pids()).toEqual([main, ...others]);
    processes.close();
  });

  it('are also those that left their parent', async () => {
    const { processes, main, others } = await run(ORPHAN, 1);
    await eventually(() => expect(processes.pids()).toEqual([main, ...others]));
    processes.close();
  });

  it('are told apart from those of another service', async () => {
    const [one, two] = [await run(ORPHAN, 1), await run(ORPHAN, 1)];
    await eventually(() =>
      expect([one.processes.pids(), two.processes.pids()]).toEqual([
        [one.main, ...one.others],
        [two.main, ...two.others],
      ]),
    );
    one.processes.close();
    two.processes.close();
  });
});

describe('a stop', () => {
  it.each([
    ['below its main process', CHILD],
    ['that left it', ORPHAN],
  ])('with KillMode=control-group ends all, those %s too', async (_, script) => {
    const { others, exits, empty, signal, processes } = await run(script, 1);
    expect(signal('terminate')).toBe(true);
    await eventually(() => expect(empty()).toBeGreaterThan(0));
    expect(exits).toEqual([TERM]);
    expect(others.filter(isAlive)).toEqual([]);
    processes.close();
  });

  it('with KillMode=process ends the main process alone', async () => {
    const { others, exits, empty, signal, processes } = await run(ORPHAN, 1, 'KillMode=process');
    expect(signal('terminate')).toBe(true);
    await eventually(() => expect(empty()).toBe(1));
    expect(exits).toEqual([TERM]);
    expect(others.filter(isAlive)).toEqual(others);
    processes.close();
  });

  it('with KillMode=mixed spares the others, until they are killed', async () => {
    const { others, exits, empty, signal, processes } = await run(ORPHAN, 1, 'KillMode=mixed');
    expect(signal('terminate')).toBe(true);
    await eventually(() => expect(empty()).toBe(1));
    expect(exits).toEqual([TERM]);
    expect(others.filter(isAlive)).toEqual(others);
    expect(signal('kill')).toBe(true);
    await eventually(() => expect(empty()).toBe(2));
    expect(others.filter(isAlive)).toEqual([]);
    processes.close();
  });

  it('with KillMode=none ends nothing, and waits for nothing', async () => {
    const { main, others, signal, processes } = await run(CHILD, 1, 'KillMode=none');
    expect(signal('terminate')).toBe(false);
    expect([main, ...others].filter(isAlive)).toEqual([main, ...others]);
    processes.close();
  });

  it.each([
    ['KillSignal=USR1', 'SIGUSR1'],
    ['KillSignal=SIGRTMIN+3', 'SIGRTMIN+3'],
  ])('sends the signal of %s', async (lines, name) => {
    const { exits, signal, processes } = await run('echo $$$$; exec sleep 100', 1, lines);
    signal('terminate');
    await eventually(() => expect(exits).toEqual([expect.objectContaining({ code: 'killed', signal: name })]));
    processes.close();
  });

  it('is followed by SIGHUP with SendSIGHUP=yes', async () => {
    const { exits, signal, processes } = await run("trap '' TERM; trap 'exit 9' HUP; echo $$$$; while :; do sleep 0.01; done", 1, 'SendSIGHUP=yes');
    signal('terminate');
    await eventually(() => expect(exits).toEqual([{ code: 'exited', status: 9 }]));
    processes.close();
  });

  it('reaches a process that was stopped', async () => {
    const { main, exits, signal, processes } = await run('echo $$$$; exec sleep 100', 1);
    process.kill(main, 'SIGSTOP');
    signal('terminate');
    await eventually(() => expect(exits).toEqual([TERM]));
    processes.close();
  });

  it('finds nothing left where all have gone already', async () => {
    const { exits, signal, processes } = await run('echo $$$$', 1);
    await eventually(() => expect(exits).toEqual([{ code: 'exited', status: 0 }]));
    expect(signal('terminate')).toBe(false);
    processes.close();
  });
});

describe('the command line of a process', () => {
  it('is what was executed, or nothing', () => {
    expect(commandLine(process.pid)).toContain('node');
    expect(commandLine(2 ** 22 + 1)).toBe('');
  });
});
