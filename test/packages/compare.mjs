/**
 * Loads the unit files of Debian's own packages in systemd and in rouse, asks both `systemctl show` for each, and compares what both print:
 *
 *   node test/packages/compare.mjs [--page=FILE]
 *
 * The packages are fetched with apt-get when it runs, and only unpacked.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startHost } from '../host/host.mjs';
import { fetchUnits } from './fetch.mjs';
import { reasonFor } from './reasons.mjs';
import { page } from './report.mjs';

const ROUSE = '/rouse/bin/rouse';
const LIMIT_MS = 300_000;
const say = (line) => process.stderr.write(`${line}\n`);

const { values } = parseArgs({ options: { page: { type: 'string' } } });
const folder = await fetchUnits(say);
const [systemd, rouse] = await Promise.all([
  startHost({ systemd: true, timeoutMs: LIMIT_MS, binds: [`${folder}:/packages`] }),
  startHost({ timeoutMs: LIMIT_MS, binds: [`${folder}:/packages`] }),
]);
try {
  await prepare();
  const results = [];
  for (const mode of ['system', 'user']) results.push(...(await compareMode(mode)));
  const differences = results.flatMap(({ differences: each }) => each);
  const open = differences.filter(({ reason }) => reason === undefined);
  for (const { unit, name, systemd: expected, rouse: got } of open) process.stdout.write(`${unit} ${name}\n  systemd ${expected}\n  rouse   ${got}\n`);
  if (values.page !== undefined) writeFileSync(values.page, page(results));
  process.stdout.write(`${results.length} units, ${sum(results, 'compared')} properties compared, ${differences.length} differ, of which ${open.length} without a reason\n`);
} finally {
  await Promise.all([systemd.stop(), rouse.stop()]);
}

function sum(results, key) {
  return results.reduce((all, result) => all + result[key], 0);
}

async function prepare() {
  const copy = 'cp -r --update=none /packages/system/. /usr/lib/systemd/system/; cp -r --update=none /packages/user/. /usr/lib/systemd/user/';
  await must(systemd, `${copy}; systemctl daemon-reload`);
  await must(systemd, 'systemctl --user daemon-reload', true);
  await must(rouse, `${copy}; rm -rf /etc/systemd/system/*.wants /etc/systemd/user/*.wants; mkdir -p /run/user/1000`);
  rouse.spawn(['sh', '-c', `exec ${ROUSE} daemon --as-systemd >/run/rouse.log 2>&1`], { stdio: 'ignore' });
  rouse.spawn(['sh', '-c', `exec ${ROUSE} daemon >/run/user/1000/rouse.log 2>&1`], { stdio: 'ignore', user: true });
  await must(rouse, 'until systemctl show >/dev/null 2>&1; do sleep 0.1; done');
  await must(rouse, 'until systemctl --user show >/dev/null 2>&1; do sleep 0.1; done', true);
}

async function compareMode(mode) {
  const { stdout } = await systemd.exec(['ls', `/packages/${mode}`]);
  const units = stdout
    .split('\n')
    .filter((name) => /\.(service|socket|target)$/.test(name))
    .map((name) => name.replace('@.', '@test.'));
  const [expected, got] = await Promise.all([systemd, rouse].map((host) => shown(host, units, mode)));
  return units.map((unit) => compareUnit(unit, mode, expected.get(unit), got.get(unit)));
}

/** What `show` prints of each: name to value, where several lines of one name are one. */
async function shown(host, units, mode) {
  const flags = mode === 'user' ? ['--user'] : [];
  const { stdout } = await host.exec(['systemctl', ...flags, 'show', '--all', ...units], { user: mode === 'user' });
  const blocks = stdout.split('\n\n').map((block) => {
    const properties = new Map();
    for (const line of block.split('\n').filter((each) => each.includes('='))) {
      const at = line.indexOf('=');
      const name = line.slice(0, at);
      properties.set(name, properties.has(name) ? `${properties.get(name)}\n${line.slice(at + 1)}` : line.slice(at + 1));
    }
    return properties;
  });
  return new Map(units.map((unit, i) => [unit, blocks[i]]));
}

function compareUnit(unit, mode, expected, got) {
  const names = [...expected.keys()].filter((name) => got.has(name));
  const differences = names
    .filter((name) => normal(expected.get(name)) !== normal(got.get(name)))
    .map((name) => {
      const difference = { unit, mode, name, systemd: expected.get(name), rouse: got.get(name) };
      return { ...difference, reason: reasonFor(difference) };
    });
  return { unit, mode, compared: names.length, missing: [...expected.keys()].filter((name) => !got.has(name)), differences };
}

/** The order in a list of words is nobody's promise. */
function normal(text) {
  return /^[^\n{"]*$/.test(text) ? text.split(' ').sort().join(' ') : text.split('\n').sort().join('\n');
}

async function must(host, script, user = false) {
  const { status, stderr } = await host.exec(['sh', '-c', script], { user });
  if (status !== 0) throw new Error(`Failed to prepare the host: ${stderr.trim()}`);
}
