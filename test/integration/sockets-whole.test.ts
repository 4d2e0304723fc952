/**
 * systemd.socket(5), every kind and option that can be seen from outside: the same units and the same clients with rouse and with the real
 * systemd, on one host, and the same things seen. And what is rouse's own: limits after which a socket recovers by itself.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoHost } from '../host/host.mjs';
import type { Account } from './lib/account.js';
import { RouseHost, until } from './lib/host.js';

interface Case {
  readonly title: string;
  /** RUN stands for a folder of the manager's own, and PORT for a port. */
  readonly units: Readonly<Record<string, string>>;
  /** In a shell with $CTL, $RUN and $PORT; what it prints is compared. */
  readonly script: string;
  /** What it prints with both. */
  readonly shows: RegExp;
}

/**
 * Shell functions of all scripts. `settled`: waits until a unit has a sub-state; `hold`: a client by the number of a descriptor, which stays until
 * it is released.
 */
const PRELUDE = `
ask() { timeout 60 socat -t2 - "$1" 2>/dev/null; }
props() { $CTL show "$@" | sort; }
settled() { for i in $(seq 100); do [ "$($CTL show "$1" -p SubState --value)" = "$2" ] && return; sleep 0.05; done; echo "$1 is not $2"; }
instances() { $CTL list-units --all --plain --no-legend "$1" | grep -oE "^ *[^ ]+@.*" | sed -E 's/ +/ /g; s/^ //'; }
hold() { rm -f $RUN/hold$1; mkfifo $RUN/hold$1; ask "$2" < $RUN/hold$1 & eval "exec $1>$RUN/hold$1"; }
release() { for i in "$@"; do eval "exec $i>&-"; done; wait; }
connected() { for i in $(seq 100); do [ "$($CTL show "$1" -p NConnections --value)" = "$2" ] && return; sleep 0.05; done; echo "$1 has not $2 connections"; }
has() { for i in $(seq 100); do [ -n "$(instances "$1")" ] && return; sleep 0.05; done; echo "no $1"; }
none() { for i in $(seq 100); do [ -z "$(instances "$1")" ] && return; sleep 0.05; done; instances "$1"; }
`;

/** A script: what descriptors it was started with. */
const FDS = `#!/bin/sh
for fd in 0 1 2 3 4 5 6 7 8 9 10; do target=$(readlink /proc/$$/fd/$fd) && [ $fd != 10 ] && echo "$fd $target" | sed -E 's/:\\[.*//; s/(proc\\/)[0-9]+/\\1N/'; done
exit 0
`;
const SOCKET_STDIO = 'StandardInput=socket\nStandardOutput=socket\n';
const SHOW_ACCEPT = '-p SubState -p Result -p NAccepted -p NConnections -p NRefused';

