import type { CityRecord } from '@kubecity/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CityModel } from '../../server/city-model.ts';
import type { CityObjects, ObjectKind } from '../../server/city-objects.ts';
import { EdgeCursor } from '../../server/traffic/edge-cursor.ts';
import { applyOps } from './apply-ops.ts';
import {
  ack,
  cart,
  cart1,
  cart2,
  cartPort,
  dualCart,
  edgeFrame,
  namespace,
  node,
  override,
  pod,
  rulesReport,
  service,
  slice,
  table,
  webToCart1,
} from './objects.ts';
import { type Figures, ToldEdges } from './told-edges.ts';

type Change = { [K in ObjectKind]: { kind: K; object: CityObjects[K]; gone: boolean } }[ObjectKind];

const someChange = (): fc.Arbitrary<Change> => {
  const name = fc.constantFrom('cart', 'web');
  const n = fc.constantFrom('1', '2');
  const podName = fc.tuple(name, n).map(([app, i]) => `${app}-${i}`);
  const object: fc.Arbitrary<Omit<Change, 'gone'>> = fc.oneof(
    fc.tuple(fc.constantFrom('shop', 'blog'), fc.constantFrom(undefined, '2', 'many')).map(([ns, floor]) => {
      const { metadata } = namespace(ns);
      const annotations = floor === undefined ? undefined : { 'kubecity.dev/floor': floor };
      return { kind: 'namespaces' as const, object: { metadata: { ...metadata, annotations } } };
    }),
    fc
      .tuple(fc.constantFrom('node-a', 'node-b'), fc.constantFrom('z1', 'z2'))
      .map(([name, zone]) => ({ kind: 'nodes' as const, object: node(name, zone) })),
    fc.tuple(podName, fc.constantFrom('red', 'blue'), fc.constantFrom('', '-again')).map(([name, color, again]) => {
      const made = pod(name, `10.0.0.${name.at(-1)}`, 'node-a', { color });
      return { kind: 'pods' as const, object: { ...made, metadata: { ...made.metadata, uid: `uid-${name}${again}` } } };
    }),
    fc.tuple(name, fc.constantFrom(80, 70_000)).map(([name, port]) => ({
      kind: 'services' as const,
      object: service(name, '10.96.0.10', [{ name: 'http', port }]),
    })),
    fc.tuple(name, fc.subarray(['1', '2', '3']), fc.boolean()).map(([name, members, ready]) => ({
      kind: 'endpointSlices' as const,
      object: slice(
        name,
        members.map((i) => ({ pod: `${name}-${i}`, ip: i === '3' ? 'nonsense' : `10.0.0.${i}`, ready })),
      ),
    })),
    fc
      .tuple(
        fc.constantFrom('o1', 'o2'),
        name,
        fc.constantFrom(
          ...[{ weight: 10 }, { weight: 5000 }, { share: 20 }, { drain: {} }, { drain: {}, allowEmpty: true }],
          ...[
            { weight: 50, ramp: { from: 0, seconds: 60 } },
            { drain: {}, expiresAt: '1970-01-01T00:00:20Z' },
          ],
        ),
        fc.constantFrom(undefined, { podNames: ['cart-1'] }, { selector: { matchLabels: { color: 'red' } } }),
      )
      .map(([name, service, wish, backends]) => ({
        kind: 'routingOverrides' as const,
        object: override(name, { service, backends, ...wish }),
      })),
    fc.tuple(fc.constantFrom('c1', 'c2'), fc.constantFrom('node-a', 'node-b')).map(([name, nodeName]) => {
      const { metadata, spec } = override(name, { drain: {}, backends: { nodeNames: [nodeName] } });
      return {
        kind: 'clusterRoutingOverrides' as const,
        object: { metadata: { ...metadata, namespace: undefined }, spec },
      };
    }),
  ) as fc.Arbitrary<Omit<Change, 'gone'>>;
  return fc
    .tuple(object, fc.integer({ min: 0, max: 3 }))
    .map(([change, dice]) => ({ ...change, gone: dice === 0 }) as Change);
};

