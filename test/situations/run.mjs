/**
 * Runs the situations of this folder in two hosts, on systemd and on rouse, with the same commands, and compares what can be seen:
 *
 *   node test/situations/run.mjs [--client=systemctl|rouse] [--only=WORD] [--page=FILE]
 *
 * The client is systemctl on both sides, so that its verbs are tried along the way; with --client=rouse it is `rouse` on rouse's side.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compareSituations } from './compare.mjs';
import { page } from './page.mjs';
import { SITUATIONS } from './situations.mjs';

const { values } = parseArgs({
  options: { client: { type: 'string', default: 'systemctl' }, only: { type: 'string', default: '' }, page: { type: 'string' } },
});

const chosen = SITUATIONS.filter(({ name, group }) => `${group}: ${name}`.includes(values.only));
const outcomes = await compareSituations(chosen, {
  client: values.client,
  onOutcome: ({ situation, equal, systemd, rouse }) => {
    process.stdout.write(`${equal ? 'same' : situation.differs === undefined ? 'DIFFERENT' : 'different, as documented'}  ${situation.group}: ${situation.name}\n`);
    if (!equal && situation.differs === undefined) process.stdout.write(`--- systemd\n${indent(systemd)}+++ rouse\n${indent(rouse)}`);
  },
});
if (values.page !== undefined) writeFileSync(values.page, page(outcomes, values.client));
const wrong = outcomes.filter(({ equal, situation }) => !equal && situation.differs === undefined);
const same = outcomes.filter(({ equal }) => equal).length;
process.stdout.write(`${outcomes.length} situations, ${same} the same, ${outcomes.length - same - wrong.length} different as documented, ${wrong.length} wrong\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;

function indent(text) {
  return text.replace(/^/gm, '    ').replace(/ +$/, '');
}
