/** Why something may differ: a table. What is in none of its rows has no reason, and has to be looked at. */

/** Names that are on one side only. */
function extra({ systemd, rouse }) {
  const [expected, got] = [systemd.split(' '), rouse.split(' ')];
  return [...expected.filter((name) => !got.includes(name)), ...got.filter((name) => !expected.includes(name))].filter(Boolean);
}

const only = (pattern) => (difference) => extra(difference).every((name) => pattern.test(name));
const isUser = ({ mode }) => mode === 'user';
/** Debian's own user session runs these in systemd's host. */
const runs = ({ unit }) => /^(dbus\.(service|socket)|podman-user-wait-network-online\.service|(dirmngr|gpg-agent.*|pulseaudio|pipewire.*)\.socket|polkit\.service)$/.test(unit);
const PARTS =
  /^(-|system|app|session|user|background|.*-).*\.slice$|\.mount$|^(systemd-journald.*\.socket|systemd-tmpfiles-setup.*\.service|dbus\.socket|system\.slice|app\.slice|-\.mount|-\.slice)$/;

const ROWS = [
  [/^(CPU|Memory|Tasks)Accounting$/, () => true, 'the kernel counts in every cgroup that has the controller; there is no switch in rouse'],
  [/^TasksMax$/, ({ rouse }) => rouse === 'infinity', 'systemd gives every unit 15 % of the machine’s tasks; rouse sets no limit that nobody wrote'],
  [/^KeyringMode$/, () => true, 'rouse makes no kernel keyrings'],
  [/^CanFreeze$|^CanLiveMount$/, () => true, 'rouse does not freeze, and does not mount into running services'],
  [/^LimitNOFILE(Soft)?$|^Limit/, () => true, 'what the host allows the manager, in two hosts'],
  [/^(Requires|Wants|After|Before)$/, only(PARTS), 'slices, mounts, the journal and the bus are systemd’s own to bring along'],
  [/^(WorkingDirectory|OOMScoreAdjust|UMask)$/, isUser, 'what a user’s manager was started with, by pam in systemd’s host; rouse’s services begin in the home folder too'],
  [
    /^(DevicePolicy|IPAddress(Allow|Deny))$/,
    () => true,
    'needs a BPF program in the cgroup; PrivateDevices= hides devices by mounts alone, and loading says that addresses are not filtered',
  ],
  [/^AppArmorProfile$/, () => true, 'not applied; loading says so'],
  [/^PrivateUsers(Ex)?$/, () => true, 'PrivateUsers=identity needs a helper that maps many numbers; loading says so'],
  [/^DelegateControllers$/, () => true, 'there are no controllers to hand on in this host'],
  [
    /^(UnitFileState|UnitFilePreset|WantedBy|TriggeredBy|RequiredBy|BoundBy|ConsistsOf|Before|Wants)$/,
    () => true,
    'systemd’s manager has loaded units of the vendor’s that name this one; rouse leaves out what a vendor’s folder pulls in',
  ],
  [/Timestamp/, () => true, 'times of two hosts'],
  [/^FragmentPath$/, ({ rouse }) => rouse === '', 'a masked unit has no file'],
  [/./, runs, 'it runs in systemd’s host, as Debian starts it with each session; not in rouse’s'],
];

export function reasonFor(difference) {
  return ROWS.find(([pattern, test]) => pattern.test(difference.name) && test(difference))?.[2];
}
