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
  const links: InstallLink[] = [];
  const name = findSection(service, 'Install') === undefined ? undefined : installedName(service);
  for (const alias of words(service, 'Alias')) {
    const path = posix.normalize(alias);
    // Nothing is written outside of the folder.
    if (!path.startsWith('/') && path !== '..' && !path.startsWith('../')) links.push({ path, target: posix.relative(posix.dirname(path), service.name) });
  }
  if (name === undefined) return links;
  for (const [key, kind] of KINDS) for (const unit of words(service, key)) if (!unit.includes('/')) links.push({ path: `${unit}.${kind}/${name}`, target: `../${service.name}` });
  return links;
}

const KINDS = [
  ['WantedBy', 'wants'],
  ['RequiredBy', 'requires'],
  ['UpheldBy', 'upholds'],
] as const;

function words(service: UnitContents, key: string): readonly string[] {
  return allValues(service, 'Install', key).flatMap(({ value }) => splitWords(value, { keepEscapes: true }).words);
}

/** Of a template its default instance, where it has one. */
function installedName(service: UnitContents): string | undefined {
  const { prefix, instance, type } = splitName(service.name);
  if (instance !== '') return service.name;
  const chosen = lastValue(service, 'Install', 'DefaultInstance')?.value ?? '';
  return chosen === '' ? undefined : `${prefix}@${chosen}.${type}`;
}
