/** One container that is being armed, armed, or let go (armed.ts): created and initialised with the unit's sockets. */
import { existsSync, mkdirSync, readFileSync, rmSync, watch, type FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createArguments, execFifo, initArguments, letGo, noticeArguments, removeArguments, secretsFile, type ArmPlan, type OciRuntime, type PodmanSetup } from '../exec/arm.js';
import type { UnitCgroup } from '../exec/cgroup.js';
import type { ContainerLog } from '../exec/container-log.js';
import type { NotifySocket } from '../exec/notify-socket.js';
import { TrackedProcess } from '../exec/processes.js';
import type { Fd } from '../sys/fd.js';
import { nativeFile } from '../sys/native-file.js';
import { openPidfd } from '../sys/pidfd.js';
import type { ServiceConfig } from '../unit/config.js';
import { ArmInputs } from './arm-inputs.js';
import type { Armed, Taken } from './armed.js';
import type { Manager } from './manager.js';
import { runPodman, type PodmanResult } from './podman-command.js';

export interface ArmRequest {
  readonly unit: string;
  readonly config: ServiceConfig;
  readonly plan: ArmPlan;
  /** The same from the command's words after its variables were replaced. */
  readonly planFrom: (argv: readonly string[]) => ArmPlan;
  readonly runtime: OciRuntime;
  readonly setup: PodmanSetup;
  readonly sockets: readonly { readonly fd: Fd; readonly name: string }[];
  readonly cgroup: UnitCgroup | undefined;
  /** Follows the container's output from now on; closed with the container. */
  readonly log: ContainerLog | undefined;
  /** For a program that says when it is ready; closed with the container unless it was taken. */
  readonly notify: NotifySocket | undefined;
  /** podman must know at once that it was let go. */
  readonly hurried: boolean;
}

export interface ArmEvents {
  /** It could not be made, or somebody removed it. */
  readonly onGone: () => void;
  /** Somebody let it go in another way: podman start. */
  readonly onLetGo: () => void;
}

/** How long conmon may take to follow its container. */
const CONMON_MS = 2000;
/** By then a container that lost its fifo because it is being removed is gone. */
const SETTLE_MS = 50;

export class ArmedContainer implements Armed {
  #state: Armed['state'] = 'arming';
  why: string | undefined;
  #conmon: TrackedProcess | undefined;
  /** conmon outlives the removal of its container by a moment, and its cgroup can only go after it. */
  #conmonGone: Promise<void> = Promise.resolve();
  #containerId = '';
  #onSettled: (() => void)[] = [];
  #watcher: FSWatcher | undefined;
  #letGoElsewhere = false;
  #taken = false;
  readonly #inputs: ArmInputs;
  /** Resolves when podman has nothing to do for it any more. */
  #work: Promise<void>;

  constructor(
    readonly manager: Manager,
    readonly request: ArmRequest,
    readonly events: ArmEvents,
  ) {
    const { plan, setup } = request;
    this.#inputs = new ArmInputs([...plan.files, ...(plan.secrets ? [secretsFile(setup)] : [])]);
    // Not before the caller knows this object: the events are about it.
    this.#work = Promise.resolve().then(() => this.#arm());
  }

  get state(): Armed['state'] {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#conmon?.pid;
  }

  get containerId(): string {
    return this.#containerId;
  }

