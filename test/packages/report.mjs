/** The page of a run. */
import { PACKAGES } from './fetch.mjs';

export function page(results) {
  const differences = results.flatMap(({ differences: each }) => each);
  const compared = results.reduce((all, result) => all + result.compared, 0);
  const missing = [...new Set(results.flatMap((result) => result.missing))].sort();
  return `# \`systemctl show\`, beside systemd 257

Made by \`node test/packages/compare.mjs --page=docs/properties.md\`. The unit files are those of Debian 13's packages: ${PACKAGES.join(', ')}. Both managers
load them and are asked by the same \`systemctl show --all\`; compared is every property that both print. Nothing is started.

| | |
| --- | --- |
| units | ${results.length} |
| properties compared | ${compared} |
| equal | ${compared - differences.length} |
| different | ${differences.length} |
| different without a reason | ${differences.filter(({ reason }) => reason === undefined).length} |

## What differs, and why

| times | properties | why |
| --- | --- | --- |
${byReason(differences).join('\n')}

## What only systemd has

${missing.length === 0 ? 'Nothing.' : missing.map((name) => `\`${name}\``).join(' ')}
`;
}

function byReason(differences) {
  const groups = new Map();
  for (const { name, reason = '**none**' } of differences) groups.set(reason, [...(groups.get(reason) ?? []), name]);
  const rows = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return rows.map(
    ([reason, names]) =>
      `| ${names.length} | ${[...new Set(names)]
        .sort()
        .map((name) => `\`${name}\``)
        .join(' ')} | ${reason} |`,
  );
}
