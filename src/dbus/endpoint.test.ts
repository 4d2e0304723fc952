import { lstatSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPrivateOurs } from '../load/private-link.js';
import { encodeMessage } from './message.js';
import { CallError, MANAGER_PATH, unitPath } from './names.js';
import { ServedManager, type Client } from './testing/served-manager.js';
import { Variant, type Value } from './value.js';

const UNIT = 'org.freedesktop.systemd1.Unit';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

let served: ServedManager;
let client: Client;
beforeEach(async () => {
  served = await ServedManager.start({
    'etc/web.socket': '[Unit]\nDescription=Web\n[Socket]\nListenStream=%t/web.sock\n[Install]\nWantedBy=sockets.target\n',
    'etc/web.service': '[Service]\nExecStart=/bin/true\n',
    'etc/late.target': '[Unit]\nRequires=gone.service\n',
    'etc/odd.service': '[Service]\n',
    'etc/off.service': '->/dev/null',
    'etc/alone.target': '[Unit]\nRefuseManualStart=yes\n',
    'etc/other-name.socket': '->web.socket',
  });
  client = await served.client();
});
afterEach(async () => {
  client.close();
  await served.stop();
});

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof CallError ? `${error.errorName.replace('org.freedesktop.', '')}: ${error.message}` : `not refused: ${String(error)}`;
}

const value = ([variant]: readonly Value[]): Value | undefined => (variant instanceof Variant ? variant.value : undefined);

