/**
 * Keys of [X-Rouse], a section of rouse's own: in a .socket for its sockets, in a .service or .container for what it runs. systemd and
 * podman pass over sections that begin with X-.
 */
import { expandSpecifiers } from '../unitfile/specifier.js';
import type { AdoptConfig, ArmMode } from './config.js';
import { custom, one, tableOf, type KeyRow } from './key-table.js';
import { adoptMode, adoptTarget } from './values/adopt.js';
import { armMode } from './values/arm.js';
import { oneOf } from './values/simple.js';
import { timeSpan } from './values/time-span.js';

/** `auto`, a boolean, or what the program binds, one word for each Listen…= of the unit in their order. */
function adoptSockets(): KeyRow {
  return custom('Adopt', (draft, text, { specifiers }) => {
    const before = draft['adopt'] as AdoptConfig;
    if (text === '') draft['adopt'] = ROUSE_DEFAULTS.adopt;
    for (const word of expandSpecifiers(text, specifiers).value.split(/\s+/).filter(Boolean)) {
      const { targets } = draft['adopt'] as AdoptConfig;
      const mode = adoptMode(word);
      const target = mode.ok ? undefined : adoptTarget(word);
      if (target?.ok === false) {
        draft['adopt'] = before;
        return target.expected;
      }
      draft['adopt'] = target === undefined ? { mode: mode.ok ? mode.value : undefined, targets } : { mode: 'yes', targets: [...targets, target.value] };
    }
    return undefined;
  });
}

/** For all sockets of a service whose own units do not say. */
function adoptService(): KeyRow {
  return custom('Adopt', (draft, text) => {
    const mode = adoptMode(text);
    if (text === '') draft['adopt'] = ROUSE_DEFAULTS.adopt;
    else if (mode.ok) draft['adopt'] = { mode: mode.value, targets: [] };
    return text === '' || mode.ok ? undefined : 'auto, yes or no; ports and addresses stand in the .socket';
  });
}

/** Of a socket or its service, which has the last word. */
const ARM_KEYS: readonly KeyRow[] = [one('Arm', 'arm', armMode), one('FreezeAfterSec', 'freezeAfterMs', timeSpan), one('IdleSec', 'idleMs', timeSpan)];

/** What [X-Rouse] of a unit is read with, by the unit's type. */
export const ROUSE_KEYS: Readonly<Record<'socket' | 'service' | 'target', ReadonlyMap<string, KeyRow>>> = {
  socket: tableOf(adoptSockets(), ARM_KEYS, one('OnLimit', 'onLimit', oneOf('rest', 'fail'), 'rest')),
  service: tableOf(adoptService(), ARM_KEYS),
  target: tableOf(),
};

/** What units of both types have when they have no such section. */
export const ROUSE_DEFAULTS: { readonly adopt: AdoptConfig; readonly arm: ArmMode | undefined; readonly freezeAfterMs: number | undefined; readonly idleMs: number | undefined } = {
  adopt: { mode: undefined, targets: [] },
  arm: undefined,
  freezeAfterMs: undefined,
  idleMs: undefined,
};