/** History is no function of the present: the time line is left out. */
const present = (city: Map<string, unknown>) =>
  new Map([...city].filter(([key]) => !key.startsWith('action') && !key.startsWith('tick')));

test('frames after any sequence of changes end where a fresh hub begins', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(someChange(), fc.boolean()), { maxLength: 40 }), (changes) => {
      const model = new CityModel('test');
      const city = new Map<string, unknown>();
      const last = new Map<string, Change>();
      let now = 0;
      for (const [change, frame] of changes) {
        now += 1000;
        if (change.gone) model.deleteObject(change.kind, change.object, now);
        else model.setObject(change.kind, change.object, now);
        last.set(`${change.kind} ${change.object.metadata.name}`, change);
        if (frame) applyOps(city, model.store.opsFor(model.refresh(now)));
      }
      applyOps(city, model.store.opsFor(model.refresh(now)));

      const fresh = new CityModel('test');
      for (const change of last.values()) if (!change.gone) fresh.setObject(change.kind, change.object, now);
      fresh.refresh(now);
      expect(present(city)).toEqual(present(applyOps(new Map(), fresh.store.opsFor(fresh.store.keys()))));
    }),
  );
});

/** Service cart on two nodes, with the overrides given. */
function cartCity(...overrides: ReturnType<typeof override>[]): CityModel {
  const model = new CityModel('test');
  for (const name of ['node-a', 'node-b']) model.setObject('nodes', node(name), 0);
  for (const object of cart.services) model.setObject('services', object, 0);
  for (const object of cart.endpointSlices) model.setObject('endpointSlices', object, 0);
  for (const object of [...cart.pods, pod('web-1', '10.0.1.1', 'node-b')]) model.setObject('pods', object, 0);
  for (const object of overrides) model.setObject('routingOverrides', object, 0);
  return model;
}

const connect = (model: CityModel, ...nodes: string[]) => {
  for (const name of nodes) model.agentConnected({ protocols: [2], token: 't', node: name, epoch: 'e1', version: '1' });
};

const webToCart1Id = `pod:uid-web-1>${cart1}`;

/** The edges that a newcomer is told of. */
function edgesOf(model: CityModel): Map<string, Figures> {
  const told = new ToldEdges();
  told.take(new EdgeCursor().next(model.traffic.shown));
  return told.all();
}

const drainCart1 = override('d', { service: 'cart', drain: {}, backends: { podNames: ['cart-1'] } });

test('a weight moves the wished shares', () => {
  const model = cartCity(override('w', { service: 'cart', weight: 300, backends: { podNames: ['cart-1'] } }));
  model.refresh(0);
  expect(model.store.get('backend', cart1)).toMatchObject({
    weight: 300,
    wishedShare: 0.75,
    overrideUid: 'uid-w',
    service: 'shop/cart',
  });
  expect(model.store.get('backend', cart2)).toMatchObject({ weight: 100, wishedShare: 0.25 });
});

test('faults of a Service and of its slices are problems of its record', () => {
  const model = cartCity();
  model.setObject('services', service('cart', '10.96.0.10', [{ name: 'http', port: 70_000 }]), 0);
  model.setObject('endpointSlices', slice('cart', [{ ip: 'nonsense' }]), 0);
  model.refresh(0);
  expect(model.store.get('service', 'shop/cart')?.problems.map(({ field }) => field)).toEqual([
    'spec.ports[0].port',
    'EndpointSlice cart-x1 endpoints[0].addresses[0]',
  ]);
});

