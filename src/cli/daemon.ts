/** `rouse daemon`: the manager in the foreground, or behind another verb. */
import { closeSync, writeSync } from 'node:fs';
import { UnitLog } from '../exec/output.js';
import { AlreadyRunning, runDaemon } from '../daemon/daemon.js';
import { ScopeError } from '../load/resolve-scope.js';
import { AGAIN_VARIABLE, HINT, READY, READY_FD_VARIABLE } from './background.js';
import type { CliContext } from './context.js';
import { CliError } from './errors.js';

export interface DaemonVerbOptions {
  readonly asSystemd?: boolean;
}

/** Resolves with the exit code when the manager has ended. */
export async function daemon({ scope, io }: CliContext, options: DaemonVerbOptions = {}): Promise<number> {
  if (options.asSystemd === true && scope.mode === 'user') throw new CliError('Only the system’s manager stands for systemd', 'systemctl --user finds yours without --as-systemd');
  const readyFd = takeReadyFd();
  const restart = takeRestart(readyFd !== undefined);
  const log = new UnitLog(scope.logDir, 'rouse');
  const print = (text: string): void => {
    log.write('rouse', process.pid, text);
    if (readyFd === undefined) io.err(`${text}\n`);
  };
  const tell = (words: string): void => {
    if (readyFd === undefined) return;
    writeSync(readyFd, words);
    closeSync(readyFd);
  };
  try {
    const code = await runDaemon(scope, {
      env: process.env,
      asSystemd: options.asSystemd === true,
      restart,
      print,
      onReady: () => {
        print(`Ready (${scope.mode} manager, process ${process.pid}, ${scope.controlSocket})`);
        tell(READY);
      },
    });
    // What others still hold open of ours (the output of a container) is no reason to stay.
    process.exit(code);
  } catch (error) {
    // Another verb was quicker: its manager is as good as ours.
    if (error instanceof AlreadyRunning && readyFd !== undefined) tell(READY);
    else tell(error instanceof Error ? error.message + (error instanceof ScopeError ? HINT + error.hint : '') : String(error));
    if (error instanceof AlreadyRunning) throw new CliError(error.message, 'rouse exit ends it');
    throw error;
  }
}

function takeReadyFd(): number | undefined {
  const text = process.env[READY_FD_VARIABLE];
  delete process.env[READY_FD_VARIABLE];
  return text === undefined ? undefined : Number(text);
}

/** In the background nobody would start another one: rouse-keeper does. In the foreground, whoever supervises us does. */
function takeRestart(inBackground: boolean): { readonly argv: readonly string[]; readonly env: readonly string[] } | undefined {
  const again = process.env[AGAIN_VARIABLE] !== undefined;
  delete process.env[AGAIN_VARIABLE];
  if (!inBackground && !again) return undefined;
  const env = Object.entries({ ...process.env, [AGAIN_VARIABLE]: '1' }).map(([name, value]) => `${name}=${value}`);
  return { argv: [process.execPath, ...process.execArgv, ...process.argv.slice(1)], env };
}
