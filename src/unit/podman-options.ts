/** Where the options of `podman run` end and the image begins; podman-run(1). */

/** Options that take no word after them. All others do, unless it is joined on with `=` (or, after one letter, directly). */
const FLAGS: ReadonlySet<string> = new Set([
  ...['detach', 'disable-content-trust', 'env-host', 'help', 'http-proxy', 'init', 'interactive', 'no-healthcheck', 'no-hostname', 'no-hosts', 'oom-kill-disable'],
  ...['passwd', 'privileged', 'publish-all', 'quiet', 'read-only', 'read-only-tmpfs', 'replace', 'rm', 'rmi', 'rootfs', 'sig-proxy', 'tls-verify', 'tty', 'unsetenv-all'],
]);
const SHORT_FLAGS = 'diPqt';

export interface RunOption {
  /** `--volume` as `volume`, `-v` as `v`. */
  readonly name: string;
  /** undefined for one that takes none. */
  readonly value: string | undefined;
  /** The words that it was written with. */
  readonly words: readonly string[];
}

export interface RunWords {
  readonly options: readonly RunOption[];
  /** From the image on. */
  readonly rest: readonly string[];
  /** `--` stands before it. */
  readonly dashes: boolean;
}

/** What follows `podman run`. `more` are flags that podman does not have. */
export function splitRunOptions(words: readonly string[], more: ReadonlySet<string> = new Set()): RunWords {
  const options: RunOption[] = [];
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? '';
    if (word === '--') return { options, rest: words.slice(at + 1), dashes: true };
    if (!word.startsWith('-') || word === '-') break;
    const read = word.startsWith('--') ? long(word, words[at + 1], more) : short(word, words[at + 1]);
    options.push(...read);
    at += Math.max(1, ...read.map((option) => option.words.length));
  }
  return { options, rest: words.slice(at), dashes: false };
}

function long(word: string, next: string | undefined, more: ReadonlySet<string>): readonly RunOption[] {
  const equals = word.indexOf('=');
  if (equals > 0) return [{ name: word.slice(2, equals), value: word.slice(equals + 1), words: [word] }];
  const name = word.slice(2);
  if (FLAGS.has(name) || more.has(name)) return [{ name, value: undefined, words: [word] }];
  return [{ name, value: next, words: next === undefined ? [word] : [word, next] }];
}

/** `-it`, `-e X=1`, `-eX=1`, `-itv /a:/b`. */
function short(word: string, next: string | undefined): readonly RunOption[] {
  const options: RunOption[] = [];
  for (let i = 1; i < word.length; i++) {
    const name = word[i] ?? '';
    if (SHORT_FLAGS.includes(name)) {
      options.push({ name, value: undefined, words: [`-${name}`] });
      continue;
    }
    const joined = word.slice(i + 1).replace(/^=/, '');
    if (joined !== '') options.push({ name, value: joined, words: [`-${name}${joined}`] });
    else options.push({ name, value: next, words: next === undefined ? [`-${name}`] : [`-${name}`, next] });
    break;
  }
  return options;
}
