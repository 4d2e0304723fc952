/** The main process of a service that a manager started which died since: followed again, and what it writes too. */
import { statSync } from 'node:fs';
import { ContainerLog } from '../exec/container-log.js';
import { freezableCgroup, setFrozen } from '../exec/freezer.js';
import { isContainerService } from '../exec/launch.js';
import { captureOutput, identifierOf } from '../exec/output.js';
import { adaptPodman } from '../exec/podman.js';
import { openPidfd } from '../sys/pidfd.js';
import type { ServiceConfig } from '../unit/config.js';
import type { Leftover } from './leftovers.js';
import type { Manager } from './manager.js';
import type { ServiceUnit } from './service.js';
import type { SpawnedCommand } from './service-spawn.js';

/** It is thawed, if it was frozen: who has connected since may wait. Throws SysError when it has just gone. */
export function resumeProcess(manager: Manager, unit: ServiceUnit, config: ServiceConfig, { pid, cgroup }: Leftover): SpawnedCommand {
  const pidfd = openPidfd(pid);
  const frozen = freezableCgroup(cgroup?.path, pid);
  if (frozen !== undefined) setFrozen(frozen, false);
  const identity = { identifier: identifierOf(config.exec.syslogIdentifier, config.execStart[0]?.path ?? ''), pid };
  const log = manager.logOf(unit.name);
  const lastWrittenMs = modifiedMs(log.path);
  const keeper = manager.keeper.group('output', unit.name);
  for (const { name, fd } of keeper.take()) {
    captureOutput(fd, log, () => identity, keeper);
    keeper.drop(name);
  }
  const containerLog = followContainer(manager, unit, config, lastWrittenMs);
  return { pid, pidfd, failure: undefined, close: () => containerLog?.close() };
}

/** Where no journal takes its output. */
function followContainer(manager: Manager, unit: ServiceUnit, config: ServiceConfig, sinceMs: number): ContainerLog | undefined {
  if (!isContainerService(config)) return undefined;
  const { logPath } = adaptPodman(config.execStart[0]?.argv ?? [], manager.podmanHost, { logPath: manager.containerLogPath(unit.name), cgroup: undefined });
  if (logPath === undefined) return undefined;
  try {
    return new ContainerLog(logPath, manager.logOf(unit.name), () => ({ identifier: unit.name.replace(/\.service$/, ''), pid: unit.mainPid ?? 0 }), { sinceMs });
  } catch {
    // Whoever cleaned up in our folder has removed it: what the container writes from now on is in podman's own hands.
    return undefined;
  }
}

function modifiedMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
