/**
 * Root file systems with more packages than the test host has, each under a name of its own: for the tests of other people's servers, which
 * the ordinary host needs not carry. Built once, from a copy of the host's, and again when that or the package list changes.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureRoot, rootPath, storePath, underLock } from './root-fs.mjs';

const RECIPE = join(import.meta.dirname, 'extend.sh');

export function extendedPath({ name, packages }) {
  const hash = createHash('sha256').update(rootPath()).update(packages.join(' ')).update(readFileSync(RECIPE)).digest('hex');
  return join(storePath(), `root-${name}-${hash.slice(0, 16)}`);
}

/** Builds it unless it is there. */
export async function ensureExtended(extra, { onProgress = () => {} } = {}) {
  const base = await ensureRoot({ onProgress });
  const root = extendedPath(extra);
  if (existsSync(root)) return root;
  onProgress(`building ${root} (once, a few minutes)`);
  const env = { ...process.env, STORE: storePath(), BASE: base, ROOT: root, KIND: extra.name, PACKAGES: extra.packages.join(' ') };
  await underLock(['bash', RECIPE], { env, wait: true, onProgress });
  if (!existsSync(root)) throw new Error(`Failed to build the test host: see ${join(storePath(), `${extra.name}.log`)}`);
  return root;
}
