/**
 * Spawns one command of a service: its variables, the sockets that go with it, the pipe for its output, and, for a container,
 * what the host lacks. A failure is said here, once, with its stage; the machine then only learns that there is no process.
 */
import { constants } from 'node:os';
import { captureOutput, identifierOf } from '../exec/output.js';
import { ContainerLog } from '../exec/container-log.js';
import { isContainerService, launch, type LaunchRequest } from '../exec/launch.js';
import { LaunchError } from '../exec/launch-error.js';
import { usesSocket, writesOutput } from '../exec/stdio.js';
import type { UnitCgroup } from '../exec/cgroup.js';
import { adaptPodman } from '../exec/podman.js';
import { stageText } from '../sys/exec-stage.js';
import { errnoText } from '../sys/errno.js';
import type { Fd } from '../sys/fd.js';
import { pipe } from '../sys/pipe.js';
import type { SpawnFailure } from '../sys/spawn.js';
import type { ServiceConfig } from '../unit/config.js';
import type { Client } from '../socket/accepted.js';
import type { Manager } from './manager.js';
import type { CommandList, ServiceEffect } from './service-machine.js';
import type { ExitInfo, ServiceResult } from './service-result.js';
import type { ServiceUnit } from './service.js';

export interface SpawnFacts {
  readonly invocationId: string;
  readonly notifyPath: string | undefined;
  readonly mainPid: number | undefined;
  readonly result: ServiceResult;
  readonly lastExit: ExitInfo | undefined;
  readonly cgroup: UnitCgroup | undefined;
  /** MONITOR_…: of the unit because of which this one is started. */
  readonly monitored: ReadonlyMap<string, string>;
  /** What only podman's commands get. */
  readonly podman: ReadonlyMap<string, string>;
  /** It waits before exec; LaunchRequest. */
  readonly gate?: Fd;
}

export interface SpawnedCommand {
  readonly pid: number;
  readonly pidfd: Fd;
  /** Set when the process failed before it became the program: the words for it. Its exit follows. */
  readonly failure: { readonly message: string; readonly hint: string | undefined } | undefined;
  /** The same of one that nobody has waited for, to be asked when it has ended. */
  readonly outcome?: () => SpawnedCommand['failure'];
  /** Lets go of what goes along with the process. */
  close(): void;
}

type SpawnEffect = Extract<ServiceEffect, { type: 'spawn' }>;

/** There is no process, and the unit's reason says why. */
export interface NotSpawned {
  /** As which exit this counts; undefined: as none. */
  readonly notSpawned: { readonly exitStatus: number | undefined };
}

/** Nothing of them waits for execve(). */
const HASTY_TYPES: ReadonlySet<string> = new Set(['simple', 'idle', 'notify', 'notify-reload']);

