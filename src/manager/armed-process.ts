/**
 * One plain process that is armed (armed.ts): everything of an ordinary start has been done, and native/rouse-wait stands in the program's
 * place until it is told to become it. When the manager dies, so does it.
 */
import { randomUUID } from 'node:crypto';
import { UnitCgroup } from '../exec/cgroup.js';
import { removeCredentials } from '../exec/credentials.js';
import { removeRuntimeDirectories } from '../exec/directories.js';
import { NotifySocket } from '../exec/notify-socket.js';
import { TrackedProcess } from '../exec/processes.js';
import type { Fd } from '../sys/fd.js';
import { openPidfd } from '../sys/pidfd.js';
import { pipe, writeByte } from '../sys/pipe.js';
import type { Command, ServiceConfig } from '../unit/config.js';
import { ArmInputs } from './arm-inputs.js';
import type { ArmEvents } from './armed-container.js';
import type { Armed, Taken } from './armed.js';
import type { ServiceUnit } from './service.js';
import { spawnCommand, type SpawnedCommand } from './service-spawn.js';

/** How long one that is not wanted any more may take to go. */
const GONE_MS = 2000;

export class ArmedProcess implements Armed {
  #state: Armed['state'] = 'arming';
  why: string | undefined;
  readonly invocationId = randomUUID().replaceAll('-', '');
  readonly #inputs: ArmInputs;
  readonly #notify: NotifySocket | undefined;
  readonly #cgroup: UnitCgroup | undefined;
  /** Its end ends the process, a byte starts the program. */
  #gate: Fd | undefined;
  #spawned: SpawnedCommand | undefined;
  #process: TrackedProcess | undefined;
  #gone: Promise<void> = Promise.resolve();

  constructor(
    readonly unit: ServiceUnit,
    readonly config: ServiceConfig,
    readonly events: ArmEvents,
  ) {
    const { manager } = unit;
    this.#inputs = new ArmInputs(config.exec.environmentFiles.map(({ path }) => path));
    this.#cgroup = UnitCgroup.open(manager.cgroups, unit.name);
    this.#notify =
      config.notifyAccess === 'none'
        ? undefined
        : new NotifySocket(manager.notifyFolder, this.invocationId.slice(0, 12), manager.poller, (message, fds) => unit.onMessage(message, fds));
    const [command] = config.execStart;
    if (command !== undefined) this.#spawn(command);
  }

  get state(): Armed['state'] {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** It is made at once. */
  whenSettled(callback: () => void): void {
    callback();
  }

  take(): Taken | undefined {
    const { pid } = this.#process ?? {};
    if (this.#state !== 'armed' || pid === undefined || this.#gate === undefined || this.#spawned === undefined) return undefined;
    try {
      const changed = this.#inputs.changed();
      if (changed !== undefined) throw new Error(`${changed} has changed since`);
      writeByte(this.#gate);
      const pidfd = openPidfd(pid);
      this.#gate.close();
      this.#process?.close();
      this.#end('It was let go');
      return { ...this.#spawned, pid, pidfd, known: Promise.resolve(), notify: this.#notify };
    } catch (error) {
      this.why = `It does not wait any more: ${error instanceof Error ? error.message : String(error)}`;
      return undefined;
    }
  }

  async discard(why: string): Promise<void> {
    const { manager, name } = this.unit;
    this.#end(why);
    this.#process?.signal('SIGKILL');
    await Promise.race([this.#gone, new Promise((resolve) => setTimeout(resolve, GONE_MS).unref())]);
    if (this.#gate?.isOpen === true) this.#gate.close();
    this.#process?.close();
    this.#spawned?.close();
    this.#notify?.close();
    this.#cgroup?.remove();
    this.unit.privateTmp.remove();
    removeCredentials(manager.launchHost.folders.runtime, name, this.config.exec);
    removeRuntimeDirectories(manager.launchHost.folders, this.config.exec, false);
    manager.leftovers.forget(name);
  }

  #spawn(command: Command): void {
    const { unit } = this;
    const gate = pipe();
    try {
      const effect = { type: 'spawn', process: 'main', list: 'execStart', command } as const;
      const facts = { invocationId: this.invocationId, notifyPath: this.#notify?.path, mainPid: undefined, result: 'success', lastExit: undefined } as const;
      const spawned = spawnCommand(unit.manager, unit, this.config, effect, { ...facts, cgroup: this.#cgroup, podman: new Map(), monitored: new Map(), gate: gate.read });
      if ('notSpawned' in spawned || spawned.failure !== undefined) return this.#end('It could not be prepared');
      this.#gate = gate.write;
      this.#spawned = spawned;
      this.#follow(spawned);
      this.#state = 'armed';
      unit.manager.leftovers.remember(unit.name, { pid: spawned.pid, cgroup: this.#cgroup, invocationId: this.invocationId, isReady: false });
    } finally {
      gate.read.close();
      if (this.#gate === undefined) gate.write.close();
    }
  }

  #follow({ pid, pidfd }: SpawnedCommand): void {
    this.#gone = new Promise((resolve) => {
      this.#process = new TrackedProcess(this.unit.manager.poller, pid, pidfd, () => {
        resolve();
        if (this.#state !== 'armed') return;
        this.#end('Somebody killed it');
        this.events.onGone();
      });
    });
  }

  /** The first reason counts. */
  #end(why: string): void {
    this.why ??= why;
    this.#state = 'gone';
  }
}
