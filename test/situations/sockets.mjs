/** Sockets and what they start. */

const AT = '/run/X-sock';
const socket = (lines, more = '') => `[Socket]\n${lines}\n${more}`;
const LISTEN = socket(`ListenStream=${AT}`);
/** Answers one client at a time, until it is ended. */
const ECHO = '[Service]\nExecStart=/usr/bin/socat -t 5 FD-LISTEN:3,fork EXEC:cat\n';
const SERVES = "[Service]\nExecStart=/bin/sh -c 'echo $LISTEN_FDS $LISTEN_FDNAMES >>/run/X-trace; exec socat -T2 ACCEPT-FD:3,fork EXEC:cat'\n";
const ASK = `socat -t 5 - UNIX-CONNECT:${AT}`;

export const SOCKETS = [
  {
    name: 'the first client starts the service',
    quick: true,
    files: { 'X-a.socket': LISTEN, 'X-a.service': SERVES },
    script: `run start X-a.socket; state X-a.socket X-a.service; echo hello | ${ASK}; state X-a.socket X-a.service; trace; run stop X-a.service; state X-a.socket X-a.service; echo again | ${ASK}; state X-a.service`,
  },
  {
    name: 'a stop of the socket leaves its service',
    files: { 'X-a.socket': LISTEN, 'X-a.service': SERVES },
    script: `run start X-a.socket; echo hello | ${ASK}; run stop X-a.socket; state X-a.socket X-a.service; ls ${AT}; run start X-a.socket; state X-a.socket`,
  },
  {
    name: 'a start of the service brings no socket up',
    files: { 'X-a.socket': LISTEN, 'X-a.service': '[Service]\nExecStart=/bin/sleep infinity' },
    script: 'run start X-a.service; state X-a.socket X-a.service; show X-a.service TriggeredBy; show X-a.socket Triggers',
  },
  {
    name: 'names of descriptors',
    files: {
      'X-a.socket': socket(`ListenStream=${AT}\nFileDescriptorName=one`),
      'X-b.socket': socket(`ListenStream=${AT}2\nListenDatagram=${AT}3\nService=X-a.service`),
      'X-a.service': SERVES,
    },
    script: `run start X-a.socket X-b.socket; echo x | ${ASK} >/dev/null; tr " :" "\\n\\n" </run/X-trace | sort; show X-b.socket Listen`,
  },
  {
    name: 'Accept=yes and a service for each client',
    quick: true,
    files: { 'X-a.socket': socket(`ListenStream=${AT}\nAccept=yes`), 'X-a@.service': '[Service]\nExecStart=/bin/cat\nStandardInput=socket' },
    script: `run start X-a.socket; echo one | ${ASK}; echo two | ${ASK}; n=0; until [ "$(ctl show -p NConnections --value X-a.socket)" = 0 ]; do sleep 0.05; done; show X-a.socket NAccepted NConnections; state X-a.socket`,
  },
  {
    name: 'Accept=yes over TCP: names and addresses',
    files: {
      'X-a.socket': socket('ListenStream=127.0.0.1:7711\nAccept=yes'),
      'X-a@.service': "[Service]\nStandardInput=socket\nExecStart=/bin/sh -c 'echo $REMOTE_ADDR $LISTEN_FDS %i | sed s/:[0-9]*$/:PORT/'",
    },
    script: 'run start X-a.socket; socat -t 5 - TCP:127.0.0.1:7711 </dev/null',
  },
  {
    name: 'MaxConnections=',
    files: { 'X-a.socket': socket(`ListenStream=${AT}\nAccept=yes\nMaxConnections=1`), 'X-a@.service': '[Service]\nExecStart=/bin/cat\nStandardInput=socket' },
    script: `run start X-a.socket; (echo one; sleep 2) | ${ASK} >/run/X-one & wait_file /run/X-one; n=0; until grep -q one /run/X-one; do sleep 0.05; done; echo two | ${ASK}; show X-a.socket NConnections NAccepted; wait; n=0; until [ "$(ctl show -p NConnections --value X-a.socket)" = 0 ]; do sleep 0.05; done; echo three | ${ASK}`,
  },
  {
    name: 'a client that nobody accepts starts it again, up to the limit',
    quick: true,
    files: {
      'X-a.socket': socket(`ListenStream=${AT}\nTriggerLimitIntervalSec=1min\nTriggerLimitBurst=4`, '[X-Rouse]\nOnLimit=fail\n'),
      'X-a.service': "[Unit]\nStartLimitBurst=100\n[Service]\nExecStart=/bin/sh -c 'echo run >>/run/X-trace'",
    },
    script: `run start X-a.socket; (sleep 3 | ${ASK}) & wait_for X-a.socket failed; state X-a.socket; wc -l </run/X-trace; kill $!`,
  },
  {
    name: 'a service that hits its start limit takes the socket along',
    files: {
      'X-a.socket': socket(`ListenStream=${AT}`, '[X-Rouse]\nOnLimit=fail\n'),
      'X-a.service': '[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=1min\n[Service]\nExecStart=/bin/false',
    },
    script: `run start X-a.socket; (sleep 3 | ${ASK}) & wait_for X-a.socket failed; state X-a.socket X-a.service; kill $!`,
  },
  {
    name: 'FlushPending=',
    files: { 'X-a.socket': socket(`ListenStream=${AT}\nFlushPending=yes`), 'X-a.service': "[Service]\nExecStart=/bin/sh -c 'echo run >>/run/X-trace'" },
    script: `run start X-a.socket; (sleep 2 | ${ASK}) & wait_line /run/X-trace run; wait_for X-a.service inactive; wait_for X-a.socket listening; sleep 0.3; state X-a.socket; trace; kill $!`,
  },
  {
    name: 'datagrams',
    files: { 'X-a.socket': socket(`ListenDatagram=${AT}`), 'X-a.service': "[Service]\nExecStart=/bin/sh -c 'socat -u -T1 FD:3 OPEN:/run/X-got,creat,append'" },
    script: `run start X-a.socket; echo hello | socat -u - UNIX-SENDTO:${AT}; n=0; until grep -q hello /run/X-got; do n=$((n+1)); [ $n -lt 100 ] || break; sleep 0.05; done; cat /run/X-got`,
  },
  {
    name: 'a FIFO',
    files: { 'X-a.socket': socket('ListenFIFO=/run/X-fifo\nSocketMode=0600'), 'X-a.service': "[Service]\nExecStart=/bin/sh -c 'timeout 1 cat <&3 >>/run/X-got'" },
    script:
      'run start X-a.socket; stat -c "%F %a" /run/X-fifo; echo hello >/run/X-fifo; n=0; until grep -q hello /run/X-got; do n=$((n+1)); [ $n -lt 100 ] || break; sleep 0.05; done; cat /run/X-got; run stop X-a.socket; ls /run/X-fifo',
  },
  {
    name: 'SocketMode=, SocketUser=, DirectoryMode=',
    files: { 'X-a.socket': socket('ListenStream=/run/X-dir/sock\nSocketMode=0620\nSocketUser=tester\nSocketGroup=daemon\nDirectoryMode=0711'), 'X-a.service': SERVES },
    script: 'run start X-a.socket; stat -c "%a %U %G" /run/X-dir/sock /run/X-dir',
  },
  {
    name: 'Symlinks= and RemoveOnStop=',
    files: { 'X-a.socket': socket(`ListenStream=${AT}\nSymlinks=/run/X-link\nRemoveOnStop=yes`), 'X-a.service': SERVES },
    script: `run start X-a.socket; readlink /run/X-link; echo hi | socat -t 5 - UNIX-CONNECT:/run/X-link; run stop X-a.service X-a.socket; ls /run/X-link ${AT}`,
  },
  {
    name: 'an address that is taken',
    files: { 'X-a.socket': socket('ListenStream=127.0.0.1:7712'), 'X-a.service': SERVES, 'X-b.socket': socket('ListenStream=127.0.0.1:7712'), 'X-b.service': SERVES },
    script: 'run start X-a.socket; run start X-b.socket; state X-a.socket X-b.socket',
  },
  { name: 'a socket whose service is not there', files: { 'X-a.socket': LISTEN }, script: 'run start X-a.socket; state X-a.socket' },
  {
    name: 'a socket whose service is masked',
    files: { 'X-a.socket': LISTEN },
    script: 'run mask X-a.service; run daemon-reload; run start X-a.socket; state X-a.socket; run unmask X-a.service',
  },
  {
    name: 'a socket cannot be started beside its service',
    files: { 'X-a.socket': LISTEN, 'X-a.service': '[Service]\nExecStart=/bin/sleep infinity' },
    script: 'run start X-a.service; run start X-a.socket; state X-a.socket X-a.service',
  },
  {
    name: 'commands around a socket',
    files: {
      'X-a.socket': socket(
        `ListenStream=${AT}\nExecStartPre=/bin/sh -c 'ls ${AT} 2>&1 | wc -l >>/run/X-trace; ls ${AT} >>/run/X-trace'\nExecStartPost=/bin/sh -c 'ls ${AT} >>/run/X-trace'\nExecStopPre=/bin/sh -c 'echo pre >>/run/X-trace'\nExecStopPost=/bin/sh -c 'echo post >>/run/X-trace'`,
      ),
      'X-a.service': SERVES,
    },
    script: 'run start X-a.socket; run stop X-a.socket; trace; state X-a.socket',
  },
  {
    name: 'a command before a socket fails',
    files: { 'X-a.socket': socket(`ListenStream=${AT}\nExecStartPre=/bin/false`), 'X-a.service': SERVES },
    script: 'run start X-a.socket; state X-a.socket',
  },
  {
    name: 'a service whose condition is not met',
    files: {
      'X-a.socket': socket(`ListenStream=${AT}\nTriggerLimitBurst=3\nTriggerLimitIntervalSec=1min`, '[X-Rouse]\nOnLimit=fail\n'),
      'X-a.service': '[Unit]\nConditionPathExists=/no/such\n[Service]\nExecStart=/bin/sleep infinity',
    },
    script: `run start X-a.socket; (sleep 3 | ${ASK}) & wait_for X-a.socket failed; state X-a.socket X-a.service; kill $!`,
  },
  {
    name: 'StandardInput=socket without Accept=',
    files: {
      'X-a.socket': LISTEN,
      'X-a.service':
        "[Service]\nStandardInput=socket\nStandardOutput=null\nExecStart=/bin/sh -c 'echo ${LISTEN_FDS:-none} >/run/X-got; stat -L -c %%F /proc/self/fd/0 >>/run/X-got; exec socat ACCEPT-FD:0,fork EXEC:cat'",
    },
    script: `run start X-a.socket; echo hello | ${ASK}; cat /run/X-got`,
  },
  {
    name: 'a restart of the service keeps its socket',
    files: { 'X-a.socket': LISTEN, 'X-a.service': SERVES },
    script: `run start X-a.socket; echo one | ${ASK}; run restart X-a.service; echo two | ${ASK}; state X-a.socket; trace`,
  },
  {
    name: 'Sockets= names the sockets',
    files: {
      'X-one.socket': socket(`ListenStream=${AT}\nService=X-a.service`),
      'X-two.socket': socket(`ListenStream=${AT}2\nService=X-a.service\nFileDescriptorName=two`),
      'X-a.service': `[Unit]\nDescription=x\n${SERVES}Sockets=X-two.socket X-one.socket\n`,
    },
    script: `run start X-one.socket X-two.socket; echo x | ${ASK} >/dev/null & wait_line /run/X-trace two; tr ' :' '\\n\\n' </run/X-trace | sort; show X-a.service Sockets; kill $!`,
  },
  {
    name: 'list-sockets',
    files: { 'X-a.socket': socket(`ListenStream=${AT}\nListenStream=127.0.0.1:7713`), 'X-a.service': SERVES },
    script: 'run start X-a.socket; ctl list-sockets --no-legend --plain | grep X- | tr -s " " | sed "s/ *$//"',
  },
  {
    name: 'default dependencies of a socket',
    differs: 'rouse has no slices and no mounts to depend on',
    files: { 'X-a.socket': LISTEN, 'X-a.service': SERVES },
    script:
      'for p in Requires Before After Conflicts; do ctl show -p $p --value X-a.socket | tr " " "\\n" | sort; done; ctl show -p After --value X-a.service | tr " " "\\n" | grep X-',
  },
];
void ECHO;
