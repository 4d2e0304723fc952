/** Dependencies, their order, and what they pass on. */
import { oneshot, sleeping, SLEEPS, tracing } from './units.mjs';

const FAILS = oneshot('/bin/false');

export const ORDER = [
  {
    name: 'After= and Before= order the start, and the stop the other way',
    quick: true,
    files: {
      'X-t.target': '[Unit]\nRequires=X-a.service X-b.service X-c.service',
      'X-a.service': tracing('a', 'After=X-b.service\nPartOf=X-t.target'),
      'X-b.service': tracing('b', 'PartOf=X-t.target'),
      'X-c.service': tracing('c', 'Before=X-b.service\nPartOf=X-t.target'),
    },
    script: 'run start X-t.target; run stop X-t.target; wait_line /run/X-trace [-]c; trace; state X-t.target',
  },
  {
    name: 'Wants= goes on without what fails',
    files: { 'X-a.service': sleeping('Wants=X-b.service X-none.service\nAfter=X-b.service'), 'X-b.service': FAILS },
    script: 'run start X-a.service; state X-a.service X-b.service',
  },
  {
    name: 'Requires= and After= of what fails',
    quick: true,
    files: { 'X-a.service': sleeping('Requires=X-b.service\nAfter=X-b.service'), 'X-b.service': FAILS },
    script: 'run start X-a.service; state X-a.service X-b.service',
  },
  { name: 'Requires= of what is not there', files: { 'X-a.service': sleeping('Requires=X-none.service') }, script: 'run start X-a.service; state X-a.service' },
  {
    name: 'a stop of what is required',
    files: { 'X-a.service': sleeping('Requires=X-b.service\nAfter=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start X-a.service; run stop X-b.service; state X-a.service X-b.service',
  },
  {
    name: 'a restart of what is required',
    files: { 'X-a.service': tracing('a', 'Requires=X-b.service\nAfter=X-b.service'), 'X-b.service': tracing('b') },
    script: 'run start X-a.service; run restart X-b.service; wait_for X-a.service active; trace; state X-a.service',
  },
  {
    name: 'what is required dies by itself',
    files: { 'X-a.service': sleeping('Requires=X-b.service\nAfter=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start X-a.service; ctl kill --signal=KILL X-b.service; wait_for X-b.service failed; state X-a.service X-b.service',
  },
  {
    name: 'BindsTo= of what dies by itself',
    quick: true,
    files: { 'X-a.service': sleeping('BindsTo=X-b.service\nAfter=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start X-a.service; ctl kill --signal=KILL X-b.service; wait_for X-a.service inactive; state X-a.service X-b.service',
  },
  {
    name: 'BindsTo= of what ends well',
    files: { 'X-a.service': sleeping('BindsTo=X-b.service\nAfter=X-b.service'), 'X-b.service': "[Service]\nExecStart=/bin/sh -c 'until [ -e /run/X-go ]; do sleep 0.02; done'" },
    script: 'run start X-a.service; state X-a.service; touch /run/X-go; wait_for X-a.service inactive; state X-a.service X-b.service',
  },
  {
    name: 'Requisite= of what does not run',
    files: { 'X-a.service': sleeping('Requisite=X-b.service\nAfter=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start X-a.service; state X-a.service X-b.service; run start X-b.service; run start X-a.service; state X-a.service; run stop X-b.service; state X-a.service',
  },
  {
    name: 'PartOf= passes stop and restart on, and no start',
    files: { 'X-a.service': tracing('a', 'PartOf=X-b.service'), 'X-b.service': tracing('b') },
    script:
      'run start X-b.service; state X-a.service; run start X-a.service; run restart X-b.service; n=0; until [ "$(grep -c +a /run/X-trace)" = 2 ]; do n=$((n+1)); [ $n -lt 200 ] || break; sleep 0.05; done; wait_for X-a.service active; run stop X-b.service; wait_for X-a.service inactive; sort /run/X-trace',
  },
  {
    name: 'Upholds= starts again what stops',
    quick: true,
    files: { 'X-a.service': sleeping('Upholds=X-b.service'), 'X-b.service': SLEEPS },
    script:
      'run start X-a.service; wait_for X-b.service active; a=$(ctl show -p MainPID --value X-b.service); ctl stop X-b.service; wait_for X-b.service active; [ "$a" = "$(ctl show -p MainPID --value X-b.service)" ] || echo another process; run stop X-a.service; run stop X-b.service; sleep 0.3; state X-b.service',
  },
  {
    name: 'Conflicts= stops the other',
    quick: true,
    files: { 'X-a.service': sleeping('Conflicts=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start X-b.service; run start X-a.service; state X-a.service X-b.service; run start X-b.service; state X-a.service X-b.service',
  },
  {
    name: 'Conflicts= of what the same request wants',
    files: { 'X-t.target': '[Unit]\nWants=X-a.service X-b.service', 'X-a.service': sleeping('Conflicts=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start X-t.target; sleep 0.3; state X-t.target; echo $(ctl is-active X-a.service X-b.service | sort)',
  },
  {
    name: 'Conflicts= of what the same request requires',
    files: { 'X-t.target': '[Unit]\nRequires=X-a.service X-b.service', 'X-a.service': sleeping('Conflicts=X-b.service'), 'X-b.service': SLEEPS },
    script: 'run start X-t.target; state X-t.target X-a.service X-b.service',
  },
  {
    name: 'OnFailure= and what it is told',
    quick: true,
    files: {
      'X-a.service': oneshot('/bin/sh -c "exit 7"', '', 'OnFailure=X-f.service'),
      'X-f.service': oneshot("/bin/sh -c 'env | grep MONITOR_ | grep -v INVOCATION | sort >/run/X-env'"),
    },
    script: 'run start X-a.service; wait_file /run/X-env; wait_for X-f.service inactive; cat /run/X-env; show X-f.service OnFailureOf',
  },
  {
    name: 'OnSuccess=, and not OnFailure=',
    files: {
      'X-a.service': oneshot('/bin/true', '', 'OnFailure=X-f.service\nOnSuccess=X-g.service'),
      'X-f.service': oneshot('/bin/touch /run/X-f'),
      'X-g.service': oneshot('/bin/touch /run/X-g'),
    },
    script: 'run start X-a.service; wait_file /run/X-g; [ -e /run/X-f ] || echo no failure',
  },
  {
    name: 'OnFailure= only after the last restart',
    files: {
      'X-a.service': "[Unit]\nOnFailure=X-f.service\nStartLimitBurst=3\n[Service]\nRestart=on-failure\nRestartSec=50ms\nExecStart=/bin/sh -c 'echo a >>/run/X-trace; exit 1'",
      'X-f.service': oneshot("/bin/sh -c 'echo f >>/run/X-trace'"),
    },
    script: 'run start X-a.service; wait_for X-a.service failed; wait_for X-f.service inactive; sort -u /run/X-trace; state X-a.service',
  },
  {
    name: 'PropagatesReloadTo=',
    files: {
      'X-a.service': sleeping('PropagatesReloadTo=X-b.service', "ExecReload=/bin/sh -c 'echo a >>/run/X-trace'"),
      'X-b.service': sleeping('', "ExecReload=/bin/sh -c 'echo b >>/run/X-trace'"),
    },
    script: 'run start X-a.service X-b.service; run reload X-a.service; wait_line /run/X-trace b; sort /run/X-trace',
  },
  {
    name: 'PropagatesStopTo= and StopPropagatedFrom=',
    files: { 'X-a.service': sleeping('PropagatesStopTo=X-b.service'), 'X-b.service': SLEEPS, 'X-c.service': sleeping('StopPropagatedFrom=X-a.service') },
    script: 'run start X-a.service X-b.service X-c.service; run stop X-a.service; wait_for X-b.service inactive; wait_for X-c.service inactive; state X-b.service X-c.service',
  },
  {
    name: 'a cycle of what is only wanted',
    quick: true,
    files: {
      'X-t.target': '[Unit]\nWants=X-a.service X-b.service X-c.service',
      'X-a.service': sleeping('After=X-c.service'),
      'X-b.service': sleeping('After=X-a.service'),
      'X-c.service': sleeping('After=X-b.service'),
    },
    script: 'run start X-t.target; state X-t.target; ctl is-active X-a.service X-b.service X-c.service | sort | uniq -c | tr -s " "',
  },
  {
    name: 'a cycle of what is required',
    files: {
      'X-a.service': sleeping('Requires=X-b.service\nAfter=X-b.service'),
      'X-b.service': sleeping('Requires=X-c.service\nAfter=X-c.service'),
      'X-c.service': sleeping('After=X-a.service'),
    },
    script: 'run start X-a.service; state X-a.service X-b.service X-c.service',
  },
  {
    name: 'a target is reached after what it wants',
    files: { 'X-t.target': '[Unit]\nWants=X-a.service', 'X-a.service': oneshot("/bin/sh -c 'sleep 0.5; echo a >>/run/X-trace'") },
    script: 'run start X-t.target; trace; show X-t.target After',
  },
  {
    name: 'default dependencies of a service and of a target',
    differs: 'rouse has no slices to depend on',
    files: { 'X-a.service': SLEEPS, 'X-t.target': '[Unit]\nDescription=x', 'X-b.service': sleeping('DefaultDependencies=no') },
    script:
      'show X-a.service Requires Conflicts; ctl show -p Before --value X-a.service; ctl show -p After --value X-a.service | tr " " "\\n" | grep -v journald | sort; show X-t.target Conflicts Before; show X-b.service Conflicts Before',
  },
  {
    name: 'who depends on a unit',
    files: {
      'X-a.service': sleeping('Wants=X-b.service\nRequires=X-c.service\nConflicts=X-d.service\nPartOf=X-b.service\nBefore=X-c.service'),
      'X-b.service': SLEEPS,
      'X-c.service': SLEEPS,
      'X-d.service': SLEEPS,
    },
    script:
      'run start X-a.service X-b.service X-c.service; show X-b.service WantedBy ConsistsOf; show X-c.service RequiredBy; ctl show -p After --value X-c.service | tr " " "\\n" | grep X-; show X-d.service ConflictedBy',
  },
  {
    name: 'dependencies in folders',
    files: { 'X-t.target': '[Unit]\nDescription=x', 'X-a.service': SLEEPS, 'X-b.service': SLEEPS },
    script:
      'for d in wants requires; do mkdir -p /etc/systemd/system/X-t.target.$d; done; ln -s ../X-a.service /etc/systemd/system/X-t.target.wants/; ln -s ../X-b.service /etc/systemd/system/X-t.target.requires/; run daemon-reload; run start X-t.target; state X-a.service X-b.service; show X-t.target Wants Requires; ctl list-dependencies --plain X-t.target | tr -d " " | sort; rm -r /etc/systemd/system/X-t.target.*',
  },
  {
    name: 'a start of what is bound to something that does not come up',
    files: { 'X-a.service': sleeping('BindsTo=X-b.service\nAfter=X-b.service'), 'X-b.service': oneshot('/bin/true') },
    script: 'run start X-a.service; sleep 0.5; state X-a.service X-b.service',
  },
];
