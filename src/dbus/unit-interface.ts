/** Table: what unit and job objects are asked, beside their properties; org.freedesktop.systemd1(5), "UNIT OBJECTS" and "JOB OBJECTS". */
import { propertyTables } from '../properties/tables.js';
import type { Api } from './api.js';
import { method, query, type CallContext, type Interface, type Method, type PropertyAccess } from './interface.js';
import { enqueue, type JobRequest } from './jobs.js';
import { BUS_NAME, CallError, unitPath } from './names.js';
import { killUnit, unitProcesses } from './processes.js';

type UnitContext = CallContext<string>;
type JobContext = CallContext<number>;

function jobMethod(name: string, request: JobRequest): Method<string> {
  return method(name, 'mode:s', 'job:o', ({ api, caller, object }: UnitContext, mode: string) => [enqueue(api, caller, object, request, mode)]);
}

const UNIT_METHODS: readonly Method<string>[] = [
  jobMethod('Start', 'start'),
  jobMethod('Stop', 'stop'),
  jobMethod('Reload', 'reload'),
  jobMethod('Restart', 'restart'),
  jobMethod('TryRestart', 'try-restart'),
  jobMethod('ReloadOrRestart', 'reload-or-restart'),
  jobMethod('ReloadOrTryRestart', 'reload-or-try-restart'),
  method('Kill', 'whom:s signal:i', '', ({ api, object }: UnitContext, whom: string, signal: number) => {
    killUnit(api, object, whom, signal);
    return [];
  }),
  method('ResetFailed', '', '', ({ api, object }: UnitContext) => {
    api.find(object)?.resetFailed();
    return [];
  }),
  method('Ref', '', '', ({ caller, object }: UnitContext) => {
    caller.hold(object);
    return [];
  }),
  method('Unref', '', '', ({ caller, object }: UnitContext) => {
    caller.release(object);
    return [];
  }),
];

const TYPE_METHODS: readonly Method<string>[] = [query('GetProcesses', '', 'processes:a(sus)', ({ api, object }: UnitContext) => [unitProcesses(api, object)])];

/** That of its type, then that of every unit. */
export function unitInterfaces(unit: string): readonly Interface<string>[] {
  return propertyTables(unit).map(({ interface: name, properties }) => ({
    name: `${BUS_NAME}.${name}`,
    methods: name === 'Unit' ? UNIT_METHODS : name === 'Target' ? [] : TYPE_METHODS,
    signals: [],
    properties: ({ api, object }, only): readonly PropertyAccess[] => {
      const subject = api.subject(object);
      return properties
        .filter((property) => only === undefined || property.name === only)
        .map((property) => ({ name: property.name, signature: property.signature, get: () => property.read(subject), live: property.live }));
    },
  }));
}

export const JOB_INTERFACE: Interface<number> = {
  name: `${BUS_NAME}.Job`,
  methods: [
    method('Cancel', '', '', ({ api, object }: JobContext) => {
      api.manager.jobs.finish(jobOf(api, object), { result: 'canceled' });
      return [];
    }),
  ],
  signals: [],
  properties: ({ api, object }) => {
    const { id, unit, type, state } = jobOf(api, object);
    const read = (name: string, signature: string, value: ReturnType<PropertyAccess['get']>): PropertyAccess => ({ name, signature, get: () => value, live: name === 'State' });
    return [read('Id', 'u', id), read('Unit', '(so)', [unit, unitPath(unit)]), read('JobType', 's', type), read('State', 's', state), read('ActivationDetails', 'a(ss)', [])];
  },
};

/** Throws CallError. */
function jobOf(api: Api, id: number): NonNullable<ReturnType<Api['job']>> {
  const job = api.job(id);
  if (job === undefined) throw CallError.systemd('NoSuchJob', `Job ${id} does not exist.`);
  return job;
}
