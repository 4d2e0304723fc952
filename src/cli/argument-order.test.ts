import { describe, expect, it } from 'vitest';
import { verbFirst } from './argument-order.js';

describe('options', () => {
  it.each([
    ['', 'list-units'],
    ['--failed', 'list-units --failed'],
    ['--json', 'list-units --json'],
    ['-n 5 status x', 'status -n 5 x'],
    ['-n5 status x', 'status -n5 x'],
    ['--lines=5 --user status x', 'status --lines=5 --user x'],
    ['--type socket --no-legend list-units', 'list-units --type socket --no-legend'],
    ['status -n 5 x', 'status -n 5 x'],
    ['--user init -- sh -c x', 'init --user -- sh -c x'],
  ])('may stand before the verb: %s', (given, wanted) => {
    expect(verbFirst(given.split(' ').filter(Boolean))).toEqual(wanted.split(' '));
  });

  it.each(['--help', '--version', '--frob start x', '--user frob', '--user complete bash', '-- start x'])('that are not understood stay where they are: %s', (given) => {
    expect(verbFirst(given.split(' '))).toEqual(given.split(' '));
  });
});
