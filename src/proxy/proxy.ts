/**
 * `rouse proxy`: for servers that can take no socket. It takes the listening sockets, finds out where the bytes go, and becomes
 * native/rouse-proxy, which moves them: this process keeps its pid, and nothing of Node stays in memory or in the bytes' way.
 */
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { become } from '../sys/exec.js';
import { Fd } from '../sys/fd.js';
import { nativeProgram } from '../sys/native-program.js';
import { socketType } from '../sys/socket.js';
import { listenFds } from '../sd-daemon/listen-fds.js';
import { AddressError, openAddress } from '../socket/open-address.js';
import { notifyReady } from '../socket/notify-ready.js';
import type { ProxyOptions } from './options.js';
import { planWords, targetWords, type PlannedTarget } from './plan.js';
import { addressesOf, parseTarget, ProxyError, type NamedText, type Target } from './target.js';

interface NamedSocket {
  readonly fd: Fd;
  readonly name: string | undefined;
}

export interface ProxyCall {
  /** For what goes on meanwhile. */
  readonly say: (text: string) => void;
  /** The command that prints `addressLines` of the targets behind it. */
  readonly lookUp: readonly string[];
}

/** Does not return. Throws ProxyError. */
export async function proxy(options: ProxyOptions, { say, lookUp: command }: ProxyCall): Promise<never> {
  const routes = parseRoutes(options);
  const sockets = [...inheritedSockets(), ...options.listen.map((text) => open(text, options))];
  if (sockets.length === 0) throw new ProxyError('No sockets to listen on were passed in or specified', 'a socket unit passes them; --listen=ADDRESS opens one here');
  checkSockets(sockets, options);
  const listeners = assign(sockets, [...routes.keys()]);
  notifyReady(process.env);
  const planned = await Promise.all([...routes].map(async ([name, targets]) => ({ targets: await lookUp(targets, options, say), listeners: listeners.get(name) ?? [] })));
  const words = planWords(
    planned.filter(({ listeners: places }) => places.length > 0),
    options,
    command,
  );
  const env = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  return become({ path: nativeProgram('rouse-proxy'), argv: ['rouse-proxy', ...words], env, fds: sockets.map(({ fd }) => fd.number) });
}

/** Targets by the name of the sockets whose clients they serve. */
function parseRoutes({ targets }: ProxyOptions): ReadonlyMap<string | undefined, readonly Target[]> {
  const routes = new Map<string | undefined, Target[]>();
  for (const { name, text } of targets) routes.set(name, [...(routes.get(name) ?? []), parseTarget(text)]);
  return routes;
}

function inheritedSockets(): readonly NamedSocket[] {
  return listenFds().map(({ fd, name }) => ({ fd: new Fd(fd), name }));
}

function open({ name, text }: NamedText, { type }: ProxyOptions): NamedSocket {
  try {
    return { name, fd: openAddress(text, type) };
  } catch (error) {
    throw error instanceof AddressError ? new ProxyError(error.message, undefined, { cause: error }) : error;
  }
}

function checkSockets(sockets: readonly NamedSocket[], { sendProxy }: ProxyOptions): void {
  sockets.forEach(({ fd }, i) => {
    const type = socketType(fd);
    if (type === undefined) throw new ProxyError(`Descriptor ${3 + i} is no socket whose bytes can be passed on`);
    if (type === 'datagram' && sendProxy === 1) throw new ProxyError('Version 1 of the PROXY protocol is for streams', '--send-proxy=v2 is for datagrams too');
  });
}

/** Which sockets each name has; those without a route of their own go to the nameless one. */
function assign(sockets: readonly NamedSocket[], names: readonly (string | undefined)[]): ReadonlyMap<string | undefined, readonly number[]> {
  const result = new Map<string | undefined, number[]>(names.map((name) => [name, []]));
  sockets.forEach(({ name }, place) => {
    const places = result.get(name) ?? result.get(undefined);
    if (places === undefined)
      throw new ProxyError(`No target for the socket ${3 + place}${name === undefined ? '' : ` ('${name}')`}`, 'a target without a name before = serves all others');
    places.push(place);
  });
  for (const [name, places] of result)
    if (places.length === 0 && name !== undefined)
      throw new ProxyError(`No socket is named '${name}'`, 'FileDescriptorName= names those of a socket unit, --listen=NAME=ADDRESS others');
  return result;
}

async function plan(target: Target): Promise<PlannedTarget> {
  return { text: target.text, isHost: 'host' in target && isIP(target.host.split('%')[0] ?? '') === 0, addresses: await addressesOf(target) };
}

/** For native/rouse-proxy/lookup.c. Rejects with node:dns' errors: then the old addresses stay. */
export async function addressLines(texts: readonly string[]): Promise<string> {
  const planned = await Promise.all(texts.map(async (text) => plan(parseTarget(text))));
  return [...planned.flatMap(targetWords), 'e', ''].join('\n');
}

const LOOK_UP_AGAIN_MS = 500;

/** A name that cannot be looked up yet (the network or the server's container is not up) is waited for like the server itself. */
async function lookUp(targets: readonly Target[], options: ProxyOptions, say: (text: string) => void): Promise<readonly PlannedTarget[]> {
  return Promise.all(
    targets.map(async (target) => {
      for (const end = performance.now() + options.connectTimeoutMs; ; await sleep(LOOK_UP_AGAIN_MS)) {
        try {
          return await plan(target);
        } catch (cause) {
          const words = `Failed to look up '${target.text}': ${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message}`;
          if (performance.now() >= end) throw new ProxyError(words, undefined, { cause });
          say(`${words}, trying again`);
        }
      }
    }),
  );
}