const ACCEPTING: readonly Case[] = [
  {
    title: 'instances are named by number, process and user, or addresses, and know their clients',
    units: {
      'name.socket': '[Socket]\nListenStream=RUN/name.sock\nListenStream=127.0.0.1:PORT\nListenStream=[::1]:PORT\nListenStream=@name-PORT\nAccept=yes\n',
      'name@.service': `[Service]\nExecStart=/bin/sh -c 'echo %i; echo %n %p; env | grep -E "^(REMOTE|LISTEN_FD)" | sort; echo fds; /usr/local/bin/fds'\n${SOCKET_STDIO}`,
    },
    script: `$CTL start name.socket
      for to in UNIX-CONNECT:$RUN/name.sock UNIX-CONNECT:$RUN/name.sock,bind=$RUN/client TCP:127.0.0.1:$PORT TCP6:[::1]:$PORT ABSTRACT-CONNECT:name-$PORT ABSTRACT-CONNECT:name-$PORT,bind=me; do echo "== $to"; ask "$to" </dev/null; done
      none 'name@*'; props name.socket ${SHOW_ACCEPT}`,
    shows: /REMOTE_ADDR=127\.0\.0\.1/,
  },
  {
    title: 'a socket for IPv4 and IPv6 names its clients as what they are',
    units: {
      'both.socket': '[Socket]\nListenStream=PORT\nBindIPv6Only=both\nAccept=yes\n',
      'both@.service': `[Service]\nExecStart=/bin/sh -c 'echo %i $REMOTE_ADDR'\n${SOCKET_STDIO}`,
    },
    script: '$CTL start both.socket; for to in TCP4:127.0.0.1:$PORT TCP6:[::1]:$PORT; do ask $to </dev/null; done',
    shows: /^0-127\.0\.0\.1:PORT-127/,
  },
  {
    title: 'without StandardInput=socket the connection is descriptor 3',
    units: {
      'three.socket': '[Socket]\nListenStream=RUN/three.sock\nAccept=yes\nFileDescriptorName=mine\n',
      'three@.service': `[Service]\nStandardOutput=null\nExecStart=/bin/sh -c 'env | grep -E "^LISTEN_FD" | sort >&3; [ $LISTEN_PID = $$$$ ] && echo own >&3; /usr/local/bin/fds >&3'\n`,
    },
    script: '$CTL start three.socket; ask UNIX-CONNECT:$RUN/three.sock </dev/null',
    shows: /LISTEN_FDNAMES=mine\nLISTEN_FDS=1\nown/,
  },
  {
    title: 'all processes of an instance have its connection, also those before and after',
    units: {
      'around.socket': '[Socket]\nListenStream=RUN/around.sock\nAccept=yes\n',
      'around@.service': `[Service]\nExecStartPre=/bin/echo before\nExecStart=/bin/echo main\nExecStopPost=/bin/echo after\n${SOCKET_STDIO}`,
    },
    script: '$CTL start around.socket; ask UNIX-CONNECT:$RUN/around.sock </dev/null',
    shows: /before\nmain\nafter/,
  },
  {
    title: 'an instance that restarts keeps its client',
    units: {
      'again.socket': '[Socket]\nListenStream=RUN/again.sock\nAccept=yes\n',
      'again@.service': `[Unit]\nStartLimitBurst=3\n[Service]\nExecStart=/bin/sh -c 'echo run; exit 1'\nRestart=on-failure\nRestartSec=50ms\n${SOCKET_STDIO}`,
    },
    script: `$CTL start again.socket; ask UNIX-CONNECT:$RUN/again.sock </dev/null; props again.socket ${SHOW_ACCEPT}`,
    shows: /run\nrun\nrun\n/,
  },
  {
    title: 'MaxConnections= drops whoever comes too late, and is said',
    units: { 'most.socket': '[Socket]\nListenStream=RUN/most.sock\nAccept=yes\nMaxConnections=2\n', 'most@.service': `[Service]\nExecStart=/bin/cat\n${SOCKET_STDIO}` },
    script: `$CTL start most.socket
      for i in 8 9; do hold $i UNIX-CONNECT:$RUN/most.sock; done; connected most.socket 2
      echo third | ask UNIX-CONNECT:$RUN/most.sock; props most.socket ${SHOW_ACCEPT}; instances 'most@*'; $CTL status most.socket | grep -oE 'Accepted: .*'
      release 8 9; none 'most@*'; props most.socket ${SHOW_ACCEPT}; echo fourth | ask UNIX-CONNECT:$RUN/most.sock`,
    shows: /NAccepted=2\nNConnections=2\nNRefused=1[^]*fourth/,
  },
  {
    title: 'MaxConnectionsPerSource= counts clients by address, or by user',
    units: {
      'source.socket': '[Socket]\nListenStream=RUN/source.sock\nListenStream=127.0.0.1:PORT\nAccept=yes\nMaxConnectionsPerSource=1\n',
      'source@.service': `[Service]\nExecStart=/bin/cat\n${SOCKET_STDIO}`,
    },
    script: `$CTL start source.socket
      hold 8 UNIX-CONNECT:$RUN/source.sock; connected source.socket 1; echo second | ask UNIX-CONNECT:$RUN/source.sock
      hold 9 TCP:127.0.0.1:$PORT; connected source.socket 2; echo second | ask TCP:127.0.0.1:$PORT
      props source.socket ${SHOW_ACCEPT}; release 8 9`,
    shows: /NAccepted=2\nNConnections=2\nNRefused=2/,
  },
  {
    title: 'an instance that failed stays until somebody resets it, and not with CollectMode=inactive-or-failed',
    units: {
      'fail.socket': '[Socket]\nListenStream=RUN/fail.sock\nAccept=yes\n',
      'fail@.service': `[Service]\nExecStart=/bin/false\n${SOCKET_STDIO}`,
      'gone.socket': '[Socket]\nListenStream=RUN/gone.sock\nAccept=yes\n',
      'gone@.service': `[Unit]\nCollectMode=inactive-or-failed\n[Service]\nExecStart=/bin/false\n${SOCKET_STDIO}`,
    },
    script: `$CTL start fail.socket gone.socket; for u in fail gone; do ask UNIX-CONNECT:$RUN/$u.sock </dev/null; connected $u.socket 0; echo "== $u"; instances "$u@*"; props $u.socket ${SHOW_ACCEPT}; done
      $CTL reset-failed "$(instances 'fail@*' | cut -d' ' -f1)"; none 'fail@*'`,
    shows: /== fail\nfail@0-PID-0.service loaded failed failed PID PID\/UID 0[^]*== gone\nNAccepted=1/,
  },
  {
    title: 'a program that is not there closes the connection and no more',
    units: { 'noexec.socket': '[Socket]\nListenStream=RUN/noexec.sock\nAccept=yes\n', 'noexec@.service': `[Service]\nExecStart=/no/such\n${SOCKET_STDIO}` },
    script: `$CTL start noexec.socket; ask UNIX-CONNECT:$RUN/noexec.sock </dev/null; connected noexec.socket 0; props noexec.socket ${SHOW_ACCEPT}; props "$(instances 'noexec@*' | cut -d' ' -f1)" -p Result -p ExecMainStatus`,
    shows: /ExecMainStatus=203\nResult=exit-code/,
  },
  {
    title: 'a condition that is not met closes the connection and no more',
    units: {
      'cond.socket': '[Socket]\nListenStream=RUN/cond.sock\nAccept=yes\n',
      'cond@.service': `[Unit]\nConditionPathExists=/no/such\n[Service]\nExecStart=/bin/echo hi\n${SOCKET_STDIO}`,
    },
    script: `$CTL start cond.socket; ask UNIX-CONNECT:$RUN/cond.sock </dev/null; none 'cond@*'; props cond.socket ${SHOW_ACCEPT}`,
    shows: /NAccepted=1\nNConnections=0/,
  },
  {
    title: 'instances outlive their socket, which counts anew when it is started again without any',
    units: { 'live.socket': '[Socket]\nListenStream=RUN/live.sock\nAccept=yes\n', 'live@.service': `[Service]\nExecStart=/bin/sh -c 'echo %i; cat'\n${SOCKET_STDIO}` },
    script: `$CTL start live.socket; hold 9 UNIX-CONNECT:$RUN/live.sock; has 'live@*'; $CTL stop live.socket 2>/dev/null; instances 'live@*'; echo still >&9; release 9; none 'live@*'
      $CTL start live.socket; ask UNIX-CONNECT:$RUN/live.sock </dev/null`,
    shows: /still\n0-PID/,
  },
  {
    title: 'the description of an instance names its client',
    units: { 'about.socket': '[Socket]\nListenStream=127.0.0.1:PORT\nAccept=yes\n', 'about@.service': `[Unit]\nDescription=Talks\n[Service]\nExecStart=/bin/cat\n${SOCKET_STDIO}` },
    script: `$CTL start about.socket; hold 9 TCP:127.0.0.1:$PORT; has 'about@*'; instances 'about@*'; props "$(instances 'about@*' | cut -d' ' -f1)" -p Description -p TriggeredBy -p CollectMode; props about.socket -p Triggers; release 9`,
    shows: /Description=Talks \(127\.0\.0\.1:PORT\)\nTriggeredBy=about\.socket/,
  },
];

