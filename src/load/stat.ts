/** stat(2) that says 'nothing there' for all that cannot be looked at, also in a folder that may not be entered. */
import { statSync, type Stats } from 'node:fs';

export function statQuietly(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
