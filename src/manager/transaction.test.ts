import { describe, expect, it } from 'vitest';
import type { ActiveState } from './active-state.js';
import type { Relation } from './graph.js';
import { planTransaction, waitsFor, type Transaction, type TransactionView } from './transaction.js';
import type { JobMode, JobType } from './job.js';

type Edges = Readonly<Record<string, Partial<Record<Relation, readonly string[]>>>>;

function view(edges: Edges, states: Readonly<Record<string, ActiveState>> = {}, refused: Readonly<Record<string, string>> = {}): TransactionView {
  return {
    startRefusal: (unit) => refused[unit],
    activeState: (unit) => states[unit] ?? 'inactive',
    related: (unit, relation) => edges[unit]?.[relation] ?? [],
    isolatable: () => Object.keys(states),
  };
}

function plan(edges: Edges, unit: string, type: JobType, options: { states?: Record<string, ActiveState>; refused?: Record<string, string>; mode?: JobMode } = {}): Transaction {
  return planTransaction(view(edges, options.states, options.refused), unit, type, options.mode ?? 'replace');
}

function jobs(transaction: Transaction): readonly string[] {
  expect(transaction.ok, transaction.ok ? '' : transaction.message).toBe(true);
  return transaction.ok ? transaction.jobs.map(({ unit, type }) => `${unit} ${type}`).sort() : [];
}

describe('a transaction', () => {
  it('starts what the unit requires and wants', () => {
    const edges: Edges = { 'a.service': { requires: ['b.service'], wants: ['c.service'] }, 'b.service': { requires: ['d.socket'] } };
    expect(jobs(plan(edges, 'a.service', 'start'))).toEqual(['a.service start', 'b.service start', 'c.service start', 'd.socket start']);
  });

  it('goes on without a wanted unit that cannot be started', () => {
    expect(jobs(plan({ 'a.service': { wants: ['b.service'] } }, 'a.service', 'start', { refused: { 'b.service': 'No such unit' } }))).toEqual(['a.service start']);
  });

  it('is refused when a required unit cannot be started', () => {
    const result = plan({ 'a.service': { requires: ['b.service'] } }, 'a.service', 'start', { refused: { 'b.service': 'No such unit' } });
    expect(result).toMatchObject({ ok: false, reason: 'load', unit: 'b.service' });
  });

  it('stops what requires the unit', () => {
    const edges: Edges = { 'a.service': { 'requires-inverse': ['b.service'] } };
    expect(jobs(plan(edges, 'a.service', 'stop', { states: { 'a.service': 'active', 'b.service': 'active' } }))).toEqual(['a.service stop', 'b.service stop']);
  });

  it('restarts only those dependants that are active', () => {
    const edges: Edges = { 'a.service': { 'requires-inverse': ['b.service', 'c.service'] } };
    expect(jobs(plan(edges, 'a.service', 'restart', { states: { 'a.service': 'active', 'b.service': 'active' } }))).toEqual(['a.service restart', 'b.service restart']);
  });

  it('is in no cycle with what is up already', () => {
    const edges: Edges = { 'a.service': { requires: ['b.service'], after: ['b.service'] }, 'b.service': { after: ['a.service'] } };
    expect(plan(edges, 'a.service', 'start')).toMatchObject({ ok: false, reason: 'cycle' });
    expect(jobs(plan(edges, 'a.service', 'start', { states: { 'b.service': 'active' } }))).toEqual(['a.service start']);
  });

  it('leaves out what is active already, except the anchor', () => {
    const edges: Edges = { 'a.service': { requires: ['b.socket'] } };
    expect(jobs(plan(edges, 'a.service', 'start', { states: { 'a.service': 'active', 'b.socket': 'active' } }))).toEqual(['a.service start']);
  });

  it('is refused when needed jobs contradict each other', () => {
    const edges: Edges = { 'a.service': { requires: ['b.service'], conflicts: ['b.service'] } };
    expect(plan(edges, 'a.service', 'start')).toMatchObject({ ok: false, reason: 'conflict' });
  });

  it('survives a unit that requires itself in a circle', () => {
    const edges: Edges = { 'a.service': { requires: ['b.service'] }, 'b.service': { requires: ['a.service'] } };
    expect(jobs(plan(edges, 'a.service', 'start'))).toEqual(['a.service start', 'b.service start']);
  });

  it('breaks an ordering cycle at a job that is not needed, and says so', () => {
    const edges: Edges = { 'a.service': { wants: ['b.service'], after: ['b.service'] }, 'b.service': { after: ['a.service'] } };
    const result = plan(edges, 'a.service', 'start');
    expect(jobs(result)).toEqual(['a.service start']);
    expect(result.ok && result.notes.join()).toContain('cycle');
  });

  it('is refused when an ordering cycle has needed jobs only', () => {
    const edges: Edges = { 'a.service': { requires: ['b.service'], after: ['b.service'] }, 'b.service': { after: ['a.service'] } };
    expect(plan(edges, 'a.service', 'start')).toMatchObject({ ok: false, reason: 'cycle' });
  });

  it('follows no dependency with ignore-dependencies', () => {
    expect(jobs(plan({ 'a.service': { requires: ['b.service'] } }, 'a.service', 'start', { mode: 'ignore-dependencies' }))).toEqual(['a.service start']);
  });
});

describe('ordering', () => {
  const edges: Edges = { 'a.service': { after: ['b.service'] }, 'b.service': { before: ['a.service'] } };
  const waits = (a: JobType, b: JobType, unit: string): readonly string[] =>
    waitsFor(
      view(edges),
      new Map([
        ['a.service', { type: a }],
        ['b.service', { type: b }],
      ]),
      unit,
    );

  it('starts in the order of After=', () => {
    expect(waits('start', 'start', 'a.service')).toEqual(['b.service']);
    expect(waits('start', 'start', 'b.service')).toEqual([]);
  });

  it('stops in the opposite order', () => {
    expect(waits('stop', 'stop', 'a.service')).toEqual([]);
    expect(waits('stop', 'stop', 'b.service')).toEqual(['a.service']);
  });

  it('stops before it starts, whichever way they are ordered', () => {
    expect(waits('stop', 'start', 'b.service')).toEqual(['a.service']);
    expect(waits('start', 'stop', 'a.service')).toEqual(['b.service']);
    expect(waits('stop', 'start', 'a.service')).toEqual([]);
    expect(waits('start', 'stop', 'b.service')).toEqual([]);
  });
});
