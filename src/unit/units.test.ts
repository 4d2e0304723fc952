/**
 * Runs test/units/: unit files that say in `##` lines what rouse makes of the line below.
 *
 *   ## assert-value FIELD JSON        FIELD of the config, with dots; "infinity" stands for no limit, "unset" for undefined
 *   ## assert-diagnostic "MESSAGE"    a diagnostic at that line (behind the last line: of the file as a whole)
 *   ## assert-hint "HINT"             the hint of the diagnostic named before it
 *   ## assert-not-loaded              the unit does not load
 *
 * A diagnostic that no line asserts fails the file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FACTS, loadText, whole } from './testing/load-text.js';

const FOLDER = join(import.meta.dirname, '../../test/units');

interface Assertions {
  readonly values: readonly (readonly [field: string, value: unknown])[];
  readonly problems: readonly string[];
  readonly loads: boolean;
}

function readAssertions(text: string): Assertions {
  const values: (readonly [string, unknown])[] = [];
  const problems: { line: number; text: string }[] = [];
  const lines = text.split('\n');
  for (const [i, line] of lines.entries()) {
    const [, directive, rest = ''] = /^## assert-(\S+) ?(.*)$/.exec(line) ?? [];
    if (directive === 'value') values.push([rest.slice(0, rest.indexOf(' ')), JSON.parse(rest.slice(rest.indexOf(' ') + 1))]);
    else if (directive === 'diagnostic') problems.push({ line: lineBelow(lines, i), text: JSON.parse(rest) as string });
    else if (directive === 'hint') (problems.at(-1) ?? { text: '' }).text += `\n  hint: ${JSON.parse(rest) as string}`;
  }
  return { values, problems: problems.map((problem) => `${problem.line}: ${problem.text}`).sort(), loads: !text.includes('## assert-not-loaded') };
}

/** 0 where none is left: the file as a whole. */
function lineBelow(lines: readonly string[], from: number): number {
  return lines.findIndex((line, i) => i > from && line.trim() !== '' && !line.startsWith('#')) + 1;
}

function fieldOf(config: unknown, field: string): unknown {
  const value = field.split('.').reduce<unknown>((from, part) => (from as Readonly<Record<string, unknown>> | undefined)?.[part], config);
  return JSON.parse(JSON.stringify(whole(value) ?? 'unset', (_, part: unknown) => (part === Infinity ? 'infinity' : part)));
}

describe('a unit file of test/units', () => {
  it.each(readdirSync(FOLDER).sort())('%s is what it says', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const wanted = readAssertions(text);
    const { config, diagnostics } = loadText(name, text, name.startsWith('user-') ? { mode: 'user', runtimeDir: '/run/user/1000' } : FACTS);
    expect(diagnostics.map(({ line, message, hint }) => `${line}: ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`).sort()).toEqual(wanted.problems);
    expect(config !== undefined).toBe(wanted.loads);
    for (const [field, value] of wanted.values) expect(withoutPlaces(fieldOf(config, field)), field).toEqual(value);
  });
});

/** Where a value stands is not what a file asserts of it. */
function withoutPlaces(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'place' ? undefined : part)));
}
