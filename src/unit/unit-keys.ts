/** Keys of [Unit] and [Install]; systemd.unit(5). */
import type { Condition, Dependency, DependencyKind } from './config.js';
import { append, custom, one, silent, tableOf, unsupported, validWords, wordList, type KeyRow } from './key-table.js';
import { expandSpecifiers } from '../unitfile/specifier.js';
import { unitNameOf } from './name.js';
import { boolean, oneOf, text, wholeNumber } from './values/simple.js';
import { timeSpan, timeout } from './values/time-span.js';

/** Dependencies have no reset: an empty value changes nothing, as in systemd. */
function dependency(key: string, kind: DependencyKind): KeyRow {
  return custom(key, (draft, value, context) => {
    const names = validWords(value, context, unitNameOf());
    append<Dependency>(
      draft,
      'dependencies',
      names.map((name) => ({ kind, name, place: context.place })),
    );
    return undefined;
  });
}

const CONDITIONS =
  'PathExists PathExistsGlob PathIsDirectory PathIsSymbolicLink PathIsMountPoint PathIsReadWrite DirectoryNotEmpty FileNotEmpty FileIsExecutable User Group Host Architecture Environment Virtualization KernelCommandLine KernelVersion Credential Security Capability ACPower NeedsUpdate FirstBoot ControlGroupController Memory CPUs CPUFeature OSRelease MemoryPressure CPUPressure IOPressure Firmware Version PathIsEncrypted KernelModuleLoaded';

function condition(key: string): KeyRow {
  const assert = key.startsWith('Assert');
  return custom(key, (draft, value, { specifiers, place }) => {
    const before = draft['conditions'] as readonly Condition[];
    // An empty value drops every condition, of whichever key; asserts are a list of their own.
    if (value === '') draft['conditions'] = before.filter((condition) => condition.assert !== assert);
    if (value === '') return undefined;
    const [, prefix = '', rest = ''] = /^([|!]*)\s*(.*)$/s.exec(value) ?? [];
    const expanded = expandSpecifiers(rest, specifiers).value;
    draft['conditions'] = [...before, { key, assert, trigger: prefix.includes('|'), negate: prefix.includes('!'), value: expanded, place }];
    return undefined;
  });
}

const startLimitInterval = one('StartLimitIntervalSec', 'startLimitIntervalMs', timeSpan, 10_000);

export const START_LIMIT_KEYS: readonly KeyRow[] = [
  startLimitInterval,
  { ...startLimitInterval, key: 'StartLimitInterval' },
  one('StartLimitBurst', 'startLimitBurst', wholeNumber(0, 2 ** 32 - 1), 5),
];

export const UNIT_KEYS = tableOf(
  one('Description', 'description', text),
  wordList('Documentation', 'documentation'),
  dependency('Requires', 'requires'),
  dependency('Requisite', 'requisite'),
  dependency('Wants', 'wants'),
  dependency('BindsTo', 'bindsTo'),
  dependency('PartOf', 'partOf'),
  dependency('Upholds', 'upholds'),
  dependency('Conflicts', 'conflicts'),
  dependency('Before', 'before'),
  dependency('After', 'after'),
  dependency('OnFailure', 'onFailure'),
  dependency('OnSuccess', 'onSuccess'),
  dependency('PropagatesReloadTo', 'propagatesReloadTo'),
  dependency('ReloadPropagatedFrom', 'reloadPropagatedFrom'),
  dependency('PropagatesStopTo', 'propagatesStopTo'),
  dependency('StopPropagatedFrom', 'stopPropagatedFrom'),
  dependency('JoinsNamespaceOf', 'joinsNamespaceOf'),
  CONDITIONS.split(' ').flatMap((name) => [condition(`Condition${name}`), condition(`Assert${name}`)]),
  one('DefaultDependencies', 'defaultDependencies', boolean, true),
  one('RefuseManualStart', 'refuseManualStart', boolean, false),
  one('RefuseManualStop', 'refuseManualStop', boolean, false),
  one('StopWhenUnneeded', 'stopWhenUnneeded', boolean, false),
  one('AllowIsolate', 'allowIsolate', boolean, false),
  one('IgnoreOnIsolate', 'ignoreOnIsolate', boolean, false),
  one('CollectMode', 'collectMode', oneOf('inactive', 'inactive-or-failed'), 'inactive'),
  one('JobTimeoutSec', 'jobTimeoutMs', timeout, Infinity),
  one('JobRunningTimeoutSec', 'jobRunningTimeoutMs', timeout),
  START_LIMIT_KEYS,
  silent(
    'SourcePath OnFailureJobMode OnSuccessJobMode SurviveFinalKillSignal RequiresMountsFor WantsMountsFor OnFailureIsolate RequiresOverridable RequisiteOverridable PropagateReloadTo PropagateReloadFrom BindTo IgnoreOnSnapshot',
  ),
  unsupported(
    'nothing else happens then',
    'StartLimitAction FailureAction SuccessAction FailureActionExitStatus SuccessActionExitStatus JobTimeoutAction JobTimeoutRebootArgument RebootArgument',
  ),
);

export const INSTALL_KEYS = tableOf(
  wordList('Alias', 'alias'),
  wordList('WantedBy', 'wantedBy'),
  wordList('RequiredBy', 'requiredBy'),
  wordList('UpheldBy', 'upheldBy'),
  wordList('Also', 'also'),
  custom('DefaultInstance', (draft, value, { specifiers }) => {
    draft['defaultInstance'] = value === '' ? undefined : expandSpecifiers(value, specifiers).value;
    return undefined;
  }),
);
