// npm test: sets up what is missing, checks and tests everything, and ends with the plain line `N passed, N failed`.
// Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
}

function setUp() {
  if (existsSync('node_modules/.package-lock.json')) return;
  console.log('npm test: installing the npm packages');
  if (run('npm', ['ci', '--no-audit', '--no-fund']) !== 0) process.exit(1);
}

/** Runs vitest and returns its own counts. */
function vitest(config) {
  const folder = mkdtempSync(join(tmpdir(), 'rouse-test-'));
  const report = join(folder, 'report.json');
  const status = run('node_modules/.bin/vitest', ['run', '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  rmSync(folder, { recursive: true });
  const failed = counts.numFailedTests + (status !== 0 && counts.numFailedTests === 0 ? 1 : 0);
  return { passed: counts.numPassedTests, failed, skipped: counts.numPendingTests };
}

setUp();
const { passed, failed, skipped } = vitest('vitest.config.ts');
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
