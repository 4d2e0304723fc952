/** Verbs of systemctl that rouse does not have, with what to do instead. "Did you mean 'exit'?" would be a poor answer to `edit`. */
const INSTEAD: Readonly<Record<string, string>> = {
  'add-requires': 'ln -s the unit into UNIT.requires/, and rouse daemon-reload',
  'add-wants': 'ln -s the unit into UNIT.wants/, and rouse daemon-reload',
  condrestart: 'rouse try-restart UNIT',
  'daemon-reexec': 'rouse daemon-reload reads the files again',
  edit: 'rouse cat UNIT shows its files; after a change, rouse daemon-reload',
  'force-reload': 'rouse reload-or-restart UNIT',
  'get-default': 'the manager starts default.target',
  isolate: 'rouse start --job-mode=isolate UNIT',
  link: 'ln -s the file into a folder of unit files, and rouse daemon-reload',
  'list-dependencies': 'rouse show -p Requires -p Wants -p After UNIT',
  'list-jobs': 'rouse list-units shows what is activating',
  'list-timers': 'rouse has no timers',
  preset: 'rouse enable UNIT',
  revert: 'rouse cat UNIT shows the drop-ins to remove',
  'set-property': 'a drop-in UNIT.d/NAME.conf, and rouse daemon-reload',
  'try-reload-or-restart': 'rouse reload-or-restart UNIT',
};

/** Undefined for what is no verb of systemctl, or has nothing that stands in for it. */
export function insteadOf(verb: string): string | undefined {
  return Object.hasOwn(INSTEAD, verb) ? INSTEAD[verb] : undefined;
}
