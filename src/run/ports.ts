/** `-p` of `rouse run`, as podman-run(1) writes it: where the socket is held, and what the program binds. */
import type { Refused } from './refused.js';

export interface PublishedPort {
  readonly kind: 'stream' | 'datagram';
  /** As ListenStream= has it: '8080', '127.0.0.1:8080', '[::1]:8080', '/run/app.sock'. */
  readonly held: string;
  /** As Adopt= has it: '80', '/run/app.sock'. */
  readonly program: string;
  /** undefined for a Unix socket. */
  readonly port: number | undefined;
}

const EXPECTED = 'expected PORT, HELD:PORT, ADDRESS:HELD:PORT, each with /udp where it is UDP, a range such as 8000-8003, or /PATH:/PATH-IN-THE-CONTAINER';
const PORT_MOST = 65_535;

export function parsePublish(text: string): readonly PublishedPort[] | Refused {
  if (text.startsWith('/')) return unixPath(text);
  const [, address = '', held, program = '', protocol = 'tcp'] = /^(?:(\[[0-9a-fA-F:.%]+\]|\d+\.\d+\.\d+\.\d+):)?(?:([\d-]*):)?([\d-]+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const programs = range(program);
  const helds = held === undefined || held === '' ? programs : range(held);
  if (programs === undefined || helds === undefined) return { refused: `Failed to parse -p ${text}`, hint: EXPECTED };
  if (programs.length !== helds.length) return { refused: `Failed to parse -p ${text}: one range is longer than the other`, hint: EXPECTED };
  const kind = protocol === 'udp' ? 'datagram' : 'stream';
  return helds.map((port, i) => ({ kind, held: address === '' || address === '0.0.0.0' ? wildcard(address, port) : `${address}:${port}`, program: String(programs[i]), port }));
}

/** A port alone is held for both families. */
function wildcard(address: string, port: number): string {
  return address === '' ? String(port) : `${address}:${port}`;
}

function unixPath(text: string): readonly PublishedPort[] | Refused {
  const [held = '', program = held, ...more] = text.split(':');
  if (more.length > 0 || !program.startsWith('/')) return { refused: `Failed to parse -p ${text}`, hint: EXPECTED };
  return [{ kind: 'stream', held, program, port: undefined }];
}

function range(text: string): readonly number[] | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const [from, to] = [Number(first), Number(last)];
  if (from < 1 || to > PORT_MOST || to < from) return undefined;
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
