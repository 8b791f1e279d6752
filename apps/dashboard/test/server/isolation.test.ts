import type { IsolationReport, RefusedAttempt, RoutesReport } from '@kubecity/protocol';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CityModel } from '../../server/city-model.ts';
import { isolationMetrics } from '../../server/isolation/isolation-metrics.ts';
import { PolicyLedger } from '../../server/isolation/policy-ledger.ts';
import { MOST_REFUSALS, REFUSAL_MILLISECONDS } from '../../server/isolation/refusal-book.ts';
import { hubOfEachTest } from './hub-lab.ts';
import { cart, edgeFrame, node, pod, rulesReport } from './objects.ts';
import { eventually } from './test-hub.ts';

const POLICY = 'shop/only-web';

const report = (more: Partial<IsolationReport> = {}): IsolationReport => ({
  at: 1,
  state: 'enforcing',
  policies: [POLICY],
  pods: [{ namespace: 'shop', name: 'cart-1', ingress: [0] }],
  rules: 7,
  sets: 1,
  problems: [],
  ...more,
});

const attempt = (more: Partial<RefusedAttempt> = {}): RefusedAttempt => ({
  at: 1000,
  from: '10.0.0.9',
  to: '10.0.0.1',
  protocol: 'TCP',
  port: 8080,
  direction: 'ingress',
  policies: [POLICY],
  ...more,
});

const EPOCH = { protocols: [3], token: '', version: '0.1.0' };
const HOUR = 3_600_000;

/** Service cart on node-a, and pod web-1 on node-b; both agents connected. */
function city(): CityModel {
  const model = new CityModel('test');
  for (const name of ['node-a', 'node-b']) model.setObject('nodes', node(name), HOUR);
  for (const object of cart.services) model.setObject('services', object, HOUR);
  for (const object of cart.endpointSlices) model.setObject('endpointSlices', object, HOUR);
  for (const object of [...cart.pods, pod('web-1', '10.0.0.9', 'node-b')]) model.setObject('pods', object, HOUR);
  for (const name of ['node-a', 'node-b']) model.agentConnected({ ...EPOCH, node: name, epoch: 'e1' });
  return model;
}

const gates = (model: CityModel, name: string) => model.store.get('pod', `uid-${name}`)?.gates;
const policy = (model: CityModel) => model.store.get('policy', POLICY);
const refusals = (model: CityModel) => [...model.store.all('refusal')];

test('a node that enforces tells which pods are closed, and that the others are open', () => {
  const model = city();
  model.refresh(HOUR);
  expect(gates(model, 'cart-1')).toBe(undefined);
  model.takeIsolation('node-a', report(), HOUR);
  const changed = model.refresh(HOUR);
  expect(gates(model, 'cart-1')).toEqual({ ingress: [POLICY] });
  expect(gates(model, 'cart-2')).toEqual({});
  // its node has said nothing
  expect(gates(model, 'web-1')).toBe(undefined);
  expect([...(changed.get('pod') ?? [])].sort()).toEqual(['uid-cart-1', 'uid-cart-2']);
  expect(policy(model)).toEqual({
    namespace: 'shop',
    name: 'only-web',
    pods: 1,
    ingress: { accepted: 0, refused: 0, acceptedPerSecond: 0, refusedPerSecond: 0 },
    egress: undefined,
  });
  expect(model.store.get('node', 'node-a')?.agent.isolation).toEqual({
    state: 'enforcing',
    message: undefined,
    at: 1,
    policies: 1,
    rules: 7,
  });
});

test('a pod that comes later stands behind the gate that its node has told', () => {
  const model = city();
  model.takeIsolation('node-a', report({ pods: [{ namespace: 'shop', name: 'cart-3', egress: [0] }] }), HOUR);
  model.refresh(HOUR);
  model.setObject('pods', pod('cart-3', '10.0.0.3'), HOUR);
  expect(gates(model, 'cart-3')).toEqual({ egress: [POLICY] });
});

