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
  readonly image: string | undefined;
  readonly pod: string | undefined;
  /** The program says by itself when it is ready: conmon passes it on to the notify socket that it is told of when it starts. */
  readonly notifies: boolean;
  /** Files that podman reads when the container is created. */
  readonly files: readonly string[];
  readonly secrets: boolean;
}

/** What podman is set up with; podman-info(1). */
export interface PodmanSetup {
  /** The OCI runtime that it uses where nobody names one. */
  readonly runtime: string;
  readonly graphDriver: string;
  readonly graphRoot: string;
}

export const SETUP_ARGUMENTS: readonly string[] = ['info', '--format', '{{.Host.OCIRuntime.Name}} {{.Store.GraphDriverName}} {{.Store.GraphRoot}}'];

export function parseSetup(output: string): PodmanSetup {
  const [runtime = '', graphDriver = '', ...graphRoot] = (output.split('\n').at(-1) ?? '').split(' ');
  return { runtime, graphDriver, graphRoot: graphRoot.join(' ') };
}

/** Where podman's storage notes each change of its images. */
export function imagesFolder({ graphRoot, graphDriver }: PodmanSetup): string {
  return join(graphRoot, `${graphDriver}-images`);
}

/** Containers get copies of secrets when they are created. */
export function secretsFile({ graphRoot }: PodmanSetup): string {
  return join(graphRoot, 'secrets', 'secrets.json');
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
  const hurdle = HURDLES.find(({ found }) => found(words));
  if (hurdle !== undefined) return { ok: false, why: hurdle.why };
  const values = (option: string): readonly string[] => options.flatMap((each) => (each.name === option && each.value !== undefined ? [each.value] : []));
  return {
    ok: true,
    plan: {
      name,
      global: argv.slice(1, at),
      options: [...words.filter((word) => word !== '-d' && word !== '--detach'), ...rest],
      image: values('rootfs').length > 0 ? undefined : rest[0],
      pod: values('pod')[0],
      notifies: values('sdnotify').at(-1) === 'container',
      files: values('env-file'),
      secrets: values('secret').length > 0,
    },
  };
}

const HURDLES: readonly { readonly why: string; readonly found: (words: readonly string[]) => boolean }[] = [
  { why: 'it is not started detached', found: (words) => !words.includes('-d') && !words.includes('--detach') },
  { why: 'it says in a way of its own when it is ready (--sdnotify=)', found: (words) => !['conmon', 'container'].includes(optionValue(words, '--sdnotify') ?? '') },
  { why: 'its name has variables', found: (words) => optionValue(words, '--name')?.includes('$') === true },
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
