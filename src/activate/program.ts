/** Where the command's program may be; execvp(3). */
import { accessSync, constants, statSync } from 'node:fs';

/** What confstr(3) has for a $PATH that is not set. */
const DEFAULT_PATH = '/bin:/usr/bin';

/** In the order in which they are tried. A name with a slash is a path, from the current folder. */
export function programPaths(name: string, path: string | undefined): readonly string[] {
  if (name === '' || name.includes('/')) return [name];
  return (path ?? DEFAULT_PATH).split(':').map((folder) => `${folder === '' ? '.' : folder}/${name}`);
}

/** The first that can be executed; without one, the first that is there at all, so that the kernel says what is wrong with it. */
export function findProgram(name: string, path: string | undefined): string {
  const paths = programPaths(name, path);
  return paths.find(isProgram) ?? paths.find(isThere) ?? paths[0] ?? name;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}
