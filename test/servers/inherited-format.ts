/** The page docs/inherited-servers.md, from what a run of the tests found. */
import type { Inherited } from '../integration/lib/inherited.js';
import type { InheritedRow } from './inherited-row.js';

const HEAD = `# Servers that take the sockets they inherit

Made by \`npm run servers:inherited\`. Packages of Debian 13 on a host without systemd, each in a host of its own that had just been started. The unit files are those of
the package, or those that the server’s documentation gives (\`test/servers/units\`); what had to be changed is in the second table. Each was started by the first
request of a client that was made for it. It had the socket that was held before (its number is compared), answered the client once more,
was stopped, and was started by the next client. Servers that can take no sockets are served by \`Adopt=\` ([adopt.md](adopt.md)) or
\`rouse proxy\` ([proxy.md](proxy.md)).

The times are those of a whole run of the client (its own start, log-in and answer), for the first one who starts the server and for the next one; one run on two busy
cores.

| server | version | sockets | units | way | result | first answer | next |
| --- | --- | --- | --- | --- | --- | --- | --- |
`;

const CHANGES = `
## What was changed in unit files

| unit | lines | why |
| --- | --- | --- |
`;

const FAILURES = `
## Not served

| server | what its client got |
| --- | --- |
`;

export interface Failure {
  readonly row: InheritedRow;
  readonly why: string;
}

export function formatInherited(results: readonly Inherited[], failures: readonly Failure[]): string {
  const failed = failures.filter(({ row }) => !results.some((result) => result.row === row));
  return HEAD + results.map(formatRow).join('') + CHANGES + results.map(formatChanges).join('') + (failed.length === 0 ? '' : FAILURES + failed.map(formatFailure).join(''));
}

function formatFailure({ row, why }: Failure): string {
  return `| ${row.name} | ${why.split('\n', 1)[0]} |\n`;
}

function formatRow({ row, version, listens, firstMs, nextMs, inherited, cameBack }: Inherited): string {
  const units = row.changes === undefined ? row.units : `${row.units}, changed`;
  const result = inherited === false ? 'served, by another socket' : cameBack ? 'served, and again' : 'served once';
  const cells = [row.name, shortVersion(version), listens.map(shortListen).join(', '), units, row.way ?? 'inherits', result, time(firstMs), time(nextMs)];
  return `| ${cells.join(' | ')} |\n`;
}

function formatChanges({ row: { changes } }: Inherited): string {
  if (changes === undefined) return '';
  return Object.entries(changes.files)
    .map(([unit, lines]) => `| ${unit} | ${lines.map((line) => `\`${line}\``).join('<br>')} | ${changes.why} |\n`)
    .join('');
}

/** Without the epoch, and without what Debian counts. */
function shortVersion(version: string): string {
  return version.replace(/^\d+:/, '').replace(/[-+](dfsg|ds|deb)?\d.*$/, '');
}

/** `show` names the kind behind the address. */
function shortListen(text: string): string {
  return text.replace(/ \(Stream\)$/, '').replace('/run/user/1000', '%t');
}

function time(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
