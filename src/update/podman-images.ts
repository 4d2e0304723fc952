/**
 * What podman, and skopeo where it is installed, say of images. Whether a registry has a newer one is asked without getting it: skopeo
 * reads the manifest alone; without skopeo podman pulls into a store of its own that sees all layers of the real one, so that only
 * what is new is fetched, and nothing of the real one changes.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from './tasks.js';

export interface Finished {
  readonly ok: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end. undefined: it is not installed. */
export type Run = (program: string, args: readonly string[]) => Promise<Finished | undefined>;

export interface RegistryOptions {
  readonly authFile: string | undefined;
  /** 'true' or 'false'; undefined: as registries.conf says. */
  readonly tlsVerify: string | undefined;
}

export class PodmanImages {
  /** What was pulled or asked for already, by name: many containers may have the same image. */
  readonly #remote = new Map<string, Promise<string>>();

  constructor(
    readonly run: Run,
    readonly options: RegistryOptions,
  ) {}

  async isNewer(task: Task): Promise<boolean> {
    if (task.policy === 'local') return (await this.#podman('image', 'inspect', '--format', '{{.Id}}', task.image)) !== task.imageId;
    if (/@sha256:/.test(task.image)) throw new Error(`'${task.image}' names one image for ever: AutoUpdate=registry takes a tag`);
    const known = JSON.parse(await this.#podman('image', 'inspect', '--format', '{{json .RepoDigests}}', task.imageId)) as readonly string[] | null;
    const remote = await this.#once(`look ${task.image}`, () => this.#look(task));
    return remote !== task.imageId && !(known ?? []).some((digest) => digest.endsWith(`@${remote}`));
  }

  async pull(task: Task): Promise<void> {
    await this.#once(`pull ${task.image}`, () => this.#podman('pull', '--quiet', ...this.#registryWords(task), task.image));
  }

  async tag(imageId: string, name: string): Promise<void> {
    await this.#podman('tag', imageId, name);
  }

  /** The digest of the manifest, or the id of the image, that the registry has. */
  async #look(task: Task): Promise<string> {
    const inspected = await this.run('skopeo', ['inspect', '--raw', ...this.#registryWords(task), `docker://${task.image}`]);
    if (inspected === undefined) return this.#pullAside(task);
    if (!inspected.ok) throw new Error(lastLine(inspected.stderr));
    return `sha256:${createHash('sha256').update(inspected.stdout).digest('hex')}`;
  }

  async #pullAside(task: Task): Promise<string> {
    const real = await this.#podman('info', '--format', '{{.Store.GraphRoot}}');
    const folder = mkdtempSync(join(tmpdir(), 'rouse-auto-update-'));
    const store = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-opt', `additionalimagestore=${real}`];
    try {
      return await this.#podman(...store, 'pull', '--quiet', ...this.#registryWords(task), task.image);
    } finally {
      // What podman unpacks belongs to the user's subordinate ids.
      if (process.getuid?.() === 0) rmSync(folder, { recursive: true, force: true });
      else await this.run('podman', ['unshare', 'rm', '-rf', folder]);
    }
  }

  #registryWords(task: Task): readonly string[] {
    const authFile = task.authFile ?? this.options.authFile;
    const { tlsVerify } = this.options;
    return [...(authFile === undefined ? [] : [`--authfile=${authFile}`]), ...(tlsVerify === undefined ? [] : [`--tls-verify=${tlsVerify}`])];
  }

  async #podman(...args: readonly string[]): Promise<string> {
    const finished = await this.run('podman', args);
    if (finished === undefined) throw new Error('podman is not installed');
    if (!finished.ok) throw new Error(lastLine(finished.stderr));
    return finished.stdout.toString().trim();
  }

  #once(key: string, action: () => Promise<string>): Promise<string> {
    const known = this.#remote.get(key);
    if (known !== undefined) return known;
    const asked = action();
    this.#remote.set(key, asked);
    return asked;
  }
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').replace(/^Error: /, '');
}
