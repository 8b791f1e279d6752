import { beforeEach, describe, expect, it } from 'vitest';
import { HealthState } from '../../src/health/health-state.ts';

const START = Date.UTC(2026, 0, 1);
const EARLY = '0001-01-01T00:00:00Z';
let now: number;
let trouble: string | undefined;
let stuck: string | undefined;
let failing: string | undefined;
let state: HealthState;

const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const pass = (seconds: number) => {
  now += seconds * 1000;
};

beforeEach(() => {
  now = START;
  trouble = undefined;
  stuck = undefined;
  failing = undefined;
  state = new HealthState({
    syncPeriodMs: () => 30_000,
    now: () => now,
    trouble: () => trouble,
    failing: () => failing,
    stuck: () => stuck,
  });
  state.setNode({ metadata: {} });
});

const codes = () => [state.healthz().code, state.livez().code];

describe('health', () => {
  it('is good at the start, and the JSON is that of kube-proxy', () => {
    expect(state.healthz()).toEqual({
      code: 200,
      checks: { routing: undefined, process: undefined, sync: undefined, node: undefined },
      body: { lastUpdated: at(0), currentTime: at(0), nodeEligible: true, healthy: true, status: {} },
    });
    expect(state.livez()).toEqual({
      code: 200,
      checks: { process: undefined, sync: undefined },
      body: { lastUpdated: at(0), currentTime: at(0), healthy: true, status: {} },
    });
    expect(Object.keys(state.healthz().body)).toEqual([
      'lastUpdated',
      'currentTime',
      'nodeEligible',
      'healthy',
      'status',
    ]);
  });

  it('is lost when an update waits for twice the sync period, and comes back with it', () => {
    state.updated('IPv4', now);
    pass(1000);
    expect(codes()).toEqual([200, 200]);
    state.queued('IPv4', now);
    pass(30);
    // a younger update does not make the old one younger
    state.queued('IPv4', now);
    pass(29);
    expect(codes()).toEqual([200, 200]);
    pass(1);
    expect(codes()).toEqual([503, 503]);
    expect(state.healthz()).toEqual({
      code: 503,
      reason: 'an update of IPv4 is late',
      checks: { sync: 'an update of IPv4 is late' },
      body: {
        lastUpdated: at(0),
        currentTime: at(1060),
        nodeEligible: true,
        healthy: false,
        status: { IPv4: { lastUpdated: at(0), healthy: false } },
      },
    });
    state.updated('IPv4', now);
    expect(codes()).toEqual([200, 200]);
  });

  it('of one family does not heal the other', () => {
    state.queued('IPv4', now);
    state.queued('IPv6', now);
    pass(60);
    state.updated('IPv4', now);
    expect(codes()).toEqual([503, 503]);
    expect(state.livez().body).toMatchObject({
      lastUpdated: at(60),
      status: { IPv4: { lastUpdated: at(60), healthy: true }, IPv6: { lastUpdated: EARLY, healthy: false } },
    });
    state.updated('IPv6', now);
    expect(codes()).toEqual([200, 200]);
  });

  it.each([
    ['absent', undefined],
    ['being deleted', { metadata: { deletionTimestamp: at(0) } }],
    ['leaving', { metadata: {}, spec: { taints: [{ key: 'a' }, { key: 'ToBeDeletedByClusterAutoscaler' }] } }],
  ])('says no to load balancers, not to the kubelet, when the node is %s', (_, node) => {
    state.setNode(node);
    expect(codes()).toEqual([503, 200]);
    expect(state.healthz().body).toMatchObject({ nodeEligible: false, healthy: true });
    expect(state.isHealthy()).toBe(true);
    state.setNode({ metadata: {}, spec: { taints: [{ key: 'a' }] } });
    expect(codes()).toEqual([200, 200]);
  });

  it('follows trouble of our own: /livez only when the process is stuck', () => {
    trouble = 'waiting for the first lists';
    expect(codes()).toEqual([503, 200]);
    expect(state.healthz()).toMatchObject({ reason: trouble, body: { healthy: false, nodeEligible: true } });
    expect(state.isHealthy()).toBe(false);
    trouble = undefined;
    stuck = 'a sync hangs';
    expect(codes()).toEqual([503, 503]);
  });
});
