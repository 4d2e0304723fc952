/** Files that a service finds open, behind its sockets; systemd.service(5), OpenFile=. */
import { constants, openSync } from 'node:fs';
import type { OpenFile } from '../unit/input-keys.js';

/** Whoever asked closes the numbers. Throws Node's file errors, unless a file may be missing (`graceful`). */
export function openFiles(files: readonly OpenFile[]): readonly { readonly fdNumber: number; readonly name: string }[] {
  return files.flatMap(({ path, name, options }) => {
    try {
      return [{ fdNumber: openSync(path, flagsOf(options)), name }];
    } catch (error) {
      if (options.includes('graceful')) return [];
      throw error;
    }
  });
}

function flagsOf(options: readonly string[]): number {
  if (options.includes('read-only')) return constants.O_RDONLY | constants.O_NOCTTY;
  const more = (options.includes('append') ? constants.O_APPEND : 0) | (options.includes('truncate') ? constants.O_TRUNC : 0);
  return constants.O_RDWR | constants.O_NOCTTY | more;
}
