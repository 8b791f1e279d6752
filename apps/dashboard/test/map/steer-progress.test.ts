import type { CityRecord } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import type { Override } from '../../src/city/overrides.ts';
import { changeWords, specWords } from '../../src/city/steer/audit.ts';
import { confirmedWords, drainOf, effectChip, outlook, rampPart, silentNodes } from '../../src/city/steer/progress.ts';
import { changesOf, differenceText, nodeWords } from '../../src/city/steer/rules.ts';

const NOW = Date.UTC(2026, 10, 23, 8, 0, 0);
const node = (name: string, state: 'live' | 'stale' | 'absent'): [string, CityRecord<'node'>] => [
  name,
  { name, ready: true, addresses: [], agent: { state, lastFrameAt: state === 'stale' ? NOW - 40_000 : undefined } },
];
const nodes = new Map([node('a', 'live'), node('b', 'live'), node('c', 'live')]);
const drained = {
  uid: 'u',
  namespace: 'shop',
  name: 'cart-drain',
  cluster: false,
  generation: 1,
  createdAt: '',
  kind: 'drain',
  drain: { existing: 'wait', udp: 'wait', sticky: 'expire', cutPerSecond: 50, cut: 0, phase: 'drained' },
  state: 'applied',
  backends: [],
  nodes: { desired: 3, acknowledged: ['a', 'b', 'c'], waitingFor: [] },
  connections: { moving: 0, idle: 0, closing: 0, waiting: 0, coverage: 'complete' },
} satisfies Override;
const phase = (override: Override, known = nodes) => drainOf(override, silentNodes(override, known, NOW))?.phase;

describe('a drain', () => {
  it('is drained only when every node says so', () => {
    expect(phase(drained)).toBe('drained');
    expect(phase({ ...drained, nodes: { desired: 3, acknowledged: ['a', 'b'], waitingFor: ['c'] } })).toBe('unknown');
    expect(phase(drained, new Map([...nodes, node('c', 'stale')]))).toBe('unknown');
    expect(phase(drained, new Map([...nodes, node('c', 'absent')]))).toBe('unknown');
  });

  it('is no drain at work when it has no effect', () => {
    expect(phase({ ...drained, state: 'lifted' })).toBeUndefined();
    expect(phase({ ...drained, state: 'expired' })).toBeUndefined();
  });

  it('cuts only where it was told to', () => {
    const steps = (override: Override) => drainOf(override, [])?.steps;
    expect(steps(drained)).toEqual(['draining', 'drained']);
    expect(steps({ ...drained, drain: { ...drained.drain, deadline: NOW } })).toEqual([
      'draining',
      'cutting',
      'drained',
    ]);
    expect(steps({ ...drained, drain: { ...drained.drain, udp: 'cut' } })).toContain('cutting');
  });

  it('names who is silent, and what may still happen there', () => {
    const known = new Map([...nodes, node('b', 'stale'), node('c', 'absent')]);
    const waiting = { ...drained, nodes: { desired: 3, acknowledged: ['a', 'b'], waitingFor: ['c'] } };
    expect(silentNodes(waiting, known, NOW).map(({ words }) => words)).toEqual([
      'c has never been heard: it has not confirmed, so its clients may still open new connections.',
      'b has been silent for 40 s: it had confirmed, so no new connection should come from there, but what is open there is not known.',
    ]);
    expect(confirmedWords(waiting)).toBe('2 of 3 nodes confirmed · waiting for c');
    const many = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const large = { desired: 40, acknowledged: many.slice(0, 31), waitingFor: many.slice(31) };
    expect(confirmedWords({ ...drained, nodes: large })).toBe(
      '31 of 40 nodes confirmed · waiting for n31, n32, n33, n34, n35 and 4 more',
    );
    const observing = ['d', 'e', 'f'];
    expect(confirmedWords({ ...waiting, nodes: { ...waiting.nodes, observing } })).toBe(
      '2 of 3 nodes confirmed · waiting for c · 3 nodes only observe: nothing is steered there',
    );
    const nobody = { desired: 0, acknowledged: [], waitingFor: [], observing };
    expect(confirmedWords({ ...waiting, nodes: nobody })).toBe('Every node only observes: nothing is steered');
  });

  it('tells what is to come, and says when it cannot', () => {
    const open = { ...drained.connections, moving: 3 };
    const draining = {
      ...drained,
      connections: open,
      drain: { ...drained.drain, phase: 'draining' },
    } satisfies Override;
    expect(outlook(draining, NOW)).toEqual(['When nothing will be open cannot be told: it does not fall.']);
    const due = {
      ...draining,
      drain: { ...draining.drain, doneAt: NOW + 90_000, deadline: NOW + 30_000, cut: 4 },
    } satisfies Override;
    expect(outlook(due, NOW).map((line) => line.replace(/ \(\d\d:\d\d\)/, ''))).toEqual([
      'Nothing open in about 90 s, as it falls now.',
      'What is left in 30 s is cut.',
      '4 connections cut so far, at most 50 a second on each node.',
    ]);
    expect(outlook(due, NOW + 40_000)[1]).toBe('The deadline passed 10 s ago: the rest is being cut.');
    expect(outlook({ ...due, state: 'lifted' }, NOW)).toEqual([]);
  });
});

