/** The report of a run. */

export function page(outcomes, client) {
  const rows = outcomes.map(({ situation, equal }) => `| ${situation.group} | ${situation.name} | ${equal ? 'same' : (situation.differs ?? '**different**')} |`);
  const same = outcomes.filter(({ equal }) => equal).length;
  return `# Situations, beside systemd 257

Made by \`node test/situations/run.mjs --page=docs/situations.md\`: in one host systemd 257 is process 1, in another rouse stands in for it, and the same
unit files and the same commands (${client === 'rouse' ? '`systemctl` there, `rouse` here' : 'of `systemctl`'}) come to both. Compared are states, results, exit codes, and what the services saw and left.

${outcomes.length} situations, ${same} with the same outcome.

| | situation | outcome |
| --- | --- | --- |
${rows.join('\n')}
`;
}
