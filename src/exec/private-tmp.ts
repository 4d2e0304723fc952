/** PrivateTmp=: what stands for /tmp and /var/tmp while a unit runs, the same for all its processes; systemd.exec(5). */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export class PrivateTmp {
  #folders: readonly [string, string] | undefined;

  constructor(readonly unit: string) {}

  /** Throws Node's file errors. */
  get folders(): readonly [tmp: string, varTmp: string] {
    return (this.#folders ??= [make('/tmp', this.unit), make('/var/tmp', this.unit)]);
  }

  remove(): void {
    for (const folder of this.#folders ?? []) rmSync(join(folder, '..'), { recursive: true, force: true });
    this.#folders = undefined;
  }
}

/** The outer one keeps others out, the inner one is as /tmp is. */
function make(parent: string, unit: string): string {
  const outer = mkdtempSync(join(existsSync(parent) ? parent : '/tmp', `rouse-private-${unit}-`));
  const inner = join(outer, 'tmp');
  mkdirSync(inner);
  chmodSync(inner, 0o1777);
  return inner;
}
