/**
 * Arming: a container that is prepared up to the moment before exec, with the sockets already inherited, so that the first client
 * only waits for the program itself. `podman run` is taken apart into create and init, which come before anybody connects, and
 * the OCI runtime's own start, which is a byte through its exec.fifo.
 */
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { splitRunOptions } from '../unit/podman-options.js';

export type OciRuntime = 'crun' | 'runc';

/** The commands that a `podman run` is taken apart into. */
export interface ArmPlan {
  readonly name: string;
  /** podman's own words before `run`. */
  readonly global: readonly string[];
  /** What follows `run`, but for what only concerns a container that runs at once. */
  readonly options: readonly string[];
}

export type ArmPlanResult = { readonly ok: true; readonly plan: ArmPlan } | { readonly ok: false; readonly why: string };

/** Takes a `podman run` command apart. `why` says what it has that cannot be prepared. */
export function planArming(argv: readonly string[]): ArmPlanResult {
  const at = argv.indexOf('run');
  if (basename(argv[0] ?? '') !== 'podman' || at < 0) return { ok: false, why: 'its command is not podman run' };
  // What follows the image is the program's, whatever it looks like.
  const { options, rest } = splitRunOptions(argv.slice(at + 1));
  const words = options.flatMap((option) => option.words);
  const name = optionValue(words, '--name');
  if (name === undefined) return { ok: false, why: 'its container has no name' };
  const hurdle = HURDLES.find(({ found }) => found(words, rest));
  if (hurdle !== undefined) return { ok: false, why: hurdle.why };
  return { ok: true, plan: { name, global: argv.slice(1, at), options: [...words.filter((word) => word !== '-d' && word !== '--detach'), ...rest] } };
}

const HURDLES: readonly { readonly why: string; readonly found: (words: readonly string[], rest: readonly string[]) => boolean }[] = [
  { why: 'it is not started detached', found: (words) => !words.includes('-d') && !words.includes('--detach') },
  { why: 'it tells by itself when it is ready (Notify=)', found: (words) => optionValue(words, '--sdnotify') !== 'conmon' },
  { why: 'its command has variables', found: (words, rest) => [...words, ...rest].some((word) => word.includes('$')) },
  { why: 'it belongs to a pod', found: (words) => optionValue(words, '--pod') !== undefined },
  { why: 'it uses the network of another container', found: (words) => optionValue(words, '--network')?.startsWith('container:') === true },
];

/** `--name x` or `--name=x`; the first. */
function optionValue(words: readonly string[], option: string): string | undefined {
  const at = words.findIndex((word) => word === option || word.startsWith(`${option}=`));
  if (at < 0) return undefined;
  return words[at] === option ? words[at + 1] : words[at]?.slice(option.length + 1);
}

/** The runtime that the command names itself. */
export function namedRuntime({ global }: ArmPlan): string | undefined {
  return optionValue(global, '--runtime');
}

export interface ArmFiles {
  readonly runtime: string;
  readonly cidFile: string;
  readonly conmonPidFile: string;
}

export function createArguments({ global, options }: ArmPlan, { runtime, cidFile, conmonPidFile }: ArmFiles): readonly string[] {
  return [...withRuntime(global, runtime), 'create', `--cidfile=${cidFile}`, `--conmon-pidfile=${conmonPidFile}`, ...options];
}

export function initArguments({ global, name }: ArmPlan, runtime: string): readonly string[] {
  return [...withRuntime(global, runtime), 'init', name];
}

/** How podman learns that a container was let go. */
export function noticeArguments({ global }: ArmPlan, runtime: string, containerId: string): readonly string[] {
  return [...withRuntime(global, runtime), 'start', containerId];
}

/** By its id: by now the name may be that of another container. */
export function removeArguments({ global }: ArmPlan, runtime: string, containerId: string): readonly string[] {
  return [...withRuntime(global, runtime), 'rm', '-f', '-v', '-i', '--time', '0', containerId];
}

function withRuntime(global: readonly string[], runtime: string): readonly string[] {
  const at = global.findIndex((word) => word === '--runtime' || word.startsWith('--runtime='));
  const others = at < 0 ? global : [...global.slice(0, at), ...global.slice(at + (global[at] === '--runtime' ? 2 : 1))];
  return [`--runtime=${runtime}`, ...others];
}

/** Where the runtime keeps the container's exec.fifo; crun(1), runc(8). */
export function execFifo(runtime: OciRuntime, runtimeDir: string, containerId: string): string {
  return join(runtimeDir, runtime, containerId, 'exec.fifo');
}

/**
 * Lets the waiting container go. crun's init reads the fifo, runc's writes into it. The fifo is removed: while it is there the
 * runtime takes the container for one that waits. Throws Node's file errors (ENXIO, ENOENT: nobody waits any more).
 */
export function letGo(fifo: string, runtime: OciRuntime): void {
  const fdNumber = openSync(fifo, (runtime === 'crun' ? constants.O_WRONLY : constants.O_RDONLY) | constants.O_NONBLOCK);
  try {
    if (runtime === 'crun') writeSync(fdNumber, '0');
    else readByte(fdNumber);
  } finally {
    closeSync(fdNumber);
  }
  unlinkSync(fifo);
}

/** runc's init blocks in open(2) until we have opened, and writes at once then: it is a matter of microseconds. */
function readByte(fdNumber: number): void {
  const byte = Buffer.alloc(1);
  const deadline = performance.now() + 100;
  while (performance.now() < deadline) {
    try {
      if (readSync(fdNumber, byte) === 1) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
  throw new Error('The container did not answer on its exec.fifo');
}
