/** Some of the situations that `node test/situations/run.mjs` plays on systemd 257 and on rouse: those that are quick and go to the bone. */
import { expect, it } from 'vitest';
import { compareSituations } from '../situations/compare.mjs';
import { SITUATIONS } from '../situations/situations.mjs';

const LIMIT_MS = 600_000;

it(
  'the same files and commands have the same outcome on systemd and on rouse',
  async () => {
    const outcomes = await compareSituations(SITUATIONS.filter(({ quick }) => quick === true));
    const by = (side: 'systemd' | 'rouse'): unknown => Object.fromEntries(outcomes.map((outcome) => [outcome.situation.name, outcome[side]]));
    expect(by('rouse')).toEqual(by('systemd'));
  },
  LIMIT_MS,
);
