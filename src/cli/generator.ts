/**
 * `rouse generator`: Quadlet files to service files, called as podman's generator is and answering as it does, so that it can
 * stand in its place; systemd.generator(7). It says what is wrong with which file and goes on with the others.
 */
import { closeSync, constants, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { readQuadletFiles } from '../load/quadlet-files.js';
import { statQuietly } from '../load/quietly.js';
import { convertEach, type ConvertedQuadlet } from '../quadlet/convert.js';
import { installLinks } from '../quadlet/install-links.js';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { formatContents } from '../unitfile/format.js';
import { quadletSearchPath } from '../unitfile/search-path.js';
import type { UnitContents } from '../unitfile/unit-file.js';

/** The build puts it in. */
declare const ROUSE_VERSION: string;

export interface GeneratorIo {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

interface Options {
  readonly user: boolean;
  readonly dryrun: boolean;
  readonly noKmsgLog: boolean;
  readonly verbose: boolean;
  readonly version: boolean;
  readonly folders: readonly string[];
}

const FLAGS = {
  dryrun: 'Run in dryrun mode printing debug information',
  'no-kmsg-log': "Don't log to kmsg",
  user: 'Run as systemd user',
  v: 'Print debug information',
  version: 'Print version information and exit',
} as const;

/** Returns the exit code: 1 where a file was refused or could not be written, 2 for a wrong call. */
export function generator(argv: readonly string[], io: GeneratorIo): number {
  const options = parseOptions(argv);
  if (typeof options === 'string') {
    io.stderr(options === '' ? usage() : `${options}\n${usage()}`);
    return options === '' ? 0 : 2;
  }
  if (options.version) {
    io.stdout(`${ROUSE_VERSION}\n`);
    return 0;
  }
  return new Generator(options, io).run() ? 0 : 1;
}

/** One object for all files: Node copies its defaults where it is given less. */
const WRITE = { encoding: 'utf8', mode: 0o666, flag: 'w', flush: false } as const;

/** As a process of its own. */
export function generatorVerb(argv: readonly string[]): number {
  // In a third of a second only the hottest functions are worth optimizing, and next to nothing is garbage before the end.
  setFlagsFromString('--interrupt-budget=800000');
  setFlagsFromString('--semi-space-growth-factor=8');
  return generator(argv, { env: process.env, stdout: (text) => writeAll(1, text), stderr: (text) => writeAll(2, text) });
}

/** process.stdout would have to be loaded, and most calls say nothing. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += writeSync(fd, bytes, at));
}

class Generator {
  readonly #log: Log;
  readonly #madeFolders = new Set<string>();
  #failed = false;

  constructor(
    readonly options: Options,
    readonly io: GeneratorIo,
  ) {
    this.#log = new Log(options, io);
  }

  /** False where anything went wrong. */
  run(): boolean {
    const out = this.options.folders[0];
    if (out === undefined && !this.options.dryrun) this.#fail('missing output directory argument');
    else this.#generate(this.options.dryrun ? '' : (out ?? ''));
    if (this.#failed) this.#log.say('processing encountered some errors');
    return !this.#failed;
  }

  #generate(out: string): void {
    const { user, dryrun } = this.options;
    if (!dryrun) this.#log.debug(`Starting quadlet-generator, output to: ${out}`);
    const folders = this.#searchPath();
    const { files, diagnostics } = readQuadletFiles(folders);
    for (const diagnostic of diagnostics) this.#fail(`error loading "${diagnostic.file}", ${place(diagnostic)}`);
    if (this.#log.debugs) for (const { fragmentPath, dropInPaths } of files) for (const path of [fragmentPath, ...dropInPaths]) this.#log.debug(`Loading source file ${path}`);
    if (files.length === 0) return this.#log.debug(`No files parsed from [${folders.join(' ')}]`);
    if (!dryrun && !this.#attempt(`Failed to make the folder ${out}`, () => mkdirSync(out, { recursive: true }))) return;
    const context = {
      mode: user ? 'user' : 'system',
      uid: process.getuid?.() ?? 0,
      podman: this.io.env['PODMAN'] || '/usr/bin/podman',
      exists: (path: string) => statQuietly(path) !== undefined,
    } as const;
    for (const converted of convertEach(files, context)) this.#finish(converted, out);
  }

  #searchPath(): readonly string[] {
    const { env } = this.io;
    const uid = process.getuid?.() ?? 0;
    const dirs = quadletSearchPath({
      mode: this.options.user ? 'user' : 'system',
      uid,
      home: env['HOME'] ?? homedir(),
      runtimeDir: env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`,
      env,
    });
    const bad = dirs.findIndex((dir) => !isAbsolute(dir));
    if (bad < 0) return dirs;
    this.#log.say(`${dirs[bad] ?? ''} not a valid file path`);
    return dirs.slice(0, bad);
  }

  #finish({ source, service, diagnostics }: ConvertedQuadlet, out: string): void {
    for (const diagnostic of diagnostics) {
      const hint = diagnostic.hint === undefined ? '' : `\n  hint: ${diagnostic.hint}`;
      if (diagnostic.severity === 'error') this.#fail(`converting "${source.name}": ${diagnostic.message}${hint}`);
      else this.#log.say(`Warning: ${diagnostic.message}${hint}`);
    }
    if (service === undefined) return;
    if (this.options.dryrun) return this.io.stdout(`---${service.name}---\n${formatContents(service)}\n`);
    this.#write(`${out}/${service.name}`, service);
    for (const { path, target } of installLinks(service)) this.#link(`${out}/${path}`, target);
  }

  #write(path: string, service: UnitContents): void {
    if (this.#log.debugs) this.#log.debug(`writing "${path}"`);
    this.#attempt(`generating service file ${path}`, () => writeFileSync(path, `# Automatically generated by rouse generator\n# \n${formatContents(service)}`, WRITE));
  }

  #link(path: string, target: string): void {
    if (this.#log.debugs) this.#log.debug(`Creating symlink ${path} -> ${target}`);
    this.#attempt(`Failed creating symlink ${path}`, () => {
      this.#makeFolder(dirname(path));
      try {
        symlinkSync(target, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        rmSync(path);
        symlinkSync(target, path);
      }
    });
  }

  /** Thousands of links stand in a few folders. */
  #makeFolder(path: string): void {
    if (this.#madeFolders.has(path)) return;
    mkdirSync(path, { recursive: true });
    this.#madeFolders.add(path);
  }

  #attempt(what: string, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#fail(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  #fail(message: string): void {
    this.#failed = true;
    this.#log.say(message);
  }
}

/** To stderr, and to the kernel's log, where systemd shows what generators say. */
class Log {
  #kmsg: boolean;

  constructor(
    readonly options: Options,
    readonly io: GeneratorIo,
  ) {
    this.#kmsg = !options.noKmsgLog && !options.dryrun;
  }

  get debugs(): boolean {
    return this.options.verbose || this.options.dryrun;
  }

  say(message: string): void {
    const line = `quadlet-generator[${process.pid}]: ${message}\n`;
    if (this.#kmsg) this.#toKernel(line);
    this.io.stderr(line);
  }

  debug(message: string): void {
    if (this.debugs) this.say(message);
  }

  #toKernel(line: string): void {
    try {
      const fd = openSync('/dev/kmsg', constants.O_WRONLY);
      writeSync(fd, line);
      closeSync(fd);
    } catch {
      this.#kmsg = false;
    }
  }
}

function place({ line, message }: Diagnostic): string {
  return line === 0 ? message : `line ${line}: ${message}`;
}

/** With one dash or two, and with `=true` or `=false`. A string is what is wrong with the call; '' asks for help. */
function parseOptions(argv: readonly string[]): Options | string {
  const on = new Set<string>();
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') {
      at++;
      break;
    }
    const [, name = '', value = 'true'] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === '') break;
    if (name === 'h' || name === 'help') return '';
    if (!Object.hasOwn(FLAGS, name)) return `flag provided but not defined: -${name}`;
    if (!/^(1|t|true|0|f|false)$/i.test(value)) return `invalid boolean value "${value}" for -${name}: parse error`;
    if (/^[1t]/i.test(value)) on.add(name);
    else on.delete(name);
  }
  return { user: on.has('user'), dryrun: on.has('dryrun'), noKmsgLog: on.has('no-kmsg-log'), verbose: on.has('v'), version: on.has('version'), folders: argv.slice(at) };
}

function usage(): string {
  return `Usage of rouse generator:\n${Object.entries(FLAGS)
    .map(([name, text]) => `  -${name}\n    \t${text}\n`)
    .join('')}`;
}
