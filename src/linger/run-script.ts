/** The script that runs a manager under a supervisor which starts things as root: runit and s6. */
import { MADE_BY } from './way.js';
import { environmentWords, serviceName, shellWords, type Target } from './target.js';

/** How a supervisor's own tools become a user, with all of the user's groups. */
export type Become = (user: string) => string;

/** A runtime folder comes with a log-in, and here nobody logs in; XDG Base Directory Specification. */
export function runScript(target: Target, become: Become): string {
  const { mode, user } = target;
  const lines = ['#!/bin/sh', `# ${MADE_BY}`, `# ${serviceName(target)}: the command ends with the manager, which ends its units first.`];
  const environment = [...environmentWords(target)];
  if (mode === 'user') {
    const folder = `/run/user/${user.uid}`;
    lines.push(`mkdir -p ${folder} && chown ${user.uid}:${user.gid} ${folder} && chmod 700 ${folder} || exit 111`);
    environment.unshift(`HOME=${user.home}`, `USER=${user.name}`, `LOGNAME=${user.name}`, `XDG_RUNTIME_DIR=${folder}`);
    lines.push(`cd ${shellWords([user.home])} || exit 111`);
  }
  const command = shellWords([...(environment.length === 0 ? [] : ['env', ...environment]), ...target.rouse, 'daemon']);
  lines.push(`exec ${mode === 'user' ? `${become(user.name)} ` : ''}${command}`, '');
  return lines.join('\n');
}
