// npm run build: bundles the command and the library into dist/. koffi stays outside: it has a native part.
import { build } from 'esbuild';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { cli: 'src/cli/main.ts', 'sd-daemon': 'src/sd-daemon/index.ts' },
  outdir: 'dist',
  bundle: true,
  // Verbs load only what they need.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['koffi'],
  define: { ROUSE_VERSION: JSON.stringify(version) },
  // commander is CommonJS, and asks for node's modules by require().
  banner: { js: "import { createRequire as rouseCreateRequire } from 'node:module'; const require = rouseCreateRequire(import.meta.url);" },
  sourcemap: true,
  legalComments: 'linked',
  logLevel: 'warning',
});
