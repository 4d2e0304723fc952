/** What a unit that OnFailure= or OnSuccess= starts is told; systemd.exec(5), MONITOR_SERVICE_RESULT and its kin. */
import { ServiceUnit } from './service.js';
import type { Unit } from './unit.js';

export function monitorVariables(unit: Unit): ReadonlyMap<string, string> {
  const variables = new Map([['MONITOR_UNIT', unit.name]]);
  if (!(unit instanceof ServiceUnit)) return variables;
  variables.set('MONITOR_INVOCATION_ID', unit.invocationId).set('MONITOR_SERVICE_RESULT', unit.result);
  const { mainExit } = unit;
  if (mainExit !== undefined) variables.set('MONITOR_EXIT_CODE', mainExit.code).set('MONITOR_EXIT_STATUS', mainExit.signal?.replace(/^SIG/, '') ?? String(mainExit.status));
  return variables;
}
