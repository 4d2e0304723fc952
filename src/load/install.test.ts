import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { disableUnits, enableUnits, InstallError, maskUnits, unitFileState, unmaskUnits, type InstallResult } from './install.js';
import { SERVICE, UnitTree } from './testing/unit-tree.js';
import type { UnitStore } from './unit-store.js';

const install = (...lines: readonly string[]): string => `${SERVICE}[Install]\n${lines.join('\n')}\n`;

// What `systemctl --root=` of systemd 257 was tried with; the expectations below are what it did.
const UNITS = {
  'usr/web.service': install('WantedBy=multi-user.target custom.target', 'RequiredBy=a.target', 'UpheldBy=b.target', 'Alias=www.service'),
  'usr/web.socket': '[Socket]\nListenStream=1\n[Install]\nWantedBy=sockets.target\nAlso=web.service\n',
  'usr/tmpl@.service': install('WantedBy=multi-user.target', 'DefaultInstance=one'),
  'usr/nodef@.service': install('WantedBy=multi-user.target'),
  'usr/static.service': SERVICE,
  'usr/also.service': install('Also=web.socket'),
  'usr/talias@.service': install('Alias=ali@.service'),
  'usr/taliasi@.service': install('Alias=ali-%i.service'),
  'usr/spec.service': install('WantedBy=%p.target'),
  'usr/badalias.service': install('Alias=bad.socket'),
  'usr/selfalias.service': install('Alias=selfalias.service'),
  'usr/two.service': install('WantedBy=x.target', 'WantedBy=', 'WantedBy=y.target'),
  'usr/wtmpl3@.service': install('WantedBy=foo@%i.service'),
  'opt/ext.service': install('WantedBy=multi-user.target'),
  'etc/mine.service': install('WantedBy=multi-user.target'),
  'quadlets/box.container': '[Container]\nImage=x\n[Install]\nWantedBy=multi-user.target\n',
};

const WEB = ['a.target.requires', 'b.target.upholds', 'custom.target.wants', 'multi-user.target.wants'].map((folder) => `${folder}/web.service -> usr/web.service`);
const WWW = 'www.service -> usr/web.service';
const SOCKET = 'sockets.target.wants/web.socket -> usr/web.socket';

let tree: UnitTree;
beforeEach(() => {
  tree = new UnitTree().add(UNITS);
});
afterEach(() => tree.remove());

const store = (): UnitStore => tree.store();
const enable = (name: string, force = false): InstallResult => enableUnits(store(), [name], force);
const disable = (name: string): InstallResult => disableUnits(store(), [name]);
const changed = ({ changes }: InstallResult): readonly string[] => changes.map(({ type, path, target }) => `${type} ${tree.short(path)} ${tree.short(target)}`);

