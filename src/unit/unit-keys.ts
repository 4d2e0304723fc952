/** Keys of [Unit] and [Install]; systemd.unit(5). */
import type { Condition, Dependency, DependencyKind } from './config.js';
import { custom, many, one, silent, tableOf, unsupported, wordList, type KeyRow } from './key-table.js';
import { expandSpecifiers } from '../unitfile/specifier.js';
import { completeName } from './name.js';
import { boolean, oneOf, text, wholeNumber } from './values/simple.js';
import { timeSpan } from './values/time-span.js';

/** Dependencies have no reset: an empty value changes nothing, as in systemd. */
function dependency(key: string, kind: DependencyKind): KeyRow {
  return many<Dependency>(key, 'dependencies', (value, { specifiers, place }) => ({
    ok: true,
    value: expandSpecifiers(value, specifiers).value.split(/\s+/).filter(Boolean).map((name) => ({ kind, name: completeName(name), place })),
  }));
}

const CONDITIONS =
  'PathExists PathExistsGlob PathIsDirectory PathIsSymbolicLink PathIsMountPoint PathIsReadWrite DirectoryNotEmpty FileNotEmpty FileIsExecutable User Group Host Architecture Environment Virtualization KernelCommandLine KernelVersion Credential Security Capability ACPower NeedsUpdate FirstBoot ControlGroupController Memory CPUs CPUFeature OSRelease MemoryPressure CPUPressure IOPressure Firmware Version PathIsEncrypted KernelModuleLoaded';

function condition(key: string): KeyRow {
  return many<Condition>(key, 'conditions', (value, { specifiers, place }) => {
    const [, prefix = '', rest = ''] = /^([|!]*)\s*(.*)$/s.exec(value) ?? [];
    const expanded = expandSpecifiers(rest, specifiers).value;
    return { ok: true, value: [{ key, assert: key.startsWith('Assert'), trigger: prefix.includes('|'), negate: prefix.includes('!'), value: expanded, place }] };
  });
}

const startLimitInterval = one('StartLimitIntervalSec', 'startLimitIntervalMs', timeSpan, 10_000);

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
  one('JobTimeoutSec', 'jobTimeoutMs', timeSpan, Infinity),
  one('JobRunningTimeoutSec', 'jobRunningTimeoutMs', timeSpan, Infinity),
  startLimitInterval,
  { ...startLimitInterval, key: 'StartLimitInterval' },
  one('StartLimitBurst', 'startLimitBurst', wholeNumber(0, 2 ** 31), 5),
  silent('SourcePath OnFailureJobMode OnSuccessJobMode SurviveFinalKillSignal RequiresMountsFor WantsMountsFor OnFailureIsolate RequiresOverridable RequisiteOverridable PropagateReloadTo PropagateReloadFrom BindTo IgnoreOnSnapshot'),
  unsupported('nothing else happens then', 'StartLimitAction FailureAction SuccessAction FailureActionExitStatus SuccessActionExitStatus JobTimeoutAction JobTimeoutRebootArgument RebootArgument'),
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
