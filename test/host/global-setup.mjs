/**
 * Builds rouse and the test host before the first test, which therefore does not wait for them, and says what cannot be tested on this
 * machine.
 */
import { build } from '../../scripts/lib/setup.mjs';
import { cgroupLayouts, ensureHost, whyNoHost } from './host.mjs';

export async function setup() {
  const say = (line) => process.stderr.write(`test host: ${line}\n`);
  const why = whyNoHost();
  if (why !== undefined) {
    say(`no integration tests here: ${why}`);
    return;
  }
  for (const [name, layout] of Object.entries(cgroupLayouts())) if (!layout.possible) say(`no tests with ${name} cgroups here: ${layout.why}`);
  await build();
  await ensureHost({ onProgress: say });
}
