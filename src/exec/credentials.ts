/**
 * The folder that $CREDENTIALS_DIRECTORY names; systemd.exec(5), "CREDENTIALS". Unlike systemd: it is an ordinary folder of the runtime
 * directory, readable by the service's user alone, which goes when the service does.
 */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ExecConfig } from '../unit/config.js';
import type { Credential } from '../unit/input-keys.js';

export function credentialsFolder(runtimeDir: string, unit: string): string {
  return join(runtimeDir, 'credentials', unit);
}

/** Makes the folder, and returns it; undefined when the unit has no credentials. Throws Node's file errors. */
export function writeCredentials(runtimeDir: string, unit: string, exec: ExecConfig, uid: number | undefined, gid: number | undefined): string | undefined {
  const { credentials, setCredentials } = exec;
  if (credentials.length + setCredentials.length === 0) return undefined;
  const folder = credentialsFolder(runtimeDir, unit);
  mkdirSync(join(runtimeDir, 'credentials'), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const found = new Map<string, Uint8Array>();
  // What is set in the unit counts where nothing is loaded.
  for (const { id, data } of setCredentials) if (data !== undefined) found.set(id, data);
  for (const credential of credentials) for (const [id, data] of read(credential, found.has(credential.id))) found.set(id, data);
  for (const [id, data] of found) writeOne(join(folder, id), data, uid, gid);
  chmodSync(folder, 0o500);
  if (uid !== undefined) chownSync(folder, uid, gid ?? statSync(folder).gid);
  return folder;
}

export function removeCredentials(runtimeDir: string, unit: string, exec: ExecConfig): void {
  if (exec.credentials.length + exec.setCredentials.length > 0) rmSync(credentialsFolder(runtimeDir, unit), { recursive: true, force: true });
}

/** A folder gives a credential for each of its files, named NAME_FILE; a name alone is looked for where the machine's credentials are. */
function read({ id, path = id }: Credential, hasFallback: boolean): readonly (readonly [string, Uint8Array])[] {
  const file = isAbsolute(path) ? path : ['/run/credentials/@system', '/etc/credstore', '/run/credstore', '/usr/lib/credstore'].map((folder) => join(folder, path)).find(exists);
  if (file === undefined) return [];
  if (hasFallback && !exists(file)) return [];
  if (!statSync(file).isDirectory()) return [[id, readFileSync(file)]];
  return readdirSync(file).map((name) => [`${id}_${name}`, readFileSync(join(file, name))] as const);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function writeOne(path: string, data: Uint8Array, uid: number | undefined, gid: number | undefined): void {
  rmSync(path, { force: true });
  writeFileSync(path, data, { mode: 0o400 });
  if (uid !== undefined) chownSync(path, uid, gid ?? statSync(path).gid);
}
