/**
 * One container that is being armed, armed, or let go: created and initialised with the unit's sockets, its program waiting before
 * exec. It belongs to a service that is down; the service takes it when it starts. Whatever goes wrong leads back to an ordinary
 * start.
 *
 *   arming   podman create and podman init are on their way.
 *   armed    conmon and the container's first process wait.
 *   gone     it was taken, could not be made, or somebody removed it; `why` says which.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createArguments, execFifo, initArguments, letGo, noticeArguments, removeArguments, type ArmPlan, type OciRuntime } from '../exec/arm.js';
import type { UnitCgroup } from '../exec/cgroup.js';
import type { ContainerLog } from '../exec/container-log.js';
import { TrackedProcess } from '../exec/processes.js';
import type { Fd } from '../sys/fd.js';
import { nativeFile } from '../sys/native-file.js';
import { openPidfd } from '../sys/pidfd.js';
import type { ServiceConfig } from '../unit/config.js';
import type { Manager } from './manager.js';
import { runPodman, type PodmanResult } from './podman-command.js';

export interface ArmRequest {
  readonly unit: string;
  readonly config: ServiceConfig;
  readonly plan: ArmPlan;
  readonly runtime: OciRuntime;
  readonly sockets: readonly { readonly fd: Fd; readonly name: string }[];
  readonly cgroup: UnitCgroup | undefined;
  /** Follows the container's output from now on; closed with the container. */
  readonly log: ContainerLog | undefined;
}

export interface TakenContainer {
  /** conmon: its exit status is the container's. */
  readonly pid: number;
  readonly pidfd: Fd;
  close(): void;
}

/** How long conmon may take to follow its container. */
const CONMON_MS = 2000;

export class ArmedContainer {
  #state: 'arming' | 'armed' | 'gone' = 'arming';
  why: string | undefined;
  #conmon: TrackedProcess | undefined;
  /** conmon outlives the removal of its container by a moment, and its cgroup can only go after it. */
  #conmonGone: Promise<void> = Promise.resolve();
  #takenPid = 0;
  #containerId = '';
  #onSettled: (() => void)[] = [];
  /** Resolves when podman has nothing to do for it any more. */
  #work: Promise<void>;

  constructor(
    readonly manager: Manager,
    readonly request: ArmRequest,
    readonly onGone: () => void,
  ) {
    // Not before the caller knows this object: `onGone` is about it.
    this.#work = Promise.resolve().then(() => this.#arm());
  }

  get state(): 'arming' | 'armed' | 'gone' {
    return this.#state;
  }

  get conmonPid(): number | undefined {
    return this.#conmon?.pid;
  }

  /** Calls back when it is not `arming` any more; at once when it is not now. */
  whenSettled(callback: () => void): void {
    if (this.#state === 'arming') this.#onSettled.push(callback);
    else callback();
  }

  /** Lets the program go. undefined: it does not wait any more, and has to be discarded. */
  take(): TakenContainer | undefined {
    if (this.#state !== 'armed' || this.#conmon === undefined) return undefined;
    const { pid } = this.#conmon;
    try {
      const pidfd = openPidfd(pid);
      letGo(this.#fifo, this.request.runtime);
      this.#takenPid = pid;
      this.#conmon.close();
      this.#end('It was let go');
      void this.manager.armingQueue.addQuietly(() => this.#notice());
      return { pid, pidfd, close: () => this.request.log?.close() };
    } catch (error) {
      this.why = `It does not wait any more: ${error instanceof Error ? error.message : String(error)}`;
      return undefined;
    }
  }

  /** Removes it. Resolves when it is gone, also when it is still on its way. */
  async discard(why: string): Promise<void> {
    const { plan } = this.request;
    this.#end(why);
    await this.#work;
    if (this.#containerId !== '') await this.#remove(plan).catch(() => undefined);
    await Promise.race([this.#conmonGone, setTimeout(CONMON_MS, undefined, { ref: false })]);
    this.#conmon?.close();
    this.request.log?.close();
    this.request.cgroup?.remove();
    this.manager.leftovers.forget(this.request.unit);
  }

  get #fifo(): string {
    const { mode, runtimeDir } = this.manager.host.scope;
    return execFifo(this.request.runtime, mode === 'system' ? '/run' : runtimeDir, this.#containerId);
  }

  get #wrapper(): string {
    return nativeFile('rouse-runtime', this.request.runtime);
  }

  get #folder(): string {
    return join(this.manager.host.scope.rouseDir, 'armed');
  }

  async #arm(): Promise<void> {
    const { unit, plan, sockets } = this.request;
    try {
      const files = { runtime: this.#wrapper, cidFile: join(this.#folder, `${unit}.cid`), conmonPidFile: join(this.#folder, `${unit}.pid`) };
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const file of [files.cidFile, files.conmonPidFile]) rmSync(file, { force: true });
      const created = await this.#podman(createArguments(plan, files));
      if (!created.ok) return this.#fail('create', created);
      this.#containerId = readFileSync(files.cidFile, 'utf8').trim();
      if (this.#state !== 'arming') return;
      const ready = await this.#podman(initArguments(plan, files.runtime), sockets);
      if (!ready.ok) return this.#fail('init', ready);
      this.#onReady(Number(readFileSync(files.conmonPidFile, 'utf8')));
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
      this.onGone();
    }
  }

  #onReady(conmonPid: number): void {
    if (this.#state !== 'arming') return;
    const pidfd = openPidfd(conmonPid);
    this.#conmonGone = new Promise((resolve) => {
      this.#conmon = new TrackedProcess(this.manager.poller, conmonPid, pidfd, () => {
        resolve();
        if (this.#state !== 'armed') return;
        this.#end('Somebody removed it');
        this.onGone();
      });
    });
    this.#state = 'armed';
    this.manager.leftovers.remember(this.request.unit, conmonPid, this.request.cgroup?.path);
    this.#settle();
  }

  #fail(command: string, { output }: PodmanResult): void {
    this.#end(`podman ${command} failed: ${output.split('\n').at(-1) ?? ''}`);
    this.onGone();
  }

  /** The first reason counts. */
  #end(why: string): void {
    this.why ??= why;
    this.#state = 'gone';
    this.#settle();
  }

  #settle(): void {
    for (const callback of this.#onSettled.splice(0)) callback();
  }

  /** podman hears of the start when nobody is waiting: it would only compete with the program. */
  async #notice(): Promise<void> {
    // One that has ended meanwhile is removed already, or podman is about to: it would be told of a container that is not there.
    if (!existsSync(`/proc/${this.#takenPid}`)) return;
    await this.#podman(noticeArguments(this.request.plan, this.#wrapper, this.#containerId)).catch(() => undefined);
  }

  async #remove(plan: ArmPlan): Promise<void> {
    await this.#podman(removeArguments(plan, this.#wrapper, this.#containerId));
  }

  #podman(args: readonly string[], sockets: ArmRequest['sockets'] = []): Promise<PodmanResult> {
    const { unit, config, cgroup } = this.request;
    const command = config.execStart[0];
    if (command === undefined) return Promise.reject(new Error('There is no ExecStart='));
    return runPodman(this.manager, { unit, config, command, args, sockets, cgroup: cgroup?.path, timeoutMs: config.timeoutStartMs });
  }
}
