import { describe, expect, it } from 'vitest';
import { changed, inheriting, part } from './inherit.js';
import { loadText } from './testing/load-text.js';

describe('a config', () => {
  it('holds what its files say and inherits the rest', () => {
    const { config } = loadText('web.socket', '[Socket]\nListenStream=80\nBacklog=7\n');
    expect(Object.hasOwn(config ?? {}, 'backlog')).toBe(true);
    expect(Object.hasOwn(config ?? {}, 'maxConnections')).toBe(false);
    expect(config).toMatchObject({ backlog: 7, maxConnections: 64 });
  });

  it('shares what is the same for all', () => {
    const [one, other] = ['one', 'other'].map((name) => loadText(`${name}.service`, '[Service]\nExecStart=/bin/true\n').config);
    expect(one?.type === 'service' && other?.type === 'service' && one.exec === other.exec && one.install === other.install).toBe(true);
  });

  it('is frozen, and so is what it was changed into', () => {
    const { config } = loadText('web.socket', '[Socket]\nListenStream=80\n');
    const other = config === undefined ? undefined : changed(config, { description: 'Another' });
    expect([config?.description, other?.description, other?.name]).toEqual(['web.socket', 'Another', 'web.socket']);
    expect([Object.isFrozen(config), Object.isFrozen(other)]).toEqual([true, true]);
  });

  it('says no more of a part than was said', () => {
    const draft = inheriting({ user: undefined, nice: 0 });
    const defaults = { user: undefined, nice: 0 };
    expect(part(draft, new Set(['user', 'nice']), defaults)).toBe(defaults);
    draft['nice'] = 5;
    expect(part(draft, new Set(['user', 'nice']), defaults)).toMatchObject({ nice: 5 });
  });
});
