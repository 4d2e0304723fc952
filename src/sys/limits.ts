import { readFileSync } from 'node:fs';

/** Resource limits by systemd's name without `Limit`; getrlimit(2), <asm-generic/resource.h>. The same on x86-64 and arm64. */
export const RESOURCES: Readonly<Record<string, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
};

let fileLimit: number | undefined;

/** How many files a process of ours may open at most; undefined where nobody knows. */
export function ownFileLimit(): number | undefined {
  return (fileLimit ??= readFileLimit());
}

function readFileLimit(): number | undefined {
  try {
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return hard === 'unlimited' ? Infinity : hard === undefined ? undefined : Number(hard);
  } catch {
    return undefined;
  }
}
