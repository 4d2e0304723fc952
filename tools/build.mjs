// npm run build: bundles the command and the library into dist/. koffi stays outside: it has a native part.
import { build } from 'esbuild';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  define: { ROUSE_VERSION: JSON.stringify(version) },
  sourcemap: true,
  legalComments: 'linked',
  logLevel: 'warning',
};
await build({
  ...common,
  entryPoints: { cli: 'src/cli/main.ts', 'sd-daemon': 'src/sd-daemon/index.ts' },
  outdir: 'dist',
  // Verbs load only what they need.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  external: ['koffi'],
  // commander is CommonJS, and asks for node's modules by require().
  banner: { js: "import { createRequire as rouseCreateRequire } from 'node:module'; const require = rouseCreateRequire(import.meta.url);" },
});
// At boot nothing waits for a generator longer than it must: one file, in the format that Node loads fastest.
await build({ ...common, entryPoints: { generator: 'src/cli/generator.ts' }, outdir: 'dist', format: 'cjs', outExtension: { '.js': '.cjs' } });
