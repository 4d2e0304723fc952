/**
 * `rouse auto-update`: podman-auto-update(1) where no systemd runs. Containers with AutoUpdate= get the newer image that there is, and their
 * services are restarted by the manager; one that does not come up again gets its old image back.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { buffer, text } from 'node:stream/consumers';
import { PodmanImages, type Finished } from '../update/podman-images.js';
import { findTasks, type Task } from '../update/tasks.js';
import { updateAll, type Report, type UpdateHost } from '../update/updater.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { formatTable } from './io.js';

export interface AutoUpdateOptions {
  readonly dryRun?: boolean;
  readonly format?: string;
  /** 'true' or 'false'; without a value true. */
  readonly rollback?: string | boolean;
  readonly authfile?: string;
  readonly tlsVerify?: string | boolean;
}

export async function autoUpdate(context: CliContext, options: AutoUpdateOptions): Promise<number> {
  if (options.format !== undefined && options.format !== 'json') throw new CliError(`Unknown format '${options.format}'`, 'expected json, or nothing for a table');
  const rollback = booleanOf(options.rollback, 'rollback') ?? true;
  const found = findTasks(await listContainers());
  const { ours, others } = await divide(context, found.tasks);
  if (others.length > 0) warnOthers(context, others);
  const tlsVerify = booleanOf(options.tlsVerify, 'tls-verify');
  const images = new PodmanImages(run, { authFile: options.authfile, tlsVerify: tlsVerify?.toString() });
  const { reports, errors } = await updateAll(hostOf(context, images), ours, { dryRun: options.dryRun === true, rollback });
  print(context, reports, options.format === 'json' || context.options.json === true);
  for (const error of [...found.errors, ...errors]) context.io.err(`${context.io.style.red(error)}\n`);
  return found.errors.length + errors.length === 0 ? EXIT.success : EXIT.failure;
}

function booleanOf(value: string | boolean | undefined, option: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  if (value !== 'true' && value !== 'false') throw new CliError(`Invalid value '${value}' of --${option}`, 'expected true or false');
  return value === 'true';
}

async function listContainers(): Promise<string> {
  const listed = await run('podman', ['ps', '--filter', 'status=running', '--format', 'json']);
  if (listed === undefined) throw new CliError('podman is not installed', 'containers are podman’s: install it');
  if (!listed.ok) throw new CliError(`Failed to list containers: ${listed.stderr.trim()}`);
  return listed.stdout.toString();
}

interface Divided {
  readonly ours: readonly Task[];
  readonly others: readonly Task[];
}

/** Whose services run here: a container may belong to a service of systemd's. */
async function divide(context: CliContext, tasks: readonly Task[]): Promise<Divided> {
  if (tasks.length === 0) return { ours: [], others: [] };
  const units = [...new Set(tasks.map(({ unit }) => unit))];
  const reply = await context.ask({ method: 'show', units }, 'units');
  const running = new Set((reply?.units ?? []).filter(({ activeState }) => activeState !== 'inactive' && activeState !== 'failed').map(({ name }) => name));
  return { ours: tasks.filter(({ unit }) => running.has(unit)), others: tasks.filter(({ unit }) => !running.has(unit)) };
}

function warnOthers(context: CliContext, others: readonly Task[]): void {
  const units = [...new Set(others.map(({ unit }) => unit))].join(', ');
  const fix = runsOnSystemd() ? 'a systemd runs here, and podman auto-update updates what belongs to it' : `rouse start ${units.replaceAll(',', '')}`;
  context.warn(`Not updating the containers of ${units}, which this manager does not run\n  hint: ${fix}`);
}

function runsOnSystemd(): boolean {
  return existsSync('/run/systemd/system') && readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd';
}

function hostOf(context: CliContext, images: PodmanImages): UpdateHost {
  return {
    isNewer: (task) => images.isNewer(task),
    pull: (task) => images.pull(task),
    tag: (imageId, name) => images.tag(imageId, name),
    restart: async (unit, again) => {
      if (again) await context.change({ method: 'reset-failed', units: [unit] }, 'done');
      const reply = await context.change({ method: 'job', verb: 'restart', units: [unit], mode: 'replace', wait: true }, 'jobs', (progress) => context.warn(progress));
      const job = reply.jobs[0];
      if (job?.result !== 'done') throw new Error(`Failed to restart ${unit}: ${job?.message ?? job?.result ?? 'there was no job'}`);
    },
  };
}

function print(context: CliContext, reports: readonly Report[], json: boolean): void {
  if (json) return context.io.out(`${JSON.stringify(reports.map(asJson), undefined, 4)}\n`);
  if (reports.length === 0) return;
  const rows = reports.map(({ task, updated }) => [task.unit, containerWords(task), task.image, task.policy, updated]);
  context.io.out(formatTable(['UNIT', 'CONTAINER', 'IMAGE', 'POLICY', 'UPDATED'], rows, context.io.style));
}

/** podman's members, in its order. */
function asJson({ task, updated }: Report): Readonly<Record<string, string>> {
  const { unit, containerName, containerId, image, policy } = task;
  return { Unit: unit, Container: containerWords(task), ContainerName: containerName, ContainerID: containerId, Image: image, Policy: policy, Updated: updated };
}

function containerWords({ containerId, containerName }: Task): string {
  return `${containerId.slice(0, 12)} (${containerName})`;
}

/** undefined: there is no such program. */
async function run(program: string, args: readonly string[]): Promise<Finished | undefined> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [code, stdout, stderr] = await Promise.all([ended, buffer(child.stdout), text(child.stderr)]);
  return code === undefined ? undefined : { ok: code === 0, stdout, stderr };
}
