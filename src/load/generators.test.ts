import { chmodSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findGenerators } from './generators.js';
import { UnitTree } from './testing/unit-tree.js';

const PROGRAM = '#!/bin/sh\n';

/** The names of those that would be run, with their folders. */
function found(files: Readonly<Record<string, string>>, prepare: (tree: UnitTree) => void = () => undefined): readonly string[] {
  const tree = new UnitTree().add(files);
  for (const path of Object.keys(files)) chmodSync(tree.path(path), 0o755);
  prepare(tree);
  return findGenerators([tree.path('etc'), tree.path('usr')]).map((path) => path.slice(tree.path('').length));
}

describe('generators', () => {
  it('run in the order of their names, and the first of a name counts', () => {
    expect(found({ 'usr/b': PROGRAM, 'etc/b': PROGRAM, 'usr/a': PROGRAM })).toEqual(['/usr/a', '/etc/b']);
  });

  it('are masked by a link to /dev/null and by an empty file', () => {
    expect(found({ 'usr/a': PROGRAM, 'usr/b': PROGRAM, 'etc/b': '' }, (tree) => symlinkSync('/dev/null', tree.path('etc/a')))).toEqual([]);
  });

  it('are programs', () => {
    expect(found({ 'usr/a': PROGRAM, 'usr/.hidden': PROGRAM, 'usr/b.dpkg-old': PROGRAM }, (tree) => chmodSync(tree.path('usr/a'), 0o644))).toEqual([]);
  });

  it('are not those of systemd itself, nor the one of podman that rouse stands in for', () => {
    expect(found({ 'usr/systemd-fstab-generator': PROGRAM, 'usr/podman-system-generator': PROGRAM, 'usr/openvpn-generator': PROGRAM })).toEqual(['/usr/openvpn-generator']);
  });
});
