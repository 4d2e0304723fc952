/** What is in native/ is what its sources make: nobody has to trust a binary. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const NATIVE = join(import.meta.dirname, '../native');
const CC = { x64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc' }[process.arch as string] ?? 'cc';
const MACHINE = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const binaries = readdirSync(NATIVE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(x86_64|aarch64|so)$/.test(name))
  .sort();
const sums = new Map(
  readFileSync(join(NATIVE, 'SHA256SUMS'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => [line.slice(66), line.slice(0, 64)]),
);

/** Another compiler makes other bytes, which do the same. */
function isReferenceCompiler(): boolean {
  try {
    return execFileSync(CC, ['-dumpfullversion'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).startsWith('12.2.');
  } catch {
    return false;
  }
}

describe('the native parts', () => {
  it('are all in SHA256SUMS, with the bytes that they have (sh native/build-all.sh makes both)', () => {
    expect(Object.fromEntries(sums)).toEqual(Object.fromEntries(binaries.map((name) => [name, sha256(join(NATIVE, name))])));
  });

  it.runIf(isReferenceCompiler())(
    'are what their sources make',
    () => {
      const copy = mkdtempSync(join(tmpdir(), 'rouse-native-'));
      try {
        cpSync(NATIVE, copy, { recursive: true });
        for (const { name } of readdirSync(copy, { withFileTypes: true }).filter((entry) => entry.isDirectory() && readdirSync(join(copy, entry.name)).includes('build.sh')))
          execFileSync('sh', [join(copy, name, 'build.sh')], { env: { ...process.env, CC }, stdio: 'pipe' });
        const built = binaries.filter((name) => name.includes(`.${MACHINE}`));
        expect(built.length).toBeGreaterThan(5);
        expect(Object.fromEntries(built.map((name) => [name, sha256(join(copy, name))]))).toEqual(Object.fromEntries(built.map((name) => [name, sums.get(name)])));
      } finally {
        rmSync(copy, { recursive: true });
      }
    },
    120_000,
  );
});
