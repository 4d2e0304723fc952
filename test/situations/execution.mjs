/** What a process finds when it runs. */
import { oneshot } from './units.mjs';

/** Prints into a file what a shell script says inside the unit. */
const sees = (script, lines = '', unit = '') => oneshot(`/bin/sh -c '(${script}) >/run/X-out 2>&1'`, lines, unit);
const LOOK = 'run start X-a.service; cat /run/X-out';

export const EXECUTION = [
  {
    name: 'the environment',
    quick: true,
    files: {
      'X-a.service': sees(
        'env | grep -vE "^(INVOCATION_ID|SYSTEMD_EXEC_PID|JOURNAL_STREAM|MEMORY_PRESSURE_|PWD=|_=|SHLVL|OLDPWD|LANG)" | sort',
        'User=tester\nEnvironment=A=1 PATH_LIKE=%t\nUnsetEnvironment=GONE\nEnvironment=GONE=1',
      ),
    },
    script: LOOK,
  },
  {
    name: 'environment files',
    files: { 'X-a.service': sees('echo "$A|$B|$C|$D"', 'Environment=A=0\nEnvironmentFile=-/no/such\nEnvironmentFile=/run/X-env') },
    script: `printf '# comment\\nA=1\\nB="two words"\\nC=one\\\\\\ntwo\\n;x\\nexport D=no\\n' >/run/X-env; ${LOOK}`,
  },
  {
    name: 'umask, nice, OOM score, limits',
    quick: true,
    files: {
      'X-a.service': sees(
        'umask; nice; cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn; ulimit -c',
        'UMask=0027\nNice=7\nOOMScoreAdjust=321\nLimitNOFILE=123:456\nLimitCORE=0',
      ),
    },
    script: LOOK,
  },
  {
    name: 'user, group, groups and folder',
    files: {
      'X-a.service': sees(
        'id -un; id -gn; id -Gn | tr " " "\\n" | sort; pwd; echo $HOME $USER $LOGNAME $SHELL',
        'User=tester\nGroup=daemon\nSupplementaryGroups=audio\nWorkingDirectory=~',
      ),
    },
    script: LOOK.replace('run start', 'touch /run/X-out; chmod 666 /run/X-out; run start'),
  },
  {
    name: 'prefixes of commands',
    quick: true,
    files: {
      'X-a.service':
        "[Service]\nType=oneshot\nUser=tester\nExecStart=+/bin/sh -c 'id -un >/run/X-out; chmod 666 /run/X-out'\nExecStart=/bin/sh -c 'id -un >>/run/X-out'\nExecStart=@/bin/sh other -c 'echo $0 >>/run/X-out'\nExecStart=-/bin/false\nExecStart=:/bin/sh -c 'echo $HOME >>/run/X-out'\nExecStart=!/bin/sh -c 'id -un >>/run/X-out'",
    },
    script: LOOK,
  },
  {
    name: 'RuntimeDirectory= and its sisters',
    quick: true,
    files: {
      'X-a.service':
        "[Service]\nUser=tester\nRuntimeDirectory=X-r/sub X-r2\nRuntimeDirectoryMode=0750\nStateDirectory=X-s\nCacheDirectory=X-c\nLogsDirectory=X-l\nConfigurationDirectory=X-e\nExecStart=/bin/sh -c 'env | grep _DIRECTORY | sort >/run/X-r2/out; touch /run/X-r2/done; exec sleep infinity'",
    },
    script:
      'run start X-a.service; wait_file /run/X-r2/done; cat /run/X-r2/out; stat -c "%n %a %U" /run/X-r /run/X-r/sub /run/X-r2 /var/lib/X-s /var/cache/X-c /var/log/X-l /etc/X-e; run stop X-a.service; ls -d /run/X-r /run/X-r2 /run/X-r/sub /var/lib/X-s; rm -r /var/lib/X-s /var/cache/X-c /var/log/X-l /etc/X-e',
  },
  {
    name: 'RuntimeDirectoryPreserve=restart',
    files: { 'X-a.service': '[Service]\nRuntimeDirectory=X-r\nRuntimeDirectoryPreserve=restart\nExecStart=/bin/sleep infinity' },
    script: 'run start X-a.service; wait_file /run/X-r; touch /run/X-r/kept; run restart X-a.service; ls /run/X-r; run stop X-a.service; ls -d /run/X-r',
  },
  {
    name: 'StateDirectory= with a second name',
    files: { 'X-a.service': sees('echo $STATE_DIRECTORY', 'StateDirectory=X-s:X-link') },
    script: `${LOOK}; readlink /var/lib/X-link; rm -rf /var/lib/X-s /var/lib/X-link`,
  },
  {
    name: 'clean',
    differs: 'systemctl asks a message bus to clean, and there is none where rouse runs here',
    files: { 'X-a.service': '[Service]\nType=oneshot\nStateDirectory=X-s\nExecStart=/bin/true' },
    script: 'run start X-a.service; ls -d /var/lib/X-s; show X-a.service CanClean; run clean --what=state X-a.service; ls -d /var/lib/X-s',
  },
  {
    name: 'output into files',
    files: {
      'X-a.service': "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo out; echo err >&2'\nStandardOutput=append:/run/X-out\nStandardError=file:/run/X-err",
      'X-b.service': "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo two'\nStandardOutput=truncate:/run/X-out",
    },
    script: 'run start X-a.service; run start X-a.service; cat /run/X-out /run/X-err; run start X-b.service; cat /run/X-out',
  },
  {
    name: 'input from a file and from the unit',
    quick: true,
    files: {
      'X-a.service': sees('cat', 'StandardInput=file:/etc/hostname'),
      'X-b.service': sees('cat', 'StandardInputText=one\\ttwo\nStandardInputText=three\nStandardInputData=Zm91cgo='),
    },
    script: `${LOOK}; run start X-b.service; cat /run/X-out`,
  },
  {
    name: 'credentials',
    quick: true,
    files: {
      'X-a.service': sees(
        'cd $CREDENTIALS_DIRECTORY && for f in *; do echo "$f: $(cat $f)"; done; stat -c "%a" $CREDENTIALS_DIRECTORY/one; echo %d',
        'SetCredential=one:first\\x20value\nLoadCredential=two:/etc/hostname\nLoadCredential=X-none:/no/such\nSetCredential=X-none:fallback',
      ),
    },
    script: LOOK,
  },
  { name: 'NoNewPrivileges=', files: { 'X-a.service': sees('grep NoNewPrivs /proc/self/status', 'NoNewPrivileges=yes') }, script: LOOK },
  {
    name: 'CapabilityBoundingSet= and AmbientCapabilities=',
    quick: true,
    files: {
      'X-a.service': sees('grep ^Cap /proc/self/status', 'CapabilityBoundingSet=CAP_CHOWN CAP_NET_BIND_SERVICE'),
      'X-b.service': sees('grep ^Cap /proc/self/status', 'User=tester\nAmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_CHOWN'),
      'X-c.service': sees('grep ^CapBnd /proc/self/status', 'CapabilityBoundingSet=~CAP_SYS_ADMIN'),
    },
    script: `${LOOK}; touch /run/X-out; chmod 666 /run/X-out; run start X-b.service; cat /run/X-out; run start X-c.service; c=$(sed 's/.*0000//' /run/X-out); echo $((0x$c >> 21 & 1))`,
  },
  {
    name: 'PrivateTmp=',
    quick: true,
    files: {
      'X-a.service':
        "[Service]\nType=oneshot\nPrivateTmp=yes\nExecStart=/bin/sh -c 'ls /tmp /var/tmp | wc -w >/run/X-out; touch /tmp/X-inside; stat -c %%a /tmp >>/run/X-out; ls /tmp >>/run/X-out'",
    },
    script: `touch /tmp/X-outside; ${LOOK}; ls /tmp/X-inside; rm /tmp/X-outside`,
  },
  {
    name: 'ProtectSystem=strict and ReadWritePaths=',
    quick: true,
    files: {
      'X-a.service':
        "[Service]\nType=oneshot\nProtectSystem=strict\nReadWritePaths=/run /var/lib/X-w -/no/such\nExecStart=/bin/sh -c 'for d in /usr /etc /var/lib /var/lib/X-w /home /tmp; do touch $d/X-x && echo $d writable || echo $d not; done >/run/X-out'",
    },
    script: `mkdir -p /var/lib/X-w; ${LOOK}; rm -rf /var/lib/X-w`,
  },
  {
    name: 'ProtectSystem=full and ProtectHome=',
    files: {
      'X-a.service':
        "[Service]\nType=oneshot\nProtectSystem=full\nProtectHome=yes\nExecStart=/bin/sh -c 'for d in /usr /etc /var/lib; do touch $d/X-x && echo $d writable || echo $d not; done >/run/X-out; ls /home /root >>/run/X-out; rm -f /var/lib/X-x'",
      'X-b.service': "[Service]\nType=oneshot\nProtectHome=read-only\nExecStart=/bin/sh -c 'touch /root/X-x && echo writable || ls -d /root >/run/X-out'",
      'X-c.service': "[Service]\nType=oneshot\nProtectHome=tmpfs\nExecStart=/bin/sh -c 'ls -A /home | wc -l >/run/X-out'",
    },
    script: `${LOOK}; run start X-b.service; cat /run/X-out; run start X-c.service; cat /run/X-out`,
  },
  {
    name: 'InaccessiblePaths=, ReadOnlyPaths=, BindPaths=, TemporaryFileSystem=',
    files: {
      'X-a.service':
        "[Service]\nType=oneshot\nInaccessiblePaths=/run/X-no\nReadOnlyPaths=/run/X-ro\nBindPaths=/run/X-src:/run/X-dst\nBindReadOnlyPaths=/etc:/run/X-etc\nTemporaryFileSystem=/srv\nExecStart=/bin/sh -c '(cat /run/X-no/f; touch /run/X-ro/x; touch /run/X-dst/here; cat /run/X-etc/hostname; touch /run/X-etc/x; touch /srv/X-x; ls /srv) >/run/X-out 2>/dev/null'",
    },
    script: `mkdir -p /run/X-no /run/X-ro /run/X-src /run/X-dst /run/X-etc; echo secret >/run/X-no/f; ${LOOK}; ls /run/X-ro /run/X-src /srv`,
  },
  {
    name: 'PrivateNetwork=',
    files: {
      'X-a.service': sees(
        'ls /sys/class/net >/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "; [ "$(readlink /proc/self/ns/net)" = "$(readlink /proc/1/ns/net)" ] && echo same || echo other',
        'PrivateNetwork=yes',
      ),
    },
    script: LOOK,
  },
  {
    name: 'PrivateDevices=',
    files: { 'X-a.service': sees('ls /dev | grep -xE "null|zero|full|random|urandom|tty|fuse|kmsg|mem|loop0"; echo x >/dev/null && echo ok', 'PrivateDevices=yes') },
    script: LOOK,
  },
  {
    name: 'ProtectKernelTunables=, ProtectControlGroups=, ProtectKernelLogs=',
    files: {
      'X-a.service': sees(
        'for f in /proc/sys/net/ipv4/ip_forward /sys/fs/cgroup/cgroup.procs; do [ -w $f ] && (: >>$f) && echo $f writable || echo $f not; done; [ -r /dev/kmsg ] && echo kmsg || echo no kmsg',
        'ProtectKernelTunables=yes\nProtectControlGroups=yes\nProtectKernelLogs=yes',
      ),
    },
    script: LOOK,
  },
  {
    name: 'ProtectProc= and ProcSubset=',
    files: {
      'X-a.service': sees('ls -d /proc/1 2>/dev/null || echo hidden; ls -d /proc/meminfo 2>/dev/null || echo no meminfo', 'User=tester\nProtectProc=invisible\nProcSubset=pid'),
    },
    script: `touch /run/X-out; chmod 666 /run/X-out; ${LOOK}`,
  },
  {
    name: 'ProtectHostname= and PrivateUsers=',
    files: {
      'X-a.service': sees(
        '[ "$(readlink /proc/self/ns/uts)" = "$(readlink /proc/1/ns/uts)" ] && echo same || echo other; [ "$(readlink /proc/self/ns/user)" = "$(readlink /proc/1/ns/user)" ] && echo same || echo other; id -u',
        'ProtectHostname=yes\nPrivateUsers=yes',
      ),
    },
    script: LOOK,
  },
  {
    name: 'PrivateIPC=',
    files: { 'X-a.service': sees('[ "$(readlink /proc/self/ns/ipc)" = "$(readlink /proc/1/ns/ipc)" ] && echo same || echo other', 'PrivateIPC=yes') },
    script: LOOK,
  },
  {
    name: 'RestrictAddressFamilies=',
    files: {
      'X-a.service': sees(
        'socat -u /dev/null TCP:127.0.0.1:1 2>&1 | grep -o "Address family not supported" || echo tcp; socat -u /dev/null UNIX-CONNECT:/no/such 2>&1 | grep -o "No such file"',
        'RestrictAddressFamilies=AF_UNIX',
      ),
    },
    script: LOOK,
  },
  {
    name: 'SystemCallFilter=',
    files: {
      'X-a.service': sees(
        'mkdir /run/X-d 2>&1 | grep -o "Operation not permitted"; ls -d /run/X-d 2>/dev/null; echo alive',
        'SystemCallFilter=~mkdir mkdirat\nSystemCallErrorNumber=EPERM',
      ),
      'X-b.service': oneshot('/bin/mkdir /run/X-e', 'SystemCallFilter=~mkdir mkdirat'),
      'X-c.service': sees('echo alive', 'SystemCallFilter=@system-service'),
    },
    script: `${LOOK}; run start X-b.service; show X-b.service Result ExecMainStatus; run start X-c.service; cat /run/X-out`,
  },
  {
    name: 'MemoryDenyWriteExecute=, RestrictNamespaces=, RestrictRealtime=, RestrictSUIDSGID=, LockPersonality=',
    files: {
      'X-a.service': sees(
        'unshare -u true 2>&1 | grep -o "Operation not permitted"; chrt -f 1 true 2>&1 | grep -o "Operation not permitted"; touch /run/X-f; chmod u+s /run/X-f 2>&1 | grep -o "Operation not permitted"; setarch -R true 2>&1 | grep -o "Operation not permitted"; echo end',
        'MemoryDenyWriteExecute=yes\nRestrictNamespaces=yes\nRestrictRealtime=yes\nRestrictSUIDSGID=yes\nLockPersonality=yes',
      ),
    },
    script: LOOK,
  },
  {
    name: 'DynamicUser=',
    files: {
      'X-a.service': sees(
        'id -un; id -u | grep -qE "^6[1-5][0-9]{3}$" && echo in range; touch /var/lib/X-s/file; stat -c %U /var/lib/X-s/file; echo $STATE_DIRECTORY; touch /usr/X-x 2>/dev/null || echo read-only',
        'DynamicUser=yes\nStateDirectory=X-s\nStandardOutput=null',
      ).replace('>/run/X-out 2>&1', '>/var/lib/X-s/out 2>&1'),
    },
    script: 'run start X-a.service; sed "s/[0-9]\\{5\\}/UID/" /var/lib/X-s/out; readlink /var/lib/X-s; rm -rf /var/lib/X-s /var/lib/private/X-s',
  },
  {
    name: 'scheduling',
    files: {
      'X-a.service': sees(
        'chrt -p $$$$ | sed "s/pid [0-9]*//"; ionice; taskset -cp $$$$ | sed "s/.*: //"; cat /proc/self/timerslack_ns',
        'CPUSchedulingPolicy=batch\nIOSchedulingClass=best-effort\nIOSchedulingPriority=6\nCPUAffinity=0\nTimerSlackNSec=70us',
      ),
    },
    script: LOOK,
  },
  {
    name: 'Personality=, KeyringMode=, IgnoreSIGPIPE=, CoredumpFilter=',
    files: { 'X-a.service': sees('grep SigIgn /proc/self/status; cat /proc/self/coredump_filter', 'IgnoreSIGPIPE=no\nCoredumpFilter=private-anonymous') },
    script: LOOK,
  },
  {
    name: 'RootDirectory=',
    differs: 'systemd makes folders to mount on in it',
    files: { 'X-a.service': '[Service]\nType=oneshot\nRootDirectory=/run/X-root\nExecStart=/bin/busybox touch /here' },
    script: 'mkdir -p /run/X-root/bin; cp /bin/busybox /run/X-root/bin; run start X-a.service; ls /run/X-root',
  },
  { name: 'OpenFile=', files: { 'X-a.service': sees('echo $LISTEN_FDS $LISTEN_FDNAMES; cat <&3', 'OpenFile=/etc/hostname:host:read-only') }, script: LOOK },
  {
    name: 'ExecSearchPath=',
    files: { 'X-a.service': '[Service]\nType=oneshot\nExecSearchPath=/run/X-bin:/bin\nExecStart=X-prog' },
    script: 'mkdir /run/X-bin; printf "#!/bin/sh\\necho found >/run/X-out\\n" >/run/X-bin/X-prog; chmod +x /run/X-bin/X-prog; run start X-a.service; cat /run/X-out',
  },
  {
    name: 'processes of a unit are in a cgroup of its name',
    files: { 'X-a.service': '[Service]\nExecStart=/bin/sleep infinity' },
    script: 'run start X-a.service; tail -1 /proc/$(ctl show -p MainPID --value X-a.service)/cgroup | sed "s,.*/,,"; ctl show -p ControlGroup --value X-a.service | sed "s,.*/,,"',
  },
  {
    name: 'Delegate=',
    files: { 'X-a.service': '[Service]\nUser=tester\nDelegate=yes\nExecStart=/bin/sleep infinity' },
    script:
      'run start X-a.service; d=/sys/fs/cgroup$(ctl show -p ControlGroup --value X-a.service); [ -d $d ] || d=$(find /sys/fs/cgroup -name X-a.service); stat -c %U $d $d/cgroup.procs',
  },
];
