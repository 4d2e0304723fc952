import { utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedUnit } from './unit-store.js';
import { SERVICE, UnitTree } from './testing/unit-tree.js';

let tree: UnitTree;
beforeEach(() => {
  tree = new UnitTree();
});
afterEach(() => tree.remove());

const described = (text: string): string => `[Unit]\nDescription=${text}\n${SERVICE}`;
const conf = (text: string): string => `[Unit]\nDescription=${text}\n`;

function load(files: Readonly<Record<string, string>>, name: string): LoadedUnit {
  return tree.add(files).store().load(name);
}

/** Own name, state and file: all that finding a unit decides. */
function found(files: Readonly<Record<string, string>>, name: string): string {
  const { name: own, loadState, contents } = load(files, name);
  return [own, loadState, ...(contents === undefined ? [] : [tree.short(contents.fragmentPath)])].join(' ');
}

function dropIns(files: Readonly<Record<string, string>>, name: string): readonly string[] {
  return load(files, name).contents?.dropInPaths.map((path) => tree.short(path)) ?? [];
}

function pulled(files: Readonly<Record<string, string>>, name: string): readonly string[] {
  return (
    load({ 'etc/dep.service': SERVICE, ...files }, name)
      .config?.dependencies.filter(({ kind, place }) => ['wants', 'requires', 'upholds'].includes(kind) && place.file.includes('etc/'))
      .map((each) => `${each.kind} ${each.name}`)
      .filter((each) => !each.endsWith('sysinit.target')) ?? []
  );
}

