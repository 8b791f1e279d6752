import type { Acknowledgement } from '@kubecity/protocol';
import { buildRoutingTable, type KubeRoutingOverride } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { CutLedger } from '../../server/cut-ledger.ts';
import { DrainProgress } from '../../server/drain-progress.ts';
import { type OverrideSurroundings, overrideRecord } from '../../server/override-records.ts';
import { ack, cart, cart1, override } from './objects.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

interface Scene {
  readonly now?: number;
  readonly live?: readonly string[];
  /** What both nodes say. */
  readonly said?: Partial<Acknowledgement>;
  readonly moving?: number;
  readonly more?: Partial<OverrideSurroundings>;
}

function recordOf(object: KubeRoutingOverride, { now = NOW, live = ['a', 'b'], said, moving = 0, more }: Scene = {}) {
  const { outcomes } = buildRoutingTable({ ...cart, overrides: [object], now });
  const [outcome] = outcomes;
  if (!outcome) throw new Error('no outcome');
  return overrideRecord(outcome, object, {
    now,
    nodes: ['a', 'b'],
    isLive: (node) => live.includes(node),
    observes: () => false,
    acknowledgementOf: () => said && ({ ...ack('d'), ...said } as Acknowledgement),
    hasCountedSince: () => true,
    backendsOf: () => [cart1],
    openOf: () => ({ moving, idle: 0, closing: 7, waiting: 0 }),
    cutOf: () => 0,
    doneAt: () => NOW + 1000,
    settling: false,
    ...more,
  });
}
const drained = (spec: object = {}, more: object = {}) =>
  override('d', { service: 'cart', backends: { podNames: ['cart-1'] }, drain: spec }, more);
const phase = (scene: Scene, spec: object = {}, more: object = {}) => recordOf(drained(spec, more), scene).drain?.phase;

test('drained needs the word of every node, each of them heard', () => {
  expect(phase({ said: {} })).toBe('drained');
  expect(phase({ said: {}, moving: 1 })).toBe('draining');
  expect(phase({ said: {}, more: { hasCountedSince: (node) => node === 'a' } })).toBe('draining');
  expect(phase({})).toBe('draining');
  expect(phase({ said: {}, live: ['a'] })).toBe('unknown');
  expect(phase({ said: {}, live: ['a'], moving: 1 })).toBe('draining');
  expect(phase({ said: { generation: 0 } })).toBe('draining');
  expect(phase({ said: { state: 'noBackends' } })).toBe('draining');
});

test('a node that only observes is not waited for, and is told; where all do, nothing is drained', () => {
  const one = { said: {}, more: { observes: (node: string) => node === 'b' } };
  expect(phase(one)).toBe('drained');
  expect(recordOf(drained(), one).nodes).toEqual({
    ...{ desired: 1, acknowledged: ['a'], waitingFor: [] },
    observing: ['b'],
  });
  const all = { more: { observes: () => true } };
  expect(phase(all)).toBe('unknown');
  expect(recordOf(drained(), all).nodes).toEqual({
    ...{ desired: 0, acknowledged: [], waitingFor: [] },
    observing: ['a', 'b'],
  });
});

test('cutting: by what it says, by its deadline, and while idle ones are being ended', () => {
  const open = { said: {}, moving: 1 };
  expect(phase(open, { existing: 'cut' })).toBe('cutting');
  expect(phase(open, { udp: 'cut' })).toBe('cutting');
  expect(phase(open, { existing: 'cutIdle' })).toBe('draining');
  expect(phase({ moving: 1, said: { cut: { connections: 2, at: NOW - 5000 } } }, { existing: 'cutIdle' })).toBe(
    'cutting',
  );
  const start = { creationTimestamp: '2026-11-22T11:59:00Z' };
  expect(phase(open, { deadlineSeconds: 61 }, start)).toBe('draining');
  expect(phase(open, { deadlineSeconds: 60 }, start)).toBe('cutting');
  expect(recordOf(drained({ deadlineSeconds: 60 }, start), open).drain?.deadline).toBe(NOW);
});

