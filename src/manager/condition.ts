/**
 * Condition…= and Assert…=; systemd.unit(5), "CONDITIONS AND ASSERTS". A table of tests; what rouse cannot test counts as
 * met, and loading has said so.
 */
import { accessSync, constants, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { arch, hostname } from 'node:os';
import { groupByName, userByName } from '../sys/process.js';
import type { Condition } from '../unit/config.js';
import { HOST_TESTS } from './host-condition.js';
import { globExpression } from '../unitfile/glob.js';

type Test = (value: string) => boolean;

const TESTS: Readonly<Record<string, Test>> = {
  PathExists: (path) => existsSync(path),
  PathExistsGlob: (pattern) => globExists(pattern),
  PathIsDirectory: (path) => statOf(path)?.isDirectory() === true,
  PathIsSymbolicLink: (path) => lstatOf(path)?.isSymbolicLink() === true,
  PathIsMountPoint: (path) => statOf(path)?.dev !== statOf(`${path}/..`)?.dev,
  PathIsReadWrite: (path) => isWritable(path),
  DirectoryNotEmpty: (path) => isNonEmptyFolder(path),
  FileNotEmpty: (path) => statOf(path)?.isFile() === true && (statOf(path)?.size ?? 0) > 0,
  FileIsExecutable: (path) => statOf(path)?.isFile() === true && isExecutable(path),
  User: (name) => (name === '@system' ? ownUid() < 1000 : userByName(name)?.uid === ownUid()),
  Group: (name) => isOurGroup(groupByName(name)?.gid),
  Host: (name) => name === hostname(),
  Architecture: (name) => name === 'native' || name === { x64: 'x86-64', arm64: 'arm64' }[arch() as 'x64' | 'arm64'],
  Environment: (text) => hasVariable(text),
  ...HOST_TESTS,
};

/** The first condition that keeps the unit from starting, in words; undefined: it may start. */
export function unmetCondition(conditions: readonly Condition[]): { readonly assert: boolean; readonly message: string } | undefined {
  for (const assert of [true, false]) {
    const all = conditions.filter((condition) => condition.assert === assert);
    const plain = all.find((condition) => !condition.trigger && !holds(condition));
    const triggers = all.filter((condition) => condition.trigger);
    const unmet = plain ?? (triggers.length > 0 && !triggers.some(holds) ? triggers[0] : undefined);
    if (unmet !== undefined) return { assert, message: `Skipped, because ${unmet.key}=${unmet.negate ? '!' : ''}${unmet.value} is not met` };
  }
  return undefined;
}

function holds({ key, negate, value }: Condition): boolean {
  const test = TESTS[key.replace(/^(Condition|Assert)/, '')];
  return test === undefined ? true : test(value) !== negate;
}

const ownUid = (): number => process.getuid?.() ?? 0;

function isOurGroup(gid: number | undefined): boolean {
  return gid !== undefined && (process.getgid?.() === gid || process.getgroups?.().includes(gid) === true);
}

function statOf(path: string): ReturnType<typeof statSync> | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function lstatOf(path: string): ReturnType<typeof lstatSync> | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function can(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

const isWritable = (path: string): boolean => can(path, constants.W_OK);
const isExecutable = (path: string): boolean => can(path, constants.X_OK);

function isNonEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch {
    return false;
  }
}

function hasVariable(text: string): boolean {
  const at = text.indexOf('=');
  return at < 0 ? process.env[text] !== undefined : process.env[text.slice(0, at)] === text.slice(at + 1);
}

/** glob(7) in the last part of the path only, which is what unit files use. */
function globExists(pattern: string): boolean {
  const at = pattern.lastIndexOf('/');
  const name = globExpression(pattern.slice(at + 1));
  try {
    return readdirSync(pattern.slice(0, at) || '/').some((entry) => name.test(entry));
  } catch {
    return false;
  }
}
