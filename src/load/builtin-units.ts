/**
 * The targets that rouse brings along; systemd.special(7). Unlike systemd: they stand before those of a vendor's folder, which
 * would bring up a whole machine (mounts, devices, log-ins). A file in an administrator's folder replaces them as usual.
 */
type Mode = 'system' | 'user';

interface BuiltinTarget {
  readonly name: string;
  readonly description: string;
  readonly lines?: readonly string[];
  readonly modes?: readonly Mode[];
}

const TARGETS: readonly BuiltinTarget[] = [
  { name: 'sysinit.target', description: 'System Initialization' },
  { name: 'sockets.target', description: 'Socket Units' },
  { name: 'timers.target', description: 'Timer Units' },
  { name: 'paths.target', description: 'Path Units' },
  {
    name: 'basic.target',
    description: 'Basic System',
    lines: ['Requires=sysinit.target', 'Wants=sockets.target timers.target paths.target', 'After=sysinit.target sockets.target paths.target'],
  },
  { name: 'multi-user.target', description: 'Multi-User System', lines: ['Requires=basic.target', 'After=basic.target'], modes: ['system'] },
  { name: 'graphical.target', description: 'Graphical Interface', lines: ['Requires=multi-user.target', 'After=multi-user.target'], modes: ['system'] },
  { name: 'default.target', description: 'Main Target', lines: ['Requires=multi-user.target', 'After=multi-user.target'], modes: ['system'] },
  { name: 'default.target', description: 'Main User Target', lines: ['Requires=basic.target', 'After=basic.target'], modes: ['user'] },
  { name: 'shutdown.target', description: 'System Shutdown', lines: ['DefaultDependencies=no'] },
  ...passive(
    'network.target',
    'network-online.target',
    'network-pre.target',
    'nss-lookup.target',
    'nss-user-lookup.target',
    'remote-fs.target',
    'local-fs.target',
    'local-fs-pre.target',
  ),
  ...passive('time-sync.target', 'time-set.target', 'rpcbind.target', 'getty.target', 'slices.target', 'swap.target', 'umount.target', 'final.target', 'graphical-session.target'),
];

/** Points of time that other units order themselves by; where rouse runs they have passed. */
function passive(...names: readonly string[]): readonly BuiltinTarget[] {
  return names.map((name) => ({ name, description: name }));
}

/**
 * Waits in systemd until the network is up for a user's containers; here it is up or nobody would have come. Without ExecStart=, so that no
 * process delays the first client.
 */
const USER_WAIT = '[Unit]\nDescription=Wait for the network\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=-/bin/true\n';

export const BUILTIN_FOLDER = '(rouse)';

/** The text of a unit that rouse brings along. */
export function builtinUnit(name: string, mode: Mode): string | undefined {
  if (name === 'podman-user-wait-network-online.service' && mode === 'user') return USER_WAIT;
  const target = TARGETS.find((candidate) => candidate.name === name && (candidate.modes?.includes(mode) ?? true));
  if (target === undefined) return undefined;
  return ['[Unit]', `Description=${target.description}`, 'Documentation=man:systemd.special(7)', ...(target.lines ?? []), ''].join('\n');
}

export function builtinNames(mode: Mode): readonly string[] {
  return [...new Set(TARGETS.filter(({ modes }) => modes?.includes(mode) ?? true).map(({ name }) => name))];
}