test('of a node that fails only what it holds is known, of one that is off nothing', () => {
  const model = city();
  model.takeIsolation('node-a', report({ state: 'failing', message: 'ipset is missing' }), HOUR);
  model.refresh(HOUR);
  expect([gates(model, 'cart-1'), gates(model, 'cart-2')]).toEqual([{ ingress: [POLICY] }, undefined]);
  model.takeIsolation('node-a', report({ state: 'off', policies: [], pods: [] }), HOUR);
  model.refresh(HOUR);
  expect([gates(model, 'cart-1'), policy(model)]).toEqual([undefined, undefined]);
});

test('what cannot be read of a policy is told once with it, also when it closes nobody', () => {
  const model = city();
  const fault = { namespace: 'shop', name: 'only-web', field: 'spec.ingress[0]', message: 'must be a rule' };
  const idle = { ...fault, name: 'idle' };
  for (const name of ['node-a', 'node-b']) model.takeIsolation(name, report({ problems: [fault, idle] }), HOUR);
  model.refresh(HOUR);
  const told = [{ field: 'spec.ingress[0]', message: 'must be a rule' }];
  expect(policy(model)).toMatchObject({ pods: 2, problems: told });
  expect(model.store.get('policy', 'shop/idle')).toEqual({ namespace: 'shop', name: 'idle', pods: 0, problems: told });
  const many = Array.from({ length: 30 }, (_, i) => ({ ...fault, field: `spec.ingress[${i}]` }));
  model.takeIsolation('node-a', report({ problems: many }), HOUR);
  model.takeIsolation('node-b', report(), HOUR);
  model.refresh(HOUR);
  expect(policy(model)?.problems).toHaveLength(20);
  model.takeIsolation('node-a', report(), HOUR);
  model.refresh(HOUR);
  expect(policy(model)).not.toHaveProperty('problems');
  expect(model.store.get('policy', 'shop/idle')).toBe(undefined);
});

test('an agent that is silent or starts anew leaves its pods closed', () => {
  const model = city();
  model.takeIsolation('node-a', report(), HOUR);
  model.agentDisconnected('node-a');
  model.refresh(HOUR + 60_000);
  expect(gates(model, 'cart-1')).toEqual({ ingress: [POLICY] });
  model.agentConnected({ ...EPOCH, node: 'node-a', epoch: 'e2' });
  model.refresh(HOUR + 61_000);
  expect(gates(model, 'cart-1')).toEqual({ ingress: [POLICY] });
  expect(model.store.get('node', 'node-a')?.agent).toMatchObject({ state: 'stale', isolation: { state: 'enforcing' } });
});

test('a policy counts over nodes and goes away with the last of them', () => {
  const model = city();
  for (const name of ['node-a', 'node-b']) model.takeIsolation(name, report(), HOUR);
  const counts = (accepted: number, refused: number, at: number) => ({
    at,
    rows: [{ policy: POLICY, direction: 'ingress' as const, accepted, refused }],
  });
  for (const name of ['node-a', 'node-b']) model.isolation.takeCounts(name, counts(100, 10, 5000), HOUR);
  model.refresh(HOUR);
  // what had been counted before is only where it begins
  expect(policy(model)?.ingress).toMatchObject({ accepted: 0, refused: 0 });
  model.isolation.takeCounts('node-a', counts(130, 12, 6000), HOUR + 1000);
  model.isolation.takeCounts('node-b', counts(105, 10, 6000), HOUR + 1000);
  model.refresh(HOUR + 3000);
  expect(policy(model)).toMatchObject({
    pods: 2,
    ingress: { accepted: 35, refused: 2, acceptedPerSecond: 3.5, refusedPerSecond: 0.2 },
  });
  model.deleteObject('nodes', node('node-b'), HOUR);
  model.refresh(HOUR + 4000);
  expect(policy(model)).toMatchObject({ pods: 1, ingress: { accepted: 35 } });
  model.takeIsolation('node-a', report({ policies: [], pods: [] }), HOUR + 5000);
  model.refresh(HOUR + 5000);
  expect(policy(model)).toBe(undefined);
});