test('a drain waits for each node until its kernel holds this generation and is in sync', () => {
  const model = cartCity(drainCart1);
  const nodes = () => {
    model.refresh(0);
    return model.store.get('override', 'uid-d')?.nodes;
  };
  expect(nodes()).toEqual({ desired: 2, acknowledged: [], waitingFor: ['node-a', 'node-b'] });
  connect(model, 'node-a', 'node-b');
  model.takeRules('node-a', rulesReport([ack('d')]), 0);
  model.takeRules('node-b', rulesReport([ack('d')], { inSync: false }), 0);
  expect(nodes()).toMatchObject({ acknowledged: ['node-a'], waitingFor: ['node-b'] });
  model.takeRules('node-b', rulesReport([ack('d', 1, 'noBackends')]), 0);
  expect(nodes()?.waitingFor).toEqual(['node-b']);
  model.takeRules('node-b', rulesReport([ack('d')]), 0);
  expect(nodes()?.waitingFor).toEqual([]);
  model.setObject('routingOverrides', { ...drainCart1, metadata: { ...drainCart1.metadata, generation: 2 } }, 0);
  expect(nodes()?.waitingFor).toEqual(['node-a', 'node-b']);
  model.deleteObject('routingOverrides', drainCart1, 0);
  expect(nodes()).toBeUndefined();
  expect(model.store.get('backend', cart1)).toMatchObject({ weight: 100, draining: false });
});

test('open connections are a sum over nodes, and at least that while an agent is silent', () => {
  const model = cartCity(drainCart1);
  connect(model, 'node-a', 'node-b');
  const define: [number, typeof webToCart1][] = [[1, webToCart1]];
  const row = [1, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 1];
  model.takeEdges('node-a', edgeFrame(0, 0, [row], { define }), 0);
  model.takeEdges('node-b', edgeFrame(0, 0, [row], { define }), 0);
  const at = (now: number) => {
    model.refresh(now);
    const agent = model.store.get('node', 'node-b')?.agent.state;
    return {
      agent,
      stale: edgesOf(model).get(webToCart1Id)?.stale,
      ...model.store.get('override', 'uid-d')?.connections,
    };
  };
  const open = { moving: 4, idle: 6, closing: 8, waiting: 2 };
  expect(at(5000)).toEqual({ agent: 'live', stale: 0, ...open, coverage: 'complete' });
  model.takeEdges('node-a', edgeFrame(1, 5000, []), 5000);
  expect(at(5001)).toEqual({ agent: 'stale', stale: 1, ...open, coverage: 'atLeast' });
});

test('an edge knows its client, and its backend the share of the last minute', () => {
  const model = cartCity();
  connect(model, 'node-b');
  const toCart2 = { ...webToCart1, backend: '10.0.0.2:8080' };
  model.takeEdges(
    'node-b',
    edgeFrame(0, 0, [], {
      define: [
        [1, webToCart1],
        [2, toCart2],
      ],
    }),
    1000,
  );
  model.takeEdges(
    'node-b',
    edgeFrame(1, 1000, [
      [1, 30],
      [2, 10],
    ]),
    2000,
  );
  model.refresh(3000);
  expect(edgesOf(model).get(webToCart1Id)).toMatchObject({ opened: 30 });
  expect(model.traffic.edges.nameOf(0)).toEqual({
    client: { kind: 'pod', id: 'pod:uid-web-1', label: 'shop/web-1', node: 'node-b' },
    service: 'shop/cart',
    servicePort: cartPort,
    backend: cart1,
    podUid: undefined,
  });
  model.refresh(13_000);
  expect(model.store.get('load', cart1)).toMatchObject({ opened: 30, openedOfPort: 40, windowSeconds: 11 });
  model.refresh(80_000);
  expect(model.store.get('load', cart1)).toMatchObject({ opened: 0, openedOfPort: 0, windowSeconds: 60 });
});

