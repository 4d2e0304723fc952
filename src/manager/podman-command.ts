/** Runs one podman command of a unit to its end, in the environment and cgroup of the unit's own commands, and takes its output. */
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { launch } from '../exec/launch.js';
import { TrackedProcess } from '../exec/processes.js';
import type { Fd } from '../sys/fd.js';
import { pipe } from '../sys/pipe.js';
import type { ExitInfo } from '../sys/pidfd.js';
import type { Command, ServiceConfig } from '../unit/config.js';
import type { Manager } from './manager.js';

export interface PodmanCommand {
  readonly unit: string;
  readonly config: ServiceConfig;
  /** The command whose program, prefixes and place these arguments stand in for. */
  readonly command: Command;
  /** Or made from the command's own words, when its variables have been replaced. */
  readonly args: readonly string[] | ((argv: readonly string[]) => readonly string[]);
  readonly variables?: ReadonlyMap<string, string>;
  readonly sockets?: readonly { readonly fd: Fd; readonly name: string }[];
  /** Folder of the unit's cgroup. */
  readonly cgroup: string | undefined;
  readonly timeoutMs: number;
}

export interface PodmanResult {
  readonly ok: boolean;
  /** Its exit code; 255 after a signal. */
  readonly status: number;
  /** What it printed, both streams. */
  readonly output: string;
}

/** Where no systemd answers, podman must not look for one to run health checks, though /run/systemd/system may be there. */
export function podmanVariables({ podmanHost }: Manager): Map<string, string> {
  return new Map(podmanHost.systemd ? [] : [['DISABLE_HC_SYSTEMD', 'true']]);
}

/** Rejects with LaunchError when it cannot be started. */
export async function runPodman(manager: Manager, request: PodmanCommand): Promise<PodmanResult> {
  const output = pipe();
  let child: ReturnType<typeof launch>;
  try {
    child = launch(manager.launchHost, {
      unit: request.unit,
      command: request.command,
      exec: request.config.exec,
      sockets: request.sockets ?? [],
      nonBlocking: request.config.nonBlocking,
      variables: new Map([...podmanVariables(manager), ...(request.variables ?? [])]),
      cgroup: request.cgroup,
      output: output.write,
      adapt: (argv) => [argv[0] ?? 'podman', ...(typeof request.args === 'function' ? request.args(argv) : request.args)],
    });
  } catch (error) {
    output.read.close();
    throw error;
  } finally {
    output.write.close();
  }
  // Only the command's own output: what it leaves behind (conmon) may hold the pipe open for as long as it lives.
  const stream = new Socket({ fd: output.read.take(), readable: true, writable: false });
  const printed = text(stream).catch(() => '');
  const exit = await exitOf(manager, child.pid, child.pidfd, request.timeoutMs);
  setImmediate(() => stream.destroySoon());
  setTimeout(() => stream.destroy(), OUTPUT_GRACE_MS).unref();
  const status = exit.code === 'exited' ? exit.status : 255;
  return { ok: status === 0, status, output: (await printed).trim() };
}

/** How long output may lag behind the end of the command that wrote it. */
const OUTPUT_GRACE_MS = 50;

function exitOf(manager: Manager, pid: number, pidfd: Fd, timeoutMs: number): Promise<ExitInfo> {
  return new Promise((resolve) => {
    const process = new TrackedProcess(manager.poller, pid, pidfd, (exit) => {
      clearTimeout(timer);
      resolve(exit);
    });
    const timer = setTimeout(() => process.signal('SIGKILL'), Math.min(timeoutMs, 2 ** 31 - 1));
  });
}
