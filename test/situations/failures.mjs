/** What goes wrong, and how it is called. */
import { oneshot, sleeping } from './units.mjs';

const service = (lines) => `[Service]\n${lines}\n`;
const WAIT_FAILED = 'run start X-a.service; wait_for X-a.service failed; state X-a.service; show X-a.service ExecMainCode ExecMainStatus';

export const FAILURES = [
  { name: 'a program that is not there', quick: true, files: { 'X-a.service': service('ExecStart=/no/such/program') }, script: WAIT_FAILED },
  { name: 'a program that is not there, with Type=exec', files: { 'X-a.service': service('Type=exec\nExecStart=/no/such/program') }, script: WAIT_FAILED },
  {
    name: 'a program that may not be there',
    files: { 'X-a.service': service('ExecStart=-/no/such/program') },
    script: 'run start X-a.service; wait_for X-a.service inactive; state X-a.service',
  },
  { name: 'a oneshot that fails', files: { 'X-a.service': oneshot('/bin/sh -c "exit 3"') }, script: WAIT_FAILED },
  { name: 'a simple service that leaves with a code', files: { 'X-a.service': service('ExecStart=/bin/sh -c "exit 3"') }, script: WAIT_FAILED },
  {
    name: 'a service that leaves well',
    keep: 'X-a.service',
    files: { 'X-a.service': service('ExecStart=/bin/true') },
    script: 'run start X-a.service; wait_for X-a.service inactive; state X-a.service; show X-a.service ExecMainCode ExecMainStatus',
  },
  {
    name: 'ExecStartPre= fails, and may fail',
    files: { 'X-a.service': service('ExecStartPre=/bin/false\nExecStart=/bin/sleep infinity'), 'X-b.service': service('ExecStartPre=-/bin/false\nExecStart=/bin/sleep infinity') },
    script: 'run start X-a.service; state X-a.service; run start X-b.service; state X-b.service',
  },
  { name: 'ExecStartPost= fails', files: { 'X-a.service': service('ExecStart=/bin/sleep infinity\nExecStartPost=/bin/false') }, script: WAIT_FAILED },
  {
    name: 'ExecCondition= skips',
    keep: 'X-a.service',
    quick: true,
    files: { 'X-a.service': service('ExecCondition=/bin/sh -c "exit 1"\nExecStart=/bin/sleep infinity') },
    script: 'run start X-a.service; state X-a.service',
  },
  {
    name: 'ExecCondition= fails',
    files: { 'X-a.service': service('ExecCondition=/bin/sh -c "exit 255"\nExecStart=/bin/sleep infinity') },
    script: 'run start X-a.service; state X-a.service',
  },
  {
    name: 'a condition that is not met',
    keep: 'X-a.service',
    quick: true,
    files: { 'X-a.service': sleeping('ConditionPathExists=/no/such') },
    script: 'run start X-a.service; state X-a.service; show X-a.service ConditionResult',
  },
  {
    name: 'an assertion that is not met',
    files: { 'X-a.service': sleeping('AssertPathExists=/no/such') },
    script: 'run start X-a.service; state X-a.service; show X-a.service AssertResult',
  },
  {
    name: 'conditions of which one is enough',
    files: {
      'X-a.service': sleeping('ConditionPathExists=|/no/such\nConditionPathExists=|/etc'),
      'X-b.service': sleeping('ConditionPathExists=|/no/such\nConditionPathExists=|!/etc'),
      'X-c.service': sleeping('ConditionPathExists=/no/such\nConditionPathExists='),
    },
    script: 'for i in a b c; do run start X-$i.service; state X-$i.service; done',
  },
  {
    name: 'conditions of many kinds',
    files: Object.fromEntries(
      [
        'PathIsDirectory=/etc',
        'PathIsSymbolicLink=/bin',
        'PathIsMountPoint=/proc',
        'PathIsReadWrite=/run',
        'DirectoryNotEmpty=/etc',
        'FileNotEmpty=/etc/passwd',
        'FileIsExecutable=/bin/sh',
        'User=root',
        'User=nobody',
        'Group=root',
        'Host=host',
        'Architecture=native',
        'Environment=PATH',
        'KernelVersion=>2.6',
        'KernelVersion=<2.6',
        'CPUs=>=1',
        'CPUs=>4096',
        'Memory=>1M',
        'Capability=CAP_CHOWN',
        'Security=selinux',
        'OSRelease=ID=debian',
        'OSRelease=ID=fedora',
        'KernelCommandLine=nosuchthing',
        'PathExistsGlob=/etc/pass*',
        'Credential=nosuch',
        'Firmware=uefi',
        'ControlGroupController=nosuch',
        'ControlGroupController=v2',
        'PathIsEncrypted=/',
        'Version=>200',
        'FirstBoot=yes',
        'CPUFeature=nosuch',
      ].map((text, i) => [`X-c${i}.service`, oneshot('/bin/true', 'RemainAfterExit=yes', `Condition${text}`)]),
    ),
    script: 'for i in $(seq 0 31); do ctl start X-c$i.service; echo "$i $(ctl is-active X-c$i.service)"; done',
  },
  { name: 'Type=notify that leaves before it is ready', files: { 'X-a.service': service('Type=notify\nExecStart=/bin/true') }, script: WAIT_FAILED },
  { name: 'TimeoutStartSec=', files: { 'X-a.service': service('Type=notify\nTimeoutStartSec=300ms\nExecStart=/bin/sleep infinity') }, script: WAIT_FAILED },
  {
    name: 'TimeoutStopSec=, and SIGKILL',
    files: { 'X-a.service': service('TimeoutStopSec=300ms\nExecStart=/bin/sh -c \'trap "" TERM; touch /run/X-up; while :; do sleep 0.05; done\'') },
    script: 'run start X-a.service; wait_file /run/X-up; run stop X-a.service; state X-a.service; show X-a.service ExecMainCode ExecMainStatus',
  },
  {
    name: 'TimeoutStopSec= without SIGKILL',
    files: { 'X-a.service': service('TimeoutStopSec=300ms\nSendSIGKILL=no\nExecStart=/bin/sh -c \'trap "" TERM; echo $$ >/run/X-up; while :; do sleep 0.05; done\'') },
    script: 'run start X-a.service; wait_file /run/X-up; run stop X-a.service; state X-a.service; kill -9 $(cat /run/X-up)',
  },
  { name: 'a user that is not there', files: { 'X-a.service': service('User=nosuchuser\nExecStart=/bin/true') }, script: WAIT_FAILED },
  { name: 'a folder that is not there', files: { 'X-a.service': service('WorkingDirectory=/no/such\nExecStart=/bin/true') }, script: WAIT_FAILED },
  {
    name: 'an environment file that is not there',
    files: { 'X-a.service': service('EnvironmentFile=/no/such\nExecStart=/bin/true') },
    script: 'run start X-a.service; wait_for X-a.service failed; state X-a.service',
  },
  { name: 'a signal', files: { 'X-a.service': service("ExecStart=/bin/sh -c 'kill -KILL $$$$'") }, script: WAIT_FAILED },
  {
    name: 'a signal that ends a daemon well',
    files: { 'X-a.service': service("ExecStart=/bin/sh -c 'kill -TERM $$$$'") },
    script: 'run start X-a.service; wait_for X-a.service inactive; state X-a.service',
  },
  {
    name: 'SuccessExitStatus=',
    files: {
      'X-a.service': service('SuccessExitStatus=3 TEMPFAIL SIGKILL\nExecStart=/bin/sh -c "exit 75"'),
      'X-b.service': service("SuccessExitStatus=3 TEMPFAIL SIGKILL\nExecStart=/bin/sh -c 'kill -KILL $$$$'"),
    },
    script: 'for i in a b; do run start X-$i.service; wait_for X-$i.service inactive; state X-$i.service; show X-$i.service SuccessExitStatus; done',
  },
  {
    name: 'what ExecStop= and ExecStopPost= are told',
    quick: true,
    files: {
      'X-a.service': service(
        "ExecStart=/bin/sh -c 'exit 5'\nExecStop=/bin/sh -c 'echo stop $SERVICE_RESULT >>/run/X-trace'\nExecStopPost=/bin/sh -c 'echo post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS >>/run/X-trace'",
      ),
    },
    script: 'run start X-a.service; wait_for X-a.service failed; trace',
  },
  {
    name: 'ExecStop= runs when it is asked to stop',
    files: {
      'X-a.service': service(
        "ExecStart=/bin/sleep infinity\nExecStop=/bin/sh -c 'echo stop $SERVICE_RESULT $EXIT_CODE >>/run/X-trace'\nExecStopPost=/bin/sh -c 'echo post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS >>/run/X-trace'",
      ),
    },
    script: 'run start X-a.service; run stop X-a.service; trace; state X-a.service',
  },
  {
    name: 'no ExecStop= when a start fails',
    files: {
      'X-a.service': service(
        "Type=oneshot\nExecStart=/bin/false\nExecStop=/bin/sh -c 'echo stop >>/run/X-trace'\nExecStopPost=/bin/sh -c 'echo post $SERVICE_RESULT >>/run/X-trace'",
      ),
    },
    script: 'run start X-a.service; trace; state X-a.service',
  },
  {
    name: 'commands of a oneshot, one after the other',
    files: {
      'X-a.service': service(
        "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'echo 1 >>/run/X-trace'\nExecStart=-/bin/sh -c 'echo 2 >>/run/X-trace; false'\nExecStart=/bin/sh -c 'echo 3 >>/run/X-trace; false'\nExecStart=/bin/sh -c 'echo 4 >>/run/X-trace'",
      ),
    },
    script: 'run start X-a.service; trace; state X-a.service',
  },
  {
    name: 'RemainAfterExit=',
    files: { 'X-a.service': service('RemainAfterExit=yes\nExecStart=/bin/true'), 'X-b.service': service('RemainAfterExit=yes\nExecStart=/bin/false') },
    script: 'run start X-a.service X-b.service; wait_for X-a.service exited; wait_for X-b.service failed; state X-a.service X-b.service; run stop X-a.service; state X-a.service',
  },
  {
    name: 'Type=forking with a PID file',
    files: { 'X-a.service': service("Type=forking\nPIDFile=/run/X-a.pid\nExecStart=/bin/sh -c 'sleep infinity & echo $! >/run/X-a.pid'") },
    script:
      'run start X-a.service; state X-a.service; [ "$(cat /run/X-a.pid)" = "$(ctl show -p MainPID --value X-a.service)" ] && echo its process; ctl kill --signal=KILL X-a.service; wait_for X-a.service failed; state X-a.service; ls /run/X-a.pid',
  },
  {
    name: 'Type=forking without a PID file',
    files: { 'X-a.service': service("Type=forking\nExecStart=/bin/sh -c 'sleep infinity & echo $! >/run/X-pid'") },
    script:
      'run start X-a.service; state X-a.service; [ "$(cat /run/X-pid)" = "$(ctl show -p MainPID --value X-a.service)" ] && echo its process; run stop X-a.service; state X-a.service',
  },
  {
    name: 'Type=forking that leaves nothing',
    files: { 'X-a.service': service('Type=forking\nExecStart=/bin/true') },
    script: 'run start X-a.service; sleep 0.3; state X-a.service',
  },
  { name: 'RuntimeMaxSec=', files: { 'X-a.service': service('RuntimeMaxSec=300ms\nExecStart=/bin/sleep infinity') }, script: WAIT_FAILED },
  {
    name: 'KillMode=process leaves the others',
    files: { 'X-a.service': service("KillMode=process\nExecStart=/bin/sh -c 'sleep 1234 & echo $! >/run/X-child; wait'") },
    script: 'run start X-a.service; wait_file /run/X-child; run stop X-a.service; state X-a.service; kill -0 $(cat /run/X-child) && echo it lives; kill $(cat /run/X-child)',
  },
  {
    name: 'KillMode=mixed',
    files: {
      'X-a.service': service(
        'KillMode=mixed\nExecStart=/bin/sh -c \'(trap "echo child >>/run/X-trace" TERM; echo $$ >/run/X-child; while :; do sleep 0.05; done) & trap "echo main >>/run/X-trace; exit 0" TERM; wait_file() { :; }; touch /run/X-up; while :; do sleep 0.05; done\'',
      ),
    },
    script: 'run start X-a.service; wait_file /run/X-up; wait_file /run/X-child; run stop X-a.service; trace; state X-a.service',
  },
  {
    name: 'KillSignal=, and SendSIGHUP=',
    files: {
      'X-a.service': service('KillSignal=SIGINT\nSendSIGHUP=yes\nExecStart=/bin/sh -c \'trap "echo int >>/run/X-trace; exit" INT; touch /run/X-up; while :; do sleep 0.05; done\''),
    },
    script: 'run start X-a.service; wait_file /run/X-up; run stop X-a.service; trace; state X-a.service',
  },
  {
    name: 'reset-failed',
    files: { 'X-a.service': service('ExecStart=/bin/false') },
    script: 'run start X-a.service; wait_for X-a.service failed; run reset-failed X-a.service; state X-a.service; run is-failed X-a.service',
  },
  {
    name: 'a stop of what failed leaves it failed',
    files: { 'X-a.service': service('ExecStart=/bin/false') },
    script: 'run start X-a.service; wait_for X-a.service failed; run stop X-a.service; state X-a.service',
  },
  {
    name: 'the end of ExecStop= is waited for, within its time',
    files: { 'X-a.service': service('TimeoutStopSec=300ms\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep infinity') },
    script: 'run start X-a.service; run stop X-a.service; state X-a.service',
  },
  {
    name: 'a unit that was collected is gone',
    differs: 'rouse keeps what it has loaded, so that status can say how it ended',
    files: { 'X-a.service': '[Unit]\nCollectMode=inactive-or-failed\n[Service]\nExecStart=/bin/false' },
    script: 'run start X-a.service; sleep 0.5; ctl list-units --all --plain --no-legend X-a.service | wc -l',
  },
];
