/** `rouse run`: a socket and what it starts, from one command line; docs/run.md. */
import { accessSync, constants } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { prepareRouseDir } from '../load/resolve-scope.js';
import { prepareImage } from '../run/image.js';
import { folderFor, isThere, writeUnitFile } from '../run/places.js';
import type { PublishedPort } from '../run/ports.js';
import { isRefused, type Refused } from '../run/refused.js';
import { parseRun, type RunRequest } from '../run/request.js';
import { unitFiles, type UnitFileText } from '../run/unit-files.js';
import { CliContext, type CommonOptions } from './context.js';
import { CliError, EXIT } from './errors.js';
import type { Io } from './io.js';
import { runJobs } from './jobs.js';

export async function run(args: readonly string[], io: Io, common: CommonOptions): Promise<number> {
  const asked = mustHave(parseRun(args));
  const context = await CliContext.open(io, common);
  const request = await withImage(asked);
  const files = mustHave(unitFiles(request, { cwd: process.cwd(), env: process.env, findProgram }, args));
  const changed = files.filter((file) => !isThere(folderFor(file, context.scope, request.save), file));
  await makeRoom(context, request, changed);
  if (!request.save) prepareRouseDir(context.scope);
  const paths = files.map((file) => writeUnitFile(folderFor(file, context.scope, request.save), file));
  await reload(context, paths);
  // What an earlier one of this name did wrong is not this one's.
  await context.ask({ method: 'reset-failed', units: [`${request.name}.socket`, `${request.name}.service`] }, 'done');
  const code = await runJobs(context, 'start', [`${request.name}.socket`]);
  if (code === EXIT.success) io.err(farewell(context, request, paths));
  return code;
}

function mustHave<T extends object>(value: T | Refused): T {
  if (isRefused(value)) throw new CliError(value.refused, value.hint === '' ? undefined : value.hint);
  return value;
}

/** The image is there, its name is whole, and there is a port at all. */
async function withImage(request: RunRequest): Promise<RunRequest> {
  const { what, options } = request;
  if (what.type === 'process') {
    if (request.ports.length === 0) throw new CliError('No -p given: there would be nothing to listen on', `rouse run -p 3000 -- ${what.argv.join(' ')}`);
    return request;
  }
  if (findProgram('podman') === undefined) throw new CliError('No podman in PATH', 'a command of this host goes behind a --: rouse run -p 3000 -- COMMAND');
  const image = mustHave(await prepareImage(what.image, options.findLast(({ name }) => name === 'pull')?.value));
  const ports = request.publishAll ? [...request.ports, ...image.ports] : request.ports;
  if (ports.length === 0) {
    const suggested = image.ports.length === 0 ? '-p 8080:80' : image.ports.map(({ program, kind }) => `-p ${program}${kind === 'datagram' ? '/udp' : ''}`).join(' ');
    throw new CliError('No -p given: there would be nothing to listen on', `rouse run ${suggested} ${what.image}`);
  }
  return { ...request, ports, what: { ...what, image: image.name } };
}

/** Names are not taken from others; what an earlier `rouse run` made of the same name is replaced on request, or when nothing of it runs. */
async function makeRoom(context: CliContext, { name, replace, save }: RunRequest, changed: readonly UnitFileText[]): Promise<void> {
  const units = [`${name}.socket`, `${name}.service`];
  const ours = new Set(changed.map((file) => folderFor(file, context.scope, false)).concat(changed.map((file) => folderFor(file, context.scope, true))));
  const shown = (await context.showUnits(units)).filter(({ loadState }) => loadState !== 'not-found');
  for (const unit of shown) {
    const path = unit.sourcePath ?? unit.fragmentPath ?? '';
    if (changed.length > 0 && !(ours.has(dirname(path)) && (replace || path.startsWith(context.scope.rouseDir))))
      throw new CliError(`There is a ${unit.name} already: ${path}`, save ? '--replace overwrites it; --name takes another name' : '--name takes another name');
  }
  const active = shown.filter(({ activeState }) => activeState === 'active' || activeState === 'activating').map((unit) => unit.name);
  if (changed.length === 0 || active.length === 0) return;
  if (!replace)
    throw new CliError(`${active.join(' and ')} ${active.length === 1 ? 'is' : 'are'} active`, '--replace stops what runs and starts this in its place; --name takes another name');
  await context.change({ method: 'job', verb: 'stop', units: active, mode: 'replace', wait: true }, 'jobs');
}

/** What is wrong with other files is not this command's business. */
async function reload(context: CliContext, paths: readonly string[]): Promise<void> {
  const { diagnostics } = await context.change({ method: 'daemon-reload' }, 'done');
  for (const { text } of diagnostics) if (paths.some((path) => text.startsWith(path))) context.warn(text);
}

function farewell({ io, options }: CliContext, request: RunRequest, paths: readonly string[]): string {
  const { name, ports, what, save } = request;
  if (options.quiet === true) return '';
  const started = what.type === 'container' ? what.image : what.argv.join(' ');
  const rows: (readonly [string, string])[] = [
    [tryOut(ports), 'be the first client'],
    [`rouse status ${name}`, 'what it does'],
    [`rouse logs ${name}`, 'what it writes'],
    [`rouse stop ${name}.socket ${name}`, 'end it'],
    save
      ? [`rouse enable ${name}.socket`, 'listen again after the next boot or log-in']
      : ['rouse run --save …', `keep it: writes ${paths.map((path) => path.slice(path.lastIndexOf('/') + 1)).join(' and ')}`],
  ];
  const width = Math.max(...rows.map(([command]) => command.length));
  const held = ports.map(({ held: where, kind, program }) => `${where}${kind === 'datagram' ? '/udp' : ''}${where === program ? '' : ` as ${program}`}`).join(', ');
  return [
    `${io.style.green('●')} ${name}.socket listens on ${held}; the first client starts ${started}`,
    ...(save ? [`  ${paths.join('\n  ')}`] : []),
    ...rows.map(([command, why]) => `  ${io.style.bold(command.padEnd(width))}  ${io.style.dim(why)}`),
    '',
  ].join('\n');
}

/** A command that connects. */
function tryOut([first]: readonly PublishedPort[]): string {
  if (first === undefined) return '';
  if (first.port === undefined) return `socat - UNIX-CONNECT:${first.held}`;
  const where = first.held.includes(':') ? first.held.replace('0.0.0.0', '127.0.0.1') : `127.0.0.1:${first.held}`;
  if (first.kind === 'datagram') return `socat - UDP:${where}`;
  return /^(80|3000|5000|8\d{3})$/.test(first.program) ? `curl http://${where}/` : `socat - TCP:${where}`;
}

function findProgram(name: string): string | undefined {
  const folders = isAbsolute(name) ? [''] : (process.env['PATH'] ?? '').split(':').filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
