/** Table: properties of every unit; org.freedesktop.systemd1(5), "UNIT OBJECTS", in the order in which systemd lists them. */
import type { CommonConfig, Condition } from '../unit/config.js';
import { fixed, live, property, usec, type Property, type PropertyValue } from './property.js';
import type { Relation, Subject, UnitState } from './subject.js';

/** CLOCK_MONOTONIC when the epoch's clock was 0, in microseconds. */
const MONOTONIC_OFFSET = Number(process.hrtime.bigint() / 1000n) - Date.now() * 1000;

export function monotonic(timeMs: number): number {
  return timeMs === 0 ? 0 : Math.max(1, Math.round(timeMs * 1000 + MONOTONIC_OFFSET));
}

function related(name: string, ...relations: readonly Relation[]): Property {
  return property(name, 'as', (subject) => [...new Set(relations.flatMap((relation) => subject.related(relation)))]);
}

/** What every unit has counts as soon as it was read, also for a unit that runs with what it was started with. */
function newest({ loaded, config: running }: Subject): CommonConfig | undefined {
  return loaded.config ?? running;
}

function config<T extends PropertyValue>(name: string, signature: string, read: (config: CommonConfig) => T, without: T): Property {
  return property(name, signature, (subject) => {
    const own = newest(subject);
    return own === undefined ? without : read(own);
  });
}

/** A time in both clocks. */
export function times(name: string, read: (state: UnitState) => number): readonly Property[] {
  return [live(`${name}Timestamp`, 't', ({ state }) => usec(read(state))), live(`${name}TimestampMonotonic`, 't', ({ state }) => monotonic(read(state)))];
}

