/** The script that runs a manager under a supervisor which starts things as root: runit and s6. */
import { MADE_BY } from './way.js';
import { bootEnvironmentWords, runtimeFolder, serviceName, shellWords, type Target } from './target.js';

/** How a supervisor's own tools become a user, with all of the user's groups. */
export type Become = (user: string) => string;

/** Its user is not logged in: what a log-in would have made and set is made and set here. */
export function runScript(target: Target, become: Become): string {
  const { mode, user } = target;
  const lines = ['#!/bin/sh', `# ${MADE_BY}`, `# ${serviceName(target)}: the command ends with the manager, which ends its units first.`];
  if (mode === 'user') {
    const folder = runtimeFolder(target);
    lines.push(`mkdir -p ${folder} && chown ${user.uid}:${user.gid} ${folder} && chmod 700 ${folder} || exit 111`);
    lines.push(`cd ${shellWords([user.home])} || exit 111`);
  }
  const environment = bootEnvironmentWords(target);
  const command = shellWords([...(environment.length === 0 ? [] : ['env', ...environment]), ...target.rouse, 'daemon']);
  lines.push(`exec ${mode === 'user' ? `${become(user.name)} ` : ''}${command}`, '');
  return lines.join('\n');
}
