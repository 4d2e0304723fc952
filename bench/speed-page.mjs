// docs/speed.md out of the figures of one `npm run bench`.
import { ms, summarize } from './table.mjs';

const PROGRAMS = { echo: 'static echo', node: 'Node server' };
const KINDS = { plain: 'plain process', container: 'container, `Network=none`' };

/** In the order of the page, and what they are called there. */
export const ROWS = [
  { who: 'rouse', level: 'running', words: 'already running: the floor' },
  { who: 'rouse', level: 'frozen', words: 'rouse, frozen' },
  { who: 'rouse', level: 'armed', words: 'rouse, armed' },
  { who: 'rouse', level: 'stopped', words: 'rouse, stopped' },
  { who: 'systemd-socket-activate', level: 'stopped', words: { plain: 'systemd-socket-activate', container: 'systemd-socket-activate, `podman run`' } },
  { who: 'systemd', level: 'stopped', words: { plain: 'systemd 257', container: 'systemd 257, Quadlet' } },
];

export const wordsOf = ({ words }, kind) => (typeof words === 'string' ? words : words[kind]);
export const rowOf = ({ rows }, what, kind, { who, level }) => rows.find((row) => row.what === what && row.kind === kind && row.who === who && row.level === level);

const table = (header, rows) =>
  [`| ${header.join(' | ')} |`, `|${header.map((_, i) => (i === 0 ? ' --- ' : ' ---: ')).join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
const megabytes = (bytes) => (bytes === undefined ? '' : bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);
const times = (ratio) => (ratio < 0.1 ? ratio.toFixed(3) : ratio.toFixed(2));

function firstBytes(result, what, kind) {
  const base = summarize(rowOf(result, what, kind, ROWS.at(-1)).times).median;
  const rows = ROWS.map((shown) => {
    const row = rowOf(result, what, kind, shown);
    const { runs, min, median, p90, max } = summarize(row.times);
    return [wordsOf(shown, kind), runs, ms(min), ms(median), ms(p90), ms(max), times(median / base), megabytes(row.memoryBytes)];
  });
  return table(['', 'runs', 'min', 'median', 'p90', 'max', 'of systemd', 'memory'], rows);
}

const sections = (result, title) =>
  Object.keys(PROGRAMS).flatMap((what) => Object.keys(KINDS).map((kind) => `### ${PROGRAMS[what]}, ${KINDS[kind]}, ${title}\n\n${firstBytes(result, what, kind)}`));

function crowd({ crowdPlain, crowdContainer }) {
  const rows = [
    ['plain process', crowdPlain],
    ['armed container', crowdContainer],
  ].map(([title, { count, served, unserved, timesUs, loop }]) => {
    const { median, p90, max } = summarize(timesUs);
    const p99 = timesUs.toSorted((a, b) => a - b)[Math.min(timesUs.length - 1, Math.floor(timesUs.length * 0.99))];
    return [
      title,
      `${served} of ${count}${unserved === 0 ? '' : ' (!)'}`,
      ms(median),
      ms(p90),
      ms(p99),
      ms(max),
      `${loop.longestCpuMs.toFixed(1)} ms`,
      `${loop.longestMs.toFixed(1)} ms`,
    ];
  });
  return table(['100 first clients within a second', 'served', 'median', 'p90', 'p99', 'max', 'loop held, processor time', 'loop held, wall time'], rows);
}

function aims({ root, rootless }) {
  const median = (result, kind, level, who = 'rouse') => summarize(rowOf(result, 'echo', kind, { who, level }).times).median;
  const rows = [
    ['root', root],
    ['rootless', rootless],
  ].flatMap(([title, result]) => [
    [`armed container, ${title}`, 'at most 2 ms', ms(median(result, 'container', 'armed'))],
    [`frozen container, ${title}`, 'at most 1 ms', ms(median(result, 'container', 'frozen'))],
    [`stopped container, ${title}`, "at most 0.6 of Quadlet's", times(median(result, 'container', 'stopped') / median(result, 'container', 'stopped', 'systemd'))],
    [`armed plain process, ${title}`, "at most systemd-socket-activate's", times(median(result, 'plain', 'armed') / median(result, 'plain', 'stopped', 'systemd-socket-activate'))],
    [
      `stopped plain process, ${title}`,
      "at most systemd-socket-activate's",
      times(median(result, 'plain', 'stopped') / median(result, 'plain', 'stopped', 'systemd-socket-activate')),
    ],
  ]);
  return table(['static echo, median', 'aim', 'here'], rows);
}

export function speedPage(results) {
  const { date, rounds, root, rootless, rest, crowdContainer, policy } = results;
  const priority = policy === 'SCHED_RR' ? '; the benchmark ran at real-time priority, `chrt -r 1`, so that this decides less' : '';
  return `# Speed

Made by \`npm run bench -- --write\` on ${date}, on throw-away hosts of one machine (2 cores, shared with other work${priority}: read the ratios before the milliseconds).
Time from \`connect()\` to the first byte of the answer, on 127.0.0.1. In each of ${rounds} rounds every row has one client, so that what the machine does meanwhile meets all of
them. *Memory* is that of the service's processes while nobody is connected (Pss). [arming.md](arming.md) says what the levels are.

![Median time to the first byte](speed.svg)

${aims(results)}

${[...sections(root, 'root'), ...sections(rootless, 'rootless')].join('\n\n')}

### A crowd

${crowd(results)}

*Loop held*: the longest turn of the manager's event loop in that second. Its processor time is what the manager itself did; its wall time is more where a hundred programs that begin
want the same two cores. Arming the hundred containers took ${crowdContainer.armSeconds.toFixed(0)} s, one after the other.

### At rest

${rest.count} armed containers, for ${rest.seconds} s in which nobody connects: the manager used ${rest.managerCpuMs.toFixed(0)} ms of processor time, everything else of theirs
${rest.othersCpuMs.toFixed(0)} ms. They take ${megabytes(rest.memoryBytes / rest.count)} each, and arming them took ${rest.armSeconds.toFixed(0)} s.
`;
}