test('an end that is stored counts until the agents are back, for the same generation', () => {
  const told = { observedGeneration: 1, cut: 12, conditions: [{ type: 'Drained', status: 'True' }] };
  const object = { ...drained(), status: told };
  const away = { live: [], more: { settling: true } };
  expect(recordOf(object, away).drain).toMatchObject({ phase: 'drained', cut: 12 });
  expect(recordOf(object, { live: [] }).drain?.phase).toBe('unknown');
  expect(recordOf(object, { ...away, moving: 1 }).drain?.phase).toBe('draining');
  expect(recordOf({ ...object, status: { ...told, observedGeneration: 0 } }, away).drain).toMatchObject({
    phase: 'unknown',
    cut: 0,
  });
});

test('a ramp tells where it is, one that is over who still holds it', () => {
  const ramp = override('d', {
    service: 'cart',
    weight: 50,
    ramp: { from: 100, seconds: 100 },
    startAt: '2026-11-22T11:59:30Z',
  });
  expect(recordOf(ramp)).toMatchObject({ kind: 'weight', ramp: { from: 100, value: 85, until: NOW + 70_000 } });
  const over = override('d', {
    service: 'cart',
    share: 10,
    backends: { podNames: ['cart-1'] },
    expiresAt: '2026-11-22T11:00:00Z',
  });
  expect(recordOf(over, { said: {} })).toMatchObject({
    ...{ kind: 'share', share: 10, state: 'expired' },
    nodes: { waitingFor: ['a', 'b'] },
  });
  expect(recordOf(over, { said: { state: 'expired' } }).nodes.waitingFor).toEqual([]);
});

test('who made it and by which change are told as the object says them', () => {
  const annotations = { 'kubecity.dev/by': 'ana', 'kubecity.dev/change': 'c7' };
  expect(recordOf(drained({}, { annotations }))).toMatchObject({ by: 'ana', change: 'c7', service: 'shop/cart' });
  const cluster = {
    metadata: { name: 'n', uid: 'uid-n', generation: 1 },
    spec: { drain: {}, backends: { podNames: ['cart-1'] } },
  };
  expect(recordOf(cluster)).toMatchObject({ cluster: true, namespace: '', service: undefined });
});

test('the end is told as the open ones fell over the last minute, and not while they do not', () => {
  const progress = new DrainProgress();
  for (let second = 0; second <= 100; second++) progress.note('u', NOW + second * 1000, 300 - second);
  expect(progress.doneAt('u')).toBe(NOW + 300_000);
  for (let second = 101; second <= 200; second++) progress.note('u', NOW + second * 1000, 200);
  expect(progress.doneAt('u')).toBeUndefined();
  progress.note('v', NOW, 10);
  progress.note('v', NOW + 2000, 5);
  expect(progress.doneAt('v')).toBeUndefined();
  progress.note('v', NOW + 4000, 4);
  expect(progress.doneAt('v')).toBe(NOW + 4000 + Math.round(4 / (6 / 4000)));
  progress.note('v', NOW + 6000, undefined);
  expect(progress.doneAt('v')).toBeUndefined();
});

test('what agents ended is summed over nodes, and goes on when an agent begins anew', () => {
  const ledger = new CutLedger();
  const said = (connections?: number) => [
    { ...ack('d'), ...(connections !== undefined && { cut: { connections, at: 1 } }) },
  ];
  ledger.take('a', said(5));
  ledger.take('b', said(2));
  ledger.take('a', said(7));
  expect(ledger.sumOf('uid-d')).toBe(9);
  ledger.take('a', said());
  ledger.take('a', said(1));
  expect(ledger.sumOf('uid-d')).toBe(10);
  ledger.keep(new Set());
  expect(ledger.sumOf('uid-d')).toBe(0);
});
