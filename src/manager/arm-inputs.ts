/** Files that a prepared start has read already: an environment file, podman's secrets. When one has changed, what was prepared is stale. */
import { statSync } from 'node:fs';

export class ArmInputs {
  readonly #stamps: readonly (readonly [path: string, stamp: string])[];

  constructor(paths: readonly string[]) {
    this.#stamps = paths.map((path) => [path, stampOf(path)] as const);
  }

  /** The first file that is not what it was. */
  changed(): string | undefined {
    return this.#stamps.find(([path, stamp]) => stampOf(path) !== stamp)?.[0];
  }
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return '';
  }
}
