/** As whom a process runs; systemd.exec(5), "USER/GROUP IDENTITY". */
import { groupByName, groupsOf, userByName } from '../sys/process.js';
import type { ExecConfig } from '../unit/config.js';
import { dynamicUid } from './dynamic-user.js';
import type { UserFacts } from './environment.js';
import type { LaunchHost, LaunchRequest } from './launch.js';
import { LaunchError } from './launch-error.js';

export interface Identity {
  readonly facts: UserFacts | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly groups: readonly number[] | undefined;
}

/** Throws LaunchError. */
export function resolveIdentity(host: LaunchHost, { unit, command, exec }: LaunchRequest): Identity {
  const login = host.mode === 'user' ? host.user : undefined;
  if (command.fullPrivileges || command.noSetuid || (exec.user === undefined && exec.group === undefined && !isDynamic(host, exec))) {
    return { facts: login, uid: undefined, gid: undefined, groups: undefined };
  }
  const user = exec.user === undefined ? undefined : userByName(exec.user);
  if (isDynamic(host, exec)) return dynamicIdentity(unit, exec);
  if (exec.user !== undefined && user === undefined)
    throw new LaunchError('looking up the user', `No such user '${exec.user}'`, 'User= takes a name or number that the system knows');
  const group = exec.group === undefined ? undefined : groupId(exec.group);
  if (host.mode === 'user' && user !== undefined && user.uid !== process.getuid?.()) {
    throw new LaunchError('changing the user', `A user's manager cannot run a service as '${exec.user}'`, 'remove User=, or make it a system service');
  }
  if (host.mode === 'user') return { facts: login, uid: undefined, gid: undefined, groups: undefined };
  const gid = group ?? user?.gid;
  const extra = exec.supplementaryGroups.map((name) => groupId(name));
  const groups = user === undefined ? extra : [...groupsOf(user.name, gid ?? user.gid), ...extra];
  return { facts: user === undefined ? undefined : { name: user.name, home: user.home, shell: user.shell }, uid: user?.uid, gid, groups };
}

/** A user of that name which the system has counts for more; systemd.exec(5), DynamicUser=. */
export function isDynamic(host: LaunchHost, { sandbox, user }: ExecConfig): boolean {
  return sandbox.dynamicUser && host.mode === 'system' && (user === undefined || userByName(user) === undefined);
}

function dynamicIdentity(unit: string, exec: ExecConfig): Identity {
  const uid = dynamicUid(unit);
  const gid = exec.group === undefined || groupByName(exec.group) === undefined ? uid : groupId(exec.group);
  const name = exec.user ?? unit.replace(/(@[^.]*)?\.service$/, '');
  return { facts: { name, home: '/', shell: '/usr/sbin/nologin' }, uid, gid, groups: exec.supplementaryGroups.map((each) => groupId(each)) };
}

function groupId(name: string): number {
  const group = groupByName(name);
  if (group === undefined) throw new LaunchError('looking up the group', `No such group '${name}'`, 'Group= and SupplementaryGroups= take names or numbers that the system knows');
  return group.gid;
}
