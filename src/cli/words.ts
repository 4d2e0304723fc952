/** States and times as a person reads them. */
import type { WireUnit } from '../control/protocol.js';
import { timestamp } from '../properties/text.js';
import type { Style } from './io.js';

/** systemctl's dots: what is up, what has failed, what is on its way. */
export function dot({ activeState, loadState }: Pick<WireUnit, 'activeState' | 'loadState'>, style: Style): string {
  if (activeState === 'active' || activeState === 'reloading') return style.green('●');
  if (activeState === 'failed' || loadState === 'bad-setting' || loadState === 'error') return style.red('×');
  return activeState === 'inactive' ? '○' : style.yellow('●');
}

export function stateColour(unit: Pick<WireUnit, 'activeState'>, style: Style): (text: string) => string {
  if (unit.activeState === 'active' || unit.activeState === 'reloading') return style.green;
  if (unit.activeState === 'failed') return style.red;
  return unit.activeState === 'inactive' ? (text) => text : style.yellow;
}

const UNITS = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** '2min 5s ago'; the two largest units. */
export function ago(thenMs: number, nowMs: number): string {
  let left = Math.max(0, Math.floor((nowMs - thenMs) / 1000));
  const parts: string[] = [];
  for (const [name, seconds] of UNITS) {
    const count = Math.floor(left / seconds);
    if (count > 0 && parts.length < 2) parts.push(name === 'day' ? `${count} day${count > 1 ? 's' : ''}` : `${count}${name}`);
    left %= seconds;
  }
  return parts.length === 0 ? 'just now' : `${parts.join(' ')} ago`;
}

export function since(thenMs: number, nowMs: number): string {
  return thenMs === 0 ? '' : ` since ${timestamp(thenMs)}; ${ago(thenMs, nowMs)}`;
}
