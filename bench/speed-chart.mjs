// docs/speed.svg: the medians of one `npm run bench`, on a logarithmic scale; echo, plain process and container, root and rootless.
import { ms, summarize } from './table.mjs';
import { rowOf, ROWS, wordsOf } from './speed-page.mjs';

const LEFT = 250;
const WIDTH = 520;
const BAR = 15;
const GROUP = 34;
/** Microseconds. */
const LEAST = 50;
const MOST = 1_000_000;

const x = (us) => (WIDTH * Math.log10(Math.max(us, LEAST) / LEAST)) / Math.log10(MOST / LEAST);

export function speedChart({ root, rootless, date }) {
  const groups = ['echo', 'node'].flatMap((what) =>
    ['plain', 'container'].flatMap((kind) => [
      { title: `${what === 'echo' ? 'static echo' : 'Node server'}, ${kind}, root`, result: root, what, kind },
      { title: `${what === 'echo' ? 'static echo' : 'Node server'}, ${kind}, rootless`, result: rootless, what, kind },
    ]),
  );
  let y = 20;
  const parts = groups.flatMap(({ title, result, what, kind }) => {
    const head = `<text x="0" y="${y + 4}" class="head">${title}</text>`;
    y += 12;
    const bars = ROWS.map((shown) => {
      const { median } = summarize(rowOf(result, what, kind, shown).times);
      const text = wordsOf(shown, kind).replaceAll('`', '');
      const bar = `<text x="${LEFT - 8}" y="${y + BAR - 4}" class="label">${text}</text><rect x="${LEFT}" y="${y + 2}" width="${x(median).toFixed(1)}" height="${BAR - 4}" class="${shown.who === 'rouse' ? 'ours' : 'theirs'}"/><text x="${(LEFT + x(median) + 5).toFixed(1)}" y="${y + BAR - 4}">${ms(median)}</text>`;
      y += BAR;
      return bar;
    });
    y += GROUP - 12;
    return [head, ...bars];
  });
  const ticks = [100, 1000, 10_000, 100_000, 1_000_000].map(
    (us) =>
      `<line x1="${LEFT + x(us)}" y1="24" x2="${LEFT + x(us)}" y2="${y - 20}" class="tick"/><text x="${LEFT + x(us)}" y="${y - 6}" class="axis">${us < 1000 ? `${us / 1000} ms` : ms(us).replace(/\.00/, '')}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 90}" height="${y + 20}" viewBox="0 0 ${LEFT + WIDTH + 90} ${y + 20}">
<style>text{font:11px sans-serif;fill:#333}.head{font-weight:bold}.label{text-anchor:end}.axis{text-anchor:middle;fill:#777}.ours{fill:#2a7ab8}.theirs{fill:#b9b9b9}.tick{stroke:#ddd}</style>
<rect width="100%" height="100%" fill="#fff"/>
${ticks.join('\n')}
${parts.join('\n')}
<text x="0" y="${y + 14}" class="axis" style="text-anchor:start">median time to the first byte after connect(), logarithmic; ${date}</text>
</svg>
`;
}
