/**
 * The server of the control API: a Unix socket, mode 0600, whose requests become calls of the manager. A client that asks
 * nonsense gets words back; none can end the manager but by asking it to.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Scope } from '../load/scope.js';
import { isActive, isInactive } from '../manager/active-state.js';
import type { JobEnd, JobType } from '../manager/job.js';
import type { Manager } from '../manager/manager.js';
import { ServiceUnit } from '../manager/service.js';
import type { Unit } from '../manager/unit.js';
import { encodeMessage, MessageReader } from './framing.js';
import { PROTOCOL_VERSION, type ErrorCode, type JobVerb, type Reply, type Request, type WireJob } from './protocol.js';
import { toWire } from './to-wire.js';
import { toWireDiagnostic } from './wire-unit.js';

/** How long a client waits before it hears what is being waited for, and then again. */
const PROGRESS_MS = 5000;

type Respond = (reply: Reply) => void;
type JobRequest = Extract<Request, { readonly method: 'job' }>;

export class ControlServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  onExit: () => void = () => undefined;

  constructor(
    readonly manager: Manager,
    readonly scope: Scope,
  ) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  /** Takes the place of what a dead manager left: whoever holds the instance's lock owns the path. Throws Node's errors. */
  async listen(): Promise<void> {
    const { controlSocket } = this.scope;
    rmSync(controlSocket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path: controlSocket, backlog: 4096 }, resolve);
    });
    chmodSync(controlSocket, 0o600);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.end();
    });
  }

  #serve(socket: Socket): void {
    const reader = new MessageReader();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    const respond: Respond = (reply) => {
      if (socket.writable) socket.write(encodeMessage(reply));
    };
    socket.on('data', (bytes) => {
      try {
        for (const message of reader.push(bytes)) this.#answer(message as Request, respond);
      } catch (error) {
        respond({ type: 'error', code: 'bad-request', message: error instanceof Error ? error.message : String(error) });
        socket.end();
      }
    });
  }

  #answer(message: Request, respond: Respond): void {
    switch (message.method) {
      case 'hello': {
        const notices = [...this.scope.warnings, ...(this.scope.notice === undefined ? [] : [this.scope.notice])];
        return respond({ type: 'hello', version: PROTOCOL_VERSION, pid: process.pid, mode: this.scope.mode, notices });
      }
      case 'job':
        return this.#runJobs(message, respond);
      case 'reset-failed':
        return this.#resetFailed(message.units, respond);
      case 'kill':
        return this.#kill(message, respond);
      case 'list-units':
        return respond({ type: 'units', units: [...this.manager.units.values()].map((unit) => toWire(this.manager, unit, { processes: false, properties: false })) });
      case 'list-jobs':
        return respond({
          type: 'units',
          units: [...this.manager.units.values()]
            .filter(({ name }) => this.manager.jobs.has(name))
            .map((unit) => toWire(this.manager, unit, { processes: false, properties: false })),
        });
      case 'show':
        return this.#show(message.units, respond);
      case 'analyze':
        return this.#analyze(message.units, respond);
      case 'daemon-reload':
        return void this.manager.reload().then((diagnostics) => respond({ type: 'done', diagnostics: diagnostics.map(toWireDiagnostic) }));
      case 'exit':
        respond({ type: 'done', diagnostics: [] });
        return this.onExit();
      default:
        return respond({
          type: 'error',
          code: 'bad-request',
          message: `Unknown method '${String((message as { method?: unknown }).method)}'`,
          hint: 'the client may be newer than the manager: rouse exit, then try again',
        });
    }
  }

  #show(names: readonly string[], respond: Respond): void {
    const units = names.flatMap((name) => {
      const unit = this.manager.get(name);
      return unit === undefined ? [] : [toWire(this.manager, unit, { processes: true, properties: true })];
    });
    respond({ type: 'units', units });
  }

  #analyze(names: readonly string[], respond: Respond): void {
    const missing = names.find((name) => !(this.manager.get(name) instanceof ServiceUnit));
    if (missing !== undefined) return respond({ type: 'error', code: 'no-such-unit', message: `${missing} is not a service: activations are those of services` });
    const units = names.length === 0 ? [...this.manager.units.values()] : names.map((name) => this.manager.get(name));
    const services = units.flatMap((unit) => (unit instanceof ServiceUnit ? [{ unit: unit.name, activations: unit.activations.all }] : []));
    respond({ type: 'activations', services: names.length === 0 ? services.filter(({ activations }) => activations.length > 0) : services });
  }

  #resetFailed(names: readonly string[], respond: Respond): void {
    const units = names.length === 0 ? [...this.manager.units.values()] : names.map((name) => this.manager.get(name));
    const missing = names.find((_, i) => units[i] === undefined || units[i].loaded.loadState === 'not-found');
    if (missing !== undefined) return respond({ type: 'error', code: 'no-such-unit', message: `Failed to reset failed state of unit ${missing}: Unit ${missing} not loaded` });
    for (const unit of units) unit?.resetFailed();
    respond({ type: 'done', diagnostics: [] });
  }

  #kill({ units, signal, whom }: Extract<Request, { readonly method: 'kill' }>, respond: Respond): void {
    for (const name of units) {
      const unit = this.manager.find(name);
      if (!(unit instanceof ServiceUnit) || unit.pids.length === 0)
        return respond({ type: 'error', code: 'no-such-unit', message: `Failed to kill unit ${name}: No process of it runs` });
      unit.freezing.thaw();
      const pids = whom === 'main' ? [unit.mainPid] : whom === 'control' ? [unit.controlPid] : unit.pids;
      for (const pid of pids) if (pid !== undefined) signalQuietly(pid, signal);
    }
    respond({ type: 'done', diagnostics: [] });
  }

  // Jobs

  #runJobs(message: JobRequest, respond: Respond): void {
    const jobs: WireJob[] = [];
    const waiting = new Set(message.units);
    const started = performance.now();
    const timer = setInterval(() => respond({ type: 'progress', message: this.#progress(waiting, performance.now() - started) }), PROGRESS_MS);
    const finish = (name: string, job: WireJob): void => {
      waiting.delete(name);
      jobs.push(job);
      if (waiting.size > 0) return;
      clearInterval(timer);
      const diagnostics = message.units.flatMap((unit) => this.manager.find(unit)?.loaded.diagnostics ?? []);
      respond({ type: 'jobs', jobs, diagnostics: diagnostics.map(toWireDiagnostic) });
    };
    for (const name of waiting) {
      this.#runJob(name, message, (end) => finish(name, { unit: name, verb: message.verb, ...end }));
    }
  }

  #runJob(name: string, { verb, mode, wait }: JobRequest, onEnd: (end: JobEnd & { readonly code?: ErrorCode }) => void): void {
    const refusal = this.#refusal(name, verb);
    if (refusal !== undefined) return onEnd({ result: 'failed', ...refusal });
    const unit = this.manager.get(name);
    const type = jobType(verb, unit);
    if (type === undefined) return onEnd({ result: 'done' });
    let answered = false;
    const once = (end: JobEnd): void => {
      if (!answered) onEnd(end);
      answered = true;
    };
    this.manager.queue(name, type, mode, once);
    if (!wait) once({ result: 'done' });
  }

  /** What keeps a request from becoming a job; systemd's words. */
  #refusal(name: string, verb: JobVerb): { readonly code: ErrorCode; readonly message: string; readonly hint?: string } | undefined {
    if (this.manager.stopping) return { code: 'shutting-down', message: `Failed to ${verb} ${name}: rouse is shutting down` };
    const unit = this.manager.get(name);
    if (unit === undefined) return { code: 'no-such-unit', message: `Failed to ${verb} ${name}: rouse runs .socket, .service and .target units` };
    const { loadState } = unit.loaded;
    const starts = verb !== 'stop' && verb !== 'try-restart';
    if (loadState === 'not-found' && isInactive(unit.activeState))
      return { code: 'no-such-unit', message: `Failed to ${verb} ${name}: Unit ${name} not ${starts ? 'found' : 'loaded'}` };
    if (starts && loadState === 'masked') return { code: 'masked', message: `Failed to ${verb} ${name}: Unit ${name} is masked`, hint: `rouse unmask ${name}` };
    if (starts && unit.config?.refuseManualStart === true)
      return { code: 'refused', message: `Failed to ${verb} ${name}: Operation refused, unit ${name} may be requested by dependency only` };
    if (verb === 'reload' && !isReloadable(unit))
      return { code: 'not-applicable', message: `Failed to reload ${name}: Job type reload is not applicable for unit ${name}`, hint: `rouse restart ${name}` };
    if (!starts && unit.config?.refuseManualStop === true)
      return { code: 'refused', message: `Failed to ${verb} ${name}: Operation refused, unit ${name} may be stopped by dependency only` };
    return undefined;
  }

  #progress(names: ReadonlySet<string>, elapsedMs: number): string {
    const words = [...names].map((name) => {
      const unit = this.manager.find(name);
      const status = unit instanceof ServiceUnit && unit.statusText !== undefined ? `: ${unit.statusText}` : '';
      return `${name} (${unit?.activeState ?? '?'}, ${unit?.subState ?? '?'}${status})`;
    });
    return `Waiting for ${words.join(', ')} since ${Math.round(elapsedMs / 1000)} s`;
  }
}

/** undefined: there is nothing to do. */
function jobType(verb: JobVerb, unit: Unit | undefined): JobType | undefined {
  const active = unit !== undefined && isActive(unit.activeState);
  if (verb === 'try-restart') return unit !== undefined && !isInactive(unit.activeState) ? 'restart' : undefined;
  if (verb !== 'reload-or-restart') return verb;
  const reloads = unit !== undefined && isReloadable(unit);
  return active && reloads ? 'reload' : 'restart';
}

function isReloadable(unit: Unit): boolean {
  return unit instanceof ServiceUnit && ((unit.config?.execReload.length ?? 0) > 0 || unit.config?.serviceType === 'notify-reload');
}

function signalQuietly(pid: number, signal: string): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just gone.
  }
}