const LIMITS: readonly Case[] = [
  {
    title: 'the trigger limit fails the socket',
    units: {
      'trig.socket': '[Socket]\nListenStream=RUN/trig.sock\nPollLimitBurst=0\nTriggerLimitBurst=4\n[X-Rouse]\nOnLimit=fail\n',
      'trig.service': '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/true\n',
    },
    script:
      '$CTL start trig.socket; ask UNIX-CONNECT:$RUN/trig.sock </dev/null; settled trig.socket failed; props trig.socket -p SubState -p Result -p ActiveState; props trig.service -p Result; $CTL reset-failed trig.socket; props trig.socket -p SubState -p Result; $CTL start trig.socket; props trig.socket -p SubState',
    shows: /Result=trigger-limit-hit/,
  },
  {
    title: 'the trigger limit fails a socket with Accept=yes, and the client is refused',
    units: {
      'tacc.socket': '[Socket]\nListenStream=RUN/tacc.sock\nAccept=yes\nTriggerLimitBurst=2\nTriggerLimitIntervalSec=20\n[X-Rouse]\nOnLimit=fail\n',
      'tacc@.service': `[Service]\nExecStart=/bin/echo hi\n${SOCKET_STDIO}`,
    },
    script: `$CTL start tacc.socket; for i in 1 2 3; do ask UNIX-CONNECT:$RUN/tacc.sock </dev/null; done; settled tacc.socket failed; props tacc.socket ${SHOW_ACCEPT}`,
    shows: /hi\nhi\nNAccepted=2[^]*NRefused=1\nResult=trigger-limit-hit/,
  },
  {
    title: 'the start limit of the service fails the socket',
    units: {
      'crash.socket': '[Socket]\nListenStream=RUN/crash.sock\n[X-Rouse]\nOnLimit=fail\n',
      'crash.service': '[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=20\n[Service]\nExecStart=/bin/false\n',
    },
    script:
      '$CTL start crash.socket; ask UNIX-CONNECT:$RUN/crash.sock </dev/null; settled crash.socket failed; props crash.socket -p SubState -p Result; props crash.service -p SubState',
    shows: /Result=service-start-limit-hit/,
  },
  {
    title: 'a template that is not there fails the socket at the first connection',
    units: { 'bare.socket': '[Socket]\nListenStream=RUN/bare.sock\nAccept=yes\n[X-Rouse]\nOnLimit=fail\n' },
    script: `$CTL start bare.socket; props bare.socket -p SubState; ask UNIX-CONNECT:$RUN/bare.sock </dev/null; settled bare.socket failed; props bare.socket ${SHOW_ACCEPT}`,
    shows: /SubState=listening\nNAccepted=0[^]*Result=resources/,
  },
  {
    title: 'a service that is gone fails the socket at the first connection',
    units: { 'went.socket': '[Socket]\nListenStream=RUN/went.sock\n[X-Rouse]\nOnLimit=fail\n', 'went.service': '[Service]\nExecStart=/bin/true\n' },
    script:
      '$CTL start went.socket; rm $UNITS/went.service; $CTL daemon-reload; ask UNIX-CONNECT:$RUN/went.sock </dev/null; settled went.socket failed; props went.socket -p Result',
    shows: /Result=resources/,
  },
  {
    title: 'the poll limit slows a socket down, and everybody is served',
    units: {
      'poll.socket': '[Socket]\nListenStream=RUN/poll.sock\nAccept=yes\nPollLimitBurst=2\nPollLimitIntervalSec=1\n',
      'poll@.service': `[Service]\nExecStart=/bin/echo hi\n${SOCKET_STDIO}`,
    },
    script: `$CTL start poll.socket; for i in 1 2 3 4 5; do ask UNIX-CONNECT:$RUN/poll.sock </dev/null; done; props poll.socket ${SHOW_ACCEPT}`,
    shows: /(hi\n){5}NAccepted=5/,
  },
];

