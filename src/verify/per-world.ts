/** What a check needs of the whole world is worked out once, so that thousands of files take seconds. */
import type { World } from './subject.js';

export function perWorld<T>(build: (world: World) => T): (world: World) => T {
  const built = new WeakMap<World, T>();
  return (world) => {
    let value = built.get(world);
    if (value === undefined) built.set(world, (value = build(world)));
    return value;
  };
}

/** Each value under its keys. */
export function indexBy<T>(values: Iterable<T>, keysOf: (value: T) => readonly string[]): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>();
  for (const value of values) {
    for (const key of keysOf(value)) {
      const same = index.get(key);
      if (same === undefined) index.set(key, [value]);
      else same.push(value);
    }
  }
  return index;
}
