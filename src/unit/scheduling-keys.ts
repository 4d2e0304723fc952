/** Keys of systemd.exec(5), "SCHEDULING": they fill the field `scheduling` of a draft. */
import { custom, one, type Draft, type KeyRow } from './key-table.js';
import { boolean, wholeNumber } from './values/simple.js';
import { timeSpan } from './values/time-span.js';
import { bad, good, type Value, type ValueParser } from './values/value.js';

const inScheduling = (row: KeyRow): KeyRow => ({
  ...row,
  read: (draft, text, context) => {
    const scheduling: Draft = { ...(draft['scheduling'] as Draft) };
    const expected = row.read(scheduling, text, context);
    draft['scheduling'] = scheduling;
    return expected;
  },
});

/** A word, or its number. */
function named(words: Readonly<Record<string, number>>): ValueParser<number> {
  return (text) => {
    const number = words[text] ?? (/^\d$/.test(text) ? Number(text) : undefined);
    return number !== undefined && Object.values(words).includes(number) ? good(number) : bad(`one of ${Object.keys(words).join(', ')}`);
  };
}

/** <bits/sched.h>, <linux/ioprio.h>; 'none' is what the kernel makes of the nice level. */
const POLICIES = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5 };
const IO_CLASSES = { none: 0, realtime: 1, 'best-effort': 2, idle: 3 };
const MOST_PROCESSORS = 1024;

/** `0 2-4,7` */
export function processorList(text: string): Value<readonly number[]> {
  const numbers: number[] = [];
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
    if (first === undefined || Number(last) < Number(first) || Number(last) >= MOST_PROCESSORS) return bad('numbers of processors such as 0 2-4');
    for (let each = Number(first); each <= Number(last); each++) numbers.push(each);
  }
  return good([...new Set(numbers)].sort((a, b) => a - b));
}

const affinity = custom('CPUAffinity', (draft, text) => {
  // Those of the NUMA policy would be the kernel's own choice.
  if (text === 'numa') return 'numbers of processors such as 0 2-4';
  const parsed = processorList(text);
  if (!parsed.ok) return parsed.expected;
  const before = draft['processors'] as readonly number[];
  draft['processors'] = text === '' ? [] : [...new Set([...before, ...parsed.value])].sort((a, b) => a - b);
  return undefined;
});

/** core(5), in the order of the bits. */
const DUMPED = ['private-anonymous', 'shared-anonymous', 'private-file-backed', 'shared-file-backed', 'elf-headers', 'private-huge', 'shared-huge', 'private-dax', 'shared-dax'];

const coredumpFilter = custom('CoredumpFilter', (draft, text) => {
  const words = text.split(/\s+/).filter(Boolean);
  let mask = 0;
  for (const word of words) {
    const bit = DUMPED.indexOf(word);
    if (bit < 0 && word !== 'default' && word !== 'all' && !/^[0-9a-f]{1,8}$/i.test(word)) return `some of default, all, ${DUMPED.join(', ')}`;
    mask |= bit >= 0 ? 1 << bit : word === 'default' ? 0x33 : word === 'all' ? 0x1ff : Number.parseInt(word, 16);
  }
  draft['coredumpFilter'] = text === '' ? undefined : mask;
  return undefined;
});

/** A number alone is nanoseconds. */
const nanoseconds: ValueParser<number> = (text) => {
  if (/^\d+$/.test(text)) return good(Number(text));
  const nanos = /^(\d+)\s*ns$/.exec(text)?.[1];
  if (nanos !== undefined) return good(Number(nanos));
  const span = timeSpan(text);
  return span.ok ? good(Math.round(span.value * 1e6)) : span;
};

export const SCHEDULING_KEYS: readonly KeyRow[] = [
  one('CPUSchedulingPolicy', 'policy', named(POLICIES)),
  one('CPUSchedulingPriority', 'priority', wholeNumber(0, 99), 0),
  one('CPUSchedulingResetOnFork', 'resetOnFork', boolean, false),
  one('IOSchedulingClass', 'ioClass', named(IO_CLASSES)),
  one('IOSchedulingPriority', 'ioPriority', wholeNumber(0, 7)),
  one('TimerSlackNSec', 'timerSlackNs', nanoseconds),
  affinity,
  coredumpFilter,
].map(inScheduling);
