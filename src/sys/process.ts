/** Users, groups and our own process; passwd(5), group(5), prctl(2). */
import { readFileSync } from 'node:fs';
import { check } from './fd.js';
import * as libc from './libc.js';

const PR_SET_CHILD_SUBREAPER = 36;

/** Orphans of what we start become our children, so that a daemon that forked away can still be waited for. */
export function setChildSubreaper(): void {
  check('prctl', libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** By name or by number; undefined when there is none. */
export function userByName(user: string): UserEntry | undefined {
  for (const [name, , uid, gid, , home, shell] of entries('/etc/passwd')) {
    if (name !== undefined && (name === user || uid === user)) return { name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' };
  }
  return /^\d+$/.test(user) ? { name: user, uid: Number(user), gid: Number(user), home: '/', shell: '/bin/sh' } : undefined;
}

export function groupByName(group: string): { readonly gid: number } | undefined {
  const found = entries('/etc/group').find(([name, , gid]) => name === group || gid === group);
  if (found?.[2] !== undefined) return { gid: Number(found[2]) };
  return /^\d+$/.test(group) ? { gid: Number(group) } : undefined;
}

/** The groups that a log-in of this user would have. */
export function groupsOf(user: string, gid: number): readonly number[] {
  const member = entries('/etc/group').filter(([, , , members]) => members?.split(',').includes(user) === true);
  return [...new Set([gid, ...member.map(([, , number]) => Number(number))])];
}

function entries(path: string): readonly (readonly string[])[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
