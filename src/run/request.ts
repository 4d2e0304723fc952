/** The words after `rouse run`: what is rouse's own, what is podman's, and what is to run. */
import { splitRunOptions, type RunOption } from '../unit/podman-options.js';
import { timeSpan } from '../unit/values/time-span.js';
import { parsePublish, type PublishedPort } from './ports.js';
import { isRefused, type Refused } from './refused.js';

export interface RunRequest {
  readonly name: string;
  readonly ports: readonly PublishedPort[];
  /** As a time span: '10m'. */
  readonly idle: string | undefined;
  /** Writes the files where they stay. */
  readonly save: boolean;
  /** In place of what has this name already. */
  readonly replace: boolean;
  /** Every port that the image says it has (-P). */
  readonly publishAll: boolean;
  readonly what: { readonly type: 'container'; readonly image: string; readonly args: readonly string[] } | { readonly type: 'process'; readonly argv: readonly string[] };
  /** podman's options, but for those above and what Quadlet does by itself. */
  readonly options: readonly RunOption[];
}

/** rouse's own options that podman does not have. */
const OWN_FLAGS = new Set(['save']);

/** What a container behind a socket cannot have, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  i: 'nobody is there to type: it starts when the first client comes',
  interactive: 'nobody is there to type: it starts when the first client comes',
  t: 'it has no terminal: it starts when the first client comes',
  tty: 'it has no terminal: it starts when the first client comes',
  restart: 'its socket starts it again, for the next client',
  pod: 'write a .pod and a .container file',
  sdnotify: 'it is ready when it listens',
  rmi: 'the image is needed for the next client',
};

/** What Quadlet's command has anyway, or rouse has read. */
const TAKEN = new Set(['p', 'publish', 'P', 'publish-all', 'name', 'idle', 'save', 'replace', 'd', 'detach', 'rm', 'q', 'quiet']);

export function parseRun(words: readonly string[]): RunRequest | Refused {
  // `--` in place of an image: what follows is a command of this host.
  const { options, rest, dashes } = splitRunOptions(words, OWN_FLAGS);
  const bad = options.find(({ name, value }) => REFUSED[name] !== undefined && value !== 'false' && value !== 'no');
  const slip = slipIn(options);
  if (slip !== undefined) return slip;
  if (bad !== undefined) return { refused: `No ${dashed(bad.name)} here: ${REFUSED[bad.name]}`, hint: 'podman run runs a container at once, with a terminal' };
  if (rest[0] === undefined) return { refused: 'No image and no command given', hint: 'rouse run -p 8080:80 IMAGE [ARGUMENT...], or rouse run -p 3000 -- COMMAND [ARGUMENT...]' };
  const ports = options.filter(({ name }) => name === 'p' || name === 'publish').map(({ value = '' }) => parsePublish(value));
  const refusal = ports.find((each) => isRefused(each));
  if (refusal !== undefined && isRefused(refusal)) return refusal;
  const what = dashes ? ({ type: 'process', argv: rest } as const) : ({ type: 'container', image: rest[0], args: rest.slice(1) } as const);
  const name = last(options, 'name') ?? nameFor(rest[0]);
  if (!/^[A-Za-z0-9_][A-Za-z0-9:_.-]*$/.test(name)) return { refused: `'${name}' cannot be the name of a unit`, hint: '--name takes letters, digits and :_.-' };
  return {
    name,
    ports: ports.flatMap((each) => (isRefused(each) ? [] : each)),
    idle: last(options, 'idle'),
    save: has(options, 'save'),
    replace: has(options, 'replace'),
    publishAll: has(options, 'P') || has(options, 'publish-all'),
    what,
    options: options.filter((option) => !TAKEN.has(option.name)),
  };
}

/** What podman's parser would take for the value of an option, and nobody means. */
function slipIn(options: readonly RunOption[]): Refused | undefined {
  const swallowed = options.find(({ value }) => value === '--');
  if (swallowed !== undefined)
    return { refused: `Unknown option ${dashed(swallowed.name)}, or its value is missing`, hint: 'options of rouse itself stand before the verb: rouse --json run …' };
  const idle = timeSpan(last(options, 'idle') ?? '0');
  return idle.ok ? undefined : { refused: `Failed to parse --idle ${last(options, 'idle')}`, hint: `expected ${idle.expected}` };
}

function has(options: readonly RunOption[], name: string): boolean {
  return options.some((option) => option.name === name && option.value !== 'false');
}

function last(options: readonly RunOption[], name: string): string | undefined {
  return options.findLast((option) => option.name === name)?.value;
}

export function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** 'docker.io/library/nginx:1.27' and '/usr/bin/nginx' are 'nginx'. */
function nameFor(imageOrPath: string): string {
  const base = imageOrPath.slice(imageOrPath.lastIndexOf('/') + 1).replace(/[@:].*$/, '');
  return base.replace(/[^A-Za-z0-9_.-]/g, '-').replace(/^[.-]+/, '') || 'run';
}
