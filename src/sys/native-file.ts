/** Where the files of native/ are, from the sources as from the bundle. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Throws when there is no such file. */
export function nativeFile(folder: string, file: string): string {
  for (let above = dirname(fileURLToPath(import.meta.url)); ; above = dirname(above)) {
    const path = join(above, 'native', folder, file);
    if (existsSync(path)) return path;
    if (above === dirname(above)) throw new Error(`No native/${folder}/${file}: native/README.md says how it is built`);
  }
}
