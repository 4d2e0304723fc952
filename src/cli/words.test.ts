import { describe, expect, it } from 'vitest';
import type { WireUnit } from '../control/protocol.js';
import { makeStyle } from './io.js';
import { ago, dot, ending, mark, since, stateColour } from './words.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('how long ago something was', () => {
  it.each([
    [0, 'just now'],
    [999, 'just now'],
    [-5 * SECOND, 'just now'],
    [SECOND, '1s ago'],
    [59 * SECOND, '59s ago'],
    [MINUTE, '1min ago'],
    [2 * MINUTE + 5 * SECOND, '2min 5s ago'],
    [HOUR + 5 * SECOND, '1h 5s ago'],
    [HOUR + 2 * MINUTE + 5 * SECOND, '1h 2min ago'],
    [DAY, '1 day ago'],
    [2 * DAY + 3 * HOUR + 4 * MINUTE, '2 days 3h ago'],
  ])('%d ms: %s', (timeMs, words) => {
    expect(ago(1_000_000, 1_000_000 + timeMs)).toBe(words);
  });

  it('is said behind the time itself, unless it never was', () => {
    expect(since(0, 5)).toBe('');
    expect(since(SECOND, 3 * SECOND)).toMatch(/^ since \w{3} 19\d\d-\d\d-\d\d \d\d:\d\d:\d\d \S+; 2s ago$/);
  });
});

describe('the end of a process', () => {
  it.each([
    ['exited', 0, '(code=exited, status=0/SUCCESS)'],
    ['exited', 203, '(code=exited, status=203/EXEC)'],
    ['exited', 42, '(code=exited, status=42)'],
    ['killed', 15, '(code=killed, signal=TERM)'],
    ['dumped', 40, '(code=dumped, signal=40)'],
  ])('%s %d is said as systemctl says it', (code, status, words) => {
    expect(ending(code, status)).toBe(words);
  });
});

describe('a state', () => {
  const style = makeStyle(true);
  const unit = (activeState: WireUnit['activeState'], loadState: WireUnit['loadState'] = 'loaded'): Pick<WireUnit, 'activeState' | 'loadState'> => ({ activeState, loadState });

  it('has a mark in a list when it needs a look', () => {
    const none = makeStyle(false);
    expect([mark(unit('active'), none), mark(unit('inactive'), none), mark(unit('failed'), none), mark(unit('inactive', 'bad-setting'), none)]).toEqual([' ', ' ', '●', '×']);
  });

  it.each<[WireUnit['activeState'], WireUnit['loadState'], string, string]>([
    ['active', 'loaded', style.green('●'), style.green('x')],
    ['reloading', 'loaded', style.green('●'), style.green('x')],
    ['activating', 'loaded', style.yellow('●'), style.yellow('x')],
    ['deactivating', 'loaded', style.yellow('●'), style.yellow('x')],
    ['failed', 'loaded', style.red('×'), style.red('x')],
    ['inactive', 'loaded', '○', 'x'],
    ['inactive', 'bad-setting', style.red('×'), 'x'],
    ['inactive', 'error', style.red('×'), 'x'],
    ['inactive', 'not-found', '○', 'x'],
  ])('%s of a unit that is %s has its dot and its colour', (active, load, sign, painted) => {
    expect(dot(unit(active, load), style)).toBe(sign);
    expect(stateColour(unit(active, load), style)('x')).toBe(painted);
  });
});
