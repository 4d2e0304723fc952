/** What the converters of all kinds share: one file on its way to a service. */
import type { Place } from '../unitfile/diagnostic.js';
import type { ServiceDraft } from './draft.js';
import type { Kind } from './kinds.js';
import { PodmanCommand } from './podman-args.js';
import type { QuadletSource } from './source.js';

export interface QuadletContext {
  readonly mode: 'system' | 'user';
  readonly uid: number;
  /** The path in ExecStart=, usually '/usr/bin/podman'. */
  readonly podman: string;
  /** For `AddDevice=-/dev/…`, which counts only where the device exists; without it every device counts. */
  readonly exists?: (path: string) => boolean;
}

/** A Quadlet file that others can refer to by its file name. */
export interface LinkedUnit {
  /** 'data.volume' */
  readonly name: string;
  /** 'volume' */
  readonly type: string;
  /** 'data-volume.service' */
  readonly serviceName: string;
  /** 'systemd-data'; '' where it cannot be told. */
  readonly resource: string;
}

export interface Conversion {
  readonly source: QuadletSource;
  readonly service: ServiceDraft;
  readonly kind: Kind;
  /** By file name: 'data.volume'. */
  readonly units: ReadonlyMap<string, LinkedUnit>;
  /** The services of the containers that start with a pod, by the pod's file name. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly context: QuadletContext;
}

/** Thrown by converters, in podman's own words, and caught by `convert.ts`: no service comes out of this file. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly place: Place,
    readonly detail: { readonly code?: string; readonly section?: string; readonly key?: string; readonly hint?: string } = {},
  ) {
    super(message);
  }
}

/** podman with the options that stand before its subcommand. */
export function podman({ source, context }: Conversion, ...subcommand: readonly string[]): PodmanCommand {
  const command = new PodmanCommand(context.podman);
  if (source.has('ContainersConfModule')) for (const { text } of source.all('ContainersConfModule')) command.add(`--module=${text}`);
  if (source.has('GlobalArgs')) for (const { text } of source.args('GlobalArgs')) command.add(text);
  return command.add(...subcommand);
}

/** Keys that the functions of this file and `kinds.ts` read, for every kind. */
export const COMMON_KEYS = ['ContainersConfModule', 'GlobalArgs', 'ServiceName'] as const;

/** What a service that runs podman once needs: it is up when the command has ended well. */
export function oneshotDefaults({ service }: Conversion, remainAfterExit: boolean): void {
  service.setDefault('Service', 'SyslogIdentifier', '%N');
  service.setDefault('Service', 'Type', 'oneshot');
  if (remainAfterExit) service.setDefault('Service', 'RemainAfterExit', 'yes');
}

/** conmon has to outlive podman and to stop the container itself: nothing else works. */
export function checkKillMode({ source, service }: Conversion): void {
  const given = source.last('KillMode', 'Service');
  if (given !== undefined && given.text !== 'mixed' && given.text !== 'control-group') {
    throw new Refusal(`invalid KillMode '${given.text}'`, given.place, { section: 'Service', key: 'KillMode', hint: 'leave the line out, or use mixed or control-group' });
  }
  service.setDefault('Service', 'KillMode', 'mixed');
}

/** 'notify' unless the file says 'oneshot'. */
export function serviceType({ source, service }: Conversion): 'notify' | 'oneshot' {
  const given = source.last('Type', 'Service');
  if (given !== undefined && given.text !== 'notify' && given.text !== 'oneshot') {
    throw new Refusal(`invalid service Type '${given.text}'`, given.place, { section: 'Service', key: 'Type', hint: 'leave the line out, or use notify or oneshot' });
  }
  if (given?.text === 'oneshot') return 'oneshot';
  service.set('Service', 'Type', 'notify', given?.place);
  service.set('Service', 'NotifyAccess', 'all');
  return 'notify';
}
