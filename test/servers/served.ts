/** One unmodified server behind an adopted socket: started by its own client, measured by a second one, and what it knows of who came. */
import type { ServerRow } from './table.js';
import type { Account } from '../integration/lib/account.js';
import { until } from '../integration/lib/host.js';

export interface Served {
  readonly name: string;
  readonly language: string;
  /** What its own client printed, as the first client of all. */
  readonly answer: string;
  /** From a connect to the first byte of the answer, the container waiting before exec. undefined: it cannot be asked that simply. */
  readonly firstByteMs: number | undefined;
  /** undefined: it does not tell. */
  readonly sourceSeen: boolean | undefined;
}

const IMAGE = 'localhost/servers';
/** Nobody else comes from here. */
const SOURCE = '127.0.0.77';
const HTTP_REQUEST = 'GET / HTTP/1.0\r\n\r\n';
const PROBE = '/rouse/test/servers/probe.mjs';

/** The image of all servers, for this user. */
export async function importServers(account: Account): Promise<void> {
  await account.sh(`podman image exists ${IMAGE} || podman import --quiet - ${IMAGE} < /servers.tar`, { timeoutMs: 200_000 });
}

export async function serve(account: Account, row: ServerRow, port: number): Promise<Served> {
  const unit = row.name.replace(/[^a-z0-9]+/g, '-').replace(/-$/, '');
  const held = row.kind === 'unix' ? `${account.runtime}/${unit}.sock` : String(row.held ?? port);
  writeUnits(account, unit, row, held);
  await account.ok('start', `${unit}.socket`);
  try {
    const answer = await ownClient(account, row, held);
    if (!row.expect.test(answer)) return { ...facts(row, answer), firstByteMs: undefined, sourceSeen: undefined };
    await account.rouse(['stop', `${unit}.service`]);
    await armed(account, unit);
    const probe = await measure(account, row, held);
    const told = row.tells === undefined ? '' : row.tells === 'answer' ? probe.answer : await whatItTells(account, unit, row.tells);
    return { ...facts(row, answer), firstByteMs: probe.ms, sourceSeen: row.tells === undefined ? undefined : told.includes(SOURCE) };
  } finally {
    await account.rouse(['stop', `${unit}.socket`, `${unit}.service`]);
  }
}

function facts({ name, language = '' }: ServerRow, answer: string): Pick<Served, 'name' | 'language' | 'answer'> {
  return { name, language, answer };
}

function writeUnits(account: Account, unit: string, { exec, binds, kind, lines = [] }: ServerRow, held: string): void {
  const listen = kind === 'datagram' ? 'ListenDatagram' : 'ListenStream';
  account.write(`${account.own}/${unit}.socket`, `[Socket]\n${listen}=${held}\n[X-Rouse]\nAdopt=${binds}\n`);
  const container = [`Image=${IMAGE}`, 'Network=none', 'Pull=never', 'Volume=/rouse/test/servers/config:/cfg:ro', 'PodmanArgs=--stop-timeout=1', ...lines, `Exec=${exec}`];
  account.unit(`${unit}.container`, `[Container]\n${container.join('\n')}\n`);
}

async function armed(account: Account, unit: string): Promise<void> {
  let status = '';
  try {
    await until(`${unit}.service is armed`, async () => (status = (await account.rouse(['status', `${unit}.service`])).stdout).includes('armed (process'));
  } catch {
    throw new Error(`It is not armed again: ${status}`);
  }
}

async function ownClient(account: Account, { client }: ServerRow, held: string): Promise<string> {
  const volumes = held.startsWith('/') ? [`--volume=${held}:${held}`] : [];
  const argv = [
    'podman',
    'run',
    '--rm',
    '--network=host',
    '--pull=never',
    ...volumes,
    '--volume=/rouse/test/servers/config:/cfg:ro',
    `--env=PORT=${held}`,
    IMAGE,
    'sh',
    '-c',
    client,
  ];
  const { stdout, stderr } = await account.exec(argv, { timeoutMs: 60_000 });
  return `${stdout}${stderr}`.trim();
}

async function measure(account: Account, { kind, says = HTTP_REQUEST }: ServerRow, held: string): Promise<{ ms: number | undefined; answer: string }> {
  const { stdout } = await account.exec(['node', PROBE, kind ?? 'stream', held, SOURCE, JSON.stringify(says)], { timeoutMs: 30_000 });
  return stdout === '' ? { ms: undefined, answer: '' } : (JSON.parse(stdout) as { ms: number; answer: string });
}

/** Logs are written when the client has its answer already. */
async function whatItTells(account: Account, unit: string, where: 'output' | `/${string}`): Promise<string> {
  const read = where === 'output' ? ['podman', 'logs', `systemd-${unit}`] : ['podman', 'exec', `systemd-${unit}`, 'cat', where];
  let told = '';
  for (let tries = 0; tries < 20 && !told.includes(SOURCE); tries++) {
    const { stdout, stderr } = await account.exec(read);
    told = stdout + stderr;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return told;
}