/** Of sockets that nobody connects to: without it they would not start. */
const IDLE = '[Service]\nExecStart=/bin/true\n';
const servicesOf = (...names: readonly string[]): Readonly<Record<string, string>> => Object.fromEntries(names.map((name) => [`${name}.service`, IDLE]));

const KINDS: readonly Case[] = [
  {
    title: 'every kind is handed over in the order of the file',
    units: {
      'kinds.socket':
        '[Socket]\nListenStream=RUN/kinds.sock\nListenDatagram=RUN/kinds.dg\nListenSequentialPacket=RUN/kinds.seq\nListenFIFO=RUN/kinds.fifo\nListenSpecial=/proc/self/mounts\nListenNetlink=kobject-uevent 1\nListenMessageQueue=/kinds-PORT\nFileDescriptorName=k\n',
      'kinds.service': `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'env | grep ^LISTEN_FD | sort > RUN/kinds.out; /usr/local/bin/fds >> RUN/kinds.out'\n`,
    },
    script:
      '$CTL start kinds.socket; $CTL show kinds.socket -p Listen; $CTL start kinds.service; grep -E "LISTEN|^[3-9]" $RUN/kinds.out | sed "s:$RUN::"; $CTL stop kinds.service 2>/dev/null; $CTL stop kinds.socket',
    shows: /LISTEN_FDNAMES=k:k:k:k:k:k:k\nLISTEN_FDS=7/,
  },
  {
    title: 'a FIFO and a message queue wake their services',
    units: {
      'fifo.socket': '[Socket]\nListenFIFO=RUN/fifo\nSocketMode=0620\nPipeSize=64K\n',
      'fifo.service': "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'head -n 1 <&3 > RUN/fifo.out'\n",
      'queue.socket': '[Socket]\nListenMessageQueue=/queue-PORT\nMessageQueueMaxMessages=3\nMessageQueueMessageSize=64\nSocketMode=0600\n',
      'queue.service': '[Service]\nType=oneshot\nExecStart=/usr/local/bin/mq receive RUN/queue.out\n',
    },
    script:
      '$CTL start fifo.socket queue.socket; stat -c "%F %a" $RUN/fifo; /usr/local/bin/mq attributes /queue-$PORT; echo words > $RUN/fifo; /usr/local/bin/mq send /queue-$PORT message; for i in $(seq 60); do [ -s $RUN/fifo.out ] && [ -s $RUN/queue.out ] && break; sleep 0.05; done; cat $RUN/fifo.out $RUN/queue.out; settled queue.socket listening; $CTL stop fifo.socket queue.socket; stat -c %F $RUN/fifo',
    shows: /fifo 620\n3 64\nwords\nmessage\nfifo/,
  },
  {
    title: 'a special file wakes its service',
    units: {
      'special.socket': '[Socket]\nListenSpecial=/proc/self/mounts\n',
      'special.service': "[Service]\nExecStart=/bin/sh -c 'readlink /proc/self/fd/3 > RUN/special.out; sleep 100'\n",
    },
    script: '$CTL start special.socket; settled special.service running; sed "s/[0-9]\\+/N/" $RUN/special.out; $CTL stop special.socket special.service 2>/dev/null',
    shows: /\/proc\/N\/mounts/,
  },
  {
    title: 'FlushPending= throws away what the service left, of every kind',
    units: Object.fromEntries(
      ['yes', 'no'].flatMap((flush) => [
        [`flush${flush}.socket`, `[Socket]\nListenDatagram=RUN/flush${flush}.dg\nListenFIFO=RUN/flush${flush}.fifo\nFlushPending=${flush}\nPollLimitBurst=0\n`],
        [
          `flush${flush}.service`,
          `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c 'echo run >> RUN/flush${flush}.out; sleep 0.5; [ $(wc -l < RUN/flush${flush}.out) -lt 3 ] || exec sleep 100'\n`,
        ],
      ]),
    ),
    script: `for f in yes no; do $CTL start flush$f.socket; for i in 1 2 3; do echo x | socat -t0 - UNIX-SENDTO:$RUN/flush$f.dg; done; sleep 2; echo "== $f"; cat $RUN/flush$f.out; $CTL stop flush$f.socket flush$f.service 2>/dev/null; done`,
    shows: /== yes\nrun\n== no\nrun\nrun\nrun/,
  },
  {
    title: 'nodes and links have their modes and owners, and go or stay',
    units: Object.fromEntries(
      ['yes', 'no']
        .map((remove) => [
          `node${remove}.socket`,
          `[Socket]\nListenStream=RUN/node${remove}/a/sock\nSymlinks=RUN/link${remove} RUN/node${remove}/b/link\nSocketUser=tester\nSocketMode=0640\nDirectoryMode=0711\nRemoveOnStop=${remove}\nService=other.service\n`,
        ])
        .concat([['other.service', IDLE]]),
    ),
    script: `for f in yes no; do $CTL start node$f.socket; stat -c '%n %F %a %U %G' $RUN/node$f/a/sock $RUN/node$f/a $RUN/link$f | sed "s:$RUN::"; readlink $RUN/link$f | sed "s:$RUN::"; $CTL show node$f.socket -p Triggers; $CTL stop node$f.socket; echo "== $f"; ls $RUN/node$f/a $RUN/node$f/b; done`,
    shows: /sock socket 640 tester tester\n.*directory 711/,
  },
  {
    title: 'commands of a socket have its descriptors with PassFileDescriptorsToExec=, and run in order',
    units: {
      'pass.service': IDLE,
      'pass.socket': `[Socket]\nListenStream=RUN/pass.sock\nListenFIFO=RUN/pass.fifo\nPassFileDescriptorsToExec=yes\nFileDescriptorName=p\n${['ExecStartPre', 'ExecStartPost', 'ExecStopPre', 'ExecStopPost'].map((key) => `${key}=/bin/sh -c 'echo ${key} $LISTEN_FDS $LISTEN_FDNAMES >> RUN/pass.out; [ -z "$LISTEN_PID" ] || [ "$LISTEN_PID" = $$$$ ] || echo other >> RUN/pass.out; [ -n "$INVOCATION_ID" ] && echo invoked >> RUN/pass.out'\n`).join('')}`,
    },
    script: '$CTL start pass.socket; $CTL stop pass.socket; cat $RUN/pass.out',
    shows: /ExecStartPre\ninvoked\nExecStartPost 2 p:p/,
  },
  {
    title: 'a command that fails or takes too long fails the socket',
    units: {
      ...servicesOf('slow', 'bad', 'fine'),
      'slow.socket': '[Socket]\nListenStream=RUN/slow.sock\nTimeoutSec=1\nExecStartPre=/bin/sleep 100\n',
      'bad.socket': '[Socket]\nListenStream=RUN/bad.sock\nExecStartPost=/bin/false\nExecStopPost=/bin/touch RUN/bad.stopped\n',
      'fine.socket': '[Socket]\nListenStream=RUN/fine.sock\nExecStartPre=-/bin/false\n',
    },
    script:
      'for u in slow bad fine; do $CTL start $u.socket 2>/dev/null; echo $?; props $u.socket -p SubState -p Result; done; ls $RUN/bad.stopped | wc -l; ls $RUN/*.sock 2>/dev/null | sed "s:$RUN::"',
    shows: /1\nResult=timeout\nSubState=failed\n1\nResult=exit-code\nSubState=failed\n0\nResult=success\nSubState=listening/,
  },
  {
    title: 'what cannot be opened fails the socket',
    units: {
      ...servicesOf('dev', 'notfifo', 'regular', 'nouser'),
      'dev.socket': '[Socket]\nListenStream=127.0.0.1:PORT\nBindToDevice=nosuch0\n',
      'notfifo.socket': '[Socket]\nListenFIFO=RUN/notfifo\n',
      'regular.socket': '[Socket]\nListenSpecial=/etc/hostname\n',
      'nouser.socket': '[Socket]\nListenStream=RUN/nouser.sock\nSocketUser=no-such-user\n',
    },
    script:
      'echo x > $RUN/notfifo; for u in dev notfifo regular; do $CTL start $u.socket 2>/dev/null; echo $?; props $u.socket -p SubState -p Result; done; $CTL start nouser.socket 2>/dev/null; echo $?; props nouser.socket -p SubState',
    shows: /^(1\nResult=resources\nSubState=failed\n){3}1\nSubState=failed/,
  },
  {
    title: 'options reach the sockets, and connections inherit them',
    units: {
      'opts.socket':
        '[Socket]\nListenStream=127.0.0.1:PORT\nKeepAlive=yes\nKeepAliveTimeSec=11\nKeepAliveIntervalSec=7\nKeepAliveProbes=5\nNoDelay=yes\nPriority=4\nReceiveBuffer=40K\nSendBuffer=50K\nIPTOS=16\nIPTTL=33\nMark=7\nReusePort=yes\nFreeBind=yes\nTransparent=yes\nTCPCongestion=reno\nDeferAcceptSec=3\nTimestamping=ns\nBacklog=9\nBindToDevice=lo\n',
      'opts.service': '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/bin/sockopts RUN/opts.out\n',
      'conn.socket': '[Socket]\nListenStream=RUN/conn.sock\nAccept=yes\nSendBuffer=30K\nPriority=3\nTimestamping=us\nPassCredentials=yes\nMark=9\n',
      'conn@.service': '[Service]\nExecStart=/usr/local/bin/sockopts RUN/conn.out\n',
      'dgram.socket': '[Socket]\nListenDatagram=127.0.0.1:PORT\nBroadcast=yes\nPassPacketInfo=yes\nIPTTL=9\n',
      'dgram.service': '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/bin/sockopts RUN/dgram.out\n',
    },
    script:
      '$CTL start opts.socket conn.socket dgram.socket; $CTL start opts.service dgram.service; ask UNIX-CONNECT:$RUN/conn.sock </dev/null; sleep 0.3; cat $RUN/opts.out; echo; cat $RUN/conn.out; echo; cat $RUN/dgram.out',
    shows: /keepidle=11/,
  },
];

