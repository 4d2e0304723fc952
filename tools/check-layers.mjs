// Checks that folders import only what ARCHITECTURE.md allows: its table "What each folder may import" is the rule.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g;

/** `| sys | … | … |` rows: folder, may import from src, may import from outside. */
function readRules() {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const table = text.split('## What each folder may import')[1]?.split('\n## ')[0] ?? '';
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, 4));
  const names = (cell) => new Set([...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  return new Map(rows.map(([folder, ours, packages]) => [[...names(folder)][0], { ours: names(ours), packages: names(packages) }]));
}

function files(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** A rule for a file stands before that of its folder: `cli/daemon.ts`. */
function ruleOf(rules, path) {
  return rules.get(path) ?? rules.get(path.split('/')[0]);
}

function check(rules, file) {
  const path = relative(join(root, 'src'), file);
  const folder = path.split('/')[0];
  const rule = ruleOf(rules, path);
  if (rule === undefined) return [`src/${path}: its folder has no row in ARCHITECTURE.md`];
  const isTest = file.endsWith('.test.ts') || path.includes('/testing/');
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].flatMap(([, from, lazy, bare]) => {
    const target = from ?? lazy ?? bare;
    if (target.startsWith('node:')) return [];
    if (!target.startsWith('.'))
      return isTest ||
        rule.packages.has(
          target
            .split('/')
            .slice(0, target.startsWith('@') ? 2 : 1)
            .join('/'),
        )
        ? []
        : [`src/${path}: may not import the package ${target}`];
    const to = relative(join(root, 'src'), join(dirname(file), target)).replace(/\.js$/, '.ts');
    const other = to.split('/')[0];
    if (other === folder || isTest) return [];
    return rule.ours.has(other) || rule.ours.has(to) ? [] : [`src/${path}: may not import from ${other} (${target})`];
  });
}

const rules = readRules();
if (rules.size === 0) throw new Error('ARCHITECTURE.md has no table "What each folder may import"');
const problems = files(join(root, 'src')).flatMap((file) => check(rules, file));
for (const problem of problems) console.error(problem);
console.log(`layers: ${problems.length === 0 ? 'every import is allowed' : `${problems.length} imports are not allowed`}`);
process.exitCode = problems.length === 0 ? 0 : 1;
