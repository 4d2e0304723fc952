import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileIndex } from './file-index.js';
import { UnitTree } from './testing/unit-tree.js';

let tree: UnitTree;
beforeEach(() => {
  tree = new UnitTree();
});
afterEach(() => tree.remove());

const index = (...folders: readonly string[]): FileIndex => new FileIndex(folders.map((folder) => tree.path(folder)));

it('a folder that is a link to another one counts once', () => {
  tree.add({ 'usr/web.service.d/a.conf': '', 'usr/web.service.wants/x.service': '->/x', lib: '->usr' });
  const found = index('usr', 'lib', 'missing');
  expect(found.dropInFolders('web.service.d')).toEqual([tree.path('usr/web.service.d')]);
  expect(found.links).toHaveLength(1);
});

it('links are followed one step, and lead to what they say', () => {
  tree.add({ 'etc/a.service': '->b.service', 'etc/b.service': '->../opt/c.service', 'etc/d.service': '' });
  const found = index('etc');
  expect(['a', 'b', 'd'].map((name) => found.find(`${name}.service`)?.target)).toEqual([tree.path('etc/b.service'), tree.path('opt/c.service'), undefined]);
  expect(found.aliasesOf('b.service')).toEqual(['a.service']);
  expect(found.aliasesOf('c.service')).toEqual(['b.service']);
});

it('what is no unit is no entry', () => {
  tree.add({ 'etc/README': '', 'etc/x.service~': '', 'etc/web.service': '', 'etc/web.container': '', 'etc/sub.service/x': '' });
  expect(index('etc').names).toEqual(['web.service']);
});