test('totals of the hub are what agents counted since it heard them, whatever is lost on the way', () => {
  const step = fc.record({
    node: fc.constantFrom('node-a', 'node-b'),
    accepted: fc.integer({ min: 0, max: 50 }),
    refused: fc.integer({ min: 0, max: 5 }),
    lost: fc.boolean(),
    restart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const ledger = new PolicyLedger();
      const agents = new Map<string, { epoch: number; accepted: number; refused: number; base?: [number, number] }>();
      const expected = { accepted: 0, refused: 0 };
      for (const [i, { node: name, accepted, refused, lost, restart }] of steps.entries()) {
        let agent = agents.get(name);
        if (!agent || restart) {
          agent = { epoch: (agent?.epoch ?? 0) + 1, accepted: 0, refused: 0, base: agent?.base && [0, 0] };
          agents.set(name, agent);
          ledger.connected(name, `e${agent.epoch}`);
        }
        agent.accepted += accepted;
        agent.refused += refused;
        if (lost) continue;
        const rows = [
          { policy: POLICY, direction: 'egress' as const, accepted: agent.accepted, refused: agent.refused },
        ];
        ledger.take(name, { at: i * 1000, rows }, i * 1000);
        const base: [number, number] = agent.base ?? [agent.accepted, agent.refused];
        expected.accepted += agent.accepted - base[0];
        expected.refused += agent.refused - base[1];
        agent.base = [agent.accepted, agent.refused];
      }
      const { accepted = 0, refused = 0 } = ledger.figuresOf(POLICY, 'egress') ?? {};
      expect({ accepted, refused }).toEqual(expected);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('a refused attempt names client, pod and Service, and is told for a minute after its last packet', () => {
  const model = city();
  // the node's clock is hours away from ours: only ages count
  model.isolation.takeRefused('node-a', { at: 4000, rows: [attempt({ at: 3000 })], more: false }, HOUR);
  model.refresh(HOUR);
  expect(refusals(model)).toEqual([
    [
      '10.0.0.9|10.0.0.1|TCP|8080|ingress',
      {
        client: { kind: 'pod', id: 'pod:uid-web-1', label: 'shop/web-1', node: 'node-b' },
        address: '10.0.0.1',
        port: 8080,
        protocol: 'TCP',
        podUid: 'uid-cart-1',
        service: 'shop/cart',
        direction: 'ingress',
        policies: [POLICY],
        firstAt: HOUR - 1000,
        lastAt: HOUR - 1000,
        node: 'node-a',
      },
    ],
  ]);
  model.isolation.takeRefused('node-a', { at: 9000, rows: [attempt({ at: 9000 })], more: false }, HOUR + 5000);
  model.refresh(HOUR + 5000);
  expect(refusals(model)).toMatchObject([[expect.any(String), { firstAt: HOUR - 1000, lastAt: HOUR + 5000 }]]);
  expect(model.isolation.refusedAttempts).toBe(1);
  model.refresh(HOUR + 5000 + REFUSAL_MILLISECONDS - 1);
  expect(refusals(model)).toHaveLength(1);
  model.refresh(HOUR + 5000 + REFUSAL_MILLISECONDS);
  expect(refusals(model)).toEqual([]);
});

test('who is no pod is a node or a network; a port without a backend is of no Service', () => {
  const model = city();
  const rows = [
    attempt({ from: '192.0.2.1' }),
    attempt({ from: '203.0.113.7', port: 9090 }),
    attempt({ from: 'fd00:1:2:3::7', to: '10.0.0.77', policies: [] }),
  ];
  model.isolation.takeRefused('node-a', { at: 1000, rows, more: false }, HOUR);
  model.refresh(HOUR);
  const found = refusals(model).map(([, { client, service, podUid }]) => [client.id, service, podUid]);
  expect(found).toEqual([
    ['node:node-b', 'shop/cart', 'uid-cart-1'],
    ['outside:203.0.113.0/24', undefined, 'uid-cart-1'],
    ['outside:fd00:1:2::/48', undefined, undefined],
  ]);
});

test('a finished pod has no address any more', () => {
  const model = city();
  const web = pod('web-1', '10.0.0.9', 'node-b');
  model.setObject('pods', { ...web, status: { ...web.status, phase: 'Succeeded' } }, HOUR);
  model.isolation.takeRefused('node-a', { at: 1000, rows: [attempt()], more: false }, HOUR);
  model.refresh(HOUR);
  expect(refusals(model)).toMatchObject([[expect.any(String), { client: { id: 'outside:10.0.0.0/24' } }]]);
});

test('of too many refused attempts the freshest are kept, and those that go on are told more rarely', () => {
  const model = city();
  const many = (from: number, length: number, at: number) =>
    Array.from({ length }, (_, i) => attempt({ at, port: from + i }));
  for (let i = 0; i < 3; i++) {
    model.isolation.takeRefused(
      'node-a',
      { at: 1000, rows: many(1000 + 400 * i, 400, 1000), more: true },
      HOUR + i * 1000,
    );
  }
  model.refresh(HOUR + 2000);
  const ports = refusals(model).map(([, { port }]) => port);
  expect(ports).toHaveLength(MOST_REFUSALS);
  expect(Math.min(...ports)).toBe(1200);
  model.isolation.takeRefused('node-a', { at: 2000, rows: many(1800, 400, 2000), more: true }, HOUR + 4000);
  expect(model.refresh(HOUR + 4000).get('refusal')).toBe(undefined);
  model.isolation.takeRefused('node-a', { at: 5000, rows: many(1800, 400, 5000), more: true }, HOUR + 7000);
  expect(model.refresh(HOUR + 7000).get('refusal')?.size).toBe(400);
});

test('a node says which other nodes it has no route to, the first twenty of them', () => {
  const model = city();
  const routes: RoutesReport = {
    at: 5,
    mode: 'auto',
    state: 'failing',
    message: 'some peers have no route',
    direct: 1,
    vxlan: 0,
    none: 30,
    peers: [
      ...Array.from({ length: 30 }, (_, i) => ({
        node: `node-${i}`,
        range: `10.1.${i}.0/24`,
        via: 'none' as const,
        why: 'it has no address',
      })),
      { node: 'node-b', range: '10.0.1.0/24', via: 'direct', why: 'on the same link' },
    ],
    repaired: { at: 4, difference: '10.0.1.0/24 was gone' },
  };
  model.takeRoutes('node-a', routes, HOUR);
  model.refresh(HOUR);
  const told = model.store.get('node', 'node-a')?.agent.routes;
  expect(told).toMatchObject({ mode: 'auto', state: 'failing', none: 30, repaired: { at: 4 } });
  expect(told?.missing.map(({ node: name }) => name)).toEqual(Array.from({ length: 20 }, (_, i) => `node-${i}`));
});

test('metrics tell policies, refused attempts, and what nodes do', async () => {
  const model = city();
  const registry = new Registry();
  isolationMetrics(registry, model);
  model.takeIsolation('node-a', report(), HOUR);
  const rows = (refused: number) => [{ policy: POLICY, direction: 'ingress' as const, accepted: 4, refused }];
  model.isolation.takeCounts('node-a', { at: 1000, rows: rows(1) }, HOUR);
  model.isolation.takeCounts('node-a', { at: 2000, rows: rows(6) }, HOUR);
  model.isolation.takeRefused('node-a', { at: 1000, rows: [attempt()], more: false }, HOUR);
  model.refresh(HOUR);
  const text = await registry.metrics();
  expect(text).toContain(
    `kubecity_policy_first_packets_total{policy="${POLICY}",direction="ingress",verdict="refused"} 5`,
  );
  expect(text).toContain('kubecity_refused_attempts_total 1');
  expect(text).toContain('kubecity_isolation_nodes{state="enforcing"} 1');
  expect(text).toContain('kubecity_isolation_nodes{state="failing"} 0');
});

const lab = hubOfEachTest();

test('what agents say reaches the browser; a message that is not valid costs the connection', async () => {
  const a = lab.agent({ node: 'node-a' });
  a.emit('rules', rulesReport());
  a.emit('edges', edgeFrame(0, 1000, []), () => {});
  a.emit('isolation', report());
  a.emit('refusedAttempts', { at: 1000, rows: [attempt()], more: false });
  const map = lab.browser();
  await eventually(() => map.get('pod', 'uid-cart-1')?.gates).toEqual({ ingress: [POLICY] });
  await eventually(() => map.get('refusal', '10.0.0.9|10.0.0.1|TCP|8080|ingress')?.service).toBe('shop/cart');
  await eventually(() => map.get('node', 'node-a')?.agent.isolation?.state).toBe('enforcing');
  let gone = false;
  a.on('disconnect', () => {
    gone = true;
  });
  a.emit('routes', { at: -1 } as never);
  await eventually(() => gone).toBe(true);
});
