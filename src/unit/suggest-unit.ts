/** "Did you mean" for names of units: the type is a given, and only the names before it are compared. */
import { suggest } from '../unitfile/suggest.js';

/** 'ecko.socket' → 'echo.socket'; undefined where no unit of the type has a name that is near. */
export function suggestUnit(name: string, names: Iterable<string>): string | undefined {
  const type = name.slice(name.lastIndexOf('.'));
  const bases = [...names].filter((other) => other.endsWith(type)).map((other) => other.slice(0, -type.length));
  const near = suggest(name.slice(0, -type.length), bases);
  return near === undefined ? undefined : `${near}${type}`;
}
