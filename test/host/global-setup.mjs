/** Builds the test host before the first test, which therefore does not wait for it, and says why where there can be none. */
import { ensureHost, whyNoHost } from './host.mjs';

export async function setup() {
  const why = whyNoHost();
  if (why === undefined) await ensureHost({ onProgress: (line) => process.stderr.write(`test host: ${line}\n`) });
  else process.stderr.write(`Integration tests are skipped: ${why}\n`);
}
