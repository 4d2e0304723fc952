/** Restart= and its limits. */

const service = (lines, unit = '') => `[Unit]\n${unit}\n[Service]\n${lines}\n`;
const COUNTS = "ExecStart=/bin/sh -c 'echo run >>/run/X-trace; exit ${CODE}'";
const counts = (code) => COUNTS.replace('${CODE}', code);

export const RESTARTS = [
  {
    name: 'Restart=on-failure until the start limit',
    quick: true,
    files: { 'X-a.service': service(`Restart=on-failure\nRestartSec=50ms\n${counts(1)}`, 'StartLimitBurst=3\nStartLimitIntervalSec=1min') },
    script: 'run start X-a.service; wait_for X-a.service failed; state X-a.service; show X-a.service NRestarts; trace',
  },
  {
    name: 'Restart=on-failure, and an exit that is none',
    files: { 'X-a.service': service(`Restart=on-failure\nRestartSec=50ms\n${counts(0)}`) },
    script: 'run start X-a.service; wait_for X-a.service inactive; state X-a.service; trace',
  },
  {
    name: 'Restart=always',
    files: { 'X-a.service': service(`Restart=always\nRestartSec=50ms\n${counts(0)}`, 'StartLimitBurst=4') },
    script: 'run start X-a.service; wait_for X-a.service failed; state X-a.service; show X-a.service NRestarts; trace',
  },
  {
    name: 'Restart=on-success',
    files: { 'X-a.service': service(`Restart=on-success\nRestartSec=50ms\nExecStart=/bin/sh -c 'echo run >>/run/X-trace; [ $(wc -l </run/X-trace) -lt 3 ]'`) },
    script: 'run start X-a.service; wait_for X-a.service failed; state X-a.service; show X-a.service NRestarts; trace',
  },
  {
    name: 'Restart=on-abnormal is not for exit codes',
    files: { 'X-a.service': service(`Restart=on-abnormal\nRestartSec=50ms\n${counts(1)}`) },
    script: 'run start X-a.service; wait_for X-a.service failed; sleep 0.2; state X-a.service; trace',
  },
  {
    name: 'Restart=on-abort is for signals',
    files: { 'X-a.service': service(`Restart=on-abort\nRestartSec=50ms\nExecStart=/bin/sh -c 'echo run >>/run/X-trace; kill -KILL $$$$'`, 'StartLimitBurst=2') },
    script: 'run start X-a.service; wait_for X-a.service failed; state X-a.service; trace',
  },
  {
    name: 'RestartPreventExitStatus=',
    files: { 'X-a.service': service(`Restart=always\nRestartSec=50ms\nRestartPreventExitStatus=7\n${counts(7)}`) },
    script: 'run start X-a.service; wait_for X-a.service failed; sleep 0.2; state X-a.service; trace',
  },
  {
    name: 'RestartForceExitStatus=',
    files: {
      'X-a.service': service(`RestartSec=50ms\nRestartForceExitStatus=7\nExecStart=/bin/sh -c 'echo run >>/run/X-trace; [ $(wc -l </run/X-trace) -lt 3 ] && exit 7; exit 0'`),
    },
    script:
      'run start X-a.service; wait_for X-a.service inactive; wait_line /run/X-trace run; n=0; until [ "$(wc -l </run/X-trace)" = 3 ]; do sleep 0.05; done; wait_for X-a.service inactive; state X-a.service; trace',
  },
  {
    name: 'a stop between two runs',
    keep: 'X-a.service',
    files: { 'X-a.service': service(`Restart=always\nRestartSec=1h\n${counts(1)}`) },
    script: 'run start X-a.service; wait_for X-a.service auto-restart; state X-a.service; run stop X-a.service; state X-a.service',
  },
  {
    name: 'a start between two runs',
    files: { 'X-a.service': service(`Restart=always\nRestartSec=1h\nExecStart=/bin/sh -c 'echo run >>/run/X-trace; [ $(wc -l </run/X-trace) -lt 2 ] || sleep infinity'`) },
    script:
      'run start X-a.service; wait_for X-a.service auto-restart; run start X-a.service; wait_line /run/X-trace run; wait_for X-a.service running; state X-a.service; show X-a.service NRestarts',
  },
  {
    name: 'a stop ends it for good',
    files: { 'X-a.service': service('Restart=always\nRestartSec=50ms\nExecStart=/bin/sleep infinity') },
    script: 'run start X-a.service; run stop X-a.service; sleep 0.3; state X-a.service',
  },
  {
    name: 'a start limit that starts by hand hit',
    keep: 'X-a.service',
    quick: true,
    files: { 'X-a.service': service('Type=oneshot\nExecStart=/bin/true', 'StartLimitBurst=2\nStartLimitIntervalSec=1min') },
    script: 'for i in 1 2 3; do run start X-a.service; done; state X-a.service; run reset-failed X-a.service; run start X-a.service; state X-a.service',
  },
  {
    name: 'RestartMode=direct does not fail in between',
    files: {
      'X-a.service': service(
        `Restart=on-failure\nRestartMode=direct\nRestartSec=50ms\nExecStart=/bin/sh -c 'echo run >>/run/X-trace; [ $(wc -l </run/X-trace) -lt 3 ] && exit 1; sleep infinity'`,
      ),
      'X-b.service': service('ExecStart=/bin/sleep infinity', 'BindsTo=X-a.service\nAfter=X-a.service'),
    },
    script: 'run start X-a.service X-b.service; n=0; until [ "$(wc -l </run/X-trace)" = 3 ]; do sleep 0.05; done; wait_for X-a.service running; state X-a.service X-b.service',
  },
  {
    name: 'a oneshot that is tried again',
    files: { 'X-a.service': service(`Type=oneshot\nRestart=on-failure\nRestartSec=50ms\nExecStart=/bin/sh -c 'echo run >>/run/X-trace; [ $(wc -l </run/X-trace) -ge 3 ]'`) },
    script: 'ctl start X-a.service; n=0; until [ "$(wc -l </run/X-trace)" = 3 ]; do sleep 0.05; done; wait_for X-a.service inactive; state X-a.service; trace',
  },
  {
    name: 'RestartSteps= and RestartMaxDelaySec=',
    files: { 'X-a.service': service('Restart=always\nRestartSec=100ms\nRestartSteps=3\nRestartMaxDelaySec=10s\nExecStart=/bin/false', 'StartLimitBurst=100') },
    script:
      'run start X-a.service; for n in 1 2 3; do until [ "$(ctl show -p NRestarts --value X-a.service)" = $n ]; do sleep 0.02; done; wait_for X-a.service auto-restart; show X-a.service RestartUSecNext; done; show X-a.service RestartSteps RestartMaxDelayUSec; run stop X-a.service',
  },
  {
    name: 'a watchdog that is not fed',
    quick: true,
    files: { 'X-a.service': service('WatchdogSec=300ms\nExecStart=/bin/sleep infinity') },
    script: 'run start X-a.service; wait_for X-a.service failed; state X-a.service; show X-a.service ExecMainCode ExecMainStatus WatchdogUSec',
  },
  {
    name: 'Restart=on-watchdog',
    files: {
      'X-a.service': service("WatchdogSec=200ms\nRestart=on-watchdog\nRestartSec=20ms\nExecStart=/bin/sh -c 'echo run >>/run/X-trace; exec sleep infinity'", 'StartLimitBurst=2'),
    },
    script:
      'run start X-a.service; until [ "$(wc -l </run/X-trace)" = 2 ]; do sleep 0.05; done; wait_for X-a.service failed; sleep 0.3; n=$(wc -l </run/X-trace); echo $n runs; show X-a.service ActiveState',
  },
  {
    name: 'FailureAction= and SuccessAction= are shown',
    files: { 'X-a.service': service('ExecStart=/bin/true', 'FailureAction=none\nStartLimitAction=none') },
    script: 'show X-a.service FailureAction SuccessAction StartLimitAction',
  },
];
