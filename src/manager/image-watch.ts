/**
 * Notices that images have changed: an armed container is of the image that its name meant when it was made, and is made anew when the name
 * means another. podman writes the names of all images into one file; it is watched, and podman is asked only when it was written.
 */
import { watch, type FSWatcher } from 'node:fs';
import { imagesFolder, type PodmanSetup } from '../exec/arm.js';
import type { Manager } from './manager.js';
import { runPodman } from './podman-command.js';
import { ServiceUnit } from './service.js';

/** A pull or a build writes several times. */
const CALM_MS = 1000;
const ASK_MS = 30_000;

export class ImageWatch {
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly manager: Manager) {}

  /** From the first armed container on. */
  begin(setup: PodmanSetup): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(imagesFolder(setup), { persistent: false }, (_, name) => (name === 'images.json' ? this.#onChange() : undefined));
      this.#watcher.on('error', () => this.end());
    } catch {
      // Another storage: the next stop arms with the new image.
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #onChange(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.manager.armingQueue.addQuietly(() => this.#look());
    }, CALM_MS).unref();
  }

  async #look(): Promise<void> {
    const armed = [...this.manager.units.values()].flatMap((unit) =>
      unit instanceof ServiceUnit && unit.arming.container !== undefined ? [{ unit, ...unit.arming.container }] : [],
    );
    const [first] = armed;
    if (first === undefined) return;
    const made = await this.#ask(first.unit, ['container', 'inspect', '--format', '{{.Id}} {{.Image}}', ...armed.map(({ id }) => id)]);
    const meant = new Map<string, string | undefined>();
    for (const { image } of armed) if (!meant.has(image)) meant.set(image, (await this.#ask(first.unit, ['image', 'inspect', '--format', '{{.Id}}', image]))[0]);
    const imageOf = new Map(made.map((line) => line.split(' ') as [string, string]));
    for (const { unit, id, image } of armed) {
      const now = meant.get(image);
      if (now !== undefined && imageOf.has(id) && imageOf.get(id) !== now && unit.arming.container?.id === id) void unit.arming.renew('Its image has changed');
    }
  }

  async #ask({ name, config, manager }: ServiceUnit, args: readonly string[]): Promise<readonly string[]> {
    const command = config?.execStart[0];
    if (config === undefined || command === undefined) return [];
    return (await runPodman(manager, { unit: name, config, command, args, cgroup: undefined, timeoutMs: ASK_MS })).output.split('\n');
  }
}
