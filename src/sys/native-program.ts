/** Where our native programs are: native/NAME/NAME.MACHINE, found from the sources as from the bundle. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Throws when there is none for this machine. */
export function nativeProgram(name: string): string {
  const file = `${name}.${MACHINES[process.arch] ?? process.arch}`;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'native', name, file);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new Error(`No native/${name}/${file}: build it with native/${name}/build.sh`);
  }
}