describe('enable', () => {
  it.each<[name: string, links: readonly string[]]>([
    ['web.service', [...WEB, WWW]],
    ['www.service', [...WEB, WWW]],
    ['web.socket', [...WEB, SOCKET, WWW]],
    ['also.service', [...WEB, SOCKET, WWW]],
    ['tmpl@.service', ['multi-user.target.wants/tmpl@one.service -> usr/tmpl@.service']],
    ['tmpl@two.service', ['multi-user.target.wants/tmpl@two.service -> usr/tmpl@.service']],
    ['nodef@x.service', ['multi-user.target.wants/nodef@x.service -> usr/nodef@.service']],
    ['talias@.service', ['ali@.service -> usr/talias@.service']],
    ['talias@q.service', ['ali@q.service -> usr/talias@.service']],
    ['spec.service', ['spec.target.wants/spec.service -> usr/spec.service']],
    ['selfalias.service', []],
    ['two.service', ['y.target.wants/two.service -> usr/two.service']],
    ['wtmpl3@i.service', ['foo@i.service.wants/wtmpl3@i.service -> usr/wtmpl3@.service']],
    ['mine.service', ['multi-user.target.wants/mine.service -> etc/mine.service']],
    ['static.service', []],
  ])('%s makes the links that systemd makes', (name, links) => {
    if (name === 'www.service') tree.add({ 'usr/www.service': '->web.service' });
    enable(name);
    expect(tree.links()).toEqual(links);
    expect(changed(enable(name))).toEqual([]);
  });

  it('says what it made', () => {
    expect(changed(enable('web.socket'))[0]).toBe('created etc/sockets.target.wants/web.socket usr/web.socket');
  });

  it('says what has nothing to enable', () => {
    expect(enable('static.service').static).toEqual(['static.service']);
    expect(enable('web.service').static).toEqual([]);
  });

  it.each<[name: string, message: string]>([
    ['nothing.service', 'Failed to enable unit: Unit nothing.service does not exist'],
    ['nodef@.service', 'Failed to enable unit: nodef@.service is a template without DefaultInstance='],
    ['badalias.service', 'Failed to enable unit: Cannot alias badalias.service as bad.socket'],
    ['taliasi@q.service', 'Failed to enable unit: Cannot alias taliasi@q.service as ali-q.service'],
    ['box.service', 'Failed to enable unit: Unit box.service is generated from '],
  ])('refuses %s, and changes nothing', (name, message) => {
    expect(() => enable(name)).toThrow(InstallError);
    expect(() => enable(name)).toThrow(message);
    expect(tree.links()).toEqual([]);
  });

  it('refuses what is masked, and what has a bad setting', () => {
    tree.add({ 'etc/static.service': '->/dev/null', 'etc/bad.service': '[Service]\n[Install]\nWantedBy=x.target\n' });
    expect(() => enable('static.service')).toThrow('Failed to enable unit: Unit static.service is masked');
    expect(() => enable('bad.service')).toThrow('Failed to enable unit: Unit bad.service has a bad setting: No ExecStart=');
  });

  it('replaces a link of the same name, and no other one unless it is forced', () => {
    tree.add({ 'etc/multi-user.target.wants/web.service': '->/old/web.service', 'etc/www.service': '->~/usr/static.service' });
    expect(() => enable('web.service')).toThrow(`Failed to make the link ${tree.path('etc/www.service')}: a file of this name exists already`);
    enable('web.service', true);
    expect(tree.links()).toEqual([...WEB, WWW]);
  });

  it('replaces no file, forced or not', () => {
    tree.add({ 'etc/www.service': SERVICE });
    expect(() => enable('web.service', true)).toThrow('a file of this name exists already');
  });
});

describe('disable', () => {
  const OTHERS = ['multi-user.target.wants/tmpl@one.service -> usr/tmpl@.service', 'multi-user.target.wants/tmpl@two.x.service -> usr/tmpl@.service'];
  beforeEach(() => {
    for (const name of ['web.socket', 'tmpl@one.service', 'tmpl@two.x.service', 'talias@q.service']) enable(name);
  });
  const ALIAS = 'ali@q.service -> usr/talias@.service';

  it.each<[name: string, left: readonly string[]]>([
    ['web.service', [ALIAS, ...OTHERS, SOCKET]],
    ['www.service', [ALIAS, ...OTHERS, SOCKET]],
    ['web.socket', [ALIAS, ...OTHERS]],
    ['tmpl@.service', [...WEB, ALIAS, SOCKET, WWW].sort()],
    ['tmpl@one.service', [...WEB, ALIAS, OTHERS[1] ?? '', SOCKET, WWW].sort()],
    ['tmpl@two.x.service', [...WEB, ALIAS, OTHERS[0] ?? '', SOCKET, WWW].sort()],
    ['talias@q.service', [...WEB, ...OTHERS, SOCKET, WWW].sort()],
    ['static.service', [...WEB, ALIAS, ...OTHERS, SOCKET, WWW].sort()],
  ])('%s removes what systemd removes', (name, left) => {
    disable(name);
    expect(tree.links()).toEqual([...left].sort());
    expect(changed(disable(name === 'www.service' ? 'web.service' : name))).toEqual([]);
  });

  it('removes folders that are empty then, and only those', () => {
    disable('web.service');
    expect(existsSync(tree.path('etc/a.target.requires'))).toBe(false);
    expect(existsSync(tree.path('etc/multi-user.target.wants'))).toBe(true);
  });

  it('also removes links that somebody made by hand', () => {
    tree.add({
      'etc/by-hand.target.wants/web.service': '->~/usr/web.service',
      'etc/other-name.service': '->~/usr/web.service',
      'etc/stale.target.wants/web.service': '->/old/web.service',
    });
    expect(changed(disable('web.service'))).toHaveLength(8);
    expect(tree.links().filter((link) => link.includes('web.service'))).toEqual([]);
  });

  it('leaves a mask alone', () => {
    tree.add({ 'etc/static.service': '->/dev/null', 'etc/multi-user.target.wants/two.service': '->/dev/null' });
    disable('two.service');
    expect(tree.links()).toContain('multi-user.target.wants/two.service -> /dev/null');
  });

  it('refuses what does not exist', () => {
    expect(() => disable('nothing.service')).toThrow('Failed to disable unit: Unit nothing.service does not exist');
  });
});

