import { chownSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { service } from '../unit/testing/load-text.js';
import { ownDirectories, removeRuntimeDirectories, type OwnedFolders } from './directories.js';

const root = mkdtempSync(join(tmpdir(), 'rouse-directories-'));
afterAll(() => rmSync(root, { recursive: true }));
const folders: OwnedFolders = { runtime: join(root, 'run'), state: join(root, 'lib'), cache: join(root, 'cache'), logs: join(root, 'log'), configuration: join(root, 'etc') };
const isRoot = process.getuid?.() === 0;

const own = (lines: string, uid?: number, gid?: number): Readonly<Record<string, string>> => Object.fromEntries(ownDirectories(folders, service(lines).exec, uid, gid));
const modeOf = (path: string): number => statSync(join(root, path)).mode & 0o7777;

describe("a service's own directories", () => {
  it('are made, and named by variables', () => {
    expect(own('RuntimeDirectory=a b/c\nStateDirectory=s\nCacheDirectory=c\nLogsDirectory=l\nConfigurationDirectory=e')).toEqual({
      RUNTIME_DIRECTORY: `${root}/run/a:${root}/run/b/c`,
      STATE_DIRECTORY: `${root}/lib/s`,
      CACHE_DIRECTORY: `${root}/cache/c`,
      LOGS_DIRECTORY: `${root}/log/l`,
      CONFIGURATION_DIRECTORY: `${root}/etc/e`,
    });
    expect(modeOf('run/b/c')).toBe(0o755);
    expect(own('')).toEqual({});
  });

  it('have the mode that is asked for, also when they exist already', () => {
    mkdirSync(join(folders.state, 'x'), { recursive: true });
    own('StateDirectory=x\nStateDirectoryMode=0700');
    expect(modeOf('lib/x')).toBe(0o700);
    own('StateDirectory=x\nStateDirectoryMode=1777');
    expect(modeOf('lib/x')).toBe(0o1777);
  });

  it.runIf(isRoot)('belong to the user of the service', () => {
    own('StateDirectory=y', 1234, 2345);
    expect(statSync(join(folders.state, 'y'))).toMatchObject({ uid: 1234, gid: 2345 });
    own('StateDirectory=y', 4321);
    expect(statSync(join(folders.state, 'y'))).toMatchObject({ uid: 4321, gid: 2345 });
    chownSync(join(folders.state, 'y'), 0, 0);
  });

  it('of a dynamic user may lie in others, and have links that stay right when all of it is moved', () => {
    ownDirectories(folders, service('StateDirectory=one/deep flat\nRuntimeDirectory=here:there/too').exec, undefined, undefined, true);
    expect(readlinkSync(join(folders.state, 'one/deep'))).toBe('../private/one/deep');
    expect(readlinkSync(join(folders.state, 'flat'))).toBe('private/flat');
    expect(readlinkSync(join(folders.runtime, 'there/too'))).toBe('../here');
    expect(statSync(join(folders.state, 'one/deep')).isDirectory()).toBe(true);
  });

  it('say which could not be made', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => ownDirectories({ ...folders, cache: join(root, 'file') }, service('CacheDirectory=z').exec, undefined, undefined)).toThrow(/file/);
  });
});

describe('a runtime directory', () => {
  it.each([
    ['no', false, false],
    ['no', true, false],
    ['restart', true, true],
    ['restart', false, false],
    ['yes', false, true],
  ])('with RuntimeDirectoryPreserve=%s, restarting %s: kept %s', (preserve, restarting, kept) => {
    const lines = `RuntimeDirectory=gone\nStateDirectory=stays\nRuntimeDirectoryPreserve=${preserve}`;
    own(lines);
    writeFileSync(join(folders.runtime, 'gone/file'), '');
    removeRuntimeDirectories(folders, service(lines).exec, restarting);
    expect(existsSync(join(folders.runtime, 'gone'))).toBe(kept);
    expect(existsSync(join(folders.state, 'stays'))).toBe(true);
  });
});
