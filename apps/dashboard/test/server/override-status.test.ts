import type { CityRecord } from '@kubecity/protocol';
import { expect, test } from 'vitest';
import { conditionsDiffer, overrideStatus, sameStatus } from '../../server/override-status.ts';

const NOON = '2026-11-22T12:00:00Z';

const drained = {
  existing: 'wait',
  udp: 'wait',
  sticky: 'expire',
  cutPerSecond: 50,
  cut: 0,
  phase: 'drained',
} as const;
const unknown = { ...drained, phase: 'unknown' } as const;
const draining = { ...drained, phase: 'draining' } as const;

function record(more: Partial<CityRecord<'override'>> = {}): CityRecord<'override'> {
  const { drain = more.kind && more.kind !== 'drain' ? undefined : drained, ...rest } = more;
  return {
    uid: 'u',
    namespace: 'shop',
    name: 'cart-drain',
    service: 'shop/cart',
    generation: 3,
    createdAt: NOON,
    cluster: false,
    kind: 'drain',
    drain,
    state: 'applied',
    backends: ['a', 'b'],
    nodes: { desired: 2, acknowledged: ['n1', 'n2'], waitingFor: [] },
    connections: { moving: 0, idle: 0, closing: 5, waiting: 0, coverage: 'complete' },
    ...rest,
  };
}

const conditions = (more: Partial<CityRecord<'override'>>) =>
  Object.fromEntries(
    overrideStatus(record(more), undefined, NOON).conditions.map(({ type, status, reason, message }) => [
      type,
      [status, reason, message],
    ]),
  );

test('drained: accepted, in every kernel, nothing open; what closes is not waited for', () => {
  expect(overrideStatus(record(), undefined, NOON)).toEqual({
    observedGeneration: 3,
    conditions: [
      {
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: 'decides the weight of 2 backends',
        observedGeneration: 3,
        lastTransitionTime: NOON,
      },
      {
        type: 'Programmed',
        status: 'True',
        reason: 'AllNodes',
        message: 'in the kernel of 2 nodes',
        observedGeneration: 3,
        lastTransitionTime: NOON,
      },
      {
        type: 'Drained',
        status: 'True',
        reason: 'NoConnections',
        message: 'no connection is open',
        observedGeneration: 3,
        lastTransitionTime: NOON,
      },
    ],
    nodes: { desired: 2, acknowledged: 2, waitingFor: [] },
    connections: { moving: 0, idle: 0, closing: 5, waiting: 0, coverage: 'complete' },
    cut: 0,
  });
  expect(conditions({ drain: { ...drained, cut: 7 } }).Drained?.[2]).toBe('no connection is open, 7 were ended');
});

test('waiting names the nodes; nothing is drained before every kernel holds it', () => {
  const waitingFor = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'];
  expect(conditions({ drain: draining, nodes: { desired: 7, acknowledged: [], waitingFor } })).toMatchObject({
    Programmed: ['False', 'WaitingForNodes', 'waiting for n1, n2, n3, n4, n5 and 2 more'],
    Drained: ['False', 'NotProgrammed', expect.any(String)],
  });
});

test('nodes that only observe are told, and where all do, that nothing is steered', () => {
  const some = { desired: 2, acknowledged: ['n1', 'n2'], waitingFor: [], observing: ['n3'] };
  expect(conditions({ nodes: some }).Programmed).toEqual([
    ...['True', 'AllNodes'],
    'in the kernel of 2 nodes; 1 node only observes: nothing is steered there',
  ]);
  const all = { desired: 0, acknowledged: [], waitingFor: [], observing: ['n1', 'n2'] };
  expect(conditions({ nodes: all }).Programmed?.slice(0, 2)).toEqual(['False', 'OnlyObserved']);
});

test('open connections and silent agents keep a drain from being done', () => {
  const connections = { moving: 1, idle: 1, closing: 0, waiting: 1, coverage: 'atLeast' as const };
  const busy = record({ drain: draining, connections });
  expect(overrideStatus(busy, undefined, NOON, ['n2']).conditions[2]).toMatchObject({
    status: 'False',
    reason: 'ConnectionsOpen',
    message: 'at least 3 connections open; n2 is silent',
  });
  const quiet = record({ drain: unknown, connections: { ...connections, moving: 0, idle: 0, waiting: 0 } });
  expect(overrideStatus(quiet, undefined, NOON, ['n2']).conditions[2]).toMatchObject({
    status: 'Unknown',
    reason: 'AgentsSilent',
    message: 'none open on the nodes that report; n2 is silent, and what is open there is not known',
  });
});

test('while connections are ended it says so, and past the deadline why', () => {
  const connections = { moving: 2, idle: 0, closing: 0, waiting: 0, coverage: 'complete' as const };
  const cutting = { ...drained, existing: 'cut', phase: 'cutting', cut: 5 } as const;
  expect(conditions({ drain: cutting, connections }).Drained).toEqual([
    'False',
    'Cutting',
    '2 connections open, 5 were ended',
  ]);
  const late = { ...cutting, deadline: Date.parse(NOON) };
  expect(conditions({ drain: late, connections }).Drained?.slice(0, 2)).toEqual(['False', 'DeadlinePassed']);
});

test('one whose time is over is told, with who still routes by it', () => {
  const nodes = { desired: 2, acknowledged: ['n1'], waitingFor: ['n2'] };
  expect(conditions({ state: 'expired', message: 'its time is over', kind: 'weight', nodes })).toEqual({
    Accepted: ['False', 'Expired', 'its time is over'],
    Programmed: ['False', 'NotAccepted', expect.stringMatching(/not yet confirmed by n2$/)],
  });
});

test.each([
  ['invalid', 'Invalid'],
  ['noService', 'ServiceNotFound'],
  ['noBackends', 'NoBackends'],
  ['overruled', 'Overruled'],
  ['lifted', 'BelowFloor'],
] as const)('%s is not accepted (%s) and says why', (state, reason) => {
  expect(conditions({ state, message: 'spec.weight: too large', kind: 'weight' })).toEqual({
    Accepted: ['False', reason, 'spec.weight: too large'],
    Programmed: ['False', 'NotAccepted', expect.any(String)],
  });
});

test('a condition keeps its time until its status changes', () => {
  const stored = overrideStatus(record(), undefined, '2026-11-22T09:00:00Z');
  const next = overrideStatus(
    record({ drain: draining, connections: { moving: 1, idle: 0, closing: 0, waiting: 0, coverage: 'complete' } }),
    stored,
    NOON,
  );
  expect(next.conditions.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
    '2026-11-22T09:00:00Z',
    '2026-11-22T09:00:00Z',
    NOON,
  ]);
});

test('the same status is no write, other counts are no hurry, another condition is', () => {
  const open = (moving: number) =>
    record({
      drain: moving > 0 ? draining : drained,
      connections: { moving, idle: 0, closing: 0, waiting: 0, coverage: 'complete' },
    });
  const stored = overrideStatus(open(3), undefined, NOON);
  expect(sameStatus(overrideStatus(open(3), stored, 'later'), stored)).toBe(true);
  const fewer = overrideStatus(open(2), stored, 'later');
  expect([sameStatus(fewer, stored), conditionsDiffer(fewer, stored)]).toEqual([false, false]);
  expect(conditionsDiffer(overrideStatus(open(0), stored, 'later'), stored)).toBe(true);
  expect(conditionsDiffer(stored, undefined)).toBe(true);
});