/** Helpers for clients and services, in C: no shell can do this. */
const MQ = `#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "send")) return mq_send(mq_open(argv[2], O_WRONLY), argv[3], strlen(argv[3]), 0) != 0;
  struct mq_attr attributes;
  if (argc == 3 && !strcmp(argv[1], "attributes")) return mq_getattr(mq_open(argv[2], O_RDONLY), &attributes) || printf("%ld %ld\\n", attributes.mq_maxmsg, attributes.mq_msgsize) < 0;
  char text[64] = "";
  long length = mq_receive(3, text, sizeof text, 0);
  FILE *out = fopen(argv[2], "w");
  return fprintf(out, "%.*s\\n", (int)length, text) < 0 || fclose(out);
}
`;
const SOCKOPTS = `#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
static FILE *out;
static void show(const char *name, int level, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  if (getsockopt(3, level, option, &value, &length) == 0) fprintf(out, "%s=%d\\n", name, value);
}
int main(int argc, char **argv) {
  char text[32] = "";
  socklen_t length = sizeof text;
  if (argc < 2 || !(out = fopen(argv[1], "w"))) return 1;
  show("keepalive", SOL_SOCKET, SO_KEEPALIVE); show("keepidle", IPPROTO_TCP, TCP_KEEPIDLE); show("keepintvl", IPPROTO_TCP, TCP_KEEPINTVL);
  show("keepcnt", IPPROTO_TCP, TCP_KEEPCNT); show("nodelay", IPPROTO_TCP, TCP_NODELAY); show("priority", SOL_SOCKET, SO_PRIORITY);
  show("rcvbuf", SOL_SOCKET, SO_RCVBUF); show("sndbuf", SOL_SOCKET, SO_SNDBUF); show("tos", IPPROTO_IP, IP_TOS); show("ttl", IPPROTO_IP, IP_TTL);
  show("mark", SOL_SOCKET, SO_MARK); show("reuseport", SOL_SOCKET, SO_REUSEPORT); show("freebind", IPPROTO_IP, IP_FREEBIND);
  show("transparent", IPPROTO_IP, IP_TRANSPARENT); show("defer", IPPROTO_TCP, TCP_DEFER_ACCEPT); show("timestampns", SOL_SOCKET, SO_TIMESTAMPNS);
  show("timestamp", SOL_SOCKET, SO_TIMESTAMP); show("broadcast", SOL_SOCKET, SO_BROADCAST); show("pktinfo", IPPROTO_IP, IP_PKTINFO);
  show("passcred", SOL_SOCKET, SO_PASSCRED); show("reuseaddr", SOL_SOCKET, SO_REUSEADDR); show("type", SOL_SOCKET, SO_TYPE);
  if (getsockopt(3, IPPROTO_TCP, TCP_CONGESTION, text, &length) == 0) fprintf(out, "congestion=%s\\n", text);
  length = sizeof text;
  if (getsockopt(3, SOL_SOCKET, SO_BINDTODEVICE, text, &length) == 0) fprintf(out, "device=%.*s\\n", (int)length, text);
  struct tcp_info info;
  length = sizeof info;
  if (getsockopt(3, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == TCP_LISTEN) fprintf(out, "backlog=%u\\n", info.tcpi_sacked);
  return fclose(out);
}
`;