describe('the manager over D-Bus', () => {
  it('starts a unit, and says when that is done', async () => {
    const [job] = await client.manager('StartUnit', 'ss', 'web.socket', 'replace');
    const removed = await client.signal(({ member, body }) => member === 'JobRemoved' && body?.[1] === job);
    expect(removed.body?.slice(2)).toEqual(['web.socket', 'done']);
    expect(value(await client.get(unitPath('web.socket'), UNIT, 'ActiveState'))).toBe('active');
    expect(client.signals.map(({ member }) => member)).toEqual(expect.arrayContaining(['UnitNew', 'JobNew', 'JobRemoved', 'PropertiesChanged']));
  });

  it('tells every client, and each the state that a unit has come to', async () => {
    const other = await served.client();
    await client.manager('StartUnit', 'ss', 'web.socket', 'replace');
    const changed = await other.signal(({ member, path, body }) => member === 'PropertiesChanged' && path === unitPath('web.socket') && body?.[0] === UNIT);
    const properties = new Map(changed.body?.[1] as readonly (readonly [string, Variant])[]);
    expect([properties.get('ActiveState')?.value, properties.get('Job')?.value]).toEqual(['active', [0, '/']]);
    other.close();
  });

  it('answers a start of what runs already with a job that is done', async () => {
    served.manager.queue('web.socket', 'start', 'replace', () => undefined);
    const [job] = await client.manager('StartUnit', 'ss', 'web.socket', 'replace');
    await client.signal(({ member, body }) => member === 'JobRemoved' && body?.[1] === job && body?.[3] === 'done');
    const [nothing] = await client.manager('TryRestartUnit', 'ss', 'web.service', 'replace');
    await client.signal(({ member, body }) => member === 'JobRemoved' && body?.[1] === nothing && body?.[3] === 'done');
  });

  it.each([
    ['StartUnit', 'no.service', 'systemd1.NoSuchUnit: Unit no.service not found.'],
    ['StopUnit', 'no.service', 'systemd1.NoSuchUnit: Unit no.service not loaded.'],
    ['StartUnit', 'no.such-type', 'DBus.Error.InvalidArgs: Unit name no.such-type is not valid.'],
    ['StartUnit', 'x@.service', 'DBus.Error.InvalidArgs: Unit name x@.service is missing the instance name.'],
    ['StartUnit', 'odd.service', 'systemd1.BadUnitSetting: Unit odd.service has a bad unit file setting.'],
    ['StartUnit', 'off.service', 'systemd1.UnitMasked: Unit off.service is masked.'],
    ['StartUnit', 'late.target', 'systemd1.NoSuchUnit: Unit gone.service not found.'],
    [
      'StartUnit',
      'alone.target',
      'systemd1.OnlyByDependency: Operation refused, unit alone.target may be requested by dependency only (it is configured to refuse manual start/stop).',
    ],
    ['ReloadUnit', 'web.socket', 'systemd1.JobTypeNotApplicable: Job type reload is not applicable for unit web.socket.'],
  ])('%s of %s is refused in systemd’s words', async (method, unit, words) => {
    expect(await refusal(client.manager(method, 'ss', unit, 'replace'))).toBe(words);
  });

  it('refuses a job mode that there is none of', async () => {
    expect(await refusal(client.manager('StartUnit', 'ss', 'web.socket', 'now'))).toBe('DBus.Error.InvalidArgs: Job mode now invalid');
    expect(await refusal(client.manager('StartUnit', 'ss', 'web.socket', 'isolate'))).toBe('systemd1.NoIsolation: Operation refused, unit may not be isolated.');
  });

  it('lists what is loaded, by patterns and by names', async () => {
    await client.manager('StartUnit', 'ss', 'web.socket', 'replace');
    const names = ([units]: readonly Value[]): Value =>
      (units as readonly (readonly Value[])[]).map(([name, , load, active]) => `${String(name)} ${String(load)} ${String(active)}`);
    expect(names(await client.manager('ListUnitsByPatterns', 'asas', ['active'], ['web.*']))).toEqual(['web.socket loaded active']);
    expect(names(await client.manager('ListUnitsByNames', 'as', ['no.service', 'web.service', '?']))).toEqual(['no.service not-found inactive', 'web.service loaded inactive']);
  });

  it('knows a unit by its other name', async () => {
    await client.manager('StartUnit', 'ss', 'web.socket', 'replace');
    expect(await client.manager('GetUnit', 's', 'other-name.socket')).toEqual([unitPath('web.socket')]);
    expect(await refusal(client.manager('GetUnit', 's', 'no.service'))).toBe('systemd1.NoSuchUnit: Unit no.service not loaded.');
  });

  it('makes the links of enable, and says so', async () => {
    expect(await client.manager('EnableUnitFilesWithFlags', 'ast', ['web.socket'], 0n)).toEqual([
      true,
      [['symlink', served.tree.path('etc/sockets.target.wants/web.socket'), served.tree.path('etc/web.socket')]],
    ]);
    await client.signal(({ member }) => member === 'UnitFilesChanged');
    await client.manager('Reload');
    expect(await client.manager('GetUnitFileState', 's', 'web.socket')).toEqual(['enabled']);
    expect(await refusal(client.manager('EnableUnitFiles', 'asbb', ['no.service'], false, false))).toBe('systemd1.NoSuchUnit: Unit no.service does not exist');
    expect(await refusal(client.manager('MaskUnitFiles', 'asbb', ['web.socket'], false, false))).toBe(
      `systemd1.UnitExists: File '${served.tree.path('etc/web.socket')}' already exists`,
    );
  });

  it('sets variables for what is started from now on', async () => {
    await client.manager('SetEnvironment', 'as', ['A=1', 'B=x=y']);
    await client.manager('UnsetAndSetEnvironment', 'asas', ['A', 'LANG'], ['A=2']);
    expect([...served.manager.launchHost.environment]).toEqual([
      ['A', '2'],
      ['B', 'x=y'],
    ]);
    expect(await refusal(client.manager('SetEnvironment', 'as', ['no variable']))).toContain('InvalidArgs');
  });

  it('ends when it is asked to, and never the machine', async () => {
    await client.manager('Exit');
    expect(served.exits).toBe(1);
    await client.manager('StartUnit', 'ss', 'exit.target', 'replace-irreversibly');
    await new Promise((resolve) => setImmediate(resolve));
    expect(served.exits).toBe(2);
    expect(await refusal(client.manager('Reboot'))).toContain('NotSupported');
  });
});

