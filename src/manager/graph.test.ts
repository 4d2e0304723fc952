import { describe, expect, it } from 'vitest';
import type { UnitConfig } from '../unit/config.js';
import { loadText, service, socketUnit } from '../unit/testing/load-text.js';
import { Graph, type Relation } from './graph.js';

/** Without default dependencies, so that only what is written is there. */
function unit(name: string, unitLines: string, more = ''): UnitConfig {
  const own = name.endsWith('.service') ? '[Service]\nExecStart=/bin/true\n' : name.endsWith('.socket') ? '[Socket]\nListenStream=1\n' : '';
  const { config } = loadText(name, `[Unit]\n${unitLines}\n${own}${more}`);
  if (config === undefined) throw new Error(`${name} does not load`);
  return config;
}

function graphOf(...units: readonly UnitConfig[]): Graph {
  const graph = new Graph();
  graph.rebuild(units);
  return graph;
}

const BARE = 'DefaultDependencies=no';

describe('the graph', () => {
  it.each<[string, Relation, Relation]>([
    ['Requires', 'requires', 'requires-inverse'],
    ['Wants', 'wants', 'wants-inverse'],
    ['BindsTo', 'bindsTo', 'bindsTo-inverse'],
    ['PartOf', 'partOf', 'partOf-inverse'],
    ['Conflicts', 'conflicts', 'conflicts-inverse'],
    ['After', 'after', 'before'],
    ['Before', 'before', 'after'],
    ['PropagatesReloadTo', 'propagatesReloadTo', 'propagatesReloadTo-inverse'],
  ])('follows %s= from both ends', (key, there, back) => {
    const graph = graphOf(unit('a.service', `${BARE}\n${key}=b.service c.service`));
    expect(graph.get('a.service', there)).toEqual(['b.service', 'c.service']);
    expect(graph.get('b.service', back)).toEqual(['a.service']);
  });

  it('knows what a socket triggers', () => {
    const graph = graphOf(unit('a.socket', BARE), unit('b.socket', BARE, 'Service=a.service'));
    expect(graph.get('a.socket', 'triggers')).toEqual(['a.service']);
    expect(graph.get('a.service', 'triggeredBy')).toEqual(['a.socket', 'b.socket']);
  });

  it('forgets what is not there any more', () => {
    const graph = graphOf(unit('a.service', `${BARE}\nWants=b.service`));
    graph.rebuild([unit('a.service', BARE)]);
    expect(graph.get('a.service', 'wants')).toEqual([]);
    expect(graph.get('b.service', 'wants-inverse')).toEqual([]);
  });
});

describe('a target', () => {
  const pulls = unit('a.target', 'Wants=b.service');

  it('is reached after what it pulls in', () => {
    const graph = graphOf(pulls, unit('b.service', ''));
    expect(graph.get('a.target', 'after')).toContain('b.service');
    expect(graph.get('b.service', 'before')).toContain('a.target');
  });

  it('is not where that is ordered after the target itself', () => {
    const graph = graphOf(pulls, unit('b.service', 'After=a.target'));
    expect(graph.get('a.target', 'after')).not.toContain('b.service');
    expect(graph.get('b.service', 'before')).not.toContain('a.target');
    expect(graph.get('b.service', 'after')).toContain('a.target');
  });

  it.each([
    ['the target', unit('a.target', `${BARE}\nWants=b.service`), unit('b.service', '')],
    ['what it pulls in', pulls, unit('b.service', BARE)],
  ])('is not where %s has DefaultDependencies=no', (_, target, member) => {
    expect(graphOf(target, member).get('a.target', 'after')).not.toContain('b.service');
  });
});

describe('an instance that a connection has started', () => {
  const instance = service('[Unit]\nWants=log.service', 'web@0.service');
  const made = (): Graph => {
    const graph = new Graph();
    graph.add(socketUnit('Accept=yes'));
    graph.add(instance);
    graph.addInstance('web.socket', 'web@0.service');
    return graph;
  };

  it('is triggered by its socket, and comes after it', () => {
    const graph = made();
    expect(graph.get('web.socket', 'triggers')).toEqual(['web@0.service']);
    expect(graph.get('web@0.service', 'triggeredBy')).toEqual(['web.socket']);
    expect(graph.get('web@0.service', 'after')).toContain('web.socket');
    expect(graph.get('web.socket', 'before')).toContain('web@0.service');
  });

  it('leaves nothing behind when it is gone', () => {
    const graph = made();
    graph.remove(instance);
    expect(graph.get('web.socket', 'triggers')).toEqual([]);
    expect(graph.get('web.socket', 'before')).not.toContain('web@0.service');
    expect(graph.get('log.service', 'wants-inverse')).toEqual([]);
    expect(graph.get('sysinit.target', 'requires-inverse')).toEqual(['web.socket']);
  });

  it('is still known to those who name it themselves', () => {
    const graph = made();
    graph.add(service('[Unit]\nAfter=web@0.service', 'late.service'));
    graph.remove(instance);
    expect(graph.get('late.service', 'after')).toContain('web@0.service');
  });
});
