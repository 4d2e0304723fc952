import { utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SERVICE, UnitTree } from '../load/testing/unit-tree.js';
import { changedOnDisk, toWireDiagnostic, wireProperties, wireUnit } from './wire-unit.js';
import type { WireUnit } from './protocol.js';

let tree: UnitTree;
beforeEach(() => {
  tree = new UnitTree();
});
afterEach(() => tree.remove());

function wired(files: Readonly<Record<string, string>>, name: string): WireUnit {
  const store = tree.add(files).store();
  return wireUnit(store, store.load(name));
}

describe('a unit that nobody runs', () => {
  it('is what its files say', () => {
    const unit = wired(
      { 'etc/web.socket': '[Unit]\nDescription=Web\n[Socket]\nListenStream=80\nListenDatagram=@x\nService=other.service\n', 'etc/web.socket.d/a.conf': '[Unit]\nNonsense=1\n' },
      'web.socket',
    );
    expect(unit).toMatchObject({
      name: 'web.socket',
      description: 'Web',
      loadState: 'loaded',
      activeState: 'inactive',
      subState: 'dead',
      fragmentPath: tree.path('etc/web.socket'),
      dropInPaths: [tree.path('etc/web.socket.d/a.conf')],
      triggers: ['other.service'],
      listen: [
        { kind: 'Stream', address: '[::]:80' },
        { kind: 'Datagram', address: '@x' },
      ],
      unitFileState: 'static',
      diagnostics: [{ severity: 'warning', code: 'unknown-key', line: 2, text: `${tree.path('etc/web.socket.d/a.conf')}:2: Unknown key 'Nonsense' in section [Unit], ignoring` }],
    });
  });

  it('is named after what was asked for where there is none', () => {
    expect(wired({}, 'no.service')).toMatchObject({ name: 'no.service', description: 'no.service', loadState: 'not-found', fragmentPath: '', unitFileState: '', diagnostics: [] });
  });

  it('shows the text that Quadlet made for it', () => {
    const unit = wired({ 'quadlets/box.container': '[Container]\nImage=x\n' }, 'box.service');
    expect(unit).toMatchObject({
      sourcePath: tree.path('quadlets/box.container'),
      unitFileState: 'generated',
      contents: expect.stringMatching(/^ExecStart=.*podman run .* x$/m) as string,
    });
  });

  it('shows what its type has before what every unit has, as systemctl does, and nothing twice', () => {
    const store = tree.add({ 'etc/web.service': SERVICE }).store();
    const loaded = store.load('web.service');
    const names = wireProperties(wireUnit(store, loaded), loaded).properties?.map(([name]) => name) ?? [];
    expect(names.slice(0, 3)).toEqual(['Type', 'ExitType', 'Restart']);
    expect(names.indexOf('Id')).toBeGreaterThan(names.indexOf('KillMode'));
    expect(names).toContain('ExecStart');
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a file that was changed after it was read', () => {
  it.each(['etc/web.service', 'etc/web.service.d/a.conf'])('is noticed: %s', (file) => {
    const store = tree.add({ 'etc/web.service': SERVICE, 'etc/web.service.d/a.conf': '[Unit]\n' }).store();
    const loaded = store.load('web.service');
    expect(changedOnDisk(loaded)).toBe(false);
    const later = loaded.changedMs / 1000 + 10;
    utimesSync(tree.path(file), later, later);
    expect(changedOnDisk(loaded)).toBe(true);
  });

  it('is noticed when it is gone, and is none where there is no file', () => {
    const store = tree.add({ 'etc/web.service': SERVICE }).store();
    const loaded = store.load('web.service');
    const builtin = store.load('multi-user.target');
    tree.remove();
    expect([changedOnDisk(loaded), changedOnDisk(builtin)]).toEqual([true, false]);
    tree.add({ 'etc/x': '' });
  });
});

it('a diagnostic has its one text beside its parts', () => {
  expect(toWireDiagnostic({ severity: 'warning', code: 'c', file: '/f', line: 3, message: 'M', hint: 'h' })).toEqual({
    severity: 'warning',
    code: 'c',
    file: '/f',
    line: 3,
    message: 'M',
    hint: 'h',
    text: '/f:3: M\n  hint: h',
  });
});
