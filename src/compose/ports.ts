/** `ports:` of a compose service: where each is held, and what the program binds; compose-spec, 05-services.md. */
import { parsePublish, type PublishedPort } from '../run/ports.js';
import { isRefused } from '../run/refused.js';
import { isRecord, text } from './values.js';

export interface ComposePort {
  readonly port: PublishedPort;
  /** As PublishPort= has it, for where nothing is held. */
  readonly publish: string;
}

/** undefined: none that could be carried over. `isHeld` is false for a port alone: compose takes any for that. */
export function parsePort(value: unknown): readonly ComposePort[] | undefined {
  const written = isRecord(value) ? longForm(value) : text(value);
  if (written === undefined) return undefined;
  const parsed = parsePublish(written.replace(/^localhost:/, '127.0.0.1:'));
  if (isRefused(parsed)) return undefined;
  return parsed.map((port) => ({ port, publish: `${port.held}:${port.program}${port.kind === 'datagram' ? '/udp' : ''}` }));
}

function longForm(value: Readonly<Record<string, unknown>>): string | undefined {
  const target = text(value['target']);
  if (target === undefined) return undefined;
  const published = text(value['published']) ?? target;
  const address = text(value['host_ip']);
  const host = address === undefined ? '' : `${address.includes(':') ? `[${address}]` : address}:`;
  return `${host}${published}:${target}/${text(value['protocol']) ?? 'tcp'}`;
}