export function spawnCommand(manager: Manager, unit: ServiceUnit, config: ServiceConfig, effect: SpawnEffect, facts: SpawnFacts): SpawnedCommand | NotSpawned {
  const output = writesOutput(config.exec) ? pipe() : undefined;
  let containerLog: ContainerLog | undefined;
  const identity = { identifier: identifierOf(config.exec.syslogIdentifier, effect.command.path), pid: 0 };
  const adapt = (argv: readonly string[]): readonly string[] => {
    const adapted = adaptPodman(argv, manager.podmanHost, { logPath: manager.containerLogPath(unit.name), cgroup: facts.cgroup?.name });
    for (const note of adapted.notes) manager.sayOnce(`${unit.name}: ${note}`);
    if (adapted.logPath !== undefined) {
      containerLog = new ContainerLog(adapted.logPath, manager.logOf(unit.name), () => ({ identifier: unit.name.replace(/\.service$/, ''), pid: unit.mainPid ?? identity.pid }));
    }
    if (effect.list !== 'execStart') return adapted.argv;
    const checked = unit.podman.health.adapt(adapted.argv);
    return unit.adopting.adapt(config, pod === undefined ? checked : unit.podman.sockets.adapt(pod, checked));
  };
  const pod = effect.list === 'execStart' ? unit.podman.sockets.prepare(config, effect.command.argv) : undefined;
  const asks = effect.list === 'execStart' ? unit.adopting.channel(config) : undefined;
  try {
    const child = launch(manager.launchHost, {
      unit: unit.name,
      command: effect.command,
      exec: config.exec,
      sockets:
        pod === undefined && (effect.list === 'execStart' || usesSocket(config.exec))
          ? [...manager.socketsFor(unit, config), ...(effect.list === 'execStart' ? unit.fdStore.all : [])]
          : [],
      nonBlocking: config.nonBlocking,
      variables: processVariables(config, effect.list, facts, unit.connection?.client),
      cgroup: facts.cgroup?.path,
      output: output?.write,
      ...(asks === undefined ? {} : { asks }),
      ...(facts.gate === undefined ? {} : { gate: facts.gate }),
      // Many may come in a row, and whether the program could be executed is heard of when the process has ended.
      hasty: (unit.connection !== undefined || unit.isBeingActivated) && effect.list === 'execStart' && HASTY_TYPES.has(config.serviceType),
      ...belongings(manager, unit, config, effect),
      ...(isContainerService(config) ? { adapt } : {}),
    });
    identity.pid = child.pid;
    if (output !== undefined) {
      const isMain = effect.process === 'main' && unit.connection === undefined;
      captureOutput(output.read, manager.logOf(unit.name), () => identity, isMain ? manager.keeper.group('output', unit.name) : undefined);
    }
    return {
      pid: child.pid,
      pidfd: child.pidfd,
      failure: failureOf(child.failure, effect.command.path),
      outcome: () => failureOf(child.outcome(), effect.command.path),
      close: () => containerLog?.close(),
    };
  } catch (error) {
    output?.read.close();
    containerLog?.close();
    if (!(error instanceof LaunchError)) throw error;
    unit.reason = `Failed to start ${effect.command.path}: ${error.message}`;
    unit.hint = error.hint;
    manager.say(unit, unit.reason, unit.hint);
    return { notSpawned: { exitStatus: error.exitStatus } };
  } finally {
    asks?.close();
    output?.write.close();
  }
}

/** What only some processes of the unit have, and what all of them share. */
function belongings(manager: Manager, unit: ServiceUnit, config: ServiceConfig, effect: SpawnEffect): Pick<LaunchRequest, 'openFiles' | 'privateTmp' | 'onRefused'> {
  return {
    ...(effect.process === 'main' ? { openFiles: config.openFiles } : {}),
    privateTmp: unit.privateTmp,
    onRefused: (words) => manager.say(unit, `Runs without namespaces, which the host refuses (${words}): Private…=, Protect…= and …Paths= are not in force`),
  };
}

/** systemd.exec(5), "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES": what only this process gets. */
function processVariables(config: ServiceConfig, list: CommandList, facts: SpawnFacts, client: Client | undefined): ReadonlyMap<string, string> {
  const variables = new Map([...facts.podman, ...(list.startsWith('execStart') ? facts.monitored : []), ['INVOCATION_ID', facts.invocationId]]);
  if (facts.notifyPath !== undefined) variables.set('NOTIFY_SOCKET', facts.notifyPath);
  if (facts.mainPid !== undefined) variables.set('MAINPID', String(facts.mainPid));
  if (client?.address !== undefined) variables.set('REMOTE_ADDR', client.address);
  if (client?.port !== undefined) variables.set('REMOTE_PORT', String(client.port));
  if (list === 'execStart' && config.watchdogMs > 0 && Number.isFinite(config.watchdogMs)) {
    variables.set('WATCHDOG_USEC', String(config.watchdogMs * 1000)).set('WATCHDOG_PID', '');
  }
  if (list !== 'execStop' && list !== 'execStopPost') return variables;
  variables.set('SERVICE_RESULT', facts.result);
  if (facts.lastExit !== undefined) {
    variables.set('EXIT_CODE', facts.lastExit.code).set('EXIT_STATUS', facts.lastExit.signal?.replace(/^SIG/, '') ?? String(facts.lastExit.status));
  }
  return variables;
}

function failureOf(failure: SpawnFailure | undefined, path: string): SpawnedCommand['failure'] {
  if (failure === undefined) return undefined;
  return { message: `Failed to start ${path}: ${stageText(failure.stage)}: ${errnoText(failure.errno)}`, hint: hintFor(failure, path) };
}

function hintFor({ stage, errno }: { readonly stage: string; readonly errno: number }, path: string): string | undefined {
  if (stage !== 'x') return undefined;
  if (errno === constants.errno.ENOENT) return `there is no ${path}, or it names an interpreter or loader that is not there`;
  return errno === constants.errno.EACCES ? `chmod +x ${path}, or look at the rights of the folders above it` : undefined;
}
