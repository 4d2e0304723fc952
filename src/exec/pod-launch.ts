/**
 * How the containers of a pod, those of a Kubernetes file, and those on a bridge get their sockets. podman hands LISTEN_FDS to the first
 * container that it starts, which is the pod's infra container, and wrong descriptors to the others; and to the name server of
 * its networks, which holds them open for as long as anybody uses the network. So its command gets none. It gets an OCI runtime
 * of ours to use, and the address at which that finds the sockets: socket-giver.ts, native/rouse-sockets.
 */
import { basename } from 'node:path';
import { splitRunOptions } from '../unit/podman-options.js';

export interface PodLaunch {
  /** 'crun' or 'runc': the runtime before which ours stands. */
  readonly runtime: 'crun' | 'runc';
  /** The command, with our runtime and the address of its sockets. */
  argv(runtime: string, address: string): readonly string[];
}

export type PodLaunchResult = PodLaunch | { readonly why: string } | undefined;

/** undefined: a command that can be given its sockets in the ordinary way. */
export function planPodLaunch(argv: readonly string[], defaultRuntime: string | undefined): PodLaunchResult {
  const at = subcommandEnd(argv);
  if (at === undefined) return undefined;
  const global = argv.slice(1, at.first);
  const named = global.findIndex((word) => word === '--runtime' || word.startsWith('--runtime='));
  const wanted = named < 0 ? defaultRuntime : (global[named] ?? '') === '--runtime' ? global[named + 1] : global[named]?.slice('--runtime='.length);
  const runtime = basename(wanted ?? '');
  if (runtime !== 'crun' && runtime !== 'runc') return { why: 'its OCI runtime is neither crun nor runc' };
  const others = named < 0 ? global : global.filter((_, i) => i !== named && !(global[named] === '--runtime' && i === named + 1));
  return {
    runtime,
    argv: (path, address) => [
      ...argv.slice(0, 1),
      `--runtime=${path}`,
      ...others,
      ...argv.slice(at.first, at.end),
      `--annotation=io.rouse.sockets=${address}`,
      ...argv.slice(at.end),
    ],
  };
}

/** Where `kube play`, or `run` in a pod or on a bridge, begins and ends. */
function subcommandEnd(argv: readonly string[]): { readonly first: number; readonly end: number } | undefined {
  if (basename(argv[0] ?? '') !== 'podman') return undefined;
  const kube = argv.findIndex((word, i) => word === 'kube' && argv[i + 1] === 'play');
  if (kube > 0) return { first: kube, end: kube + 2 };
  const run = argv.indexOf('run');
  if (run < 0) return undefined;
  const { options } = splitRunOptions(argv.slice(run + 1));
  const concerned = options.some(({ name, value }) => name === 'pod' || ((name === 'network' || name === 'net') && !isUnshared(value ?? '')));
  return concerned ? { first: run, end: run + 1 } : undefined;
}

/** podman-run(1), --network: those that start no process that others use, too. */
function isUnshared(network: string): boolean {
  return /^(none|host|private|ns:.*|container:.*|(pasta|slirp4netns)(:.*)?)$/.test(network);
}
