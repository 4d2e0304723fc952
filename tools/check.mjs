// npm run check: format, lint, types, import rules and unit tests. `-- --fix` formats, and fixes what can be fixed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

process.chdir(join(import.meta.dirname, '..'));
const fix = process.argv.includes('--fix');
const bin = (name) => `node_modules/.bin/${name}`;
const FOLDERS = ['src', 'tools', 'scripts', 'test', 'examples', 'bench'].filter((folder) => existsSync(folder));

export const STATIC_STEPS = [
  { name: 'format', command: [bin('oxfmt'), ...(fix ? [] : ['--check']), ...FOLDERS] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings', ...(fix ? ['--fix'] : []), ...FOLDERS] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  { name: 'layers', command: ['node', 'tools/check-layers.mjs'] },
];
const UNIT_TESTS = { name: 'unit tests', command: [bin('vitest'), 'run', '--reporter=dot'] };

/** Runs a step with its output on ours; false when it failed. */
export function runStep({ name, command: [program, ...args] }) {
  console.log(`check: ${name}`);
  return spawnSync(program, args, { stdio: 'inherit' }).status === 0;
}

function check() {
  if (!existsSync(bin('tsc'))) {
    console.error('The npm packages are not installed\n  hint: npm ci');
    process.exit(1);
  }
  const failed = [...STATIC_STEPS, UNIT_TESTS].filter((step) => !runStep(step)).map(({ name }) => name);
  console.log(failed.length === 0 ? 'check: all is well' : `check: failed: ${failed.join(', ')}${fix ? '' : '\n  hint: npm run check -- --fix mends format and some lint'}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) check();
