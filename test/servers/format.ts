/** The page docs/adopted-servers.md, from what a run of the tests found. */
import type { Served } from './served.js';

const HEAD = `# Servers that were adopted

Made by \`npm run servers\`. Each is a package of Debian 13, as it
is, in a container with \`Network=none\` of an ordinary user, armed. Its own client was its first. Times are from the connect of another first client to the
first byte of the answer, one run on a machine with two cores: what is in them is the start of the program. “Source” says whether the server saw the
address that its client had; “–” is for those that tell nobody.

| server | written in | own client served at once | first byte | source |
| --- | --- | --- | --- | --- |
`;

export function formatServed(results: readonly Served[]): string {
  const rows = results.map(({ name, language, answer, firstByteMs, sourceSeen }) => {
    const time = firstByteMs === undefined ? '–' : `${firstByteMs.toFixed(firstByteMs < 10 ? 1 : 0)} ms`;
    return `| ${name} | ${language} | ${answer === '' ? 'no' : 'yes'} | ${time} | ${sourceSeen === undefined ? '–' : sourceSeen ? 'yes' : 'no'} |\n`;
  });
  return HEAD + rows.join('');
}
