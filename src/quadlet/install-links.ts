/**
 * The links that stand for the [Install] section of a generated service: it cannot be enabled, so the section counts by itself;
 * podman-systemd.unit(5), "Enabling unit files".
 */
import { posix } from 'node:path';
import { allValues, findSection, lastValue } from '../unitfile/lookup.js';
import type { UnitContents } from '../unitfile/unit-file.js';
import { splitWords } from '../unitfile/words.js';
import { splitName } from './kinds.js';

export interface InstallLink {
  /** Relative to the folder of the service: 'multi-user.target.wants/echo.service'. */
  readonly path: string;
  readonly target: string;
}

export function installLinks(service: UnitContents): readonly InstallLink[] {
  if (findSection(service, 'Install') === undefined) return [];
  const words = (key: string): readonly string[] => allValues(service, 'Install', key).flatMap(({ value }) => splitWords(value, { keepEscapes: true }).words);
  const name = installedName(service);
  const into = (key: string, kind: string): readonly InstallLink[] =>
    name === undefined
      ? []
      : words(key)
          .filter((unit) => !unit.includes('/'))
          .map((unit) => ({ path: `${unit}.${kind}/${name}`, target: `../${service.name}` }));
  // Nothing is written outside of the folder.
  const aliases = words('Alias')
    .map((alias) => posix.normalize(alias))
    .filter((path) => !path.startsWith('/') && path !== '..' && !path.startsWith('../'))
    .map((path) => ({ path, target: posix.relative(posix.dirname(path), service.name) }));
  return [...aliases, ...into('WantedBy', 'wants'), ...into('RequiredBy', 'requires'), ...into('UpheldBy', 'upholds')];
}

/** Of a template its default instance, where it has one. */
function installedName(service: UnitContents): string | undefined {
  const { prefix, instance, type } = splitName(service.name);
  if (instance !== '') return service.name;
  const chosen = lastValue(service, 'Install', 'DefaultInstance')?.value ?? '';
  return chosen === '' ? undefined : `${prefix}@${chosen}.${type}`;
}
