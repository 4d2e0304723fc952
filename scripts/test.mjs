// npm test: sets up what is missing, runs every check and every test, and ends with the plain line `N passed, N failed`.
// As root it makes a throw-away Debian host for the integration tests; anyone else is told that those do not run. Needs only Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, installDebianPackages, installNpmPackages, root } from './lib/setup.mjs';

process.chdir(root);

/** Format, lint, types and import rules: each counts as one test. */
async function staticChecks() {
  const { STATIC_STEPS, runStep } = await import('../tools/check.mjs');
  const failed = STATIC_STEPS.filter((step) => !runStep(step)).length;
  return { passed: STATIC_STEPS.length - failed, failed, skipped: 0 };
}

/** Runs vitest and returns its own counts. A run that breaks without a failed test counts as one. */
function vitest(config) {
  const folder = mkdtempSync(join(tmpdir(), 'rouse-test-'));
  const report = join(folder, 'report.json');
  const { status } = spawnSync('node_modules/.bin/vitest', ['run', '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
    stdio: 'inherit',
  });
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  rmSync(folder, { recursive: true });
  const failed = counts.numFailedTests + (status !== 0 && counts.numFailedTests === 0 ? 1 : 0);
  return { passed: counts.numPassedTests, failed, skipped: counts.numPendingTests };
}

async function setUp() {
  await installNpmPackages();
  await installDebianPackages([
    { program: 'socat', package: 'socat' },
    { program: 'gcc', package: 'gcc' },
  ]);
  await build();
}

function summary(results) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

try {
  await setUp();
} catch (error) {
  console.error(`npm test: the set-up failed: ${error.message}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const results = [await staticChecks(), vitest('vitest.config.ts')];
if (process.getuid() === 0) results.push(vitest('vitest.integration.config.ts'));
else console.log('npm test: the integration tests make a host of their own, which only root can: they do not run');
const { passed, failed, skipped } = summary(results);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
