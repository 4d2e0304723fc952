// npm run check: format, lint, types, import rules and unit tests. `--fix` formats and fixes what can be fixed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
const fix = process.argv.includes('--fix');
if (!existsSync('node_modules/.bin/tsc')) {
  console.error('The npm packages are not installed\n  hint: npm ci');
  process.exit(1);
}

const bin = (name) => `node_modules/.bin/${name}`;
const FOLDERS = ['src', 'tools', 'scripts', 'test', 'examples', 'bench'].filter((folder) => existsSync(folder));
const STEPS = [
  { name: 'format', command: [bin('oxfmt'), ...(fix ? [] : ['--check']), ...FOLDERS] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings', ...(fix ? ['--fix'] : []), ...FOLDERS] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  { name: 'layers', command: ['node', 'tools/check-layers.mjs'] },
  { name: 'unit tests', command: [bin('vitest'), 'run', '--reporter=dot'] },
];

const failed = STEPS.filter(({ name, command: [program, ...args] }) => {
  console.log(`check: ${name}`);
  return spawnSync(program, args, { stdio: 'inherit' }).status !== 0;
}).map(({ name }) => name);
console.log(failed.length === 0 ? 'check: all is well' : `check: failed: ${failed.join(', ')}${fix ? '' : ' (npm run check -- --fix mends format and some lint)'}`);
process.exitCode = failed.length === 0 ? 0 : 1;
