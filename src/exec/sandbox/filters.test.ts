import { expect, it } from 'vitest';
import { service } from '../../unit/testing/load-text.js';
import { seccompFilters } from './filters.js';

it.each([
  ['nothing', '', 0],
  ['calls', 'SystemCallFilter=@system-service', 1],
  ['calls and architectures', 'SystemCallFilter=~@clock\nSystemCallArchitectures=native', 2],
  ['address families', 'RestrictAddressFamilies=AF_UNIX', 1],
  ['namespaces', 'RestrictNamespaces=yes', 1],
  ['everything else', 'RestrictRealtime=yes\nRestrictSUIDSGID=yes\nMemoryDenyWriteExecute=yes\nLockPersonality=yes\nProtectHostname=yes\nProtectKernelLogs=yes', 6],
])('%s makes its own filters', (_, lines, count) => {
  const filters = seccompFilters(service(lines).exec.sandbox);
  expect(filters).toHaveLength(count);
  for (const filter of filters) expect(filter).toMatch(/^([0-9a-f]{16})+$/);
});