describe('a unit', () => {
  // Each as systemd 257 finds it.
  it.each<[title: string, files: Readonly<Record<string, string>>, name: string, expected: string]>([
    [
      'is read from the first folder that has it',
      { 'usr/web.service': SERVICE, 'run/web.service': SERVICE, 'etc/web.service': SERVICE },
      'web.service',
      'web.service loaded etc/web.service',
    ],
    ['is not there', {}, 'web.service', 'web.service not-found'],
    ['is not there when it is a folder', { 'etc/web.service/x': '' }, 'web.service', 'web.service not-found'],
    ['is masked by a link to /dev/null', { 'etc/web.service': '->/dev/null', 'usr/web.service': SERVICE }, 'web.service', 'web.service masked'],
    ['is masked by an empty file', { 'etc/web.service': '', 'usr/web.service': SERVICE }, 'web.service', 'web.service masked'],
    ['has an alias by an absolute link', { 'usr/web.service': SERVICE, 'etc/www.service': '->~/usr/web.service' }, 'www.service', 'web.service loaded usr/web.service'],
    ['has an alias by a relative link', { 'usr/web.service': SERVICE, 'usr/www.service': '->web.service' }, 'www.service', 'web.service loaded usr/web.service'],
    [
      'has an alias of an alias',
      { 'usr/web.service': SERVICE, 'etc/a.service': '->~/usr/web.service', 'etc/b.service': '->a.service' },
      'b.service',
      'web.service loaded usr/web.service',
    ],
    [
      'has an alias that leads to the better file of its name',
      { 'usr/web.service': SERVICE, 'etc/web.service': SERVICE, 'usr/www.service': '->web.service' },
      'www.service',
      'web.service loaded etc/web.service',
    ],
    [
      'is masked under each of its names',
      { 'usr/web.service': SERVICE, 'etc/web.service': '->/dev/null', 'usr/www.service': '->web.service' },
      'www.service',
      'web.service masked',
    ],
    ['is linked from elsewhere', { 'opt/web.service': SERVICE, 'etc/web.service': '->~/opt/web.service' }, 'web.service', 'web.service loaded etc/web.service'],
    [
      'is linked from elsewhere, by the name of the link',
      { 'opt/other.service': SERVICE, 'etc/web.service': '->~/opt/other.service' },
      'web.service',
      'web.service loaded etc/web.service',
    ],
    [
      'is not there under the name that a link from elsewhere has',
      { 'opt/other.service': SERVICE, 'etc/web.service': '->~/opt/other.service' },
      'other.service',
      'other.service not-found',
    ],
    ['is linked to the same name in another folder', { 'usr/web.service': SERVICE, 'etc/web.service': '->~/usr/web.service' }, 'web.service', 'web.service loaded usr/web.service'],
    ['is not there when its link leads nowhere', { 'etc/web.service': '->/nowhere/web.service' }, 'web.service', 'web.service not-found'],
    [
      'is not there when its links lead in a circle',
      { 'etc/a.service': '->b.service', 'etc/b.service': '->a.service' },
      'a.service',
      expect.stringContaining('not-found') as string,
    ],
    ['is not there when it links to another type', { 'usr/web.service': SERVICE, 'etc/web.socket': '->~/usr/web.service' }, 'web.socket', 'web.socket not-found'],
    ['is not there when it links to a template', { 'usr/web@.service': SERVICE, 'etc/web.service': '->~/usr/web@.service' }, 'web.service', 'web.service not-found'],
    ['is an instance of a template', { 'usr/web@.service': SERVICE }, 'web@a.service', 'web@a.service loaded usr/web@.service'],
    ['is an instance with a file of its own', { 'etc/web@.service': SERVICE, 'usr/web@a.service': SERVICE }, 'web@a.service', 'web@a.service loaded usr/web@a.service'],
    ['is an instance of a masked template', { 'etc/web@.service': '->/dev/null', 'usr/web@.service': SERVICE }, 'web@a.service', 'web@a.service masked'],
    ['is an instance of an alias of a template', { 'usr/web@.service': SERVICE, 'usr/www@.service': '->web@.service' }, 'www@a.service', 'web@a.service loaded usr/web@.service'],
    [
      'is an instance by a link to a template',
      { 'usr/web@.service': SERVICE, 'etc/www@b.service': '->~/usr/web@.service' },
      'www@b.service',
      'web@b.service loaded usr/web@.service',
    ],
    ['is no instance by the link of another one', { 'usr/web@.service': SERVICE, 'etc/www@b.service': '->~/usr/web@.service' }, 'www@a.service', 'www@a.service not-found'],
    [
      'is an instance that is linked to its template',
      { 'usr/web@.service': SERVICE, 'etc/web@a.service': '->~/usr/web@.service' },
      'web@a.service',
      'web@a.service loaded usr/web@.service',
    ],
  ])('%s', (_, files, name, expected) => {
    expect(found(files, name)).toEqual(expected);
  });

  it('says that its link leads nowhere', () => {
    expect(load({ 'etc/web.service': '->/nowhere/web.service' }, 'web.service').diagnostics).toEqual([
      expect.objectContaining({ severity: 'error', message: 'The link leads nowhere, refusing to load' }),
    ]);
  });

  it('is not loaded when its file is none', () => {
    expect(load({ 'etc/web.service': '[Service]\0' }, 'web.service')).toMatchObject({ loadState: 'bad-setting', config: undefined });
  });

  it('has every name that it can be asked by', () => {
    tree.add({ 'usr/web.service': SERVICE, 'etc/www.service': '->~/usr/web.service', 'usr/web@.service': SERVICE, 'etc/README': 'x', 'etc/web.service.wants/x.service': '->/x' });
    const names = tree.store().names();
    expect(names).toEqual(expect.arrayContaining(['multi-user.target', 'web.service', 'web@.service', 'www.service']) as string[]);
    expect(names).not.toContain('README');
  });

  it('is read again when the folders are listed again', () => {
    const store = tree.add({ 'usr/web.service': described('one') }).store();
    expect(store.load('web.service').config?.description).toBe('one');
    tree.add({ 'etc/web.service': described('two') });
    expect(store.load('web.service').config?.description).toBe('one');
    store.reload();
    expect(store.load('web.service').config?.description).toBe('two');
  });

  it('is as new as the newest of its files', () => {
    tree.add({ 'usr/web.service': SERVICE, 'etc/web.service.d/a.conf': conf('x') });
    utimesSync(tree.path('usr/web.service'), 100, 100);
    utimesSync(tree.path('etc/web.service.d/a.conf'), 200, 200);
    expect(tree.store().load('web.service').changedMs).toBe(200_000);
    writeFileSync(tree.path('usr/web.service'), SERVICE);
    expect(tree.store().load('web.service').changedMs).toBeGreaterThan(200_000);
  });
});

