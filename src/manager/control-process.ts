/** One control process of a socket unit: a command of ExecStartPre= and its sisters, from start to exit. */
import { captureOutput, identifierOf } from '../exec/output.js';
import { launch, type LaunchRequest } from '../exec/launch.js';
import { LaunchError } from '../exec/launch-error.js';
import { TrackedProcess } from '../exec/processes.js';
import { pipe } from '../sys/pipe.js';
import type { Command, ExecConfig } from '../unit/config.js';
import type { Manager } from './manager.js';
import type { ExitInfo } from './service-result.js';
import type { SocketUnit } from './socket.js';

export interface ControlCallbacks {
  readonly onExit: (exit: ExitInfo) => void;
  readonly onFailure: () => void;
}

export class ControlProcess {
  #process: TrackedProcess | undefined;

  constructor(manager: Manager, unit: SocketUnit, exec: ExecConfig, command: Command, sockets: LaunchRequest['sockets'], callbacks: ControlCallbacks) {
    const output = pipe();
    try {
      const child = launch(manager.launchHost, {
        unit: unit.name,
        command,
        exec,
        sockets,
        nonBlocking: false,
        variables: new Map([['INVOCATION_ID', unit.invocationId]]),
        cgroup: undefined,
        output: output.write,
      });
      const identity = { identifier: identifierOf(exec.syslogIdentifier, command.path), pid: child.pid };
      captureOutput(output.read, manager.logOf(unit.name), () => identity);
      this.#process = new TrackedProcess(manager.poller, child.pid, child.pidfd, (exit) => callbacks.onExit(exit));
    } catch (error) {
      output.read.close();
      if (!(error instanceof LaunchError)) throw error;
      unit.reason = `Failed to run ${command.path}: ${error.message}`;
      unit.hint = error.hint;
      manager.say(unit, unit.reason, unit.hint);
      manager.soon(() => callbacks.onFailure());
    } finally {
      output.write.close();
    }
  }

  kill(signal: string): void {
    this.#process?.signal(signal);
  }

  close(): void {
    this.#process?.close();
    this.#process = undefined;
  }
}
