/** States and times as a person reads them. */
import { constants } from 'node:os';
import type { WireUnit } from '../control/protocol.js';
import { timestamp } from '../properties/text.js';
import type { Style } from './io.js';

/** systemctl's dots: what is up, what has failed, what is on its way. */
export function dot({ activeState, loadState }: Pick<WireUnit, 'activeState' | 'loadState'>, style: Style): string {
  if (activeState === 'active' || activeState === 'reloading') return style.green('●');
  if (activeState === 'failed' || loadState === 'bad-setting' || loadState === 'error') return style.red('×');
  return activeState === 'inactive' ? '○' : style.yellow('●');
}

/** In a list only what needs a look has a dot, so that a script finds names in the first column. */
export function mark(unit: Pick<WireUnit, 'activeState' | 'loadState'>, style: Style): string {
  const wrong = unit.activeState === 'failed' || unit.loadState !== 'loaded';
  return wrong ? (unit.activeState === 'failed' ? style.red('●') : dot(unit, style)) : ' ';
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

/** systemd.exec(5), "PROCESS EXIT CODES", those that rouse gives itself. */
const STATUSES: Readonly<Record<number, string>> = {
  0: 'SUCCESS',
  1: 'FAILURE',
  2: 'INVALIDARGUMENT',
  200: 'CHDIR',
  203: 'EXEC',
  206: 'STDERR',
  208: 'STDIN',
  209: 'STDOUT',
  214: 'SETSCHEDULER',
  215: 'CPUAFFINITY',
  216: 'GROUP',
  217: 'USER',
  218: 'CAPABILITIES',
  219: 'CGROUP',
  226: 'NAMESPACE',
  228: 'SECCOMP',
};

/** '(code=exited, status=203/EXEC)', '(code=killed, signal=TERM)'. */
export function ending(code: string, status: number): string {
  if (code === 'exited') return `(code=exited, status=${status}${STATUSES[status] === undefined ? '' : `/${STATUSES[status]}`})`;
  const name = Object.entries(constants.signals).find(([, number]) => number === status)?.[0];
  return `(code=${code}, signal=${name?.slice(3) ?? status})`;
}

export function since(thenMs: number, nowMs: number): string {
  return thenMs === 0 ? '' : ` since ${timestamp(thenMs)}; ${ago(thenMs, nowMs)}`;
}
