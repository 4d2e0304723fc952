/** For tests: a verb that becomes another program, built by itself and run as a process of its own. */
import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../../..');

export interface BuiltVerb {
  /** Runs it with these words; `shell` is put before it, in a shell that then becomes it. */
  run(args: readonly string[], options?: { readonly env?: NodeJS.ProcessEnv; readonly shell?: string; readonly input?: 'pipe' | 'ignore' }): VerbProcess;
  remove(): void;
}

/** Inside the repository, so that koffi and native/ are found. */
export async function buildVerb(verb: 'activate' | 'proxy'): Promise<BuiltVerb> {
  mkdirSync(join(repository, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(repository, '.cache', `${verb}-`));
  await build({
    entryPoints: [join(repository, `src/cli/${verb}.ts`)],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['koffi'],
    define: { ROUSE_VERSION: '"1.2.3"' },
  });
  const main = join(folder, 'main.mjs');
  writeFileSync(main, `import { ${verb}Verb } from './${verb}.js';\nprocess.exitCode = await ${verb}Verb(process.argv.slice(2));\n`);
  return {
    run: (args, { env = {}, shell = '', input = 'ignore' } = {}) => {
      const { NODE_EXTRA_CA_CERTS: _, ...own } = process.env;
      return new VerbProcess(spawn('bash', ['-c', `${shell} exec "$@"`, 'bash', process.execPath, main, ...args], { env: { ...own, ...env }, stdio: [input, 'pipe', 'pipe'] }));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export class VerbProcess {
  out = '';
  err = '';
  readonly ended: Promise<number | string>;
  readonly #changed = new Set<() => void>();

  constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#add('out', text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#add('err', text));
    this.ended = once(child, 'close').then(([code, signal]) => (code as number | null) ?? (signal as string));
    void this.ended.then(() => this.#notify());
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  #add(stream: 'out' | 'err', text: string): void {
    this[stream] += text;
    this.#notify();
  }

  #notify(): void {
    for (const check of this.#changed) check();
  }

  /** Resolves when it has said this so many times; rejects when it ends without. */
  async says(text: string, times = 1): Promise<void> {
    let over = false;
    void this.ended.then(() => (over = true));
    await this.#until(() => {
      if ((this.out + this.err).split(text).length > times) return true;
      if (over) throw new Error(`It ended without '${text}':\n${this.out}${this.err}`);
      return false;
    });
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        try {
          if (!condition()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#changed.delete(check);
      };
      this.#changed.add(check);
      check();
    });
  }

  /** With what it started, where it has a say in that. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
