import { describe, expect, it } from 'vitest';
import { folderFor } from './places.js';

const SYSTEM = {
  rouseDir: '/run/rouse',
  runtimeDir: '/run',
  configUnitDir: '/etc/systemd/system',
  quadletDirs: ['/etc/rouse', '/run/containers/systemd', '/etc/containers/systemd'],
};
const BESIDE_SYSTEMD = { ...SYSTEM, configUnitDir: '/etc/rouse', quadletDirs: ['/etc/rouse'] };

describe('a file that is to stay', () => {
  it.each(['web.container', 'shop-default.network', 'shop-data.volume', 'web.build', 'web.pod'])('goes to a folder where Quadlet looks: %s', (name) => {
    expect(folderFor({ name }, SYSTEM, true)).toBe('/etc/containers/systemd');
    expect(folderFor({ name }, BESIDE_SYSTEMD, true)).toBe('/etc/rouse');
  });

  it.each(['web.socket', 'web.service'])("goes to systemd's folder: %s", (name) => {
    expect(folderFor({ name }, SYSTEM, true)).toBe('/etc/systemd/system');
  });
});

it('a file for this boot goes to the folder of the manager', () => {
  expect(folderFor({ name: 'web.container' }, SYSTEM, false)).toBe('/run/rouse/run-units');
});
