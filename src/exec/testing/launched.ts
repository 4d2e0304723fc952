/** Real processes of imaginary services, for tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Poller } from '../../sys/poller.js';
import { pipe } from '../../sys/pipe.js';
import type { ExitInfo } from '../../sys/pidfd.js';
import { service } from '../../unit/testing/load-text.js';
import { launch, type LaunchHost, type LaunchRequest } from '../launch.js';
import { TrackedProcess } from '../processes.js';

export function launchHost(folder: string): LaunchHost {
  const within = (name: string): string => join(folder, name);
  return {
    mode: 'system',
    own: { SECRET: 'own' },
    environment: new Map([['PATH', process.env['PATH'] ?? '/usr/bin:/bin']]),
    rouseDir: within('rouse'),
    user: { name: 'root', home: '/root', shell: '/bin/sh' },
    folders: { runtime: within('run'), state: within('lib'), cache: within('cache'), logs: within('log'), configuration: within('etc') },
  };
}

export function newPoller(): Poller {
  return new Poller((error) => {
    throw error;
  });
}

export interface Ended {
  readonly pid: number;
  readonly exit: ExitInfo;
  /** What it wrote where captured output goes. */
  readonly output: string;
}

/** Runs the first command of ExecStart= among `lines` to its end; its output must fit into a pipe. */
export async function runToEnd(host: LaunchHost, poller: Poller, lines: string, more: Partial<LaunchRequest> = {}): Promise<Ended> {
  const config = service(lines);
  const [command] = config.execStart;
  if (command === undefined) throw new Error('no command');
  const output = pipe();
  try {
    const child = launch(host, {
      unit: config.name,
      command,
      exec: config.exec,
      sockets: [],
      nonBlocking: false,
      variables: new Map(),
      cgroup: undefined,
      output: output.write,
      ...more,
    });
    const exit = await new Promise<ExitInfo>((resolve) => new TrackedProcess(poller, child.pid, child.pidfd, resolve));
    output.write.close();
    return { pid: child.pid, exit, output: readFileSync(output.read.number, 'utf8').trimEnd() };
  } finally {
    output.write.close();
    output.read.close();
  }
}
