/** Paths in Quadlet files: relative ones stand relative to the file. Nothing here looks at a disk. */
import { posix } from 'node:path';
import { quoteArg } from './podman-args.js';
import type { Conversion } from './conversion.js';
import type { Value } from './source.js';

/** A path that begins with a specifier is not relative: what it stands for is absolute. */
export function absolutePath({ source }: Conversion, path: string): string {
  const file = source.contents.fragmentPath;
  if (startsWithSpecifier(path) || posix.isAbsolute(path) || file === '') return path;
  return posix.join(posix.dirname(file), path);
}

export function startsWithSpecifier(path: string): boolean {
  return path.startsWith('%') && !path.startsWith('%%');
}

/** What podman build can fetch as its context or Containerfile. */
export function isUrl(text: string): boolean {
  return /^(https?|git):\/\/|github\.com\/./.test(text);
}

/** The file system that holds the path is mounted before the service starts. */
export function requireMount({ service }: Conversion, path: string, { place }: Value): void {
  service.add('Unit', 'RequiresMountsFor', quoteArg(path), place);
}
