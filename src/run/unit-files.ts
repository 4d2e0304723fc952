/**
 * The pair of files that a `rouse run` stands for: a .socket, and a .container or .service. They are what somebody would have written
 * by hand, in keys that every podman with Quadlet knows; what has no key goes through PodmanArgs=.
 */
import { isAbsolute, resolve } from 'node:path';
import type { RunOption } from '../unit/podman-options.js';
import { isRefused, type Refused } from './refused.js';
import { dashed, type RunRequest } from './request.js';
import { literal, literalWords, setting, unitText } from './unit-text.js';

export interface UnitFileText {
  readonly name: string;
  readonly text: string;
}

/** What the command line leaves to its surroundings. */
export interface RunSurroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a program is in PATH. */
  readonly findProgram: (name: string) => string | undefined;
}

type Line = readonly [key: string, value: string];

/** How an option of podman is written in a .container; podman-systemd.unit(5). `words` are split, the others are taken whole. */
const KEYS: Readonly<Record<string, { readonly key: string; readonly words?: boolean }>> = {
  v: { key: 'Volume' },
  volume: { key: 'Volume' },
  e: { key: 'Environment', words: true },
  env: { key: 'Environment', words: true },
  'env-file': { key: 'EnvironmentFile', words: true },
  l: { key: 'Label', words: true },
  label: { key: 'Label', words: true },
  annotation: { key: 'Annotation', words: true },
  entrypoint: { key: 'Entrypoint' },
  u: { key: 'User' },
  w: { key: 'WorkingDir' },
  workdir: { key: 'WorkingDir' },
  h: { key: 'HostName' },
  hostname: { key: 'HostName' },
  tmpfs: { key: 'Tmpfs' },
  'cap-add': { key: 'AddCapability', words: true },
  'cap-drop': { key: 'DropCapability', words: true },
  device: { key: 'AddDevice', words: true },
  secret: { key: 'Secret', words: true },
  mount: { key: 'Mount', words: true },
  'shm-size': { key: 'ShmSize' },
  ulimit: { key: 'Ulimit' },
  pull: { key: 'Pull' },
  network: { key: 'Network' },
  net: { key: 'Network' },
  'group-add': { key: 'GroupAdd' },
  dns: { key: 'DNS' },
  sysctl: { key: 'Sysctl', words: true },
  tz: { key: 'Timezone' },
};

const FLAG_KEYS: Readonly<Record<string, string>> = { 'read-only': 'ReadOnly', init: 'RunInit' };

export function unitFiles(request: RunRequest, around: RunSurroundings, command: readonly string[]): readonly UnitFileText[] | Refused {
  const comment = `Made by: rouse run ${command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')}`;
  const service = request.what.type === 'container' ? containerFile(request, around, comment) : serviceFile(request, around, comment);
  return isRefused(service) ? service : [{ name: `${request.name}.socket`, text: socketText(request, comment) }, service];
}

function socketText({ name, ports, idle }: RunRequest, comment: string): string {
  const listens = ports.map(({ kind, held }): Line => [kind === 'stream' ? 'ListenStream' : 'ListenDatagram', literal(held)]);
  const own: readonly Line[] = [...ports.map(({ program }): Line => ['Adopt', literal(program)]), ...(idle === undefined ? [] : [['IdleSec', idle] as const])];
  return unitText(comment, [
    { name: 'Unit', lines: [['Description', `Socket of ${literal(name)}`]] },
    { name: 'Socket', lines: listens },
    { name: 'X-Rouse', lines: own },
    { name: 'Install', lines: [['WantedBy', 'sockets.target']] },
  ]);
}

function containerFile({ name, what, options }: RunRequest, around: RunSurroundings, comment: string): UnitFileText | Refused {
  if (what.type !== 'container') return { refused: 'It is no container', hint: '' };
  const lines = options.flatMap((option) => containerLines(option, around));
  const hasNetwork = lines.some(([key]) => key === 'Network');
  const args: readonly Line[] = what.args.length === 0 ? [] : [['Exec', literalWords(what.args)]];
  const container: readonly Line[] = [['Image', literal(what.image)], ...(hasNetwork ? [] : [['Network', 'none'] as const]), ...lines, ...args];
  return { name: `${name}.container`, text: unitText(comment, [{ name: 'Container', lines: container }]) };
}

function containerLines(option: RunOption, around: RunSurroundings): readonly Line[] {
  const flag = FLAG_KEYS[option.name];
  if (flag !== undefined) return [[flag, option.value === 'false' ? 'false' : 'true']];
  // `-u`: podman's --user, not rouse's.
  const row = KEYS[option.name === 'user' ? 'u' : option.name];
  const value = fixed(option, around);
  if (row === undefined) return [['PodmanArgs', literalWords([dashed(option.name) + (value === undefined ? '' : `=${value}`)])]];
  return value === undefined ? [] : [[row.key, row.words === true ? literalWords([value]) : literal(value)]];
}

/** What podman takes from the shell that it is called in; undefined: the shell does not have it. */
function fixed({ name, value }: RunOption, { cwd, env }: RunSurroundings): string | undefined {
  if (value === undefined) return undefined;
  if (name === 'v' || name === 'volume') return /^\.{0,2}\//.test(value) ? value.replace(/^[^:]+/, (path) => resolve(cwd, path)) : value;
  if (name === 'env-file') return resolve(cwd, value);
  if ((name === 'e' || name === 'env') && !value.includes('=')) return env[value] === undefined ? undefined : `${value}=${env[value]}`;
  return value;
}

/** Options that mean the same for a process. */
const PROCESS_KEYS: Readonly<Record<string, string>> = {
  e: 'Environment',
  env: 'Environment',
  'env-file': 'EnvironmentFile',
  u: 'User',
  user: 'User',
  w: 'WorkingDirectory',
  workdir: 'WorkingDirectory',
};

function serviceFile({ name, what, options }: RunRequest, around: RunSurroundings, comment: string): UnitFileText | Refused {
  if (what.type !== 'process') return { refused: 'It is no process', hint: '' };
  const foreign = options.find((option) => PROCESS_KEYS[option.name] === undefined);
  if (foreign !== undefined)
    return { refused: `No ${dashed(foreign.name)} for a process of this host`, hint: 'it has -p, -e, --env-file, -u, -w, --name, --idle, --save and --replace' };
  const [program = '', ...args] = what.argv;
  const path = program.includes('/') ? resolve(around.cwd, program) : around.findProgram(program);
  if (path === undefined || !isAbsolute(path)) return { refused: `No '${program}' in PATH`, hint: 'a command of this host stands behind the --' };
  const set = options.flatMap((option): readonly Line[] => {
    const value = fixed(option, around);
    const key = PROCESS_KEYS[option.name];
    return value === undefined || key === undefined ? [] : [[key, key === 'Environment' ? setting(value) : value.replaceAll('%', '%%')]];
  });
  const hasFolder = set.some(([key]) => key === 'WorkingDirectory');
  const searched = around.env['PATH'];
  const service: readonly Line[] = [
    // Ready when it listens: rouse sees that, and says so for it.
    ['Type', 'notify'],
    ['ExecStart', literalWords([path, ...args])],
    ...(hasFolder ? [] : [['WorkingDirectory', around.cwd.replaceAll('%', '%%')] as const]),
    ...(searched === undefined ? [] : [['Environment', setting(`PATH=${searched}`)] as const]),
    ...set,
  ];
  return { name: `${name}.service`, text: unitText(comment, [{ name: 'Service', lines: service }]) };
}
