/** test/shown/ has unit files, and beside each what `systemctl show` of systemd 257 printed of it, as far as rouse has it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadText } from '../unit/testing/load-text.js';
import { offlineSubject } from './subject.js';
import { showProperties } from './tables.js';

const FOLDER = join(import.meta.dirname, '../../test/shown');
const UNORDERED = /^(After|Before|Requires|Wants|Conflicts)$/;

function lines(properties: Iterable<readonly [name: string, value: string]>): readonly string[] {
  return [...properties].map(([name, value]) => `${name}=${UNORDERED.test(name) ? value.split(' ').sort().join(' ') : value}`).sort();
}

describe('show', () => {
  it.each(readdirSync(FOLDER).filter((name) => !name.endsWith('.txt')))('%s as systemctl does', (name) => {
    const { config, diagnostics } = loadText(name, readFileSync(join(FOLDER, name), 'utf8'));
    expect(diagnostics).toEqual([]);
    const wanted = readFileSync(join(FOLDER, `${name}.txt`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
    const names = new Set(wanted.map(([property]) => property));
    const contents = { name, fragmentPath: `/etc/systemd/system/${name}`, dropInPaths: [], sections: [] };
    const shown = showProperties(offlineSubject({ name, loadState: 'loaded', config, contents, diagnostics: [], changedMs: 0 }, '', []));
    expect(lines(shown.filter(([property]) => names.has(property)))).toEqual(lines(wanted));
  });
});
