// node scripts/fuzz.mjs [--seconds 180] [--seed N] [--only N]: random and mutated unit files, drop-ins and Quadlet files through
// parse, format, merge, load, convert and verify. Nothing may throw, nothing may take longer than a second, every diagnostic
// names a file and a line. What fails is printed with its number (--only N runs it again) and its files; the exit code is 1 then.
/* oxlint-disable unicorn/require-post-message-target-origin -- the port of a worker has no origin */
import { build } from 'esbuild';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

const LONGEST_MS = 1000;
const ROOT = join(import.meta.dirname, '..');

if (isMainThread) await main();
else await work();

async function main() {
  const option = (name, fallback) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : fallback);
  const seconds = option('--seconds', 180);
  const only = option('--only');
  const folder = mkdtempSync(join(tmpdir(), 'rouse-fuzz-bundle-'));
  try {
    const bundle = join(folder, 'fuzz.mjs');
    await build({
      absWorkingDir: ROOT,
      entryPoints: ['src/verify/testing/fuzz.ts'],
      outfile: bundle,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      logLevel: 'warning',
    });
    process.exitCode = await run({ bundle, seeds: seedFiles(), first: only ?? option('--seed', Date.now() % 2 ** 31), seconds, only: only !== undefined });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Unit and Quadlet files of the repository, which are mutated. */
function seedFiles() {
  const folders = ['test/quadlet', 'examples/echo', 'src/verify/testing'].map((folder) => join(ROOT, folder));
  return folders.flatMap((folder) =>
    list(folder)
      .filter((name) => /\.(socket|service|target|container|pod|kube|volume|network|image|build|artifact)$/.test(name))
      .map((name) => [name.slice(name.lastIndexOf('/') + 1), readFileSync(join(folder, name), 'utf8')]),
  );
}

function list(folder) {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

/** The worker says which number it begins; when it says nothing for too long, that number hangs, and another goes on after it. */
async function run({ bundle, seeds, first, seconds, only }) {
  const end = Date.now() + seconds * 1000;
  const failures = new Map();
  let number = first;
  let slowest = { ms: 0, number: first };
  while (Date.now() < end && failures.size < 20) {
    const { next, slow } = await runWorker({ bundle, seeds, number, end, only }, (failed, error, files) => {
      if (![...failures.values()].includes(error.split('\n')[0]))
        console.log(`number ${failed}: ${error}\n${JSON.stringify(files, (_, text) => (typeof text === 'string' && text.length > 2000 ? `${text.slice(0, 2000)}…` : text), 2)}\n`);
      failures.set(failed, error.split('\n')[0]);
    });
    if (slow.ms > slowest.ms) slowest = slow;
    number = next;
    if (only) break;
  }
  console.log(`fuzz: ${number - first} sets of files from number ${first}, ${failures.size} failed, the slowest took ${Math.round(slowest.ms)} ms (number ${slowest.number})`);
  return failures.size === 0 ? 0 : 1;
}

function runWorker(data, onFailure) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: data });
    let number = data.number;
    let slow = { ms: 0, number };
    let watch;
    const finish = (next) => {
      clearTimeout(watch);
      void worker.terminate();
      resolve({ next, slow });
    };
    // The watch is longer than what may pass, because the machine may be busy; what took too long is told by the worker's own clock.
    const arm = () => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        onFailure(number, 'it hangs', undefined);
        finish(number + 1);
      }, 20 * LONGEST_MS);
    };
    worker.on('message', (message) => {
      if (message.begin !== undefined) {
        number = message.begin;
        arm();
      }
      if (message.error !== undefined) onFailure(message.number, message.error, message.files);
      if (message.slow !== undefined) slow = message.slow;
      if (message.done !== undefined) finish(message.done);
    });
    worker.on('error', (error) => {
      onFailure(number, String(error.stack), undefined);
      finish(number + 1);
    });
    arm();
  });
}

async function work() {
  const { bundle, seeds, number: first, end, only } = workerData;
  const { randomFiles, checkFiles } = await import(pathToFileURL(bundle).href);
  let number = first;
  let slow = { ms: 0, number };
  const count = only ? 1 : Infinity;
  for (; Date.now() < end && number < first + count; number++) {
    parentPort.postMessage({ begin: number });
    const files = randomFiles(number, seeds);
    const start = process.cpuUsage();
    try {
      checkFiles(files);
    } catch (error) {
      parentPort.postMessage({ number, error: error.stack, files });
    }
    // Processor time: what another process holds up is not this input's fault.
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    if (ms > slow.ms) parentPort.postMessage({ slow: (slow = { ms, number }) });
    if (ms > LONGEST_MS) parentPort.postMessage({ number, error: `it takes ${Math.round(ms)} ms`, files });
  }
  parentPort.postMessage({ done: number });
}
