/** What programs turned out to want of a port alone (families.ts), kept beside the logs: the next start, and the next manager, hold just that. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Families } from '../socket/families.js';
import type { Listen } from '../unit/config.js';

export class FamilyMemory {
  #known: Record<string, Families> | undefined;

  constructor(readonly path: string) {}

  of(unit: string, listen: Listen): Families {
    return this.#read()[key(unit, listen)] ?? 'each';
  }

  /** That it cannot be written down is no reason to fail: it will be learned again. */
  learn(unit: string, listen: Listen, families: Families): void {
    const known = this.#read();
    if (known[key(unit, listen)] === families) return;
    known[key(unit, listen)] = families;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      writeFileSync(this.path, `${JSON.stringify(known, undefined, 2)}\n`);
    } catch {
      return;
    }
  }

  #read(): Record<string, Families> {
    return (this.#known ??= readJson(this.path));
  }
}

function key(unit: string, { kind, text }: Listen): string {
  return `${unit} ${kind} ${text}`;
}

function readJson(path: string): Record<string, Families> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Families>;
  } catch {
    return {};
  }
}
