import { describe, expect, it } from 'vitest';
import { loadText } from '../unit/testing/load-text.js';
import { builtinNames, builtinUnit } from './builtin-units.js';

describe.each(['system', 'user'] as const)('the units that rouse brings along for the %s', (mode) => {
  it('load without a word', () => {
    for (const name of builtinNames(mode)) {
      const { config, diagnostics } = loadText(name, builtinUnit(name, mode) ?? '', { mode });
      expect(diagnostics, name).toEqual([]);
      expect(config, name).toMatchObject({ name });
    }
  });

  it('are named once, and depend on no other than each other', () => {
    const names = builtinNames(mode);
    expect(new Set(names).size).toBe(names.length);
    const others = names.flatMap((name) => loadText(name, builtinUnit(name, mode) ?? '', { mode }).config?.dependencies.map((each) => each.name) ?? []);
    expect(others.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('have the targets that everything else is pulled in by', () => {
    expect(builtinNames(mode)).toEqual(expect.arrayContaining(['default.target', 'sockets.target', 'shutdown.target', 'network-online.target']) as string[]);
    expect(builtinNames(mode).includes('multi-user.target')).toBe(mode === 'system');
  });
});

it('what is no unit of rouse has no text', () => {
  expect(builtinUnit('web.service', 'system')).toBeUndefined();
  expect(builtinUnit('podman-user-wait-network-online.service', 'system')).toBeUndefined();
  expect(builtinUnit('podman-user-wait-network-online.service', 'user')).toContain('[Service]');
});
