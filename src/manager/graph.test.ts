import { describe, expect, it } from 'vitest';
import type { UnitConfig } from '../unit/config.js';
import { loadText } from '../unit/testing/load-text.js';
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
