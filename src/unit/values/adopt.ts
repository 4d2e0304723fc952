/** Values of [X-Rouse] Adopt=. */
import type { AdoptMode, AdoptTarget } from '../config.js';
import { listenAddress } from './address.js';
import { boolean } from './simple.js';
import { bad, good, type Value } from './value.js';

export function adoptMode(text: string): Value<AdoptMode> {
  if (text === 'auto') return good('auto');
  // 0 and 1 are ports here, and nobody's.
  const parsed = /^\d+$/.test(text) ? bad('') : boolean(text);
  return parsed.ok ? good(parsed.value ? 'yes' : 'no') : bad('auto, yes or no');
}

const EXPECTED =
  'auto, yes, no, or what the program binds: a port such as 80, HELD:80 for the socket with port HELD, an address such as 127.0.0.1:80 or [::]:80, an absolute path, @name, or - for none';

/** `80`, `8080:80`, `127.0.0.1:80`, `[::]:80`, `/run/app.sock`, `@name`, `-`. */
export function adoptTarget(text: string): Value<AdoptTarget> {
  if (text === '-') return good({ held: undefined, address: undefined });
  const mapped = /^(\d+):(\d+)$/.exec(text);
  const address = listenAddress(mapped?.[2] ?? text);
  if (!address.ok || address.value.family === 'vsock') return bad(EXPECTED);
  const held = mapped === null ? undefined : listenAddress(mapped[1] ?? '');
  if (held === undefined) return good({ held: undefined, address: address.value });
  return held.ok && 'port' in held.value ? good({ held: held.value.port, address: address.value }) : bad(EXPECTED);
}
