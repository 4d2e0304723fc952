/**
 * The table of verbs: systemctl's names and options where it has them. A verb's code is loaded when it is called, so that a quick
 * one stays quick.
 */
import type { CliContext } from './context.js';

export interface VerbOption {
  readonly flags: string;
  readonly summary: string;
  /** May be given more than once. */
  readonly many?: boolean;
}

type Options = Readonly<Record<string, unknown>>;

export interface Verb {
  readonly name: string;
  readonly group: string;
  /** As in commander: '<unit...>' one or more, '[unit...]' any number. */
  readonly args?: string;
  readonly summary: string;
  readonly options?: readonly VerbOption[];
  readonly run: (context: CliContext, args: readonly string[], options: Options) => Promise<number>;
}

/** Options that every verb takes, in any place. */
export const COMMON_OPTIONS: readonly VerbOption[] = [
  { flags: '--user', summary: 'the manager of this user (the default for everyone but root)' },
  { flags: '--system', summary: 'the system’s manager (the default for root)' },
  { flags: '--json', summary: 'answer in JSON' },
  { flags: '-q, --quiet', summary: 'without remarks' },
  { flags: '--no-pager', summary: 'accepted for systemctl’s sake: there is no pager' },
];

const UNITS = '<unit...>';
const LIST: readonly VerbOption[] = [
  { flags: '-a, --all', summary: 'inactive ones too' },
  { flags: '-t, --type <type>', summary: 'only of these types (socket, service, target)', many: true },
  { flags: '--state <state>', summary: 'only in these states', many: true },
  { flags: '--no-legend', summary: 'without the header and the last line' },
  { flags: '-l, --full', summary: 'do not shorten what is wider than the terminal' },
  { flags: '--plain', summary: 'without dots before the names' },
];
const JOB: readonly VerbOption[] = [
  { flags: '--no-block', summary: 'do not wait until it is done' },
  { flags: '--job-mode <mode>', summary: 'replace, fail, isolate or ignore-dependencies' },
];
const INSTALL: readonly VerbOption[] = [
  { flags: '--now', summary: 'start or stop them, too' },
  { flags: '-f, --force', summary: 'replace links that are in the way' },
];

const job =
  (verb: 'start' | 'stop' | 'restart' | 'try-restart' | 'reload' | 'reload-or-restart'): Verb['run'] =>
  async (context, args, options) =>
    (await import('./jobs.js')).runJobs(context, verb, args, options);

const install =
  (verb: 'enable' | 'disable' | 'reenable' | 'mask' | 'unmask'): Verb['run'] =>
  async (context, args, options) =>
    (await import('./install.js')).install(context, verb, args, options);

