/** `rouse complete bash|zsh|fish`: the script for a shell, and the answers that it asks for; names of units and values of options among them. */
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { resolveScope } from '../load/resolve-scope.js';
import { UnitStore } from '../load/unit-store.js';
import { VERBS } from './verbs.js';

const STATES = ['active', 'inactive', 'failed', 'activating', 'deactivating', 'running', 'listening', 'dead', 'exited'];

/** By verb, or for all of them ''. */
const VALUES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '': { '--job-mode': ['replace', 'fail', 'isolate', 'ignore-dependencies'], '--type': ['socket', 'service', 'target'], '--state': STATES },
  kill: { '--kill-whom': ['all', 'main', 'control'], '--signal': ['SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGSTOP', 'SIGCONT'] },
  logs: { '--output': ['short', 'short-iso', 'cat', 'json'] },
  verify: { '--format': ['text', 'json', 'github', 'sarif'] },
  'auto-update': { '--format': ['json'], '--rollback': ['true', 'false'], '--tls-verify': ['true', 'false'] },
  'list-unit-files': { '--state': ['enabled', 'disabled', 'static', 'masked', 'generated', 'alias', 'indirect', 'linked'] },
};

/** `argv` is what stands on the command line so far. */
export async function addCompletions(program: Command, argv: readonly string[]): Promise<void> {
  for (const command of program.commands) addValues(command);
  const completion = tab(program);
  const names = await unitNames(argv.includes('--user'));
  const answer = (verb: string, argument: string, words: readonly string[]): void => {
    completion.commands.get(verb)?.argument(
      argument,
      (add) => {
        for (const word of words) add(word, '');
      },
      true,
    );
  };
  for (const { name, args = '' } of VERBS) {
    const [, argument] = /(unit|pattern)\.\.\./.exec(args) ?? [];
    if (argument !== undefined) answer(name, argument, names);
  }
  answer('linger', 'argument', ['enable', 'disable', 'status']);
  answer('complete', 'shell', ['bash', 'zsh', 'fish']);
}

function addValues(command: Command): void {
  for (const option of command.options) {
    const choices = VALUES[command.name()]?.[option.long ?? ''] ?? VALUES['']?.[option.long ?? ''];
    if (choices !== undefined) option.argChoices = [...choices];
  }
}

async function unitNames(user: boolean): Promise<readonly string[]> {
  try {
    const scope = await resolveScope({ ...(user ? { user } : {}), env: process.env });
    return new UnitStore(scope, process.env).names();
  } catch {
    return [];
  }
}
