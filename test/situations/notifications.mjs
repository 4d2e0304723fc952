/** What services say through their notify socket. */

const notify = (script, lines = '') => `[Service]\nType=notify\nNotifyAccess=all\n${lines}\nExecStart=/bin/sh -c '${script}'\n`;

export const NOTIFICATIONS = [
  {
    name: 'READY=1 and STATUS=',
    quick: true,
    files: { 'X-a.service': notify('systemd-notify --ready --status="as it should be"; exec sleep infinity') },
    script: 'run start X-a.service; state X-a.service; n=0; until ctl show -p StatusText --value X-a.service | grep -q .; do sleep 0.05; done; show X-a.service StatusText',
  },
  {
    name: 'MAINPID=',
    quick: true,
    files: { 'X-a.service': notify('sleep infinity & systemd-notify --ready MAINPID=$!; echo $! >/run/X-pid; wait') },
    script:
      'run start X-a.service; wait_file /run/X-pid; [ "$(cat /run/X-pid)" = "$(ctl show -p MainPID --value X-a.service)" ] && echo its process; kill -9 $(cat /run/X-pid); wait_for X-a.service inactive; state X-a.service',
  },
  {
    name: 'RELOADING=1 and READY=1',
    files: {
      'X-a.service': notify(
        'systemd-notify --ready; until [ -e /run/X-1 ]; do sleep 0.02; done; systemd-notify --reloading; until [ -e /run/X-2 ]; do sleep 0.02; done; systemd-notify --ready; exec sleep infinity',
      ),
    },
    script: 'run start X-a.service; touch /run/X-1; wait_for X-a.service reloading; state X-a.service; touch /run/X-2; wait_for X-a.service active; state X-a.service',
  },
  {
    name: 'STOPPING=1',
    files: { 'X-a.service': notify('systemd-notify --ready; until [ -e /run/X-1 ]; do sleep 0.02; done; systemd-notify --stopping; until [ -e /run/X-2 ]; do sleep 0.02; done') },
    script: 'run start X-a.service; touch /run/X-1; wait_for X-a.service deactivating; state X-a.service; touch /run/X-2; wait_for X-a.service inactive; state X-a.service',
  },
  {
    name: 'EXTEND_TIMEOUT_USEC=',
    quick: true,
    files: { 'X-a.service': notify('systemd-notify EXTEND_TIMEOUT_USEC=5000000; sleep 1.2; systemd-notify --ready; exec sleep infinity', 'TimeoutStartSec=700ms') },
    script: 'run start X-a.service; state X-a.service',
  },
  {
    name: 'WATCHDOG=1 feeds, and WATCHDOG=trigger bites',
    files: {
      'X-a.service': notify(
        'systemd-notify --ready; for i in 1 2 3 4 5 6; do sleep 0.2; systemd-notify WATCHDOG=1; done; touch /run/X-fed; systemd-notify WATCHDOG=trigger; sleep infinity',
        'WatchdogSec=600ms',
      ),
    },
    script: 'run start X-a.service; wait_file /run/X-fed; wait_for X-a.service failed; state X-a.service',
  },
  {
    name: 'WATCHDOG_USEC= changes the watchdog',
    files: { 'X-a.service': notify('systemd-notify --ready WATCHDOG_USEC=200000; exec sleep infinity') },
    script: 'run start X-a.service; wait_for X-a.service failed; state X-a.service',
  },
  {
    name: 'what the process gets of the watchdog',
    files: {
      'X-a.service': "[Service]\nType=oneshot\nWatchdogSec=20s\nExecStart=/bin/sh -c 'echo $WATCHDOG_USEC >/run/X-env; [ $WATCHDOG_PID = $$$$ ] && echo mine >>/run/X-env'",
    },
    script: 'run start X-a.service; cat /run/X-env',
  },
  {
    name: 'NotifyAccess=main refuses the others',
    files: {
      'X-a.service':
        '[Service]\nType=notify\nNotifyAccess=main\nTimeoutStartSec=1s\nExecStart=/bin/sh -c \'(sleep 0.1; socat -u EXEC:"echo READY=1" UNIX-SENDTO:$NOTIFY_SOCKET); sleep infinity\'',
    },
    script: 'run start X-a.service; state X-a.service',
  },
  {
    name: 'ERRNO= and EXIT_STATUS=',
    files: { 'X-a.service': notify('systemd-notify --ready ERRNO=5; exec sleep infinity') },
    script:
      'run start X-a.service; n=0; until [ "$(ctl show -p StatusErrno --value X-a.service)" = 5 ]; do n=$((n+1)); [ $n -lt 50 ] || break; sleep 0.05; done; show X-a.service StatusErrno',
  },
  {
    name: 'Type=notify-reload',
    files: {
      'X-a.service':
        '[Service]\nType=notify-reload\nNotifyAccess=all\nExecStart=/bin/sh -c \'trap "systemd-notify --reloading; echo hup >>/run/X-trace; systemd-notify --ready" HUP; systemd-notify --ready; while :; do sleep 0.05; done\'',
    },
    script: 'run start X-a.service; run reload X-a.service; trace; state X-a.service; show X-a.service CanReload ReloadSignal',
  },
  {
    name: 'Type=notify-reload with ReloadSignal=',
    files: {
      'X-a.service':
        '[Service]\nType=notify-reload\nReloadSignal=SIGUSR2\nNotifyAccess=all\nExecStart=/bin/sh -c \'trap "systemd-notify --reloading; echo usr2 >>/run/X-trace; systemd-notify --ready" USR2; systemd-notify --ready; while :; do sleep 0.05; done\'',
    },
    script: 'run start X-a.service; run reload X-a.service; trace; state X-a.service; show X-a.service ReloadSignal',
  },
  {
    name: 'FDSTORE=1 keeps a descriptor over a restart',
    quick: true,
    files: {
      'X-a.service':
        '[Service]\nType=notify\nNotifyAccess=all\nFileDescriptorStoreMax=3\nExecStart=/bin/sh -c \'env | grep ^LISTEN_FD | sort >>/run/X-trace; [ -n "$LISTEN_FDS" ] && cat <&3 >>/run/X-trace; [ -n "$LISTEN_FDS" ] || { echo kept >/run/X-data; exec 9</run/X-data; systemd-notify --fd=9 --fdname=mine FDSTORE=1; }; systemd-notify --ready; exec sleep infinity\'',
    },
    script:
      'run start X-a.service; n=0; until [ "$(ctl show -p NFileDescriptorStore --value X-a.service)" = 1 ]; do n=$((n+1)); [ $n -lt 50 ] || break; sleep 0.05; done; show X-a.service NFileDescriptorStore FileDescriptorStoreMax; run restart X-a.service; wait_file /run/X-trace; trace; run stop X-a.service; show X-a.service NFileDescriptorStore',
  },
  {
    name: 'FileDescriptorStorePreserve=yes',
    keep: 'X-a.service',
    files: {
      'X-a.service':
        '[Service]\nType=notify\nNotifyAccess=all\nFileDescriptorStoreMax=3\nFileDescriptorStorePreserve=yes\nExecStart=/bin/sh -c \'[ -n "$LISTEN_FDS" ] && echo back $LISTEN_FDNAMES >>/run/X-trace; [ -n "$LISTEN_FDS" ] || { exec 9</etc/passwd; systemd-notify --fd=9 --fdname=mine FDSTORE=1; }; systemd-notify --ready; exec sleep infinity\'',
    },
    script:
      'run start X-a.service; n=0; until [ "$(ctl show -p NFileDescriptorStore --value X-a.service)" = 1 ]; do n=$((n+1)); [ $n -lt 50 ] || break; sleep 0.05; done; show X-a.service NFileDescriptorStore; run stop X-a.service; show X-a.service NFileDescriptorStore; run start X-a.service; trace; run stop X-a.service;',
  },
  {
    name: 'FDSTOREREMOVE=1',
    files: {
      'X-a.service': notify(
        'exec 9</etc/passwd; systemd-notify --fd=9 --fdname=mine FDSTORE=1; systemd-notify FDSTOREREMOVE=1 FDNAME=mine; systemd-notify --ready; exec sleep infinity',
        'FileDescriptorStoreMax=3',
      ),
    },
    script: 'run start X-a.service; show X-a.service NFileDescriptorStore',
  },
];
