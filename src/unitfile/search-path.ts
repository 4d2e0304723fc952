/**
 * Where unit files and Quadlet files are looked for, first wins; systemd.unit(5), "UNIT FILE LOAD PATH", and
 * podman-systemd.unit(5). Pure: the environment is handed in, and whether a folder exists is the reader's to find out.
 */

export interface SearchContext {
  readonly mode: 'system' | 'user';
  readonly uid: number;
  readonly home: string;
  readonly runtimeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where generators write; undefined: they are not run. */
  readonly generated?: string;
}

const SYSTEM_UNITS = [
  '/etc/systemd/system.control',
  '/run/systemd/system.control',
  '/run/systemd/transient',
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

const USER_UNITS = ['/etc/systemd/user', '/run/systemd/user', '/usr/local/share/systemd/user', '/usr/share/systemd/user', '/usr/local/lib/systemd/user', '/usr/lib/systemd/user'];

/** systemd's folders. SYSTEMD_UNIT_PATH replaces them, or stands before them when it ends in a colon. */
export function unitSearchPath(context: SearchContext): readonly string[] {
  const usual = withGenerated(context.mode === 'system' ? SYSTEM_UNITS : userUnitDirs(context), context.generated);
  const set = context.env['SYSTEMD_UNIT_PATH'];
  if (set === undefined || set === '') return usual;
  const folders = set.split(':').filter(Boolean);
  return set.endsWith(':') ? [...folders, ...usual] : folders;
}

/** systemd.generator(7): before the administrator's folders, behind them, and behind all. */
function withGenerated(folders: readonly string[], generated: string | undefined): readonly string[] {
  if (generated === undefined) return folders;
  const { early, normal, late } = generatedFolders(generated);
  const place = (folder: string): readonly string[] =>
    folder.endsWith('/systemd/transient') ? [folder, early] : /^\/run\/systemd\/(system|user)$/.test(folder) ? [folder, normal] : [folder];
  return [...folders.flatMap(place), late];
}

/** The three folders that a generator is given, by what stands behind what. */
export function generatedFolders(folder: string): { readonly normal: string; readonly early: string; readonly late: string } {
  return { normal: folder, early: `${folder}.early`, late: `${folder}.late` };
}

/** Where generators are; systemd.generator(7). SYSTEMD_GENERATOR_PATH replaces them. */
export function generatorSearchPath({ mode, env }: SearchContext): readonly string[] {
  const set = env['SYSTEMD_GENERATOR_PATH'];
  if (set !== undefined && set !== '') return set.split(':').filter(Boolean);
  return ['/run/systemd', '/etc/systemd', '/usr/local/lib/systemd', '/usr/lib/systemd'].map((folder) => `${folder}/${mode}-generators`);
}

export function configHome({ env, home }: SearchContext): string {
  const set = env['XDG_CONFIG_HOME'];
  return set !== undefined && set.startsWith('/') ? set : `${home}/.config`;
}

function userUnitDirs(context: SearchContext): readonly string[] {
  const { home, runtimeDir, env } = context;
  const config = configHome(context);
  const data = env['XDG_DATA_HOME']?.startsWith('/') === true ? env['XDG_DATA_HOME'] : `${home}/.local/share`;
  return [
    `${config}/systemd/user.control`,
    `${runtimeDir}/systemd/user.control`,
    `${runtimeDir}/systemd/transient`,
    `${config}/systemd/user`,
    ...list(env['XDG_CONFIG_DIRS'], '/etc/xdg').map((folder) => `${folder}/systemd/user`),
    '/etc/systemd/user',
    `${runtimeDir}/systemd/user`,
    '/run/systemd/user',
    `${data}/systemd/user`,
    ...USER_UNITS.slice(2),
  ];
}

function list(set: string | undefined, usual: string): readonly string[] {
  return (set === undefined || set === '' ? usual : set).split(':').filter((folder) => folder.startsWith('/'));
}

/** Quadlet's folders. QUADLET_UNIT_DIRS replaces them. */
export function quadletSearchPath(context: SearchContext): readonly string[] {
  const set = context.env['QUADLET_UNIT_DIRS'];
  if (set !== undefined && set !== '') return set.split(':').filter(Boolean);
  if (context.mode === 'system') return ['/run/containers/systemd', '/etc/containers/systemd', '/usr/share/containers/systemd'];
  return [
    `${context.runtimeDir}/containers/systemd`,
    `${configHome(context)}/containers/systemd`,
    `/etc/containers/systemd/users/${context.uid}`,
    '/etc/containers/systemd/users',
    `/usr/share/containers/systemd/users/${context.uid}`,
    '/usr/share/containers/systemd/users',
  ];
}

/**
 * The drop-in folders that count for a unit, most specific first: `foo-bar@x.service.d`, `foo-bar@.service.d`,
 * `foo-.service.d`, `service.d`. A file name that appears in several is read from the first.
 */
export function dropInFolders(name: string): readonly string[] {
  const dot = name.lastIndexOf('.');
  const type = name.slice(dot + 1);
  const base = name.slice(0, dot);
  const at = base.indexOf('@');
  const folders = [`${name}.d`];
  if (at >= 0 && at + 1 < base.length) folders.push(`${base.slice(0, at + 1)}.${type}.d`);
  const prefix = at >= 0 ? base.slice(0, at) : base;
  for (let dash = prefix.lastIndexOf('-', prefix.length - 2); dash > 0; dash = prefix.lastIndexOf('-', dash - 1)) folders.push(`${prefix.slice(0, dash + 1)}.${type}.d`);
  return [...folders, `${type}.d`];
}

/** Folders that packages fill and administrators do not: what generators make goes before them. */
export function isVendorFolder(folder: string): boolean {
  return /^\/(usr|lib)\//.test(folder) || folder.endsWith('/share/systemd/user');
}
