/** systemctl takes its options in any place, before the verb too, and lists units where there is no verb; commander wants a verb first. */
import { COMMON_OPTIONS, VERBS } from './verbs.js';

/** By their names, '-n' and '--lines': whether the next word is their value. `run` has podman's own, and reads them itself. */
const TAKES_VALUE: ReadonlyMap<string, boolean> = new Map(
  [...COMMON_OPTIONS, ...VERBS.filter(({ name }) => name !== 'run').flatMap(({ options = [] }) => options)].flatMap(({ flags }) =>
    (flags.match(/--?[a-zA-Z][\w-]*/g) ?? []).map((name): readonly [string, boolean] => [name, flags.includes('<')]),
  ),
);

/** ['-n', '5', 'status', 'x'] → ['status', '-n', '5', 'x']; ['--failed'] → ['list-units', '--failed']. What is not understood stays as it is. */
export function verbFirst(argv: readonly string[]): readonly string[] {
  let at = 0;
  while (at < argv.length && argv[at]?.startsWith('-') === true) {
    const word = argv[at] ?? '';
    const name = word.startsWith('--') ? word.replace(/=.*/s, '') : word.slice(0, 2);
    const takes = TAKES_VALUE.get(name);
    if (takes === undefined) return argv;
    at += takes && word === name ? 2 : 1;
  }
  const verb = argv[at];
  if (verb === undefined) return ['list-units', ...argv];
  return VERBS.some(({ name }) => name === verb) ? [verb, ...argv.slice(0, at), ...argv.slice(at + 1)] : argv;
}
