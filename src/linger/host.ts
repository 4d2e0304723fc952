/** What the ways of lingering do to a host: a few files and a few commands. Paths are absolute; tests put them below a folder. */
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export interface CommandResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export class LingerHost {
  constructor(
    readonly uid: number = process.getuid?.() ?? 0,
    readonly root = '/',
    readonly path = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`,
  ) {}

  get isRoot(): boolean {
    return this.uid === 0;
  }

  exists(path: string): boolean {
    return lstatSync(join(this.root, path), { throwIfNoEntry: false }) !== undefined;
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
    chmodSync(join(this.root, path), mode);
  }

  link(path: string, target: string): void {
    this.remove(path);
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  has(program: string): boolean {
    return this.path.split(delimiter).some((folder) => {
      try {
        accessSync(join(this.root, folder, program), constants.X_OK);
        return folder !== '';
      } catch {
        return false;
      }
    });
  }

  /** The words of a process with this name, however many there are; undefined when it does not run. */
  running(program: string): readonly string[] | undefined {
    for (const pid of readdirSync(join(this.root, '/proc')).filter((name) => /^\d+$/.test(name))) {
      if (this.#readQuietly(`/proc/${pid}/comm`).trim() === program) return this.#readQuietly(`/proc/${pid}/cmdline`).split('\0').slice(0, -1);
    }
    return undefined;
  }

  /** Processes end while one looks. */
  #readQuietly(path: string): string {
    try {
      return readFileSync(join(this.root, path), 'utf8');
    } catch {
      return '';
    }
  }

  run(program: string, args: readonly string[], input = ''): CommandResult {
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', input, env: { ...process.env, PATH: this.path } });
    // One that could not be started has no output at all.
    return error === undefined ? { ok: status === 0, stdout, stderr } : { ok: false, stdout: '', stderr: error.message };
  }
}
