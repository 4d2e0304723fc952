/** `rouse import`: a compose file to units among the user's own; docs/import.md. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ComposeError } from '../compose/compose-file.js';
import { importCompose, type Imported } from '../compose/import.js';
import { folderFor, isThere, writeUnitFile } from '../run/places.js';
import type { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';

export interface ImportOptions {
  readonly dryRun?: boolean;
  readonly projectName?: string;
  readonly profile?: readonly string[];
  readonly replace?: boolean;
}

/** As compose looks for it. */
const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

export async function importVerb(context: CliContext, [given]: readonly string[], options: ImportOptions): Promise<number> {
  const { scope, io } = context;
  const path = resolve(given ?? NAMES.find((name) => existsSync(name)) ?? noFile());
  const imported = read(path, scope.home, options);
  for (const { line, key, message, hint } of imported.notes) io.err(`${path}:${line}: ${key}: ${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`);
  if (imported.files.length === 0) throw new CliError(`${path} has no services`, 'a compose file begins with services:');
  if (options.dryRun === true) {
    if (context.options.json === true) context.json(imported.files);
    else io.out(imported.files.map(({ name, text }) => `# ${name}\n${text}`).join('\n'));
    return EXIT.success;
  }
  const placed = imported.files.map((file) => ({ file, folder: folderFor(file, scope, true) }));
  const others = placed.filter(({ file, folder }) => existsSync(join(folder, file.name)) && !isThere(folder, file));
  if (others.length > 0 && options.replace !== true)
    throw new CliError(
      `There is ${others.map(({ file, folder }) => join(folder, file.name)).join(' and ')} already`,
      '--replace overwrites what is there; --project-name takes other names',
    );
  const paths = placed.map(({ file, folder }) => writeUnitFile(folder, file));
  // A manager that runs gets to know them, as after enable.
  await context.ask({ method: 'daemon-reload' }, 'done');
  if (context.options.json === true) context.json(paths);
  else io.out(farewell(context, imported, paths));
  return EXIT.success;
}

function noFile(): never {
  throw new CliError(`There is none of ${NAMES.join(', ')} here`, 'rouse import FILE');
}

function read(path: string, home: string, { projectName, profile = [] }: ImportOptions): Imported {
  try {
    const env = { ...dotEnv(join(dirname(path), '.env')), ...process.env };
    return importCompose(readFileSync(path, 'utf8'), { path, home, env, name: projectName, profiles: profile });
  } catch (error) {
    if (error instanceof ComposeError) throw new CliError(`${path}:${error.line}: ${error.message}`, error.hint);
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CliError(`There is no ${path}`, `rouse import FILE, or nothing for ${NAMES[0] ?? ''} here`);
    throw new CliError(`Failed to read ${path}: ${message}`);
  }
}

/** Variables of the project; compose-spec, 12-interpolation.md. */
function dotEnv(path: string): Readonly<Record<string, string>> {
  if (!existsSync(path)) return {};
  return Object.fromEntries(
    [...readFileSync(path, 'utf8').matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:'([^']*)'|"([^"]*)"|(.*?))\s*$/gm)].map(([, name = '', single, double, bare]) => [
      name,
      single ?? double ?? bare ?? '',
    ]),
  );
}

function farewell({ io }: CliContext, { files, name }: Imported, paths: readonly string[]): string {
  const sockets = files.filter((file) => file.name.endsWith('.socket')).map((file) => file.name);
  const others = files.filter((file) => file.text.includes('WantedBy=default.target')).map((file) => file.name.replace(/\.container$/, '.service'));
  const start = [...sockets, ...others];
  return [
    ...paths,
    `${io.style.green('●')} ${name}: ${sockets.length === 0 ? 'no port is held' : `${sockets.join(', ')} ${sockets.length === 1 ? 'holds its' : 'hold their'} ports`}`,
    ...(start.length === 0 ? [] : [`  rouse start ${start.join(' ')}`]),
    ...(sockets.length === 0 ? [] : [`  rouse enable ${sockets.join(' ')}`]),
    '',
  ].join('\n');
}
