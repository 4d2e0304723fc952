// Makes echo.cjs, one file that starts fast, with koffi's library beside it, which is loaded only when it is needed.
//
//   node bundle.mjs [FOLDER]     (default: dist/examples/echo in the repository)
import { build } from 'esbuild';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const repository = join(import.meta.dirname, '../..');

/**
 * koffi's library for this machine, which koffi's own code searches for among a dozen: that search takes longer than all else
 * that the server does at its start.
 */
export function koffiLibrary() {
  const home = dirname(dirname(createRequire(import.meta.url).resolve('koffi')));
  const system = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'linux';
  return join(home, '@koromix', `koffi-linux-${process.arch}`, `${system}_${process.arch}`, 'koffi.node');
}

const directKoffi = {
  name: 'direct-koffi',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'direct-koffi' }));
    onLoad({ filter: /.*/, namespace: 'direct-koffi' }, () => ({ contents: "module.exports = require('./koffi.node');", loader: 'js' }));
    onResolve({ filter: /^\.\/koffi\.node$/ }, () => ({ path: './koffi.node', external: true }));
  },
};

/** Writes echo.cjs and koffi.node into the folder. CommonJS: Node starts it some milliseconds sooner than a module. */
export async function bundle(folder) {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, 'echo.ts')],
    outfile: join(folder, 'echo.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    plugins: [directKoffi],
    logLevel: 'error',
  });
  copyFileSync(koffiLibrary(), join(folder, 'koffi.node'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle(process.argv[2] ?? join(repository, 'dist/examples/echo'));
