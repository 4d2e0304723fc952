/** Whether a unit is to be enabled where nobody has said so; systemd.preset(5). Files by name, the first folder that has one; the first line that matches. */
import { join } from 'node:path';
import { parseUnitName } from '../unit/name.js';
import { disableUnits, enableUnits, type InstallResult } from './install.js';
import type { UnitStore } from './unit-store.js';
import { globExpression } from '../unitfile/glob.js';
import { namesIn, textOf } from './quietly.js';

export type Preset = 'enabled' | 'disabled' | 'ignored';
export type PresetMode = 'full' | 'enable-only' | 'disable-only';

const FOLDERS = ['/etc/systemd', '/run/systemd', '/usr/local/lib/systemd', '/usr/lib/systemd'];
const ACTIONS: Readonly<Record<string, Preset>> = { enable: 'enabled', disable: 'disabled', ignore: 'ignored' };

interface Line {
  readonly pattern: RegExp;
  readonly action: Preset;
}

/** Without any file everything is enabled, as in systemd. */
export function presetOf(store: UnitStore, name: string): Preset {
  const template = parseUnitName(name);
  const names = template?.instance === undefined ? [name] : [name, `${template.prefix}@.${template.type}`];
  return lines(store.scope.mode).find(({ pattern }) => names.some((each) => pattern.test(each)))?.action ?? 'enabled';
}

/** Throws InstallError. */
export function presetUnits(store: UnitStore, names: readonly string[], mode: PresetMode): InstallResult {
  const wanted = (preset: Preset): readonly string[] => names.filter((name) => presetOf(store, name) === preset);
  const off = mode === 'enable-only' ? [] : wanted('disabled');
  const on = mode === 'disable-only' ? [] : wanted('enabled');
  const removed = disableUnits(store, off);
  const made = enableUnits(store, on, true);
  return { changes: [...removed.changes, ...made.changes], static: [...removed.static, ...made.static] };
}

function lines(mode: 'system' | 'user'): readonly Line[] {
  const files = new Map<string, string>();
  for (const folder of FOLDERS.map((parent) => join(parent, `${mode}-preset`))) {
    for (const name of namesIn(folder).filter((each) => each.endsWith('.preset'))) if (!files.has(name)) files.set(name, join(folder, name));
  }
  return [...files.keys()].sort().flatMap((name) => read(files.get(name) ?? ''));
}

function read(path: string): readonly Line[] {
  return textOf(path)
    .split('\n')
    .flatMap((line) => {
      const [, word = '', pattern] = /^\s*(enable|disable|ignore)\s+(\S+)/.exec(line) ?? [];
      const action = ACTIONS[word];
      return action === undefined || pattern === undefined ? [] : [{ action, pattern: globExpression(pattern) }];
    });
}
