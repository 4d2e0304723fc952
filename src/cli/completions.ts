/** `rouse complete bash|zsh|fish`: the script for a shell, and the answers that it asks for; names of units among them. */
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { resolveScope } from '../load/resolve-scope.js';
import { UnitStore } from '../load/unit-store.js';
import { VERBS } from './verbs.js';

export async function addCompletions(program: Command): Promise<void> {
  const completion = tab(program);
  const names = await unitNames();
  for (const { name, args } of VERBS) {
    if (args === undefined) continue;
    completion.commands.get(name)?.argument(
      'unit',
      (add) => {
        for (const unit of names) add(unit, '');
      },
      true,
    );
  }
}

async function unitNames(): Promise<readonly string[]> {
  try {
    const scope = await resolveScope({ env: process.env });
    return new UnitStore(scope, process.env).names();
  } catch {
    return [];
  }
}
