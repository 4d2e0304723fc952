/**
 * A throw-away Debian 13 host on this machine, for the integration tests: its own processes, mounts, network, cgroups, podman storage and
 * user, real podman and, if wanted, real systemd. What is written there is gone when it ends, and it ends with whoever started it.
 *
 * This is its public face, as a module and as a command. README.md says what a host looks like from inside.
 */
import { realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupLayouts } from './cgroups.mjs';
import { ensureRoot as ensureHost, removeRoot as removeHost, rootPath as hostPath } from './root-fs.mjs';
import { startHost, TIMED_OUT, whyNoHost } from './start.mjs';

export { cgroupLayouts, ensureHost, hostPath, removeHost, startHost, whyNoHost };

/** Runs one command in a host of its own. */
export async function runInHost(argv, options = {}) {
  const { input, ...hostOptions } = options;
  const host = await startHost(hostOptions);
  try {
    return await host.exec(argv, { input });
  } finally {
    await host.stop();
  }
}

const USAGE = `usage: node host.mjs build | path | remove
       node host.mjs run [--systemd] [--user] [--cgroups=delegated|undelegated|hybrid] [--timeout S] [--bind SRC:DST] -- CMD...
`;

const FLAGS = {
  '--systemd': (options) => void (options.systemd = true),
  '--user': (options) => void (options.user = true),
};

const VALUES = {
  '--cgroups': (options, value) => void (options.cgroups = value),
  '--timeout': (options, value) => void (options.timeoutMs = Number(value) * 1000),
  '--bind': (options, value) => void options.binds.push(value),
};

class UsageError extends Error {}

function parseRun(args) {
  const options = { binds: [] };
  const rest = [...args];
  while (rest[0]?.startsWith('-')) {
    const [name, inline] = rest.shift().split(/=(.*)/s);
    if (name === '--') break;
    if (FLAGS[name] !== undefined && inline === undefined) FLAGS[name](options);
    else if (VALUES[name] !== undefined) VALUES[name](options, inline ?? rest.shift());
    else throw new UsageError(`No option '${name}'`);
  }
  if (rest.length === 0) throw new UsageError('No command given');
  if (Number.isNaN(options.timeoutMs)) throw new UsageError('Failed to parse --timeout: expected seconds');
  return { options, command: rest };
}

/** A number when a signal wants the end. The command has the terminal, and ctrl-C reaches it there by itself. */
function endSignal() {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(name, () => (name === 'SIGINT' && process.stdin.isTTY ? undefined : resolve(128 + constants.signals[name])));
    }
  });
}

/** Exits with the command's exit code. Where that comes before the host is up, its supervisor takes down what there is of it. */
async function run(args) {
  const {
    options: { timeoutMs, ...options },
    command,
  } = parseRun(args);
  let host;
  const ended = startHost(options).then(async (started) => {
    host = started;
    return (await host.exec(command, { stdio: 'inherit', detached: false })).status;
  });
  const timeout = timeoutMs === undefined ? [] : [sleep(timeoutMs, TIMED_OUT)];
  const status = await Promise.race([ended, endSignal(), ...timeout]);
  await host?.stop();
  process.exit(status);
}

const progress = { onProgress: (line) => process.stderr.write(`test host: ${line}\n`) };

const VERBS = {
  build: async () => void (await ensureHost(progress)),
  path: async () => void process.stdout.write(`${hostPath()}\n`),
  remove: removeHost,
  run,
};

async function main([name, ...args]) {
  const verb = VERBS[name];
  try {
    if (verb === undefined) throw new UsageError(name === undefined ? 'No verb given' : `No verb '${name}'`);
    await verb(args);
  } catch (error) {
    process.stderr.write(`${error.message}\n${error instanceof UsageError ? USAGE : ''}`);
    process.exit(error instanceof UsageError ? 2 : 125);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) await main(process.argv.slice(2));