export const VERBS: readonly Verb[] = [
  { name: 'start', group: 'Units', args: UNITS, summary: 'start units and wait until they are up', options: JOB, run: job('start') },
  { name: 'stop', group: 'Units', args: UNITS, summary: 'stop units', options: JOB, run: job('stop') },
  { name: 'restart', group: 'Units', args: UNITS, summary: 'stop and start units', options: JOB, run: job('restart') },
  { name: 'try-restart', group: 'Units', args: UNITS, summary: 'restart units that are active', options: JOB, run: job('try-restart') },
  { name: 'reload', group: 'Units', args: UNITS, summary: 'let units read their own configuration again', options: JOB, run: job('reload') },
  { name: 'reload-or-restart', group: 'Units', args: UNITS, summary: 'reload units, or restart those that cannot', options: JOB, run: job('reload-or-restart') },
  {
    name: 'kill',
    group: 'Units',
    args: UNITS,
    summary: 'send a signal to the processes of units',
    options: [
      { flags: '-s, --signal <signal>', summary: 'which (SIGTERM)' },
      { flags: '--kill-whom <whom>', summary: 'all, main or control' },
    ],
    run: async (context, args, options) => (await import('./manager-verbs.js')).kill(context, args, options),
  },
  {
    name: 'reset-failed',
    group: 'Units',
    args: '[unit...]',
    summary: 'forget failures and the limits that they hit',
    run: async (context, args) => (await import('./manager-verbs.js')).resetFailed(context, args),
  },
  {
    name: 'run',
    group: 'Units',
    args: '[argument...]',
    summary: 'hold ports, and start an image (or, behind --, a command) for the first client',
    options: [
      { flags: '-p, --publish <[address:][held:]port>', summary: 'hold this port; the program binds the last one', many: true },
      { flags: '-P, --publish-all', summary: 'hold every port that the image says it has' },
      { flags: '-e, --env <name=value>', summary: 'a variable', many: true },
      { flags: '-v, --volume <source:target>', summary: 'a volume; the other options are those of podman run', many: true },
      { flags: '--name <name>', summary: 'of the units' },
      { flags: '--idle <time>', summary: 'stop it when nobody was connected for so long' },
      { flags: '--save', summary: 'write the files among your own, to keep them' },
      { flags: '--replace', summary: 'in place of what has this name' },
    ],
    run: async (context, args) => (await import('./run.js')).run(args, context.io, context.options),
  },
  {
    name: 'import',
    group: 'Unit files',
    args: '[file]',
    summary: 'make Quadlet and socket units out of a compose file',
    options: [
      { flags: '--dry-run', summary: 'print the files instead of writing them' },
      { flags: '--project-name <name>', summary: 'what the names of the units begin with' },
      { flags: '--profile <name>', summary: 'with the services of this profile', many: true },
      { flags: '--replace', summary: 'overwrite files that are there' },
    ],
    run: async (context, args, options) => (await import('./import.js')).importVerb(context, args, options),
  },
  {
    name: 'status',
    group: 'Asking',
    args: '[unit...]',
    summary: 'what units are and do, and their last words',
    options: [
      { flags: '-n, --lines <number>', summary: 'lines of output to show (10)' },
      { flags: '-l, --full', summary: 'do not shorten commands that are wider than the terminal' },
    ],
    run: async (context, args, options) => (await import('./status.js')).status(context, args, options),
  },
  {
    name: 'logs',
    group: 'Asking',
    args: '[unit...]',
    summary: 'what units wrote; without a unit, the manager’s own log',
    options: [
      { flags: '-f, --follow', summary: 'and what they write from now on' },
      { flags: '-n, --lines <number>', summary: 'only the last ones' },
      { flags: '-o, --output <format>', summary: 'short, short-iso, cat or json' },
    ],
    run: async (context, args, options) => (await import('./logs.js')).logs(context, args, options),
  },
  {
    name: 'analyze',
    group: 'Asking',
    args: '[unit...]',
    summary: 'where the time of the last hundred activations went; stage by stage for a unit',
    options: [{ flags: '--last', summary: 'of the last one only' }],
    run: async (context, args, options) => (await import('./analyze.js')).analyze(context, args, options),
  },
  {
    name: 'show',
    group: 'Asking',
    args: UNITS,
    summary: 'properties of units, for scripts',
    options: [
      { flags: '-p, --property <name>', summary: 'only these', many: true },
      { flags: '--value', summary: 'values without names' },
    ],
    run: async (context, args, options) => (await import('./show.js')).show(context, args, options),
  },
  {
    name: 'cat',
    group: 'Asking',
    args: UNITS,
    summary: 'the files of units, or what Quadlet makes of them',
    run: async (context, args) => (await import('./show.js')).cat(context, args),
  },
  {
    name: 'is-active',
    group: 'Asking',
    args: UNITS,
    summary: 'exit code 0 when any is active, 3 when none is',
    run: async (context, args) => (await import('./states.js')).isActive(context, args),
  },
  {
    name: 'is-failed',
    group: 'Asking',
    args: '[unit...]',
    summary: 'exit code 0 when any has failed',
    run: async (context, args) => (await import('./states.js')).isFailed(context, args),
  },
  {
    name: 'is-system-running',
    group: 'Asking',
    summary: 'running, degraded when a unit has failed, or offline; exit code 0 for running',
    run: async (context) => (await import('./states.js')).isSystemRunning(context),
  },
  {
    name: 'list-units',
    group: 'Lists',
    args: '[pattern...]',
    summary: 'units that the manager has',
    options: [...LIST, { flags: '--failed', summary: 'only failed ones' }],
    run: async (context, args, options) => (await import('./lists.js')).listUnits(context, args, options),
  },
  {
    name: 'list-sockets',
    group: 'Lists',
    args: '[pattern...]',
    summary: 'addresses that are listened on, and what they start',
    options: LIST,
    run: async (context, args, options) => (await import('./lists.js')).listSockets(context, args, options),
  },
  {
    name: 'list-unit-files',
    group: 'Lists',
    args: '[pattern...]',
    summary: 'unit files that are there, and whether they are enabled',
    options: LIST,
    run: async (context, args, options) => (await import('./lists.js')).listUnitFiles(context, args, options),
  },
  { name: 'enable', group: 'Unit files', args: UNITS, summary: 'make the links of [Install], so that the manager starts units', options: INSTALL, run: install('enable') },
  { name: 'disable', group: 'Unit files', args: UNITS, summary: 'remove the links that enable made', options: INSTALL, run: install('disable') },
  { name: 'reenable', group: 'Unit files', args: UNITS, summary: 'remove the links of [Install] and make them anew', options: INSTALL, run: install('reenable') },
  { name: 'mask', group: 'Unit files', args: UNITS, summary: 'make units impossible to start', options: INSTALL, run: install('mask') },
  { name: 'unmask', group: 'Unit files', args: UNITS, summary: 'make masked units possible to start again', run: install('unmask') },
  {
    name: 'is-enabled',
    group: 'Unit files',
    args: UNITS,
    summary: 'say enabled, disabled, static …; exit code 0 when any is enabled',
    run: async (context, args) => (await import('./states.js')).isEnabled(context, args),
  },
  {
    name: 'verify',
    group: 'Unit files',
    args: '[file...]',
    summary: 'what is wrong with unit files and Quadlet files, or will be regretted',
    options: [
      { flags: '-a, --all', summary: 'every file of this manager' },
      { flags: '--format <format>', summary: 'text, json, github or sarif' },
      { flags: '--strict', summary: 'exit code 1 on warnings too' },
      { flags: '--no-host', summary: 'the files are for another host: leave its programs, paths and users out' },
    ],
    run: async (context, args, options) => (await import('./verify.js')).verify(context, args, options),
  },
  {
    name: 'auto-update',
    group: 'Containers',
    summary: 'give containers with AutoUpdate= their newer images, and restart their services',
    options: [
      { flags: '--dry-run', summary: 'only look for newer images' },
      { flags: '--format <format>', summary: 'json' },
      { flags: '--rollback [boolean]', summary: 'go back to the old image when a service does not start with the new one (true)' },
      { flags: '--authfile <path>', summary: 'where the registry’s credentials are' },
      { flags: '--tls-verify [boolean]', summary: 'whether registries must prove who they are' },
    ],
    run: async (context, _, options) => (await import('./auto-update.js')).autoUpdate(context, options),
  },
  {
    name: 'daemon-reload',
    group: 'Manager',
    summary: 'read all files again; what runs goes on',
    run: async (context) => (await import('./manager-verbs.js')).daemonReload(context),
  },
  {
    name: 'daemon',
    group: 'Manager',
    summary: 'run the manager in the foreground',
    options: [{ flags: '--as-systemd', summary: 'root’s systemctl finds it too, and other programs believe in a systemd' }],
    run: async (context, _, options) => (await import('./daemon.js')).daemon(context, options),
  },
  {
    name: 'linger',
    group: 'Manager',
    args: '[argument...]',
    summary: 'enable, disable or status: the manager starts at boot and outlives the log-out',
    run: async (context, args) => (await import('./linger.js')).linger(context, args),
  },
  {
    name: 'init',
    group: 'Manager',
    args: '[command...]',
    summary: 'run the manager as the first process of a container, and a command beside it',
    options: [{ flags: '--timeout <time>', summary: 'how long stopping may take before everything is killed (9s)' }],
    run: async (context, args, options) => (await import('./init.js')).init(context, args, options),
  },
  { name: 'exit', group: 'Manager', summary: 'stop every unit and end the manager', run: async (context) => (await import('./manager-verbs.js')).exit(context) },
];