  whenSettled(callback: () => void): void {
    if (this.#state === 'arming') this.#onSettled.push(callback);
    else callback();
  }

  take(): Taken | undefined {
    if (this.#state !== 'armed' || this.#conmon === undefined) return undefined;
    const { pid } = this.#conmon;
    const { log, notify } = this.request;
    try {
      const changed = this.#inputs.changed();
      if (changed !== undefined) throw new Error(`${changed} has changed since`);
      const pidfd = openPidfd(pid);
      this.#watcher?.close();
      if (!this.#letGoElsewhere) letGo(this.#fifo, this.request.runtime);
      this.#taken = true;
      this.#conmon.close();
      this.#end('It was let go');
      return { pid, pidfd, failure: undefined, known: this.#makeKnown(pid), notify, close: () => log?.close() };
    } catch (error) {
      this.why = `It does not wait any more: ${error instanceof Error ? error.message : String(error)}`;
      return undefined;
    }
  }

  async discard(why: string): Promise<void> {
    const { plan, log, notify, cgroup, unit } = this.request;
    this.#end(why);
    await this.#work;
    if (this.#containerId !== '') await this.#remove(plan).catch(() => undefined);
    await Promise.race([this.#conmonGone, setTimeout(CONMON_MS, undefined, { ref: false })]);
    this.#conmon?.close();
    log?.close();
    if (!this.#taken) notify?.close();
    cgroup?.remove();
    this.manager.leftovers.forget(unit);
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
    const { unit, plan, planFrom, sockets } = this.request;
    try {
      const files = { runtime: this.#wrapper, cidFile: join(this.#folder, `${unit}.cid`), conmonPidFile: join(this.#folder, `${unit}.pid`) };
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const file of [files.cidFile, files.conmonPidFile]) rmSync(file, { force: true });
      const created = await this.#podman((argv) => createArguments(planFrom(argv), files));
      if (!created.ok) return this.#fail('create', created);
      this.#containerId = readFileSync(files.cidFile, 'utf8').trim();
      if (this.#state !== 'arming') return;
      const ready = await this.#podman(initArguments(plan, files.runtime), sockets);
      if (!ready.ok) return this.#fail('init', ready);
      this.#onReady(Number(readFileSync(files.conmonPidFile, 'utf8')));
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
      this.events.onGone();
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
        this.events.onGone();
      });
    });
    this.#watchFifo();
    this.#state = 'armed';
    this.manager.leftovers.remember(this.request.unit, { pid: conmonPid, cgroup: this.request.cgroup, invocationId: '', isReady: false });
    this.#settle();
  }

  /** podman start removes it, and the program runs. */
  #watchFifo(): void {
    this.#watcher = watch(dirname(this.#fifo), (_, name) => {
      if (name === 'exec.fifo' && !existsSync(this.#fifo)) globalThis.setTimeout(() => this.#onFifoGone(), SETTLE_MS);
    });
    this.#watcher.on('error', () => this.#watcher?.close());
  }

  #onFifoGone(): void {
    if (this.#state !== 'armed' || this.#letGoElsewhere || existsSync(this.#fifo) || !existsSync(dirname(this.#fifo))) return;
    this.#letGoElsewhere = true;
    this.events.onLetGo();
  }

  #fail(command: string, { output }: PodmanResult): void {
    this.#end(`podman ${command} failed: ${output.split('\n').at(-1) ?? ''}`);
    this.events.onGone();
  }

  /** The first reason counts. */
  #end(why: string): void {
    this.why ??= why;
    this.#state = 'gone';
    this.#watcher?.close();
    this.#settle();
  }

  #settle(): void {
    for (const callback of this.#onSettled.splice(0)) callback();
  }

  /** podman hears of the start when nobody is waiting: it would only compete with the program. */
  #makeKnown(pid: number): Promise<void> {
    if (this.#letGoElsewhere) return Promise.resolve();
    const notice = async (): Promise<void> => {
      // One that has ended meanwhile is removed already, or podman is about to: it would be told of a container that is not there.
      if (existsSync(`/proc/${pid}`)) await this.#podman(noticeArguments(this.request.plan, this.#wrapper, this.#containerId)).catch(() => undefined);
    };
    return this.request.hurried ? this.manager.armingQueue.add(notice) : this.manager.armingQueue.addQuietly(notice);
  }

  async #remove(plan: ArmPlan): Promise<void> {
    await this.#podman(removeArguments(plan, this.#wrapper, this.#containerId));
  }

  #podman(args: readonly string[] | ((argv: readonly string[]) => readonly string[]), sockets: ArmRequest['sockets'] = []): Promise<PodmanResult> {
    const { unit, config, cgroup, notify } = this.request;
    const command = config.execStart[0];
    if (command === undefined) return Promise.reject(new Error('There is no ExecStart='));
    const variables = new Map(notify === undefined ? [] : [['NOTIFY_SOCKET', notify.path]]);
    return runPodman(this.manager, { unit, config, command, args, sockets, variables, cgroup: cgroup?.path, timeoutMs: config.timeoutStartMs });
  }
}