test('a share is measured by what was opened after every node had it', () => {
  const model = cartCity();
  for (const name of ['node-a', 'node-b']) connect(model, name);
  const define: [number, typeof webToCart1][] = [
    [1, webToCart1],
    [2, { ...webToCart1, backend: '10.0.0.2:8080' }],
  ];
  model.takeEdges('node-b', edgeFrame(0, 0, [], { define }), 0);
  const opened = [0, 0];
  /** Each second ten are opened at each of those named. */
  const at = (second: number, to: readonly (0 | 1)[]) => {
    for (const backend of to) opened[backend] = (opened[backend] as number) + 10;
    const rows = opened.map((n, i): [number, number] => [i + 1, n]);
    model.takeEdges('node-b', edgeFrame(second, second * 1000, rows), second * 1000);
    model.takeEdges('node-a', edgeFrame(second, second * 1000, []), second * 1000);
    model.refresh(second * 1000);
    return model.store.get('load', cart1);
  };
  const say = (second: number, nodes: readonly string[], held: boolean) => {
    for (const name of nodes) {
      model.takeRules(name, rulesReport(held ? [ack('d')] : []), second * 1000);
    }
  };
  model.takeEdges('node-a', edgeFrame(0, 0, []), 0);
  for (let second = 1; second < 30; second++) at(second, [0, 1]);
  expect(at(30, [0, 1])).toMatchObject({ opened: 290, openedOfPort: 580 });

  model.setObject(
    'routingOverrides',
    override('d', { service: 'cart', drain: {}, backends: { podNames: ['cart-1'] } }),
    30_500,
  );
  const unmeasured = { opened: 0, openedOfPort: 0, windowSeconds: 0, sinceChange: true };
  expect(at(31, [0, 1])).toMatchObject(unmeasured);
  say(32, ['node-b'], true);
  expect(at(32, [1])).toMatchObject(unmeasured);
  say(33, ['node-a'], true);
  for (let second = 33; second < 40; second++) at(second, [1]);
  const drained = at(40, [1]);
  expect(drained).toMatchObject({ opened: 0, sinceChange: true });
  expect(drained?.windowSeconds).toBeGreaterThan(0);
  expect(drained?.openedOfPort).toBe(10 * (drained?.windowSeconds ?? 0));

  model.deleteObject('routingOverrides', override('d', { service: 'cart', drain: {} }), 40_500);
  say(41, ['node-a'], false);
  expect(at(41, [1])).toMatchObject(unmeasured);
  say(42, ['node-b'], false);
  for (let second = 42; second < 110; second++) at(second, [0, 1]);
  expect(at(110, [0, 1])).toMatchObject({ opened: 600, openedOfPort: 1200, windowSeconds: 60 });
  expect(model.store.get('load', cart1)).not.toHaveProperty('sinceChange');
});

test('an agent whose dumps are rare is not taken for silent between them, unless it is gone', () => {
  const model = cartCity();
  connect(model, 'node-a');
  const rare = { table: { ...table, periodMilliseconds: 40_000 } };
  model.takeEdges('node-a', edgeFrame(0, 0, [], rare), 0);
  const state = (now: number) => model.roster.stateOf('node-a', now);
  expect([state(5001), state(100_000), state(100_001)]).toEqual(['live', 'live', 'stale']);
  model.agentDisconnected('node-a');
  expect([state(5000), state(5001)]).toEqual(['live', 'stale']);
  connect(model, 'node-a');
  expect(state(5001)).toBe('live');
});

test('nodes of a large cluster take turns to tell their figures, but say at once when they fall silent', () => {
  const model = new CityModel('test');
  const names = Array.from({ length: 100 }, (_, i) => `node-${i}`);
  for (const name of names) model.setObject('nodes', node(name), 0);
  connect(model, ...names);
  const tell = (seq: number, now: number) => {
    for (const name of names) model.takeEdges(name, edgeFrame(seq, now, []), now);
    return model.refresh(now).get('node')?.size;
  };
  expect(tell(0, 0)).toBe(100);
  expect([1, 2, 3, 4, 5].map((seq) => tell(seq, seq * 1000))).toEqual([20, 20, 20, 20, 20]);
  const ages = [...model.store.all('node')].map(([, { agent }]) => 5000 - (agent.conntrack?.at ?? 0));
  expect(new Set(ages)).toEqual(new Set([0, 1000, 2000, 3000, 4000]));
  expect(model.refresh(15_000).get('node')?.size).toBe(100);
});

