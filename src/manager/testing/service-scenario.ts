/** A scenario of the service machine as text: events in, states and effects out. */
import type { ServiceConfig } from '../../unit/config.js';
import { service } from '../../unit/testing/load-text.js';
import { INITIAL_SERVICE, stepService, type ServiceData, type ServiceEffect, type ServiceEvent } from '../service-machine.js';
import type { ExitInfo } from '../service-result.js';

const EXITS: Readonly<Record<string, ExitInfo>> = {
  ok: { code: 'exited', status: 0 },
  1: { code: 'exited', status: 1 },
  9: { code: 'exited', status: 9 },
  255: { code: 'exited', status: 255 },
  SIGTERM: { code: 'killed', status: 15, signal: 'SIGTERM' },
  SIGKILL: { code: 'killed', status: 9, signal: 'SIGKILL' },
  SIGABRT: { code: 'dumped', status: 6, signal: 'SIGABRT' },
};

/** 'main 1': the main process exited with 1; 'control SIGKILL'; 'timeout'; 'spawn-failed main'; 'missing alive' … */
export function event(text: string): ServiceEvent {
  const [word = '', detail = 'ok'] = text.split(' ');
  const exit = EXITS[detail];
  switch (word) {
    case 'main':
    case 'control':
      if (exit === undefined) throw new Error(`no exit '${detail}'`);
      return { type: word === 'main' ? 'main-exited' : 'control-exited', exit };
    case 'spawn-failed':
      return { type: 'spawn-failed', process: detail === 'main' ? 'main' : 'control' };
    case 'missing':
      return { type: 'main-missing', alive: detail === 'alive' };
    case 'found':
      return { type: 'main-found' };
    case 'executed':
      return { type: 'main-executed' };
    default:
      return { type: word } as ServiceEvent;
  }
}

function effectText(effect: ServiceEffect): string | undefined {
  switch (effect.type) {
    case 'spawn':
      return `${effect.process === 'main' ? 'main' : effect.list} ${effect.command.path}`;
    case 'kill':
      return effect.operation;
    // In every state there is one; the invariants look at it. What begins and ends each run is theirs too.
    case 'timer':
    case 'acquire':
    case 'release':
    case 'start-watchdog':
    case 'was-down':
      return undefined;
    default:
      return effect.type;
  }
}

export interface Scenario {
  readonly title: string;
  /** Lines of [Service]. */
  readonly unit: string;
  /** 'event -> state: effect, effect', each in turn. */
  readonly steps: readonly string[];
  /** The result at the end; success where there is none. */
  readonly result?: string;
}

/** What really happened, in the form of `steps`. */
export function play(config: ServiceConfig, events: readonly string[]): { readonly steps: readonly string[]; readonly data: ServiceData } {
  let data = INITIAL_SERVICE;
  const steps = events.map((text) => {
    const step = stepService(config, data, event(text));
    data = step.data;
    const effects = step.effects.flatMap((effect) => effectText(effect) ?? []);
    return `${text} -> ${data.state}${effects.length === 0 ? '' : `: ${effects.join(', ')}`}`;
  });
  return { steps, data };
}

export function playScenario({ unit, steps }: Scenario): ReturnType<typeof play> {
  return play(
    service(unit),
    steps.map((step) => step.slice(0, step.indexOf(' -> '))),
  );
}
