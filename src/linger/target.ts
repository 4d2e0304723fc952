/** Whose manager is to start at boot, and with what command. */

export interface Target {
  readonly mode: 'system' | 'user';
  readonly user: { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string };
  /** The verbs follow it: node and bin/rouse, both absolute. */
  readonly rouse: readonly string[];
  /** ROUSE_UNIT_PATH and its sisters, where the caller has them: the manager at boot is to be the same one. */
  readonly environment: Readonly<Record<string, string>>;
}

/** 'rouse' for the system's, 'rouse-anna' for a user's; names of services and folders. */
export function serviceName({ mode, user }: Target): string {
  return mode === 'system' ? 'rouse' : `rouse-${user.name}`;
}

export function describe({ mode, user }: Target): string {
  return mode === 'system' ? 'the system’s manager' : `the manager of ${user.name}`;
}

/** As a shell reads it back. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** The folder that a log-in would have made; XDG Base Directory Specification. */
export function runtimeFolder({ user }: Target): string {
  return `/run/user/${user.uid}`;
}

/** `NAME=value` words for what an init starts: nobody logs in there, so a user's manager is told what a log-in would have. */
export function bootEnvironmentWords(target: Target): readonly string[] {
  const { mode, user } = target;
  const own = mode === 'user' ? [`HOME=${user.home}`, `USER=${user.name}`, `LOGNAME=${user.name}`, `XDG_RUNTIME_DIR=${runtimeFolder(target)}`] : [];
  return [...own, ...environmentWords(target)];
}

/** `NAME=value` words for env(1) or a crontab. */
export function environmentWords(target: Target): readonly string[] {
  return Object.entries(target.environment).map(([name, value]) => `${name}=${value}`);
}
