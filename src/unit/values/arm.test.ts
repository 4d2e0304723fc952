import { expect, it } from 'vitest';
import { armMode } from './arm.js';

it.each([
  ['auto', 'auto'],
  ['yes', 'armed'],
  ['no', 'stopped'],
  ['0', 'stopped'],
  ['armed', 'armed'],
  ['stopped', 'stopped'],
  ['frozen', 'frozen'],
  ['running', 'running'],
])('Arm=%s is %s', (text, mode) => {
  expect(armMode(text)).toEqual({ ok: true, value: mode });
});

it('says what it takes', () => {
  expect(armMode('Frozen')).toEqual({ ok: false, expected: 'auto, no (stopped), yes (armed), frozen or running' });
});
