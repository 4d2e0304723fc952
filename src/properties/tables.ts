/** Which properties a unit of a type has, by interface, and all of a unit's as `show` prints them. */
import { CGROUP_PROPERTIES } from './exec-properties.js';
import { fixed, type Property } from './property.js';
import { SERVICE_PROPERTIES } from './service-properties.js';
import { SOCKET_PROPERTIES } from './socket-properties.js';
import type { Subject } from './subject.js';
import { propertyLines } from './text.js';
import { UNIT_PROPERTIES } from './unit-properties.js';

const SCOPE_PROPERTIES: readonly Property[] = [...fixed('s', 'success', 'Result'), ...fixed('s', '', 'Controller'), ...CGROUP_PROPERTIES];

export interface PropertyTable {
  /** 'Service', 'Socket', 'Target' … and 'Unit': the D-Bus interface's last word. */
  readonly interface: string;
  readonly properties: readonly Property[];
}

const OWN: Readonly<Record<string, readonly Property[]>> = { service: SERVICE_PROPERTIES, socket: SOCKET_PROPERTIES, scope: SCOPE_PROPERTIES };

/** Those of its type, then those of every unit: the order in which systemd lists them. */
export function propertyTables(unit: string): readonly PropertyTable[] {
  const type = unit.slice(unit.lastIndexOf('.') + 1);
  const own = OWN[type];
  const name = `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  return [
    { interface: name, properties: own ?? [] },
    { interface: 'Unit', properties: UNIT_PROPERTIES },
  ];
}

/** Name and text of each property; one with several records comes once for each. Empty ones are there too. */
export function showProperties(subject: Subject): readonly (readonly [name: string, text: string])[] {
  return propertyTables(subject.loaded.name).flatMap(({ properties }) =>
    properties.flatMap(({ name, signature, read }) => {
      const value = read(subject);
      return value === undefined ? [] : propertyLines(name, signature, value).map((line) => [name, line] as const);
    }),
  );
}