describe('mask and unmask', () => {
  it('make and remove a link to /dev/null, for what does not exist too', () => {
    expect(changed(maskUnits(store(), ['web.service', 'nothing.service']))).toEqual(['created etc/web.service /dev/null', 'created etc/nothing.service /dev/null']);
    expect(changed(maskUnits(store(), ['web.service']))).toEqual([]);
    expect(changed(unmaskUnits(store(), ['web.service', 'static.service', 'mine.service']))).toEqual(['removed etc/web.service /dev/null']);
    expect(tree.links()).toEqual(['nothing.service -> /dev/null']);
  });

  it('refuse what has a file there, and what is no name', () => {
    expect(() => maskUnits(store(), ['mine.service'])).toThrow('a file of this name exists already');
    expect(() => maskUnits(store(), ['../x.service'])).toThrow("Invalid unit name '../x.service'");
  });
});

describe('is-enabled', () => {
  it('says what systemd says', () => {
    for (const name of ['web.service', 'tmpl@one.service', 'talias@.service']) enable(name);
    tree.add({
      'etc/spec.service': '->/dev/null',
      'etc/ext.service': '->~/opt/ext.service',
      'etc/ext2.service': '->~/opt/ext.service',
      'etc/linked.service': '->~/opt/linked.service',
      'opt/linked.service': SERVICE,
      'etc/multi-user.target.wants/ext.service': '->~/opt/ext.service',
      'etc/static@one.service': '->~/usr/static@.service',
      'usr/static@.service': SERVICE,
      'etc/empty.service': '',
      'etc/broken.service': '->/nowhere/broken.service',
      'etc/bad.service': '[Service]\n',
    });
    const state = store();
    const states = Object.fromEntries(
      [
        ...[
          'web.service',
          'web.socket',
          'www.service',
          'tmpl@.service',
          'tmpl@one.service',
          'tmpl@two.service',
          'nodef@.service',
          'nodef@x.service',
          'static.service',
          'also.service',
          'spec.service',
        ],
        ...[
          'ext.service',
          'ext2.service',
          'linked.service',
          'mine.service',
          'nothing.service',
          'talias@.service',
          'ali@.service',
          'ali@z.service',
          'selfalias.service',
          'static@one.service',
          'static@two.service',
        ],
        ...['empty.service', 'broken.service', 'bad.service', 'box.service'],
      ].map((name) => [name, unitFileState(state, name)]),
    );
    expect(states).toEqual({
      'web.service': 'enabled',
      'web.socket': 'disabled',
      'www.service': 'alias',
      'tmpl@.service': 'enabled',
      'tmpl@one.service': 'enabled',
      'tmpl@two.service': 'disabled',
      'nodef@.service': 'disabled',
      'nodef@x.service': 'disabled',
      'static.service': 'static',
      'also.service': 'indirect',
      'spec.service': 'masked',
      'ext.service': 'enabled',
      'ext2.service': 'alias',
      'linked.service': 'linked',
      'mine.service': 'disabled',
      'nothing.service': 'not-found',
      'talias@.service': 'enabled',
      'ali@.service': 'alias',
      'ali@z.service': 'disabled',
      'selfalias.service': 'disabled',
      'static@one.service': 'enabled',
      'static@two.service': 'static',
      'empty.service': 'masked',
      'broken.service': 'not-found',
      // Unlike systemd, which looks at [Install] alone.
      'bad.service': 'bad',
      'box.service': 'generated',
    });
  });
});
