import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeName, escapeName, instanceName, parseUnitName, templateOf, unescapeName, unitNameOf } from './name.js';

describe('a unit name', () => {
  it.each([
    ['web.service', { base: 'web', prefix: 'web', instance: undefined, type: 'service' }],
    ['web@.service', { base: 'web@', prefix: 'web', instance: '', type: 'service' }],
    ['web@a.service', { base: 'web@a', prefix: 'web', instance: 'a', type: 'service' }],
    ['web@a-b.c:d\\x2d.socket', { base: 'web@a-b.c:d\\x2d', prefix: 'web', instance: 'a-b.c:d\\x2d', type: 'socket' }],
    ['ssh@ann@box.service', { base: 'ssh@ann@box', prefix: 'ssh', instance: 'ann@box', type: 'service' }],
    ['a.b.target', { base: 'a.b', prefix: 'a.b', instance: undefined, type: 'target' }],
    ['-.mount', { base: '-', prefix: '-', instance: undefined, type: 'mount' }],
    [`${'x'.repeat(247)}.service`, { base: 'x'.repeat(247), prefix: 'x'.repeat(247), instance: undefined, type: 'service' }],
  ])('%s is understood', (name, parsed) => {
    expect(parseUnitName(name)).toEqual(parsed);
  });

  it.each([
    '',
    'web',
    '.service',
    '@.service',
    '@a.service',
    'web.',
    'web.container',
    'web.Service',
    'a/b.service',
    'a b.service',
    'wéb.service',
    'web.service\n',
    `${'x'.repeat(248)}.service`,
  ])('is not %j', (name) => {
    expect(parseUnitName(name)).toBeUndefined();
  });

  it('may be asked for by type', () => {
    expect(unitNameOf('socket')('web.socket')).toEqual({ ok: true, value: 'web.socket' });
    expect(unitNameOf('socket')('web.service')).toEqual({ ok: false, expected: 'the name of a socket, such as name.socket' });
    expect(unitNameOf()('web.service').ok).toBe(true);
    expect(unitNameOf()('web')).toEqual({ ok: false, expected: 'the name of a unit, such as name.service' });
  });

  it.each([
    ['web', 'web.service'],
    ['web.socket', 'web.socket'],
    ['my.app', 'my.app.service'],
    ['web@a', 'web@a.service'],
    ['web.container', 'web.container'],
  ])('%s is completed to %s', (given, name) => {
    expect(completeName(given)).toBe(name);
  });
});

describe('a template', () => {
  it.each([
    ['web@a.service', 'web@.service'],
    ['web@a.b-c.socket', 'web@.socket'],
    ['web@.service', undefined],
    ['web.service', undefined],
    ['nonsense', undefined],
  ])('of %s is %s', (name, template) => {
    expect(templateOf(name)).toBe(template);
  });

  it('makes an instance, and an instance another one', () => {
    expect(instanceName('web@.service', 'a.b-c')).toBe('web@a.b-c.service');
    expect(instanceName('web@a.b.service', 'c')).toBe('web@c.service');
  });

  it('and its instance lead to each other', () => {
    const instance = fc.stringMatching(/^[A-Za-z0-9:_.\\@-]{1,40}$/);
    fc.assert(
      fc.property(instance, (text) => {
        expect(templateOf(instanceName('web@.service', text))).toBe('web@.service');
        expect(parseUnitName(instanceName('web@.service', text))?.instance).toBe(text);
      }),
    );
  });
});

describe('escaping', () => {
  // As systemd-escape(1) prints it.
  it.each([
    ['a/b-c.d:é', 'a-b\\x2dc.d:\\xc3\\xa9'],
    ['.a', '\\x2ea'],
    ['/', '-'],
    ['a_b 1@', 'a_b\\x201\\x40'],
    ['', ''],
  ])('makes %j to %j', (text, escaped) => {
    expect(escapeName(text)).toBe(escaped);
    expect(unescapeName(escaped)).toBe(text);
  });

  it('is undone with capital digits too', () => {
    expect(unescapeName('a-b\\x2dc\\x2E')).toBe('a/b-c.');
  });

  it('can always be undone, and makes what a name may have', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const escaped = escapeName(text);
        expect(unescapeName(escaped)).toBe(text);
        expect(escaped).toMatch(/^[A-Za-z0-9:_.\\-]*$/);
      }),
    );
  });
});