describe('a target that rouse brings along', () => {
  it('is there without a file', () => {
    expect(found({}, 'multi-user.target')).toBe('multi-user.target loaded (rouse)/multi-user.target');
  });

  it("is replaced by an administrator's", () => {
    expect(found({ 'etc/multi-user.target': conf('mine') }, 'multi-user.target')).toBe('multi-user.target loaded etc/multi-user.target');
  });

  it('has drop-ins as any other', () => {
    expect(load({ 'etc/multi-user.target.d/a.conf': conf('mine') }, 'multi-user.target').config?.description).toBe('mine');
  });
});

describe('drop-ins', () => {
  // Each as systemd 257 orders them.
  it.each<[title: string, files: readonly string[], name: string, expected: readonly string[]]>([
    [
      'apply in the order of their names, wherever they are',
      ['usr/web.service.d/b.conf', 'etc/web.service.d/a.conf', 'run/web.service.d/c.conf'],
      'web.service',
      ['etc/web.service.d/a.conf', 'usr/web.service.d/b.conf', 'run/web.service.d/c.conf'],
    ],
    [
      'of one name count once, from the best folder',
      ['usr/web.service.d/a.conf', 'run/web.service.d/a.conf', 'etc/web.service.d/a.conf'],
      'web.service',
      ['etc/web.service.d/a.conf'],
    ],
    [
      'are found at every dash',
      ['etc/my-web-app.service.d/a.conf', 'etc/my-web-.service.d/b.conf', 'etc/my-.service.d/c.conf', 'etc/service.d/d.conf', 'etc/my-web.service.d/x.conf'],
      'my-web-app.service',
      ['etc/my-web-app.service.d/a.conf', 'etc/my-web-.service.d/b.conf', 'etc/my-.service.d/c.conf', 'etc/service.d/d.conf'],
    ],
    [
      'of the instance come before those of the template',
      ['etc/web@a.service.d/x.conf', 'etc/web@.service.d/x.conf', 'etc/web@.service.d/y.conf', 'etc/web@b.service.d/z.conf'],
      'web@a.service',
      ['etc/web@a.service.d/x.conf', 'etc/web@.service.d/y.conf'],
    ],
    ['of a better folder come before more specific ones', ['etc/my-.service.d/x.conf', 'usr/my-web.service.d/x.conf'], 'my-web.service', ['etc/my-.service.d/x.conf']],
    ['of the type alone come last', ['etc/service.d/x.conf', 'usr/my-web.service.d/x.conf'], 'my-web.service', ['usr/my-web.service.d/x.conf']],
    ['end in .conf and are not hidden', ['etc/web.service.d/a', 'etc/web.service.d/.b.conf', 'etc/web.service.d/c.conf'], 'web.service', ['etc/web.service.d/c.conf']],
  ])('%s', (_, files, name, expected) => {
    expect(
      dropIns(
        {
          'usr/web.service': SERVICE,
          'usr/web@.service': SERVICE,
          'usr/my-web.service': SERVICE,
          'usr/my-web-app.service': SERVICE,
          ...Object.fromEntries(files.map((file) => [file, conf(file)])),
        },
        name,
      ),
    ).toEqual(expected);
  });

  it('of an alias count, after those of the name itself', () => {
    const files = {
      'usr/web.service': SERVICE,
      'etc/www.service': '->~/usr/web.service',
      'etc/www.service.d/a.conf': conf('a'),
      'run/web.service.d/a.conf': conf('b'),
      'etc/www.service.d/c.conf': conf('c'),
    };
    expect(dropIns(files, 'www.service')).toEqual(['run/web.service.d/a.conf', 'etc/www.service.d/c.conf']);
  });

  it('are masked by a link to /dev/null', () => {
    const unit = load({ 'usr/web.service': SERVICE, 'usr/web.service.d/a.conf': conf('a'), 'etc/web.service.d/a.conf': '->/dev/null' }, 'web.service');
    expect(unit.config?.description).toBe('web.service');
  });

  it('change what the file says, and are named where they are wrong', () => {
    const unit = load(
      { 'usr/web.service': described('file'), 'etc/web.service.d/a.conf': '[Unit]\nDescription=drop-in\nNonsense=1\n[Service]\nExecStart=\nExecStart=/bin/b\n' },
      'web.service',
    );
    expect(unit.config).toMatchObject({ description: 'drop-in', execStart: [{ path: '/bin/b' }] });
    expect(unit.diagnostics).toEqual([expect.objectContaining({ file: tree.path('etc/web.service.d/a.conf'), line: 3, code: 'unknown-key' })]);
  });

  it('that cannot be read are left out, and said', () => {
    const unit = load({ 'usr/web.service': SERVICE, 'etc/web.service.d/a.conf': '->/nowhere.conf' }, 'web.service');
    expect(unit.loadState).toBe('loaded');
    expect(unit.diagnostics).toEqual([expect.objectContaining({ severity: 'warning', message: 'Failed to read the drop-in: ENOENT, ignoring' })]);
  });

  it('may be in a linked folder', () => {
    expect(dropIns({ 'usr/web.service': SERVICE, 'opt/conf/a.conf': conf('a'), 'etc/web.service.d': '->~/opt/conf' }, 'web.service')).toEqual(['etc/web.service.d/a.conf']);
  });
});