/** What differs from one run to the next. */
function normalize(text: string, { port, run }: Manager): string {
  return text
    .replaceAll(run, 'RUN')
    .replace(new RegExp(`(?<![\\d])${port}(?!\\d)`, 'g'), 'PORT')
    .replace(/(?<=(127\.0\.0\.1|::1|\[::1\]):)\d{4,5}/g, 'PORT')
    .replace(/(?<=REMOTE_PORT=)\d+/g, 'PORT')
    .replace(/(?<=PID )\d+/g, 'PID')
    .replace(/(?<=\b\d-)\d+(?=-0\b)/g, 'PID')
    .replace(/(?<=Refused:|Connected:|Accepted:|;) +/g, ' ')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

interface Manager {
  readonly ctl: string;
  readonly units: string;
  readonly run: string;
  readonly port: number;
}

describe.skipIf(whyNoHost() !== undefined)('systemd.socket(5)', () => {
  let host: RouseHost;
  let root: Account;
  let systemd: Manager;
  let rouse: Manager;
  beforeAll(async () => {
    host = await RouseHost.start({ systemd: true, timeoutMs: 110_000 });
    root = host.root;
    systemd = { ctl: 'systemctl', units: root.units, run: '/run/theirs', port: 7100 };
    rouse = { ctl: '/rouse/bin/rouse', units: root.own, run: '/run/ours', port: 7200 };
    root.write('/root/mq.c', MQ);
    root.write('/root/sockopts.c', SOCKOPTS);
    root.write('/usr/local/bin/fds', FDS);
    await root.sh('gcc -O -o /usr/local/bin/mq /root/mq.c && gcc -O -o /usr/local/bin/sockopts /root/sockopts.c && chmod +x /usr/local/bin/fds && mkdir -p /run/theirs /run/ours');
  });
  afterAll(() => host.stop());

  async function play({ units, script }: Case, manager: Manager, number: number): Promise<string> {
    const port = manager.port + number;
    const fill = (text: string): string => text.replaceAll('RUN', manager.run).replaceAll('PORT', String(port));
    for (const [name, text] of Object.entries(units)) root.write(`${manager.units}/${name}`, fill(text));
    const env = { CTL: manager.ctl, RUN: manager.run, UNITS: manager.units, PORT: String(port) };
    await root.sh('$CTL daemon-reload 2>/dev/null; true', { env });
    const printed = await root.exec(['bash', '-c', `${PRELUDE}${script}`], { env });
    await root.exec(['bash', '-c', `$CTL stop ${Object.keys(units).join(' ')} 2>/dev/null; $CTL reset-failed 2>/dev/null; true`], { env });
    return normalize(printed.stdout, { ...manager, port });
  }

  let number = 0;
  const compared = (cases: readonly Case[]): void => {
    it.each(cases)('$title', async (each) => {
      number++;
      const theirs = await play(each, systemd, number);
      const ours = await play(each, rouse, number);
      expect(ours).toBe(theirs);
      expect(ours).toMatch(each.shows);
    });
  };

  describe('Accept=yes', () => compared(ACCEPTING));
  describe('with OnLimit=fail', () => compared(LIMITS));
  describe('every kind and option', () => compared(KINDS));

  describe('limits that recover', () => {
    const unit = (name: string, text: string): void => root.write(`${root.own}/${name}`, text);
    const status = async (name: string): Promise<string> => (await root.rouse(['status', name])).stdout;
    const asked = (path: string): Promise<string> => root.sh(`timeout 30 socat -t25 - UNIX-CONNECT:${path} </dev/null 2>/dev/null`);

    it('a crash loop makes the socket rest, and the client that waits is served when the service is mended', async () => {
      unit('mend.socket', '[Socket]\nListenStream=/run/ours/mend.sock\n');
      unit(
        'mend.service',
        '[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=3\n[Service]\nExecStart=/bin/sh -c "test -e /run/ours/mended && exec socat ACCEPT-FD:3 SYSTEM:\'echo served\'"\n',
      );
      await root.ok('daemon-reload');
      await root.ok('start', 'mend.socket');
      const client = asked('/run/ours/mend.sock');
      const words = await until('it rests', async () => /Reason: (.*)/.exec(await status('mend.socket'))?.[1]);
      expect(words).toMatch(/^mend\.service: Start limit hit \(2 starts in 3 s\), trying again at \d\d:\d\d:\d\d \(in .* m?s\); clients wait in the queue meanwhile$/);
      expect(await root.property('mend.socket', 'SubState')).toBe('listening');
      await root.sh('touch /run/ours/mended');
      expect(await client).toBe('served');
      expect(await status('mend.socket')).not.toContain('Reason');
    });

    it('reset-failed ends the rest at once', async () => {
      unit('now.socket', '[Socket]\nListenStream=/run/ours/now.sock\n');
      unit(
        'now.service',
        '[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=1h\n[Service]\nExecStart=/bin/sh -c "test -e /run/ours/ready && exec socat ACCEPT-FD:3 SYSTEM:\'echo served\'"\n',
      );
      await root.ok('daemon-reload');
      await root.ok('start', 'now.socket');
      const client = asked('/run/ours/now.sock');
      await until('it rests', async () => (await status('now.socket')).includes('Start limit hit (1 starts in 3600 s)'));
      await root.sh('touch /run/ours/ready');
      await root.ok('reset-failed', 'now.socket', 'now.service');
      expect(await client).toBe('served');
    });

    it('the trigger limit leaves clients of a socket with Accept=yes in the queue, and they are served later', async () => {
      unit('later.socket', '[Socket]\nListenStream=/run/ours/later.sock\nAccept=yes\nTriggerLimitBurst=2\nTriggerLimitIntervalSec=2\n');
      unit('later@.service', `[Service]\nExecStart=/bin/echo hi\n${SOCKET_STDIO}`);
      await root.ok('daemon-reload');
      await root.ok('start', 'later.socket');
      expect(await Promise.all(Array.from({ length: 5 }, () => asked('/run/ours/later.sock')))).toEqual(['hi', 'hi', 'hi', 'hi', 'hi']);
      expect(await root.show('later.socket', 'NAccepted', 'NRefused', 'SubState', 'Result')).toEqual({ NAccepted: '5', NRefused: '0', SubState: 'listening', Result: 'success' });
    });

    it('the poll limit is said while it slows a descriptor down', async () => {
      unit('slowly.socket', '[Socket]\nListenStream=/run/ours/slowly.sock\nAccept=yes\nPollLimitBurst=1\nPollLimitIntervalSec=3\n');
      unit('slowly@.service', `[Service]\nExecStart=/bin/echo hi\n${SOCKET_STDIO}`);
      await root.ok('daemon-reload');
      await root.ok('start', 'slowly.socket');
      const clients = [asked('/run/ours/slowly.sock'), asked('/run/ours/slowly.sock')];
      const words = await until('it says so', async () => /Reason: (.*)/.exec(await status('slowly.socket'))?.[1]);
      expect(words).toMatch(/^Poll limit hit on '\/run\/ours\/slowly\.sock' \(1 times in 3 s\), polling it again at \d\d:\d\d:\d\d; clients wait in the queue meanwhile$/);
      expect(await Promise.all(clients)).toEqual(['hi', 'hi']);
    });

    it('a template that comes later serves the client that came too early', async () => {
      unit('early.socket', '[Socket]\nListenStream=/run/ours/early.sock\nAccept=yes\n');
      await root.ok('daemon-reload');
      await root.ok('start', 'early.socket');
      const client = asked('/run/ours/early.sock');
      await until('it waits', async () => (await status('early.socket')).includes('There is no early@.service, trying again at'));
      unit('early@.service', `[Service]\nExecStart=/bin/echo served\n${SOCKET_STDIO}`);
      expect(await client).toBe('served');
    });
  });

  it('a user’s own manager has an instance for each connection too, and leaves nothing behind', async () => {
    const me = host.tester;
    me.write(`${me.own}/cat.socket`, '[Socket]\nListenStream=%t/cat.sock\nAccept=yes\n');
    me.write(`${me.own}/cat@.service`, `[Service]\nExecStart=/bin/cat\n${SOCKET_STDIO}`);
    await me.ok('start', 'cat.socket');
    expect(await me.sh('for i in 1 2 3; do echo $i | socat -t2 - UNIX-CONNECT:$XDG_RUNTIME_DIR/cat.sock; done')).toBe('1\n2\n3');
    await until('they are gone', async () => (await me.property('cat.socket', 'NConnections')) === '0');
    expect(await me.ok('list-units', '--all', '--no-legend', 'cat@*')).not.toContain('cat@');
    expect(await me.ok('logs', 'cat@.service')).toContain('Stopped cat@2-');
    await me.ok('exit');
    expect(host.processes().filter(({ command }) => command === '/bin/cat')).toEqual([]);
  });
});
