import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { service } from '../../unit/testing/load-text.js';
import { MissingPathError, mountWords, needsMounts, type MountRequest } from './mounts.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-mounts-'));
mkdirSync(join(folder, 'a/b'), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

function request(lines: string): MountRequest {
  const { sandbox } = service(lines).exec;
  return { sandbox, root: '', runtimeDir: '/run', places: { folder: '/empty', file: '/file', stage: '/stage' }, privateTmp: undefined, ownDirectories: [], credentials: undefined };
}

it('a unit that hides nothing needs no mounts', () => {
  expect(needsMounts(request(''))).toBe(false);
  expect(needsMounts(request('PrivateTmp=yes'))).toBe(true);
});

it('a folder comes before what is in it', () => {
  const words = mountWords(request(`ReadWritePaths=${folder}/a/b\nReadOnlyPaths=${folder}/a`));
  const bind = (path: string): string => `b${path.length}:${path}${path}`;
  expect(words).toEqual(['N131072', 'v', bind(`${folder}/a`), `a1:0:${folder}/a`, bind(`${folder}/a/b`), `w${folder}/a/b`]);
});

it('of one path the last setting counts', () => {
  const words = mountWords(request(`ReadOnlyPaths=${folder}/a\nInaccessiblePaths=${folder}/a`));
  expect(words.slice(2)).toEqual([`b6:/empty${folder}/a`, `a1:0:${folder}/a`]);
});

it('a path that is missing is said, unless it may be missing', () => {
  expect(() => mountWords(request('ReadOnlyPaths=/no/such'))).toThrow(MissingPathError);
  expect(mountWords(request('ReadOnlyPaths=-/no/such'))).toEqual(['N131072', 'v']);
});