test('a point of the time line every five seconds, none while no agent is heard, all for one hour', () => {
  const model = cartCity();
  const ticks = () => [...model.store.all('tick')].map(([, tick]) => tick);
  model.refresh(10_000);
  expect(ticks()).toEqual([]);
  connect(model, 'node-a');
  model.takeEdges('node-a', edgeFrame(0, 0, [], { define: [[1, webToCart1]] }), 10_000);
  model.takeEdges('node-a', edgeFrame(1, 1000, [[1, 10, 5]]), 11_000);
  model.refresh(14_999);
  expect(ticks()).toEqual([]);
  model.takeEdges('node-a', edgeFrame(2, 5000, []), 15_000);
  model.refresh(15_000);
  expect(ticks()).toEqual([{ at: 15_000, openedPerSecond: 2, refusedPerSecond: 1, bytesPerSecond: 0 }]);
  model.refresh(21_000);
  expect(ticks()).toHaveLength(1);
  model.refresh(15_000 + 3_600_001);
  expect(ticks()).toEqual([]);
});

test('every override that comes, changes or goes is a flag on the time line', () => {
  const model = cartCity();
  const weight = (n: number) => override('w', { service: 'cart', weight: n, backends: { podNames: ['cart-1'] } });
  model.setObject('routingOverrides', drainCart1, 1);
  model.setObject('routingOverrides', { ...drainCart1, status: { observedGeneration: 1 } }, 2);
  model.setObject('routingOverrides', weight(10), 3);
  model.setObject('routingOverrides', weight(20), 4);
  model.deleteObject('routingOverrides', weight(20), 5);
  model.deleteObject('routingOverrides', drainCart1, 6);
  const flags = [...model.store.all('action')].map(([, { at, verb, target }]: [string, CityRecord<'action'>]) => [
    at,
    verb,
    target,
  ]);
  expect(flags).toEqual([
    [1, 'drain', 'shop/cart cart-1'],
    [3, 'weight', 'shop/cart cart-1 at 10'],
    [4, 'weight', 'shop/cart cart-1 at 20'],
    [5, 'reset', 'shop/cart cart-1 at 20'],
    [6, 'undrain', 'shop/cart cart-1'],
  ]);
});

test('a node that leaves takes its figures along, and an agent that speaks on does no harm', () => {
  const model = cartCity();
  connect(model, 'node-b');
  model.takeEdges('node-b', edgeFrame(0, 0, [[1, 5]], { define: [[1, webToCart1]] }), 0);
  model.deleteObject('nodes', node('node-b'), 0);
  model.refresh(0);
  expect(edgesOf(model).size).toBe(1);
  model.refresh(10_000);
  expect(edgesOf(model).size).toBe(0);
  expect(model.takeEdges('node-b', edgeFrame(1, 1000, []), 1000)).toMatchObject({ ok: false });
});

test('both families of a service port stand under one key, each with its own shares', () => {
  const model = new CityModel('toy');
  const { services, endpointSlices, pods } = dualCart();
  for (const object of services) model.setObject('services', object, 0);
  for (const object of endpointSlices) model.setObject('endpointSlices', object, 0);
  for (const object of pods) model.setObject('pods', object, 0);
  model.refresh(0);
  const shares = () =>
    [...model.store.all('backend')].map(([id, { servicePort, wishedShare }]) => [id, servicePort, wishedShare]);
  expect(shares()).toEqual(
    ['10.0.0.1:8080', '10.0.0.2:8080', '[fd00::1]:8080', '[fd00::2]:8080'].map((socket) => [
      `${cartPort}|${socket}`,
      cartPort,
      0.5,
    ]),
  );
  for (const object of endpointSlices.slice(1)) model.deleteObject('endpointSlices', object, 1);
  model.refresh(1);
  expect(shares().map(([id]) => id)).toEqual([cart1, cart2]);
});