describe('what is pulled in', () => {
  const web = { 'etc/web.service': SERVICE, 'etc/web@.service': SERVICE };
  it.each<[title: string, files: Readonly<Record<string, string>>, name: string, expected: readonly string[]]>([
    [
      'is what the folders of the unit link to',
      {
        'etc/web.service.wants/dep.service': '->../dep.service',
        'usr/web.service.requires/dep.service': '->~/etc/dep.service',
        'etc/web.service.upholds/dep.service': '->../dep.service',
      },
      'web.service',
      ['upholds dep.service', 'wants dep.service'],
    ],
    ['is named by the link', { 'etc/web.service.requires/other.service': '->../dep.service' }, 'web.service', ['requires other.service']],
    ['may be missing', { 'etc/web.service.wants/gone.service': '->/nowhere' }, 'web.service', ['wants gone.service']],
    ['is not what is masked there', { 'etc/web.service.wants/dep.service': '->/dev/null' }, 'web.service', []],
    ['is not a file', { 'etc/web.service.wants/dep.service': SERVICE }, 'web.service', []],
    ['is not what is no unit', { 'etc/web.service.wants/README': '->../dep.service' }, 'web.service', []],
    [
      'is an instance of what is a template',
      { 'etc/web.service.wants/dep@.service': '->../dep@.service', 'etc/web.service.wants/dep@x.service': '->../dep@.service' },
      'web.service',
      ['wants dep@web.service', 'wants dep@x.service'],
    ],
    ['is also what the folders of the template link to', { 'etc/web@.service.wants/dep.service': '->../dep.service' }, 'web@a.service', ['wants dep.service']],
    [
      'is also what the folders of an alias link to',
      { 'etc/www.service': '->web.service', 'etc/www.service.wants/dep.service': '->../dep.service' },
      'web.service',
      ['wants dep.service'],
    ],
    [
      'is not what is a part of systemd',
      { 'etc/multi-user.target.wants/systemd-networkd.service': '->/x', 'etc/multi-user.target.wants/dep.service': '->../dep.service' },
      'multi-user.target',
      ['wants dep.service'],
    ],
  ])('%s', (_, files, name, expected) => {
    expect(pulled({ ...web, ...files }, name).filter((each) => !each.endsWith('.target'))).toEqual(expected);
  });
});
