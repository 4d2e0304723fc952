import { utimesSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { InstanceCache } from './instance-cache.js';
import { whole } from '../unit/testing/load-text.js';
import { UnitTree } from './testing/unit-tree.js';

const PLAIN = '[Unit]\nDescription=Cat\n[Service]\nExecStart=/bin/cat\nStandardInput=socket\n';

function cacheOf(files: Readonly<Record<string, string>>): { readonly tree: UnitTree; readonly cache: InstanceCache } {
  const tree = new UnitTree().add(files);
  return { tree, cache: new InstanceCache(tree.store()) };
}

describe('instances of a template', () => {
  it('are the same as when each is loaded by itself', () => {
    const { cache } = cacheOf({ 'etc/cat@.service': PLAIN, 'etc/cat@.service.d/more.conf': '[Service]\nEnvironment=A=1\n' });
    for (const name of ['cat@0-1-0.service', 'cat@1-2-0.service', 'cat@2-3-0.service']) expect(whole(cache.load(name))).toEqual(whole(cache.store.load(name)));
  });

  it('are described by their own names where nothing else describes them', () => {
    const { cache } = cacheOf({ 'etc/cat@.service': '[Service]\nExecStart=/bin/cat\n' });
    expect(['0', '1'].map((instance) => cache.load(`cat@${instance}.service`).config?.description)).toEqual(['cat@0.service', 'cat@1.service']);
  });

  it.each([
    ['a specifier', '[Service]\nExecStart=/bin/echo %i\n'],
    ['a template that they depend on', `[Unit]\nWants=other@.service\n${PLAIN}`],
    ['a drop-in of one of them', PLAIN],
  ])('are told apart by %s', (_, text) => {
    const { cache } = cacheOf({ 'etc/cat@.service': text, 'etc/cat@1.service.d/own.conf': '[Unit]\nDescription=The first\n' });
    for (const name of ['cat@0.service', 'cat@1.service', 'cat@2.service']) expect(whole(cache.load(name))).toEqual(whole(cache.store.load(name)));
  });

  it('follow a change of the file, after a moment', async () => {
    const { tree, cache } = cacheOf({ 'etc/cat@.service': PLAIN });
    cache.load('cat@0.service');
    tree.add({ 'etc/cat@.service': PLAIN.replace('Cat', 'Dog') });
    utimesSync(tree.path('etc/cat@.service'), 1, 1);
    await vi.waitFor(() => expect(cache.load('cat@1.service').config?.description).toBe('Dog'));
  });

  it('are not there without a template', () => {
    expect(cacheOf({}).cache.load('cat@0.service').loadState).toBe('not-found');
  });
});
