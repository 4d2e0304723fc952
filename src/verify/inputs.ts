/** From the words of a command line, or from a whole search path, to the files that are to be verified. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { FileIndex } from '../load/file-index.js';
import { readQuadletFiles } from '../load/quadlet-files.js';
import type { Scope } from '../load/scope.js';
import { kindOf } from '../quadlet/kinds.js';
import { parseUnitName } from '../unit/name.js';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { isVendorFolder } from '../unitfile/search-path.js';

/** One unit or Quadlet file, by its absolute path. */
export interface Input {
  readonly path: string;
  readonly name: string;
  /** Set for a drop-in, or a folder of them, that was named: what is found elsewhere is not reported. */
  readonly dropIn?: string;
  /** The drop-in is all that there is of the unit. */
  readonly orphan?: true;
}

export interface Inputs {
  readonly inputs: readonly Input[];
  /** What was named and is not there. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A word is a path, or else the name of a file on the search path. */
export function namedInputs(words: readonly string[], cwd: string, scope: Scope): Inputs {
  const found = words.flatMap((word) => inFolder(resolve(cwd, word)) ?? findInput(word, cwd, scope));
  const inputs = found.flatMap((each) => ('path' in each ? [each] : []));
  return { inputs: distinct(inputs), diagnostics: found.flatMap((each) => ('path' in each ? [] : [each.missing])) };
}

/** What the administrator wrote: all Quadlet files, and the units outside of the folders that packages fill. */
export function allInputs(scope: Scope): Inputs {
  const index = new FileIndex(scope.unitDirs);
  const units = index.names.flatMap((name) => {
    const entry = index.find(name);
    // An alias is verified as what it leads to.
    return entry === undefined || entry.vendor || (entry.target !== undefined && basename(entry.target) !== name) ? [] : [{ path: entry.path, name }];
  });
  const { files, diagnostics } = readQuadletFiles(scope.quadletDirs, { tolerant: true });
  const quadlets = files.map(({ fragmentPath, name }) => ({ path: fragmentPath, name }));
  const unread = diagnostics.filter(({ code }) => code === 'unreadable');
  return { inputs: distinct([...units, ...quadlets, ...overriddenVendorUnits(index, scope)]), diagnostics: unread };
}

/** A package's unit with a drop-in of the administrator's: the drop-in is verified. */
function overriddenVendorUnits(index: FileIndex, scope: Scope): readonly Input[] {
  return index.names.flatMap((name) => {
    const entry = index.find(name);
    if (entry === undefined || !entry.vendor || entry.target !== undefined) return [];
    const own = scope.unitDirs.find((folder) => !isVendorFolder(`${folder}/`) && existsSync(join(folder, `${name}.d`)));
    return own === undefined ? [] : [{ path: entry.path, name, dropIn: join(own, `${name}.d`) }];
  });
}

function findInput(word: string, cwd: string, scope: Scope): Input | { readonly missing: Diagnostic } {
  const path = resolve(cwd, word);
  const file = isFile(path) ? path : word.includes('/') ? undefined : onSearchPath(word, scope);
  if (file === undefined) {
    const message = 'There is no such file, leaving it out';
    const hint = word.includes('/')
      ? 'rouse verify takes unit files, Quadlet files, drop-ins and folders of them'
      : `it is neither here nor in ${[...scope.unitDirs, ...scope.quadletDirs].slice(0, 4).join(', ')} …`;
    return { missing: { severity: 'error', code: 'unreadable', file: path, line: 0, message, hint } };
  }
  return dropInOf(file, scope) ?? { path: file, name: basename(file) };
}

/** The unit and Quadlet files in a folder and its sub-folders; undefined for what is no folder. Drop-ins come with their units. */
function inFolder(folder: string): readonly Input[] | undefined {
  const entries = list(folder);
  if (entries === undefined) return undefined;
  if (folder.endsWith('.d')) return [];
  return entries.flatMap((name) => {
    const path = join(folder, name);
    if (kindOf(name) !== undefined || VERIFIED.includes(parseUnitName(name)?.type ?? '')) return isFile(path) ? [{ path, name }] : [];
    return name.startsWith('.') || name === 'node_modules' ? [] : (inFolder(path) ?? []);
  });
}

/** The types of units that rouse runs. */
const VERIFIED = ['socket', 'service', 'target'];

function list(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder).sort();
  } catch {
    return undefined;
  }
}

/** `web.service.d/10.conf` is verified as a part of web.service, where there is one. */
function dropInOf(path: string, scope: Scope): Input | undefined {
  const folder = dirname(path);
  const name = basename(folder).replace(/\.d$/, '');
  if (!path.endsWith('.conf') || name === basename(folder)) return undefined;
  const beside = join(dirname(folder), name);
  const fragment = isFile(beside) ? beside : onSearchPath(name, scope);
  // `service.d` is for every service.
  return fragment === undefined ? { path, name: name.includes('.') ? name : `every.${name}`, dropIn: path, orphan: true } : { path: fragment, name, dropIn: path };
}

function onSearchPath(name: string, scope: Scope): string | undefined {
  const folders = kindOf(name) === undefined ? scope.unitDirs : scope.quadletDirs;
  return folders.map((folder) => join(folder, name)).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function distinct(inputs: readonly Input[]): readonly Input[] {
  return [...new Map(inputs.map((input) => [`${input.path}\0${input.dropIn ?? ''}`, input])).values()];
}
