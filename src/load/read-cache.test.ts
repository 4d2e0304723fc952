import { utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UnitTree } from './testing/unit-tree.js';

const SERVICE = '[Service]\nExecStart=/bin/true\n';

/** Files that were written long ago. */
function settled(files: Readonly<Record<string, string>>): UnitTree {
  const tree = new UnitTree().add(files);
  for (const path of Object.keys(files)) utimesSync(tree.path(path), 1000, 1000);
  return tree;
}

describe('a unit that is asked for again', () => {
  it('is the same object while its files stay the same, after a reload too', async () => {
    const store = settled({ 'etc/a.service': SERVICE, 'etc/a.service.d/b.conf': '[Unit]\nDescription=A\n' }).store();
    const first = store.load('a.service');
    expect(store.load('a.service')).toBe(first);
    store.reload();
    expect(store.load('a.service')).toBe(first);
  });

  it('is another one when the file, a drop-in or what pulls it in has changed', () => {
    const tree = settled({ 'etc/a.service': SERVICE });
    const store = tree.store();
    const description = (): string | undefined => store.load('a.service').config?.description;
    const wants = (): readonly string[] => store.load('t.target').config?.dependencies.flatMap(({ kind, name }) => (kind === 'wants' ? [name] : [])) ?? [];
    expect([description(), wants()]).toEqual(['a.service', []]);
    tree.add({ 'etc/a.service': `[Unit]\nDescription=A\n${SERVICE}` });
    expect(description()).toBe('A');
    tree.add({ 'etc/a.service.d/b.conf': '[Unit]\nDescription=B\n', 'etc/t.target': '[Unit]\n', 'etc/t.target.wants/a.service': '->../a.service' });
    store.reload();
    expect([description(), wants()]).toEqual(['B', ['a.service']]);
  });

  it('is read again when it was written a moment ago, as its times may not tell of the next writing', () => {
    const tree = new UnitTree().add({ 'etc/a.service': `[Unit]\nDescription=A\n${SERVICE}` });
    const store = tree.store();
    expect(store.load('a.service').config?.description).toBe('A');
    tree.add({ 'etc/a.service': `[Unit]\nDescription=B\n${SERVICE}` });
    expect(store.load('a.service').config?.description).toBe('B');
  });
});
