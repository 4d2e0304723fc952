/** A verb of this process: it is found and called, and what went wrong is printed. */
import { ControlError } from '../control/client.js';
import { ScopeError } from '../load/resolve-scope.js';
import { CliContext } from './context.js';
import { CliError, EXIT } from './errors.js';
import { processIo, type Io } from './io.js';

/**
 * Verbs that read their arguments themselves, because they have another program's conventions, or because whatever they load
 * stays in memory for as long as they run.
 */
const OWN_PARSERS: Readonly<Record<string, (args: readonly string[], io: Io) => Promise<number | undefined>>> = {
  daemon: async (args, io) => {
    const user = args.includes('--user');
    // Anything else (--help, a slip) is for the parser of all verbs.
    if (args.some((arg) => !['--user', '--system', '--as-systemd'].includes(arg))) return undefined;
    const context = await CliContext.open(io, { user, system: args.includes('--system') });
    return (await import('./daemon.js')).daemon(context, { asSystemd: args.includes('--as-systemd') });
  },
};

/** podman's options follow `run`, --user among them; ours, which every verb has, stand before it. */
async function ownRun(argv: readonly string[], io: Io): Promise<number | undefined> {
  const at = argv.findIndex((word) => !word.startsWith('-'));
  if (argv[at] !== 'run' || argv[at + 1] === '--help' || argv[at + 1] === '-h') return undefined;
  const before = new Set(argv.slice(0, at));
  return (await import('./run.js')).run(argv.slice(at + 1), io, { user: before.has('--user'), system: before.has('--system'), quiet: before.has('-q') || before.has('--quiet') });
}

/** Sets the exit code. Does not reject. */
export async function runCommand(argv: readonly string[]): Promise<void> {
  const io = processIo();
  // A reader that has seen enough (head, less) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    const own = OWN_PARSERS[argv[0] ?? ''];
    process.exitCode = (await own?.(argv.slice(1), io)) ?? (await ownRun(argv, io)) ?? (await (await import('./program.js')).runVerb(argv, io));
  } catch (error) {
    process.exitCode = report(error, io);
  }
}

/** Prints the words of an error, and the hint on a line of its own. */
function report(error: unknown, io: Io): number {
  const ours = error instanceof CliError || error instanceof ControlError || error instanceof ScopeError;
  const known = ours || typeof (error as NodeJS.ErrnoException).code === 'string';
  const words = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  const hint = ours ? error.hint : undefined;
  io.err(`${io.style.red(words)}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`);
  return error instanceof CliError ? error.exitCode : EXIT.failure;
}
