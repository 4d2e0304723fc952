/** Requests, and what becomes of them. */
import { oneshot, sleeping, SLEEPS, tracing } from './units.mjs';

const SLOW_START = oneshot("/bin/sh -c 'touch /run/X-began; sleep 30'");
const SLOW_STOP = sleeping('', "ExecStop=/bin/sh -c 'touch /run/X-stopping; sleep 1'");

export const JOBS = [
  {
    name: 'start and stop of a simple service',
    quick: true,
    files: { 'X-a.service': SLEEPS },
    script: 'run start X-a.service; state X-a.service; run stop X-a.service; state X-a.service',
  },
  {
    name: 'a second start changes nothing',
    files: { 'X-a.service': SLEEPS },
    script:
      'run start X-a.service; a=$(ctl show -p MainPID --value X-a.service); run start X-a.service; [ "$a" = "$(ctl show -p MainPID --value X-a.service)" ] && echo same process',
  },
  {
    name: 'a unit that is not there',
    quick: true,
    script: 'for verb in start stop restart try-restart reload kill status is-active is-failed is-enabled cat reset-failed; do run $verb X-none.service; done',
  },
  {
    name: 'a masked unit',
    files: {},
    script:
      'run mask X-m.service; run daemon-reload; for verb in start is-active is-enabled; do run $verb X-m.service; done; show X-m.service LoadState UnitFileState; run unmask X-m.service',
  },
  { name: 'a unit without a command', files: { 'X-a.service': '[Service]\nType=simple\n' }, script: 'run start X-a.service; show X-a.service LoadState ActiveState' },
  {
    name: 'stop and restart of what does not run',
    files: { 'X-a.service': SLEEPS },
    script: 'run stop X-a.service; run try-restart X-a.service; state X-a.service; run restart X-a.service; state X-a.service',
  },
  { name: 'reload without ExecReload=', files: { 'X-a.service': SLEEPS }, script: 'run start X-a.service; run reload X-a.service; state X-a.service' },
  {
    name: 'reload-or-restart without ExecReload= restarts',
    files: { 'X-a.service': SLEEPS },
    script:
      'run start X-a.service; a=$(ctl show -p MainPID --value X-a.service); run reload-or-restart X-a.service; [ "$a" = "$(ctl show -p MainPID --value X-a.service)" ] || echo another process',
  },
  {
    name: 'reload-or-restart of what does not run starts it',
    files: { 'X-a.service': SLEEPS },
    script: 'run reload-or-restart X-a.service; state X-a.service; run stop X-a.service; run try-reload-or-restart X-a.service; state X-a.service',
  },
  {
    name: 'reload runs ExecReload=',
    files: { 'X-a.service': sleeping('', "ExecReload=/bin/sh -c 'echo $MAINPID >/run/X-pid'") },
    script: 'run start X-a.service; run reload X-a.service; [ "$(cat /run/X-pid)" = "$(ctl show -p MainPID --value X-a.service)" ] && echo its process; state X-a.service',
  },
  {
    name: 'a reload that fails',
    files: { 'X-a.service': sleeping('', 'ExecReload=/bin/false') },
    script: 'run start X-a.service; run reload X-a.service; state X-a.service; show X-a.service ReloadResult',
  },
  { name: 'reload of what does not run', files: { 'X-a.service': sleeping('', 'ExecReload=/bin/true') }, script: 'run reload X-a.service; state X-a.service' },
  {
    name: 'a stop cuts a start short',
    quick: true,
    files: { 'X-a.service': SLOW_START },
    script: 'ctl start X-a.service & wait_file /run/X-began; run stop X-a.service; wait $!; echo start: $?; state X-a.service',
  },
  {
    name: 'a start during a stop follows it',
    files: { 'X-a.service': SLOW_STOP },
    script: 'run start X-a.service; ctl stop --no-block X-a.service; wait_file /run/X-stopping; run start X-a.service; state X-a.service',
  },
  {
    name: 'mode fail does not replace a job',
    files: { 'X-a.service': SLOW_START },
    script: 'ctl start --no-block X-a.service; wait_file /run/X-began; run stop --job-mode=fail X-a.service; state X-a.service; run stop X-a.service',
  },
  {
    name: 'mode ignore-dependencies',
    files: { 'X-a.service': sleeping('Requires=X-b.service\nAfter=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start --job-mode=ignore-dependencies X-a.service; state X-a.service X-b.service',
  },
  {
    name: 'two starts become one',
    files: { 'X-a.service': oneshot("/bin/sh -c 'echo run >>/run/X-trace; sleep 0.5'") },
    script: 'ctl start X-a.service & wait_file /run/X-trace; run start X-a.service; wait; trace',
  },
  {
    name: 'a restart during a start',
    files: { 'X-a.service': oneshot("/bin/sh -c 'echo run >>/run/X-trace; sleep 0.5'") },
    script: 'ctl start --no-block X-a.service; wait_file /run/X-trace; run restart X-a.service; trace',
  },
  {
    name: 'isolate',
    files: { 'X-t.target': '[Unit]\nAllowIsolate=yes\nWants=X-a.service', 'X-a.service': SLEEPS, 'X-no.target': '[Unit]\nWants=X-a.service' },
    script: 'run isolate X-no.target; state X-a.service',
  },
  {
    name: 'RefuseManualStart= and RefuseManualStop=',
    files: { 'X-a.service': sleeping('RefuseManualStart=yes'), 'X-b.service': sleeping('Wants=X-a.service'), 'X-c.service': sleeping('RefuseManualStop=yes') },
    script:
      'run start X-a.service; run start X-b.service; wait_for X-a.service active; state X-a.service; run start X-c.service; run stop X-c.service; state X-c.service; show X-a.service CanStart; show X-c.service CanStop; ctl kill --signal=KILL X-c.service',
  },
  {
    name: 'states of several units, and their exit codes',
    files: { 'X-a.service': SLEEPS, 'X-b.service': oneshot('/bin/false'), 'X-c.service': SLEEPS },
    script:
      'run start X-a.service X-b.service; for verb in is-active is-failed; do for unit in X-a X-b X-c; do echo "$verb: $(ctl $verb $unit.service) $?"; done; done; echo "$(ctl is-active X-a.service X-b.service X-c.service) $?"; run status X-a.service; run status X-b.service; run status X-c.service',
  },
  {
    name: 'kill, with a signal and for whom',
    files: { 'X-a.service': '[Service]\nExecStart=/bin/sh -c \'trap "echo usr1 >>/run/X-trace" USR1; touch /run/X-up; while :; do sleep 0.05; done\'' },
    script:
      'run start X-a.service; wait_file /run/X-up; run kill --signal=SIGUSR1 --kill-whom=main X-a.service; wait_line /run/X-trace usr1; trace; state X-a.service; run kill --signal=KILL X-a.service; wait_for X-a.service failed; state X-a.service',
  },
  {
    name: 'StopWhenUnneeded=',
    files: { 'X-a.service': sleeping('StopWhenUnneeded=yes'), 'X-b.service': sleeping('Requires=X-a.service\nAfter=X-a.service') },
    script: 'run start X-b.service; state X-a.service; run stop X-b.service; wait_for X-a.service inactive; state X-a.service',
  },
  {
    name: 'a template without an instance',
    files: { 'X-t@.service': SLEEPS },
    script: 'run start X-t@.service; run start X-t@one.service; state X-t@one.service; run stop X-t@one.service',
  },
  { name: 'JobTimeoutSec=', files: { 'X-a.service': `[Unit]\nJobTimeoutSec=1\n${SLOW_START.replace('[Unit]', '')}` }, script: 'run start X-a.service; state X-a.service' },
  { name: 'restart of a service stops it first', files: { 'X-a.service': tracing('a') }, script: 'run start X-a.service; run restart X-a.service; run stop X-a.service; trace' },
  {
    name: 'names without a type, and several at once',
    files: { 'X-a.service': SLEEPS, 'X-b.service': SLEEPS },
    script: 'run start X-a X-b; state X-a.service X-b.service; run stop "X-?.service"; state X-a.service X-b.service',
  },
];
