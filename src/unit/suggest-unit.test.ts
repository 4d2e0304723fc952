import { expect, test } from 'vitest';
import { suggestUnit } from './suggest-unit.js';

const NAMES = ['echo.socket', 'echo.service', 'dbus.service', 'web@.service'];

test.each([
  ['ecko.socket', 'echo.socket'],
  ['wbe@.service', 'web@.service'],
  // The type that both have is no likeness.
  ['nope.service', undefined],
  ['echo.target', undefined],
])('%s is meant to be %s', (typed, meant) => expect(suggestUnit(typed, NAMES)).toBe(meant));
