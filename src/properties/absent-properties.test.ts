import { expect, it } from 'vitest';
import { specifierTable } from '../unit/specifiers.js';
import { SERVICE_KEYS } from '../unit/service-keys.js';
import { FACTS } from '../unit/testing/load-text.js';
import { ABSENT_PROPERTIES } from './absent-properties.js';
import { SERVICE_PROPERTIES } from './service-properties.js';
import { SOCKET_PROPERTIES } from './socket-properties.js';
import { UNIT_PROPERTIES } from './unit-properties.js';

const context = { specifiers: specifierTable('x.service', FACTS, '/x.service'), place: { file: '/x.service', line: 1 }, skip: () => undefined };

it('a key that has an effect is not said to have none', () => {
  const effective = ABSENT_PROPERTIES.map(({ name }) => name.replace(/USec$/, 'Sec')).filter((key) => {
    const row = SERVICE_KEYS.get(key);
    const draft = {};
    if (row === undefined || row.without !== undefined) return false;
    for (const value of ['yes', '7', '/x', 'x']) row.read(draft, value, context);
    return Object.keys(draft).length > 0;
  });
  expect(effective).toEqual([]);
});

it.each([
  ['services', SERVICE_PROPERTIES],
  ['sockets', SOCKET_PROPERTIES],
  ['every unit', UNIT_PROPERTIES],
])('no property of %s is there twice', (_, properties) => {
  const names = properties.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
