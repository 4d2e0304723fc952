// Builds the image of the echo server from what this machine has: its own Node, the libraries that Node needs, and the bundled
// program. No registry is reached, and a second run with nothing changed asks podman one question.
//
//   node build-image.mjs [OPTIONS OF podman build …]     for example: node build-image.mjs --isolation=chroot
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { bundle, koffiLibrary } from './bundle.mjs';

const LABEL = 'echo.content';

/**
 * `podman`: the program, with global options where they are needed (['podman', '--cgroup-manager=cgroupfs']); `args`: options
 * of `podman build`; `cache`: where the files are collected. Resolves with { tag, built }: false when the image was there.
 */
export async function buildImage({ podman = 'podman', args = [], tag = 'localhost/rouse-echo', cache = defaultCache(), onProgress = () => {} } = {}) {
  const command = [podman].flat();
  const { folder, digest } = await collect({ cache, onProgress });
  if (await hasImage(command, tag, digest)) {
    onProgress(`${tag} is there already`);
    return { tag, built: false };
  }
  onProgress(`Building ${tag}`);
  await run(
    [...command, 'build', '--pull=never', '--label', `${LABEL}=${digest}`, '--tag', tag, '--file', join(import.meta.dirname, 'Containerfile'), ...args, folder],
    onProgress,
  );
  return { tag, built: true };
}

function defaultCache() {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rouse-echo');
}

/** Makes the folders base/ and app/ of the Containerfile. Resolves with their parent, and a digest of what is in them. */
export async function collect({ cache, onProgress = () => {} }) {
  onProgress('Bundling the server');
  const making = join(cache, `making.${process.pid}`);
  await bundle(join(making, 'app'));
  const files = await baseFiles();
  const base = digestOf([...files].map(([from, to]) => describe(from, to)));
  const app = digestOf(readdirSync(join(making, 'app')).map((name) => readFileSync(join(making, 'app', name))));
  const digest = digestOf([base, app, readFileSync(join(import.meta.dirname, 'Containerfile'))]);
  const folder = join(cache, digest);
  if (existsSync(folder)) {
    rmSync(making, { recursive: true });
    return { folder, digest };
  }
  onProgress(`Collecting Node and its libraries: ${files.size} files`);
  for (const [from, to] of files) place(from, join(making, 'base', to));
  for (const old of readdirSync(cache)) if (/^[0-9a-f]{16}$/.test(old)) rmSync(join(cache, old), { recursive: true, force: true });
  renameSync(making, folder);
  return { folder, digest };
}

function digestOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Reading 100 MB of Node for a digest would take longer than all the rest. */
function describe(from, to) {
  const { size, mtimeMs } = statSync(from);
  return `${to} ${size} ${mtimeMs}`;
}

/** The files that Node needs to start, each by the path that it has in the image. */
async function baseFiles() {
  const node = realpathSync(process.execPath);
  const libraries = await librariesOf(node);
  const files = new Map([[node, 'usr/bin/node']]);
  for (const path of [...libraries, ...(await librariesOf(koffiLibrary())), ...scriptsIn([node, ...libraries])]) files.set(path, path.slice(1));
  // Where the dynamic loader finds libraries that are in no folder of its own.
  if (existsSync('/etc/ld.so.cache')) files.set('/etc/ld.so.cache', 'etc/ld.so.cache');
  return files;
}

/** The shared libraries of a program, and its dynamic loader; none when it is static. */
async function librariesOf(file) {
  const lines = await output(['ldd', file]);
  return [...lines.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path]) => path);
}

/** Some distributions keep parts of Node's own JavaScript in files: their names are in the program or in its libnode. */
function scriptsIn(programs) {
  const node = programs.filter((path) => /^(node|libnode\.so.*)$/.test(basename(path)));
  const names = node.flatMap((path) => readFileSync(path, 'latin1').match(/\/usr\/[\w./-]*nodejs[\w./-]*\.m?js/g) ?? []);
  return [...new Set(names)].filter((path) => existsSync(path));
}

/** A hard link where that is allowed: the file is neither copied nor changed. */
function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(realpathSync(from), to);
  } catch {
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
  }
}

async function hasImage(command, tag, digest) {
  return (await output([...command, 'image', 'inspect', '--format', `{{index .Labels "${LABEL}"}}`, tag])).trim() === digest;
}

/** What a command prints; '' when it fails. */
async function output([program, ...args]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  return Promise.race([text(child.stdout), failure(child)]);
}

/** Rejects with the last lines when the command fails. */
async function run([program, ...args], onLine) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      onLine(line);
    });
  }
  const code = await Promise.race([new Promise((resolve) => child.on('close', resolve)), failure(child)]);
  if (code !== 0) throw new Error(`Failed to build the image: ${program} ended with ${code}\n${lines.slice(-10).join('\n')}`);
}

function failure(child) {
  return new Promise((_, reject) => child.on('error', (cause) => reject(new Error(`Failed to run ${child.spawnfile}: ${cause.message}`, { cause }))));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildImage({ args: process.argv.slice(2), onProgress: (line) => console.log(line) });
}
