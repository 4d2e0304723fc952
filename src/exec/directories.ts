/** RuntimeDirectory=, StateDirectory= and their sisters; systemd.exec(5). They are made before a command runs. */
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ExecConfig, OwnedDirectories } from '../unit/config.js';

/** The parents: `/run`, `/var/lib` … for the system, XDG folders for a user. */
export interface OwnedFolders {
  readonly runtime: string;
  readonly state: string;
  readonly cache: string;
  readonly logs: string;
  readonly configuration: string;
}

const KINDS = [
  { key: 'runtimeDirectory', parent: 'runtime', variable: 'RUNTIME_DIRECTORY' },
  { key: 'stateDirectory', parent: 'state', variable: 'STATE_DIRECTORY' },
  { key: 'cacheDirectory', parent: 'cache', variable: 'CACHE_DIRECTORY' },
  { key: 'logsDirectory', parent: 'logs', variable: 'LOGS_DIRECTORY' },
  { key: 'configurationDirectory', parent: 'configuration', variable: 'CONFIGURATION_DIRECTORY' },
] as const;

/** Makes them, owned by the service's user, and returns the variables that name them. Throws Node's file errors. */
export function ownDirectories(folders: OwnedFolders, exec: ExecConfig, uid: number | undefined, gid: number | undefined, dynamic = false): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const { key, parent, variable } of KINDS) {
    const paths = exec[key].names.map((name) => join(folders[parent], name));
    for (const name of exec[key].names) makeOne(folders[parent], name, exec[key], uid, gid, dynamic && parent !== 'runtime' && parent !== 'configuration');
    for (const [name, link] of exec[key].links) makeLink(join(folders[parent], name), join(folders[parent], link));
    if (paths.length > 0) variables.set(variable, paths.join(':'));
  }
  return variables;
}

/** Those of a dynamic user lie in a folder that only root may enter by name, for the number may be somebody else's one day. */
function makeOne(parent: string, name: string, directories: OwnedDirectories, uid: number | undefined, gid: number | undefined, dynamic: boolean): void {
  const path = join(parent, name);
  if (!dynamic) return make(path, directories, uid, gid);
  mkdirSync(join(parent, 'private'), { recursive: true });
  chmodSync(join(parent, 'private'), 0o711);
  make(join(parent, 'private', name), directories, uid, gid);
  makeLink(join(parent, 'private', name), path);
}

/** Relative, as systemd makes them. One that is there already is as somebody made it. */
function makeLink(to: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(relative(dirname(path), to), path);
}

function make(path: string, { mode }: OwnedDirectories, uid: number | undefined, gid: number | undefined): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  if (uid === undefined && gid === undefined) return;
  const now = statSync(path);
  chownSync(path, uid ?? now.uid, gid ?? now.gid);
}

/** All of one kind, with their second names; those of a dynamic user lie behind a link. */
export function removeOwned(folders: OwnedFolders, exec: ExecConfig, kind: keyof OwnedFolders): void {
  const { names, links } = exec[`${kind}Directory`];
  for (const [, link] of links) rmSync(join(folders[kind], link), { force: true });
  for (const name of names) {
    rmSync(join(folders[kind], 'private', name), { recursive: true, force: true });
    rmSync(join(folders[kind], name), { recursive: true, force: true });
  }
}

/** RuntimeDirectory= goes when the service does, unless RuntimeDirectoryPreserve= says otherwise. */
export function removeRuntimeDirectories(folders: OwnedFolders, exec: ExecConfig, restarting: boolean): void {
  const { runtimeDirectoryPreserve: preserve } = exec;
  if (preserve === 'yes' || (preserve === 'restart' && restarting)) return;
  for (const [, link] of exec.runtimeDirectory.links) rmSync(join(folders.runtime, link), { force: true });
  for (const name of exec.runtimeDirectory.names) rmSync(join(folders.runtime, name), { recursive: true, force: true });
}
