/** One server that takes the sockets it inherits: started by its own client, asked again, ended, and started by the next client. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { InheritedRow } from '../../servers/inherited-row.js';
import type { Account } from './account.js';
import { RouseHost, until } from './host.js';

export interface Inherited {
  readonly row: InheritedRow;
  readonly version: string;
  /** What they listen on, as `show` says it. */
  readonly listens: readonly string[];
  /** What the first client printed, the one for whom the server was started. */
  readonly answer: string;
  readonly firstMs: number;
  /** The same client once more, when the server ran. */
  readonly nextMs: number;
  /** Whether a socket of the server is one that was open before it. undefined: each connection has a process of its own. */
  readonly inherited: boolean | undefined;
  /** Whether the next client after a stop of the service was served. */
  readonly cameBack: boolean;
}

const CLIENT_MS = 90_000;
const SETUP_MS = 180_000;
const UNITS = join(import.meta.dirname, '../../servers/units');

/**
 * What the boot of a host does before anybody may log in. Debian enables each server with its installation: here none is, so that the socket is
 * what starts it, as after `disable --now NAME.service`.
 */
const BOOT = 'systemd-tmpfiles --create --boot >/dev/null 2>&1; rm -rf /run/nologin /etc/systemd/system/*.wants /etc/systemd/user/*.wants';

export async function serveInherited(host: RouseHost, row: InheritedRow): Promise<Inherited> {
  const account = host.as(row.user ?? 'root');
  await host.root.sh(BOOT, { timeoutMs: SETUP_MS });
  if (row.setup !== undefined) await host.root.sh(row.setup, { timeoutMs: SETUP_MS, cwd: '/' });
  writeUnits(account, row);
  await account.ok('start', ...row.sockets);
  const first = await ask(account, row);
  if (!row.expect.test(first.answer)) throw new Error(`The first client got: ${first.answer}\n${await why(account, row)}`);
  const next = await ask(account, row);
  if (!row.expect.test(next.answer)) throw new Error(`The second client got: ${next.answer}\n${await why(account, row)}`);
  if (row.service !== undefined) await until(`${row.service} is active`, async () => (await account.rouse(['is-active', row.service ?? ''])).status === 0);
  const inherited = await isInherited(host, account, row);
  if (row.service !== undefined) await stopped(account, row.service);
  // A socket that is PartOf= its service went with it.
  await account.ok('start', ...row.sockets);
  const again = await ask(account, row);
  return {
    row,
    version: (await account.sh(`dpkg-query -W -f '\${Version}' ${row.package}`)).trim(),
    listens: await listens(account, row),
    answer: first.answer,
    firstMs: first.tookMs,
    nextMs: next.tookMs,
    inherited,
    cameBack: row.expect.test(again.answer),
  };
}

function writeUnits(account: Account, { adds = [], changes }: InheritedRow): void {
  for (const name of adds) account.unit(name, readFileSync(join(UNITS, name), 'utf8'));
  for (const [unit, lines] of Object.entries(changes?.files ?? {})) account.unit(`${unit}.d/changes.conf`, `${lines.join('\n')}\n`);
}

/** The time is taken inside: entering the host costs some. */
async function ask(account: Account, { client }: InheritedRow): Promise<{ answer: string; tookMs: number }> {
  const script = `begun=\${EPOCHREALTIME/./}; answer=$(${client}\n); code=$?; echo $(( \${EPOCHREALTIME/./} - begun )); echo "$answer"; exit $code`;
  const { status, stdout, stderr } = await account.exec(['bash', '-c', `${script} 2>&1`], { timeoutMs: CLIENT_MS, cwd: '/' });
  const [micros = '', ...lines] = stdout.split('\n');
  const answer = lines.join('\n').trim();
  return { answer: status === 0 ? answer : `exit code ${status}: ${answer}${stderr}`, tookMs: Number(micros) / 1000 };
}

async function stopped(account: Account, service: string): Promise<void> {
  await account.ok('stop', service);
  await until(`${service} is inactive`, async () => (await account.rouse(['is-active', service])).stdout.trim() !== 'active');
}

/** Sockets by their inode numbers, held by the manager and by a process that is not rouse's. */
async function isInherited(host: RouseHost, account: Account, { service }: InheritedRow): Promise<boolean | undefined> {
  if (service === undefined) return undefined;
  const held = sockets(host, await account.managerPid());
  return host.processes().some(({ pid, name, command }) => !isOurs(name, command) && [...sockets(host, pid)].some((socket) => held.has(socket)));
}

function isOurs(name: string, command: string): boolean {
  return name === 'rouse-sockets' || /bin\/rouse daemon|cli\.js/.test(command);
}

function sockets(host: RouseHost, pid: number): ReadonlySet<string> {
  const folder = host.outside(`/proc/${pid}/fd`);
  try {
    return new Set(
      readdirSync(folder)
        .map((fd) => target(join(folder, fd)))
        .filter((text) => text.startsWith('socket:')),
    );
  } catch {
    return new Set();
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

async function listens(account: Account, { sockets: units }: InheritedRow): Promise<readonly string[]> {
  const all = await Promise.all(units.map((unit) => account.property(unit, 'Listen')));
  return all.flatMap((text) => text.split('\n')).filter(Boolean);
}

async function why(account: Account, { sockets: units, service }: InheritedRow): Promise<string> {
  const names = [...units, ...(service === undefined ? [] : [service])];
  const { stdout, stderr } = await account.rouse(['status', '--no-pager', ...names]);
  const logs = service === undefined ? '' : (await account.rouse(['logs', service])).stdout;
  return `${stdout}${stderr}${logs}`;
}