it('a ramp tells where it is, until it is there', () => {
  const ramp = { from: 100, value: 65, until: NOW + 30_000 };
  const weight = { ...drained, kind: 'weight', drain: undefined, weight: 30, ramp } satisfies Override;
  expect(rampPart(weight, NOW)).toBe(0.5);
  expect(outlook(weight, NOW)).toEqual(['At 65 on the way from 100 to 30, there in 30 s.']);
  expect(rampPart(weight, NOW + 30_000)).toBeUndefined();
  expect(effectChip(weight)).toBe('weight 30');
  expect(effectChip({ ...weight, kind: 'share', share: 10 })).toBe('share 10 %');
});

describe('rules of a node', () => {
  const chain = {
    family: 'IPv4',
    table: 'nat',
    chain: 'CITY-X',
    before: ['-A CITY-X -p tcp -j A', '-A CITY-X -j B', '-A CITY-X -j C'],
    after: ['-A CITY-X -p tcp -j A', '-A CITY-X -j C'],
  } as const;

  it('are what applying would change, line by line', () => {
    expect(changesOf(chain)).toEqual([
      { sign: ' ', rule: '-A CITY-X -p tcp -j A' },
      { sign: '-', rule: '-A CITY-X -j B' },
      { sign: ' ', rule: '-A CITY-X -j C' },
    ]);
    const told = changesOf({ before: chain.after, after: chain.before });
    expect(told.filter(({ sign }) => sign !== '-').map(({ rule }) => rule)).toEqual(chain.before);
    expect(told.filter(({ sign }) => sign !== '+').map(({ rule }) => rule)).toEqual(chain.after);
  });

  it('are summed in words, and copied as text', () => {
    expect(nodeWords({ node: 'a', chains: [chain] })).toBe('1 chain: 0 rules come, 1 go');
    expect(nodeWords({ node: 'a', chains: [] })).toBe('nothing changes');
    expect(nodeWords({ node: 'a', error: 'it is silent' })).toBe('not known: it is silent');
    expect(differenceText({ node: 'a', chains: [chain] })).toBe(
      '# a\n@@ IPv4 nat CITY-X\n  -A CITY-X -p tcp -j A\n- -A CITY-X -j B\n  -A CITY-X -j C\n',
    );
  });
});

describe('a change of the trail', () => {
  it('is told in words, whatever the spec holds', () => {
    expect(specWords(undefined)).toBe('nothing');
    expect(specWords({ drain: { existing: 'cutIdle', deadlineSeconds: 300 }, allowEmpty: true })).toBe(
      'drain, cut idle, the rest cut after 5 min, below the floor if need be',
    );
    expect(specWords({ weight: 30, ramp: { from: 100, seconds: 60 } })).toBe('weight 30, over 1 min');
    expect(specWords({ share: 10, expiresAt: '2026-11-23T09:00:00Z' })).toBe('share 10 %, until 2026-11-23T09:00:00Z');
    expect(specWords({ drain: 7, weight: 'x' })).toBe('no effect');
    expect(changeWords({ what: 'create', after: { weight: 30 } })).toBe('nothing → weight 30');
    expect(changeWords({ what: 'drained' })).toBe('');
  });
});
