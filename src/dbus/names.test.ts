import { describe, expect, it } from 'vitest';
import { busSocket } from './bus-address.js';
import { escapeLabel, jobOfPath, unescapeLabel, unitOfPath, unitPath } from './names.js';
import { matchesAny } from './pattern.js';

describe('paths', () => {
  it.each([
    ['dbus.service', 'dbus_2eservice'],
    ['a-b@1.socket', 'a_2db_401_2esocket'],
    ['9p.service', '_39p_2eservice'],
    ['ä.service', '_c3_a4_2eservice'],
    ['', '_'],
  ])('of %s', (name, label) => {
    expect(escapeLabel(name)).toBe(label);
    expect(unescapeLabel(label)).toBe(name);
  });

  it('lead back to what they are paths of', () => {
    expect(unitOfPath(unitPath('a.service'))).toBe('a.service');
    expect(unitOfPath('/org/freedesktop/systemd1')).toBeUndefined();
    expect(jobOfPath('/org/freedesktop/systemd1/job/12')).toBe(12);
    expect(jobOfPath('/org/freedesktop/systemd1/job/x')).toBeUndefined();
  });
});

describe('patterns', () => {
  it.each([
    ['*.service', 'a.service', true],
    ['*.service', 'a.socket', false],
    ['a?.service', 'ab.service', true],
    ['[ab].service', 'b.service', true],
    ['[!ab].service', 'b.service', false],
    ['a.service', 'axservice', false],
    ['[.service', '[.service', true],
  ])('%s and %s', (pattern, name, matches) => {
    expect(matchesAny([pattern])(name)).toBe(matches);
  });

  it('none match everything', () => {
    expect(matchesAny([])('x')).toBe(true);
  });
});

describe('the bus', () => {
  const user = { mode: 'user', runtimeDir: '/run/user/1000' } as const;
  it.each([
    [user, {}, '/run/user/1000/bus'],
    [user, { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/tmp/a%20b,guid=1' }, '/tmp/a b'],
    [user, { DBUS_SESSION_BUS_ADDRESS: 'tcp:host=x;unix:abstract=/tmp/dbus-1' }, '\0/tmp/dbus-1'],
    [user, { DBUS_SESSION_BUS_ADDRESS: 'autolaunch:' }, undefined],
    [{ mode: 'system', runtimeDir: '/run' } as const, { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' }, '/run/dbus/system_bus_socket'],
  ])('of %o with %o', (scope, env, path) => {
    expect(busSocket(scope, env)).toBe(path);
  });
});
