/** The parser of all verbs: the table of verbs.ts as commands of commander, with systemctl's common options on each. */
import { Command, CommanderError } from 'commander';
import { verbFirst } from './argument-order.js';
import { CliContext, type CommonOptions } from './context.js';
import { CliError, EXIT } from './errors.js';
import { insteadOf } from './foreign-verbs.js';
import type { Io } from './io.js';
import { COMMON_OPTIONS, VERBS, type Verb } from './verbs.js';

declare const ROUSE_VERSION: string;

/** Resolves with the exit code. Throws what the verb throws. */
export async function runVerb(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.success;
  const program = makeProgram(io, (code) => (exitCode = code));
  try {
    if (argv[0] === 'complete') {
      if (argv[1] === 'bash') return await printBashCompletion(io);
      await (await import('./completions.js')).addCompletions(program, argv);
    }
    await program.parseAsync([...verbFirst(argv)], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // --help and --version end with one too, and have said all.
    return error.exitCode === 0 ? EXIT.success : EXIT.failure;
  }
  return exitCode;
}

async function printBashCompletion(io: Io): Promise<number> {
  io.out((await import('./bash-completion.js')).BASH_COMPLETION);
  return EXIT.success;
}

function makeProgram(io: Io, onExitCode: (code: number) => void): Command {
  const program = addCommon(new Command('rouse'))
    .description('Containers and services that sleep until someone connects.')
    .version(ROUSE_VERSION, '--version')
    .showSuggestionAfterError()
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: (text, write) => write(usageError(text)) })
    .addHelpText('after', '\nUnits are systemd’s .socket, .service and .target files and Quadlet’s files, in the same folders.')
    .exitOverride();
  for (const verb of VERBS) addVerb(program, verb, io, onExitCode);
  addOwn(program, 'generator', 'Manager:', 'what podman’s Quadlet generator does: service files into folders');
  addOwn(program, 'activate', 'Commands:', 'a command behind sockets, with no unit file: systemd-socket-activate, and --idle');
  addOwn(program, 'proxy', 'Commands:', 'pass clients on to a server that can take no socket: systemd-socket-proxyd, and more');
  return program;
}

/** They read their own arguments (main.ts), and are here to be found; who comes here had an option before the verb. */
function addOwn(program: Command, name: string, group: string, summary: string): void {
  const command = program.command(name).description(summary).helpGroup(group).argument('[argument...]').allowUnknownOption();
  command.action(() => {
    throw new CliError(`${name} takes its options behind its name alone`, `rouse ${name} --help`);
  });
}

/** commander's words with the hint as all others have it: "error: unknown command 'statsu'\n(Did you mean status?)". */
export function usageError(text: string): string {
  const [, words = '', meant] = /^(?:error: )?([^\n]*)(?:\n\(Did you mean (?:one of )?(.*)\?\))?/.exec(text) ?? [];
  const instead = insteadOf(/^unknown command '(.*)'$/.exec(words)?.[1] ?? '');
  const hint = instead ?? (meant === undefined ? 'rouse --help shows the verbs, rouse VERB --help its options' : `did you mean '${meant}'?`);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}\n  hint: ${hint}\n`;
}

/** Options that every verb takes, in any place. */
function addCommon(command: Command): Command {
  for (const { flags, summary } of COMMON_OPTIONS) command.option(flags, summary);
  return command;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function addVerb(program: Command, verb: Verb, io: Io, onExitCode: (code: number) => void): void {
  const command = addCommon(program.command(verb.name)).description(verb.summary).helpGroup(`${verb.group}:`);
  if (verb.args !== undefined) command.argument(verb.args);
  for (const { flags, summary, many } of verb.options ?? []) {
    if (many === true) command.option(flags, summary, collect);
    else command.option(flags, summary);
  }
  command.action(async () => {
    const options: CommonOptions & Record<string, unknown> = { ...program.opts(), ...command.opts() };
    onExitCode(await verb.run(await CliContext.open(io, options), command.args, options));
  });
}
