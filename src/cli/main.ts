/** The command: finds the verb, reads its options, prints what went wrong, and sets the exit code. */
import { Command, CommanderError } from 'commander';
import { ControlError } from '../control/client.js';
import { ScopeError } from '../load/resolve-scope.js';
import { CliContext, type CommonOptions } from './context.js';
import { CliError, EXIT } from './errors.js';
import { processIo, type Io } from './io.js';
import { VERBS, type Verb } from './verbs.js';

declare const ROUSE_VERSION: string;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Options that every verb takes, in any place. */
function addCommon(command: Command): Command {
  return command
    .option('--user', 'the manager of this user (the default for everyone but root)')
    .option('--system', 'the system’s manager (the default for root)')
    .option('--json', 'answer in JSON')
    .option('-q, --quiet', 'without remarks')
    .option('--no-pager', 'accepted for systemctl’s sake: there is no pager');
}

function addVerb(program: Command, verb: Verb, io: Io): void {
  const command = addCommon(program.command(verb.name)).description(verb.summary).helpGroup(`${verb.group}:`);
  if (verb.args !== undefined) command.argument(verb.args);
  for (const { flags, summary, many } of verb.options ?? []) {
    if (many === true) command.option(flags, summary, collect);
    else command.option(flags, summary);
  }
  command.action(async () => {
    const options: CommonOptions & Record<string, unknown> = { ...program.opts(), ...command.opts() };
    process.exitCode = await verb.run(await CliContext.open(io, options), command.args, options);
  });
}

function makeProgram(io: Io): Command {
  const program = addCommon(new Command('rouse'))
    .description('Containers and services that sleep until someone connects.')
    .version(ROUSE_VERSION, '--version')
    .showSuggestionAfterError()
    .showHelpAfterError('(rouse --help shows the verbs)')
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .addHelpText('after', '\nUnits are systemd’s .socket, .service and .target files and Quadlet’s files, in the same folders.')
    .exitOverride();
  for (const verb of VERBS) addVerb(program, verb, io);
  program
    .command('generator', { hidden: false })
    .description('what podman’s Quadlet generator does: service files into folders')
    .helpGroup('Manager:')
    .argument('[argument...]')
    .helpOption(false)
    .allowUnknownOption()
    .action(() => undefined);
  return program;
}

async function complete(program: Command, args: readonly string[]): Promise<void> {
  const { addCompletions } = await import('./completions.js');
  await addCompletions(program);
  await program.parseAsync(['complete', ...args], { from: 'user' });
}

/** Prints the words of an error, and the hint on a line of its own. */
function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.failure;
  const hint = error instanceof CliError || error instanceof ControlError || error instanceof ScopeError ? error.hint : undefined;
  const code = (error as NodeJS.ErrnoException).code;
  const known = error instanceof CliError || error instanceof ControlError || error instanceof ScopeError || typeof code === 'string';
  const words = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  io.err(`${io.style.red(words)}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`);
  return error instanceof CliError ? error.exitCode : EXIT.failure;
}

export async function main(argv: readonly string[]): Promise<void> {
  const io = processIo();
  // A reader that has seen enough (head, less) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    if (argv[0] === 'generator') {
      const { generator } = await import('./generator.js');
      process.exitCode = await generator(argv.slice(1), { env: process.env, stdout: io.out, stderr: io.err });
      return;
    }
    const program = makeProgram(io);
    if (argv[0] === 'complete') return await complete(program, argv.slice(1));
    await program.parseAsync(argv.length === 0 ? ['list-units'] : [...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, io);
  }
}
