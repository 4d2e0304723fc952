/**
 * The control API: what goes over the manager's Unix socket. One request and then any number of replies per
 * connection, each a JSON object ended by NUL (as varlink frames its messages).
 *
 * Version history
 *   1  start, stop, restart, try-restart, reload, reset-failed, list-units, list-sockets, show, daemon-reload, logs, exit
 */

export const PROTOCOL_VERSION = 1;

export type JobVerb = 'start' | 'stop' | 'restart' | 'try-restart' | 'reload' | 'reload-or-restart';
/** systemctl(1), --job-mode= */
export type WireJobMode = 'fail' | 'replace' | 'isolate' | 'ignore-dependencies';

export type Request =
  | { readonly method: 'hello' }
  | { readonly method: 'job'; readonly verb: JobVerb; readonly units: readonly string[]; readonly mode: WireJobMode; readonly wait: boolean }
  | { readonly method: 'reset-failed'; readonly units: readonly string[] }
  | { readonly method: 'list-units' }
  | { readonly method: 'list-jobs' }
  /** Where the time of activations went; of all services that have any without names. */
  | { readonly method: 'analyze'; readonly units: readonly string[] }
  /** Sends a signal to a unit's processes; systemctl(1), kill. */
  | { readonly method: 'kill'; readonly units: readonly string[]; readonly signal: string; readonly whom: 'main' | 'control' | 'all' }
  | { readonly method: 'show'; readonly units: readonly string[] }
  | { readonly method: 'daemon-reload' }
  /** Stops every unit and ends the manager. */
  | { readonly method: 'exit' };

/** Anything that a reply can hold. `progress` may come any number of times before the last reply of another type. */
export type Reply =
  | { readonly type: 'hello'; readonly version: number; readonly pid: number; readonly mode: 'system' | 'user'; readonly notices: readonly string[] }
  /** A word for the user while a long thing goes on: "A start job is running for …". */
  | { readonly type: 'progress'; readonly message: string }
  | { readonly type: 'jobs'; readonly jobs: readonly WireJob[]; readonly diagnostics: readonly WireDiagnostic[] }
  | { readonly type: 'units'; readonly units: readonly WireUnit[] }
  | { readonly type: 'activations'; readonly services: readonly WireActivations[] }
  | { readonly type: 'done'; readonly diagnostics: readonly WireDiagnostic[] }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly hint?: string };

export type ErrorCode = 'not-applicable' | 'bad-request' | 'no-such-unit' | 'refused' | 'masked' | 'load-failed' | 'shutting-down' | 'internal';

/** The last activations of a service, oldest first. */
export interface WireActivations {
  readonly unit: string;
  readonly activations: readonly WireActivation[];
}

/** Milliseconds of each stage since the connection arrived: noticed, queued, begun, spawning, executed, listening, accepted, ready. */
export interface WireActivation {
  readonly timeMs: number;
  readonly how: 'ordinary' | 'armed' | 'frozen';
  readonly stages: Readonly<Record<string, number>>;
}

/** How a job ended; systemctl says the same words. */
export type WireJobResult = 'done' | 'canceled' | 'timeout' | 'failed' | 'dependency' | 'skipped' | 'invalid' | 'assert' | 'unsupported' | 'collected' | 'once' | 'queued';

export interface WireJob {
  readonly unit: string;
  readonly verb: string;
  readonly result: WireJobResult;
  /** Set when there was no job to begin with. */
  readonly code?: ErrorCode;
  /** Why, in words, when it did not end as 'done'; and what to look at next. */
  readonly message?: string;
  readonly hint?: string;
}

export interface WireDiagnostic {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly hint?: string;
  /** The one text form (see unitfile/diagnostic.ts). */
  readonly text: string;
}

export interface WireListen {
  /** 'Stream', 'Datagram', 'SequentialPacket', 'FIFO' … as `systemctl status` has it. */
  readonly kind: string;
  /** As `systemctl list-sockets` prints it: '127.0.0.1:3000', '/run/x.sock', '@name', 'vsock:4294967295:3000'. */
  readonly address: string;
}

/** One process of a unit, for `status`. */
export interface WireProcess {
  readonly pid: number;
  readonly command: string;
}

export interface WireUnit {
  readonly name: string;
  readonly description: string;
  readonly documentation: readonly string[];
  readonly loadState: 'loaded' | 'not-found' | 'bad-setting' | 'error' | 'masked';
  readonly activeState: 'active' | 'reloading' | 'inactive' | 'failed' | 'activating' | 'deactivating' | 'maintenance';
  readonly subState: string;
  /** 'success', 'exit-code', 'timeout', 'resources' … */
  readonly result: string;
  /** Why it is in this state, when there is something to say. */
  readonly reason?: string;
  readonly hint?: string;
  readonly fragmentPath: string;
  readonly sourcePath?: string;
  readonly dropInPaths: readonly string[];
  /** The generated text, for a unit that has no file of its own (a Quadlet's service). */
  readonly contents?: string;
  /** Milliseconds since the epoch of the last change of active state; 0 when it never changed. */
  readonly stateChangeMs: number;
  readonly activeEnterMs: number;
  readonly job?: { readonly id: number; readonly verb: string; readonly state: 'waiting' | 'running' };
  readonly triggers: readonly string[];
  readonly triggeredBy: readonly string[];
  readonly diagnostics: readonly WireDiagnostic[];
  readonly needsDaemonReload: boolean;
  /** As `is-enabled` says it; '' for a unit without a file. */
  readonly unitFileState: string;
  /** Services. */
  readonly mainPid?: number;
  readonly mainCode?: string;
  readonly mainStatus?: number;
  readonly controlPid?: number;
  readonly statusText?: string;
  readonly controlGroup?: string;
  readonly processes?: readonly WireProcess[];
  /** How ready it is for the next client; [X-Rouse] Arm=. */
  readonly armLevel?: 'stopped' | 'arming' | 'armed' | 'frozen' | 'running';
  /** The same in words, where there is more to say than that it runs or does not. */
  readonly arming?: string;
  /** The process that waits before exec, or that container's conmon. */
  readonly armedPid?: number;
  readonly restarts?: number;
  readonly invocationId?: string;
  /** Sockets. */
  readonly listen?: readonly WireListen[];
  /** How often a connection has started the service. */
  readonly activations?: number;
  /** Those with Accept=yes. */
  readonly accepted?: number;
  readonly connections?: number;
  readonly refused?: number;
  /** What `show` prints, by systemd's name ('ActiveState', 'ExecStart' …), in order; a list has an entry for each element. */
  readonly properties?: readonly (readonly [name: string, value: string])[];
}