export const UNIT_PROPERTIES: readonly Property[] = [
  property('Id', 's', ({ loaded }) => loaded.name),
  property('Names', 'as', (subject) => [subject.loaded.name, ...subject.aliases()]),
  ...fixed('s', '', 'Following'),
  related('Requires', 'requires'),
  related('Requisite', 'requisite'),
  related('Wants', 'wants'),
  related('BindsTo', 'bindsTo'),
  related('PartOf', 'partOf'),
  related('Upholds', 'upholds'),
  related('RequiredBy', 'requires-inverse'),
  related('RequisiteOf', 'requisite-inverse'),
  related('WantedBy', 'wants-inverse'),
  related('BoundBy', 'bindsTo-inverse'),
  related('UpheldBy', 'upholds-inverse'),
  related('ConsistsOf', 'partOf-inverse'),
  related('Conflicts', 'conflicts'),
  related('ConflictedBy', 'conflicts-inverse'),
  related('Before', 'before'),
  related('After', 'after'),
  related('OnSuccess', 'onSuccess'),
  related('OnSuccessOf', 'onSuccess-inverse'),
  related('OnFailure', 'onFailure'),
  related('OnFailureOf', 'onFailure-inverse'),
  related('Triggers', 'triggers'),
  related('TriggeredBy', 'triggeredBy'),
  related('PropagatesReloadTo', 'propagatesReloadTo', 'reloadPropagatedFrom-inverse'),
  related('ReloadPropagatedFrom', 'reloadPropagatedFrom', 'propagatesReloadTo-inverse'),
  related('PropagatesStopTo', 'propagatesStopTo', 'stopPropagatedFrom-inverse'),
  related('StopPropagatedFrom', 'stopPropagatedFrom', 'propagatesStopTo-inverse'),
  related('JoinsNamespaceOf', 'joinsNamespaceOf', 'joinsNamespaceOf-inverse'),
  ...fixed('as', [], 'SliceOf'),
  config('Documentation', 'as', ({ documentation }) => documentation, []),
  property('Description', 's', (subject) => newest(subject)?.description ?? subject.loaded.name),
  property('LoadState', 's', ({ loaded }) => loaded.loadState),
  live('ActiveState', 's', ({ state }) => state.activeState),
  ...fixed('s', 'running', 'FreezerState'),
  live('SubState', 's', ({ state }) => state.subState),
  property('FragmentPath', 's', (subject) => subject.fragmentPath()),
  property('SourcePath', 's', ({ loaded }) => loaded.contents?.sourcePath ?? ''),
  property('DropInPaths', 'as', ({ loaded }) => loaded.contents?.dropInPaths ?? []),
  property('UnitFileState', 's', ({ state }) => state.unitFileState),
  property('UnitFilePreset', 's', ({ state }) => state.unitFilePreset),
  ...times('StateChange', (state) => state.stateChangeMs),
  ...times('InactiveExit', (state) => state.inactiveExitMs),
  ...times('ActiveEnter', (state) => state.activeEnterMs),
  ...times('ActiveExit', (state) => state.activeExitMs),
  ...times('InactiveEnter', (state) => state.inactiveEnterMs),
  config('CanStart', 'b', ({ refuseManualStart }) => !refuseManualStart, false),
  property('CanStop', 'b', (subject) => newest(subject)?.refuseManualStop !== true),
  property('CanReload', 'b', canReload),
  config('CanIsolate', 'b', ({ allowIsolate }) => allowIsolate, false),
  property('CanClean', 'as', canClean),
  ...fixed('b', false, 'CanFreeze CanLiveMount'),
  live('Job', '(uo)', ({ state }) => [state.jobId, state.jobId === 0 ? '/' : `/org/freedesktop/systemd1/job/${state.jobId}`]),
  config('StopWhenUnneeded', 'b', ({ stopWhenUnneeded }) => stopWhenUnneeded, false),
  config('RefuseManualStart', 'b', ({ refuseManualStart }) => refuseManualStart, false),
  config('RefuseManualStop', 'b', ({ refuseManualStop }) => refuseManualStop, false),
  config('AllowIsolate', 'b', ({ allowIsolate }) => allowIsolate, false),
  config('DefaultDependencies', 'b', ({ defaultDependencies }) => defaultDependencies, true),
  ...fixed('b', false, 'SurviveFinalKillSignal'),
  ...fixed('s', 'fail', 'OnSuccessJobMode'),
  ...fixed('s', 'replace', 'OnFailureJobMode'),
  config('IgnoreOnIsolate', 'b', ({ ignoreOnIsolate }) => ignoreOnIsolate, false),
  property('NeedDaemonReload', 'b', ({ state }) => state.needDaemonReload),
  ...fixed('as', [], 'Markers'),
  config('JobTimeoutUSec', 't', ({ jobTimeoutMs }) => usec(jobTimeoutMs), Infinity),
  config('JobRunningTimeoutUSec', 't', ({ jobRunningTimeoutMs }) => usec(jobRunningTimeoutMs), Infinity),
  ...fixed('s', 'none', 'JobTimeoutAction'),
  ...fixed('s', '', 'JobTimeoutRebootArgument'),
  live('ConditionResult', 'b', ({ state }) => state.condition.met),
  live('AssertResult', 'b', ({ state }) => state.condition.assertsMet),
  ...times('Condition', (state) => state.condition.timeMs),
  ...times('Assert', (state) => state.condition.timeMs),
  property('Conditions', 'a(sbbsi)', (subject) => conditions(subject, false)),
  property('Asserts', 'a(sbbsi)', (subject) => conditions(subject, true)),
  property('LoadError', '(ss)', loadError),
  ...fixed('b', false, 'Transient Perpetual'),
  config('StartLimitIntervalUSec', 't', ({ startLimitIntervalMs }) => usec(startLimitIntervalMs), 10_000_000),
  config('StartLimitBurst', 'u', ({ startLimitBurst }) => startLimitBurst, 5),
  ...fixed('s', 'none', 'StartLimitAction FailureAction'),
  ...fixed('i', -1, 'FailureActionExitStatus'),
  ...fixed('s', 'none', 'SuccessAction'),
  ...fixed('i', -1, 'SuccessActionExitStatus'),
  ...fixed('s', '', 'RebootArgument'),
  live('InvocationID', 'ay', ({ state }) => Buffer.from(state.invocationId, 'hex')),
  config('CollectMode', 's', ({ collectMode }) => collectMode, 'inactive'),
  ...fixed('as', [], 'Refs'),
  ...fixed('a(ss)', [], 'ActivationDetails'),
  ...fixed('b', false, 'DebugInvocation'),
];

function canClean(subject: Subject): readonly string[] {
  const { config: own } = subject;
  if (own?.type !== 'service') return [];
  const kinds = (['runtime', 'state', 'cache', 'logs', 'configuration'] as const).filter((kind) => own.exec[`${kind}Directory`].names.length > 0);
  return [...kinds, ...(own.fileDescriptorStoreMax > 0 && own.fileDescriptorStorePreserve !== 'no' ? ['fdstore'] : [])];
}

function canReload({ config: own }: Subject): boolean {
  return own?.type === 'service' && (own.execReload.length > 0 || own.serviceType === 'notify-reload');
}

function conditions(subject: Subject, assert: boolean): PropertyValue {
  const mine = newest(subject)?.conditions.filter((condition) => condition.assert === assert) ?? [];
  return mine.map((condition: Condition) => [condition.key, condition.trigger, condition.negate, condition.value, subject.conditionResult(condition)]);
}

function loadError({ loaded }: Subject): PropertyValue {
  const name = 'org.freedesktop.systemd1.';
  switch (loaded.loadState) {
    case 'loaded':
      return ['', ''];
    case 'not-found':
      return [`${name}NoSuchUnit`, `Unit ${loaded.name} not found.`];
    case 'masked':
      return [`${name}UnitMasked`, `Unit ${loaded.name} is masked.`];
    case 'bad-setting':
    case 'error':
      return [`${name}BadUnitSetting`, `Unit ${loaded.name} has a bad unit file setting.`];
  }
}