describe('objects', () => {
  it('describe themselves', async () => {
    const [xml] = await client.call(unitPath('web.socket'), 'org.freedesktop.DBus.Introspectable', 'Introspect');
    expect(xml).toMatch(
      /<interface name="org\.freedesktop\.systemd1\.Socket">[^]*<property name="Listen" type="a\(ss\)" access="read">[^]*<interface name="org\.freedesktop\.systemd1\.Unit">/,
    );
    const [root] = await client.call('/', 'org.freedesktop.DBus.Introspectable', 'Introspect');
    expect(root).toContain('<node name="org"/>');
  });

  it('have all properties of systemd’s types, whether there is such a unit or not', async () => {
    for (const unit of ['web.socket', 'web.service', 'no.service', 'no.socket', 'basic.target', 'no.timer', 'off.service', 'odd.service']) {
      const [all] = await client.call(unitPath(unit), PROPERTIES, 'GetAll', 's', '');
      const names = (all as readonly (readonly [string, Variant])[]).map(([name]) => name);
      expect(names).toEqual(expect.arrayContaining(['Id', 'LoadState', 'ActiveState', 'SubState', 'LoadError', 'Job']));
    }
    expect(value(await client.get(unitPath('no.service'), UNIT, 'LoadState'))).toBe('not-found');
  });

  it.each([
    ['/nowhere', 'org.freedesktop.systemd1.Manager', 'ListUnits', 'DBus.Error.UnknownObject'],
    [MANAGER_PATH, 'org.freedesktop.systemd1.Manager', 'NoSuchMethod', 'DBus.Error.UnknownMethod'],
    [MANAGER_PATH, 'no.such.Interface', 'ListUnits', 'DBus.Error.UnknownInterface'],
    [`${MANAGER_PATH}/job/99`, 'org.freedesktop.systemd1.Job', 'Cancel', 'DBus.Error.UnknownObject'],
    [MANAGER_PATH, 'org.freedesktop.systemd1.Manager', 'StartUnit', 'DBus.Error.InvalidArgs'],
  ])('%s has no %s.%s', async (path, name, member, error) => {
    expect(await refusal(client.call(path, name, member))).toContain(error);
  });

  it('have properties to write only where that means something', async () => {
    const before = process.env['ROUSE_LOG_LEVEL'];
    await client.call('/org/freedesktop/LogControl1', PROPERTIES, 'Set', 'ssv', 'org.freedesktop.LogControl1', 'LogLevel', new Variant('s', 'debug'));
    expect(value(await client.get(MANAGER_PATH, 'org.freedesktop.systemd1.Manager', 'LogLevel'))).toBe('debug');
    if (before === undefined) delete process.env['ROUSE_LOG_LEVEL'];
    else process.env['ROUSE_LOG_LEVEL'] = before;
    expect(await refusal(client.call(MANAGER_PATH, PROPERTIES, 'Set', 'ssv', 'org.freedesktop.systemd1.Manager', 'Version', new Variant('s', '1')))).toContain('PropertyReadOnly');
    expect(await refusal(client.get(MANAGER_PATH, 'org.freedesktop.systemd1.Manager', 'Nonsense'))).toContain('UnknownProperty');
  });

  it('that rouse generates have files that can be read', async () => {
    const path = value(await client.get(unitPath('basic.target'), UNIT, 'FragmentPath'));
    expect(readFileSync(String(path), 'utf8')).toContain('Description=Basic System');
  });
});

describe('the private socket', () => {
  it('is a link to rouse’s own, and goes with it', async () => {
    const { link } = served;
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(isPrivateOurs(served.manager.host.scope)).toBe(true);
  });

  it('drops a client that does not speak D-Bus, and serves the others', async () => {
    const socket = createConnection(served.link);
    socket.end('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    const wild = await served.client();
    wild.connection.socket.write(Buffer.alloc(64, 7));
    await new Promise((resolve) => wild.connection.socket.on('close', resolve));
    expect(await client.call(MANAGER_PATH, 'org.freedesktop.DBus.Peer', 'Ping')).toEqual([]);
  });

  it('sends no reply where none is wanted', async () => {
    client.connection.socket.write(encodeMessage({ type: 'call', noReply: true, path: MANAGER_PATH, interface: 'org.freedesktop.systemd1.Manager', member: 'Subscribe' }, 4711));
    expect(await client.call(MANAGER_PATH, 'org.freedesktop.DBus.Peer', 'Ping')).toEqual([]);
  });

  it('costs the manager nothing when nobody is connected', async () => {
    client.close();
    await new Promise((resolve) => client.connection.socket.on('close', resolve));
    expect(served.manager.observers.size).toBe(0);
  });
});
