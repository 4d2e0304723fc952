/** From files to units. */
import { oneshot, sleeping, SLEEPS } from './units.mjs';

const ETC = '/etc/systemd/system';

export const FILES = [
  {
    name: 'drop-ins, in the order of their names',
    quick: true,
    files: {
      'X-a.service': '[Unit]\nDescription=first\n[Service]\nExecStart=/bin/false\nEnvironment=A=1',
      'X-a.service.d/20-b.conf': '[Unit]\nDescription=third\n',
      'X-a.service.d/10-a.conf': '[Unit]\nDescription=second\n[Service]\nExecStart=\nExecStart=/bin/sleep infinity\nEnvironment=B=2',
    },
    script: 'run start X-a.service; state X-a.service; show X-a.service Description Environment DropInPaths',
  },
  {
    name: 'drop-ins of a prefix, of a template and of one instance',
    files: {
      'X-t@.service': sleeping('', 'Environment=A=1'),
      'X-t@.service.d/a.conf': '[Service]\nEnvironment=B=2',
      'X-t@one.service.d/b.conf': '[Service]\nEnvironment=C=3',
      'X-p-q.service': SLEEPS,
      'X-p-.service.d/x.conf': '[Service]\nEnvironment=P=%n',
    },
    script: 'run start X-t@one.service; show X-t@one.service Environment; show X-t@two.service Environment; show X-p-q.service Environment; run stop X-t@one.service',
  },
  {
    name: 'an alias',
    files: { 'X-a.service': `${SLEEPS}[Install]\nAlias=X-b.service\n` },
    script: `ctl enable X-a.service >/dev/null; readlink ${ETC}/X-b.service; run start X-b.service; show X-b.service Id Names; ctl is-enabled X-a.service; ctl is-enabled X-b.service; state X-a.service; ctl disable X-a.service >/dev/null; ls ${ETC}/X-b.service`,
  },
  {
    name: 'enable, disable, reenable',
    quick: true,
    files: {
      'X-a.service': `${SLEEPS}[Install]\nWantedBy=X-t.target\nRequiredBy=X-u.target\nAlso=X-c.service\n`,
      'X-c.service': `${SLEEPS}[Install]\nWantedBy=X-t.target\n`,
      'X-t.target': '[Unit]\nDescription=x',
      'X-u.target': '[Unit]\nDescription=x',
      'X-s.service': SLEEPS,
    },
    script: `ctl is-enabled X-a.service; run enable X-a.service; ctl is-enabled X-a.service X-c.service; find ${ETC} -name 'X-*' -type l | sort; run enable X-s.service; ctl is-enabled X-s.service; run reenable X-a.service; run disable X-a.service; find ${ETC} -name 'X-*' -type l | sort; ctl is-enabled X-a.service`,
  },
  {
    name: 'enable --now and disable --now',
    files: { 'X-a.service': `${SLEEPS}[Install]\nWantedBy=X-t.target\n` },
    script: 'run enable --now X-a.service; state X-a.service; run disable --now X-a.service; state X-a.service',
  },
  {
    name: 'an instance that is enabled',
    files: { 'X-t@.service': `${SLEEPS}[Install]\nWantedBy=X-t.target\nDefaultInstance=std\n`, 'X-t.target': '[Unit]\nDescription=x' },
    script: `run enable X-t@one.service; run enable X-t@.service; find ${ETC} -name 'X-*' -type l -printf '%P -> %l\\n' | sort; ctl is-enabled X-t@one.service; ctl is-enabled X-t@two.service; run disable X-t@.service; find ${ETC} -name 'X-*' -type l`,
  },
  {
    name: 'mask and unmask',
    files: { 'X-b.service': SLEEPS },
    script: `rm ${ETC}/X-b.service; mkdir -p /run/systemd/system; printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/run/systemd/system/X-b.service; run daemon-reload; run mask X-b.service; ctl is-enabled X-b.service; run start X-b.service; run unmask X-b.service; run start X-b.service; state X-b.service; run stop X-b.service; rm /run/systemd/system/X-b.service`,
  },
  { name: 'mask of a file in the same folder', files: { 'X-a.service': SLEEPS }, script: 'run mask X-a.service; run start X-a.service' },
  {
    name: 'preset',
    files: { 'X-a.service': `${SLEEPS}[Install]\nWantedBy=X-t.target\n`, 'X-b.service': `${SLEEPS}[Install]\nWantedBy=X-t.target\n`, 'X-t.target': '[Unit]\nDescription=x' },
    script: `mkdir -p /etc/systemd/system-preset; printf 'disable X-b.service\\nenable X-*\\n' >/etc/systemd/system-preset/00-X.preset; ctl enable X-b.service; run preset X-a.service X-b.service; ctl is-enabled X-a.service X-b.service; show X-a.service UnitFilePreset; show X-b.service UnitFilePreset; rm /etc/systemd/system-preset/00-X.preset; ctl disable X-a.service`,
  },
  {
    name: 'add-wants, get-default, set-default',
    files: { 'X-t.target': '[Unit]\nDescription=x', 'X-a.service': SLEEPS },
    script: `run add-wants X-t.target X-a.service; run daemon-reload; show X-t.target Wants; rm -r ${ETC}/X-t.target.wants; old=$(readlink ${ETC}/default.target); run set-default X-t.target; ctl get-default; ln -sf "$old" ${ETC}/default.target; run daemon-reload`,
  },
  {
    name: 'link',
    files: {},
    script: `mkdir -p /run/X-out; printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/run/X-out/X-l.service; run link /run/X-out/X-l.service; ctl is-enabled X-l.service; run start X-l.service; state X-l.service; run stop X-l.service; run disable X-l.service; ls ${ETC}/X-l.service`,
  },
  {
    name: 'revert',
    files: { 'X-a.service': SLEEPS, 'X-a.service.d/x.conf': '[Unit]\nDescription=changed' },
    script: `rm ${ETC}/X-a.service; printf '[Unit]\\nDescription=vendor\\n[Service]\\nExecStart=/bin/sleep infinity\\n' >/usr/lib/systemd/system/X-a.service; run daemon-reload; show X-a.service Description; run revert X-a.service; run daemon-reload; show X-a.service Description; ls ${ETC}/X-a.service.d; rm /usr/lib/systemd/system/X-a.service`,
  },
  {
    name: 'edit --stdin',
    files: { 'X-a.service': SLEEPS },
    script: `printf '[Unit]\\nDescription=edited\\n' | ctl edit --stdin X-a.service; echo edit: $?; show X-a.service Description DropInPaths`,
  },
  {
    name: 'set-property',
    differs: 'rouse changes no limits while a unit runs',
    files: { 'X-a.service': SLEEPS },
    script: 'run start X-a.service; run set-property --runtime X-a.service TasksMax=77; show X-a.service TasksMax',
  },
  {
    name: 'daemon-reload keeps what runs, and reads what changed',
    quick: true,
    files: { 'X-a.service': '[Unit]\nDescription=old\n[Service]\nExecStart=/bin/sleep infinity' },
    script: `run start X-a.service; a=$(ctl show -p MainPID --value X-a.service); sleep 1.1; sed -i s/old/new/ ${ETC}/X-a.service; show X-a.service NeedDaemonReload Description; run daemon-reload; show X-a.service NeedDaemonReload Description; [ "$a" = "$(ctl show -p MainPID --value X-a.service)" ] && echo same process`,
  },
  {
    name: 'a file that goes while its unit runs',
    files: { 'X-a.service': SLEEPS },
    script: `run start X-a.service; rm ${ETC}/X-a.service; run daemon-reload; show X-a.service LoadState ActiveState; run stop X-a.service; show X-a.service LoadState ActiveState`,
  },
  {
    name: 'a new file needs no daemon-reload',
    files: {},
    script: `printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >${ETC}/X-new.service; run start X-new.service; state X-new.service; run stop X-new.service; rm ${ETC}/X-new.service`,
  },
  {
    name: 'specifiers',
    quick: true,
    files: { 'X-t@.service': `[Unit]\nDescription=%n %N %p %i %I %j %f %u %U %g %G %h %s %t %S %C %L %E %T %V %%\n[Service]\nExecStart=/bin/true\n` },
    script: "show 'X-t@a-b\\x20c.service' Description",
  },
  {
    name: 'quotes, escapes and continued lines',
    files: {
      'X-a.service':
        '[Service]\nType=oneshot\nEnvironment="A=one two" \'B=three\' C=four \\\n  D=five "E=\\x41\\u00e4\\n" \n# comment\nExecStart=/bin/printf \'<%%s>\' "a b" \'c d\' e\\ f \\\n; comment\n  "g\\"h" ${A} $A $$A "x"y \\\\ \nStandardOutput=file:/run/X-out',
    },
    script: 'run start X-a.service; cat /run/X-out; echo; show X-a.service Environment',
  },
  {
    name: 'values that cannot be read',
    files: {
      'X-a.service':
        '[Unit]\nNoSuchKey=1\nDefaultDependencies=perhaps\n[Service]\nExecStart=/bin/sleep infinity\nNice=1000\nUMask=99\nRestart=perhaps\nTimeoutStopSec=soon\n[Nonsense]\nA=b',
    },
    script: 'run start X-a.service; state X-a.service; show X-a.service Nice UMask Restart TimeoutStopUSec DefaultDependencies',
  },
  {
    name: 'a command that cannot be read',
    files: { 'X-a.service': '[Service]\nExecStart=bin/relative', 'X-b.service': '[Service]\nExecStart=' },
    script: 'run start X-a.service; show X-a.service LoadState; run start X-b.service; show X-b.service LoadState',
  },
  {
    name: 'cat',
    files: { 'X-a.service': '[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true', 'X-a.service.d/y.conf': '[Unit]\nDescription=y' },
    script: 'ctl cat X-a.service',
  },
  {
    name: 'list-units, and which states',
    files: { 'X-a.service': SLEEPS, 'X-b.service': oneshot('/bin/false'), 'X-t.target': '[Unit]\nDescription=A target' },
    script:
      'run start X-a.service X-b.service X-t.target; ctl list-units --all --plain --no-legend "X-*" | tr -s " "; ctl list-units --failed --plain --no-legend "X-*" | tr -s " "; ctl list-units --type=target --plain --no-legend "X-*" | tr -s " "',
  },
  {
    name: 'list-unit-files',
    files: { 'X-a.service': `${SLEEPS}[Install]\nWantedBy=X-t.target`, 'X-b.service': SLEEPS, 'X-t.target': '[Unit]\nDescription=x' },
    script: 'ctl list-unit-files --no-legend "X-*" | tr -s " " | sed "s/ *$//"',
  },
  { name: 'an empty file masks', files: {}, script: `: >${ETC}/X-e.service; run daemon-reload; show X-e.service LoadState; run start X-e.service; rm ${ETC}/X-e.service` },
  {
    name: 'a timer',
    differs: 'rouse has no timers: the start is refused',
    files: { 'X-a.timer': '[Timer]\nOnActiveSec=300ms\nAccuracySec=10ms\n', 'X-a.service': oneshot("/bin/sh -c 'echo run >>/run/X-trace'") },
    script: 'run start X-a.timer; ctl is-active X-a.timer; wait_line /run/X-trace run; trace; run stop X-a.timer; ctl is-active X-a.timer',
  },
  {
    name: 'a timer that comes again',
    differs: 'rouse has no timers: the start is refused',
    files: { 'X-a.timer': '[Timer]\nOnActiveSec=100ms\nOnUnitActiveSec=200ms\nAccuracySec=10ms\n', 'X-a.service': oneshot("/bin/sh -c 'echo run >>/run/X-trace'") },
    script:
      'run start X-a.timer; n=0; until [ "$(wc -l </run/X-trace)" -ge 3 ]; do n=$((n+1)); [ $n -lt 100 ] || { echo too few; break; }; sleep 0.05; done; run stop X-a.timer; state X-a.timer',
  },
  {
    name: 'a path',
    differs: 'rouse has no path units: the start is refused',
    files: { 'X-a.path': '[Path]\nPathExists=/run/X-flag\n', 'X-a.service': oneshot("/bin/sh -c 'rm /run/X-flag; echo run >>/run/X-trace'") },
    script: 'run start X-a.path; ctl is-active X-a.path; touch /run/X-flag; wait_line /run/X-trace run; trace; run stop X-a.path',
  },
  {
    name: 'a slice, and a service in it',
    differs: 'rouse has no slices: the service runs without',
    files: { 'X-.slice': '[Unit]\nDescription=x', 'X-sub.slice': '[Unit]\nDescription=y', 'X-a.service': `${SLEEPS}Slice=X-sub.slice\n` },
    script:
      'run start X-a.service; show X-a.service Slice; ctl is-active X-sub.slice; show X-a.service ControlGroup | sed "s,=.*/s,=/s,"; cut -d: -f3 /proc/$(ctl show -p MainPID --value X-a.service)/cgroup | tail -1 | sed "s,.*/X-.slice,X-.slice,"; run stop X-sub.slice; state X-a.service',
  },
];
