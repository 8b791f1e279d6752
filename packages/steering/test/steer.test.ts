import type { SteerRequest } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { overrideName, planSteer, type SteerCity, SteerRefusal } from '../src/index.ts';
import { cart, cart1, cart2, cartPort, city, clusterOverride, four, override } from './city.ts';

const ACTOR = { user: 'ana', how: 'dashboard' } as const;
type Steer = Extract<SteerRequest, { action: 'steer' }>;
type Wish = Omit<Steer, 'action'>;

const only = (name: string) => ({ podNames: [name] });
const backend = (id: string) => ({ kind: 'backend', id }) as const;
const drain = (id: string, more: Partial<Wish> = {}): Wish => ({
  target: backend(id),
  effect: { kind: 'drain' },
  ...more,
});
const weigh = (id: string, weight: number, more: Partial<Wish> = {}): Wish => ({
  target: backend(id),
  effect: { kind: 'weight', weight },
  ...more,
});
const release = (id: string): Wish => ({ target: backend(id), effect: { kind: 'release' } });

function plan(wish: Wish, where: readonly KubeRoutingOverride[] | SteerCity = []) {
  const on = 'services' in where ? where : city([cart], where);
  return planSteer({ action: 'steer', ...wish }, on, ACTOR);
}
function refusal(wish: Wish, where: readonly KubeRoutingOverride[] | SteerCity = []) {
  try {
    plan(wish, where);
  } catch (error) {
    if (error instanceof SteerRefusal) return error;
    throw error;
  }
  throw new Error('not refused');
}
const written = (wish: Wish, where: readonly KubeRoutingOverride[] | SteerCity = []) => {
  const [write, ...more] = plan(wish, where).writes;
  expect(more).toEqual([]);
  return { ...write?.write, object: write?.object };
};

const drain1 = override('cart-drain-cart-1', { service: 'cart', drain: {}, backends: only('cart-1') });
const weight1 = override('cart-weight-cart-1', { service: 'cart', weight: 30, backends: only('cart-1') });

test('a drain names the pod within its Service, and who asked', () => {
  const made = written(drain(cart1, { reason: 'slow disk' }));
  expect(made).toMatchObject({
    verb: 'create',
    kind: 'RoutingOverride',
    object: {
      apiVersion: 'kubecity.dev/v1alpha1',
      kind: 'RoutingOverride',
      metadata: { namespace: 'shop', name: 'cart-drain-cart-1', annotations: { 'kubecity.dev/by': 'ana' } },
      spec: { service: 'cart', backends: only('cart-1'), drain: { existing: 'wait' }, reason: 'slow disk' },
    },
  });
  expect(made).not.toHaveProperty('before');
  expect(made).not.toHaveProperty('object.spec.allowEmpty');
  expect(made).not.toHaveProperty('object.spec.startAt');
});

test('the care of what is open is written as asked', () => {
  const effect = {
    kind: 'drain',
    existing: 'cutIdle',
    udp: 'cut',
    sticky: 'keep',
    deadlineSeconds: 300,
    cutPerSecond: 5,
  };
  expect(written({ target: backend(cart1), effect } as Wish)).toMatchObject({
    after: { drain: { existing: 'cutIdle', udp: 'cut', sticky: 'keep', deadlineSeconds: 300, cutPerSecond: 5 } },
  });
});

test('an endpoint without a pod is named by its address', () => {
  const bare = city([{ name: 'cart', pods: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }]);
  expect(written(weigh(cart1, 5), bare)).toMatchObject({
    name: 'cart-weight-10.0.0.1',
    after: { weight: 5, backends: { addresses: ['10.0.0.1'] } },
  });
});

test.each([
  [{ kind: 'pod', namespace: 'shop', name: 'cart-1' }, 'shop', 'pod-cart-1-drain', { podNames: ['cart-1'] }],
  [{ kind: 'node', name: 'node-a' }, undefined, 'node-node-a-drain', { nodeNames: ['node-a'] }],
  [{ kind: 'zone', name: 'zone-2' }, undefined, 'zone-zone-2-drain', { zones: ['zone-2'] }],
  [
    { kind: 'labels', namespace: 'shop', matchLabels: { version: 'v2' } },
    'shop',
    'labels-version-v2-drain',
    { selector: { matchLabels: { version: 'v2' } } },
  ],
  [
    { kind: 'labels', matchLabels: { version: 'v2' } },
    undefined,
    'labels-version-v2-drain',
    { selector: { matchLabels: { version: 'v2' } } },
  ],
  [
    { kind: 'chosen', backends: { nodeNames: ['node-b', 'node-c'] } },
    undefined,
    'nodes-node-b.node-c-drain',
    { nodeNames: ['node-b', 'node-c'] },
  ],
] as const)('%j is one object over all Services: %s/%s', (target, namespace, name, backends) => {
  const made = written({ target: target as Steer['target'], effect: { kind: 'drain' } }, city([four]));
  expect(made).toMatchObject({
    verb: 'create',
    kind: namespace === undefined ? 'ClusterRoutingOverride' : 'RoutingOverride',
    name,
    after: { backends },
  });
  expect(made.namespace).toBe(namespace);
  expect(made.after).not.toHaveProperty('service');
});

test('a group of a Service is one object; what it names is counted by the table', () => {
  const target: Steer['target'] = {
    kind: 'service',
    namespace: 'shop',
    name: 'cart',
    ports: ['http'],
    backends: { matchLabels: { version: 'v2' } },
  };
  const made = plan({ target, effect: { kind: 'share', share: 10 } }, city([four]));
  expect(made.writes[0]?.write).toMatchObject({
    name: 'cart-share-labels-version-v2-port-http',
    after: { service: 'cart', ports: ['http'], share: 10 },
  });
  const [table] = made.tables;
  const shares = table?.rows.map(({ after }) => after.share) ?? [];
  for (const [i, share] of [0.45, 0.05, 0.45, 0.05].entries()) expect(shares[i]).toBeCloseTo(share, 6);
  expect(table?.rows.map(({ before }) => before.share)).toEqual([0.25, 0.25, 0.25, 0.25]);
  expect(table).toMatchObject({ servicePort: cartPort, active: { before: 4, after: 4, floor: 1, of: 4 } });
});

test('a ramp begins where things are', () => {
  const group = {
    kind: 'service',
    namespace: 'shop',
    name: 'cart',
    backends: { matchLabels: { version: 'v2' } },
  } as const;
  const share = { kind: 'share', share: 10, ramp: { seconds: 60 } } as const;
  expect(written({ target: group, effect: share }, city([four])).after).toMatchObject({
    share: 10,
    ramp: { from: 50, seconds: 60 },
  });
  expect(
    written(weigh(cart1, 50, { effect: { kind: 'weight', weight: 0, ramp: { seconds: 10 } } }), [weight1]),
  ).toMatchObject({ verb: 'replace', after: { weight: 0, ramp: { from: 30, seconds: 10 } } });
  const there = { kind: 'weight', weight: 100, ramp: { seconds: 10 } } as const;
  expect(written({ target: backend(cart1), effect: there }).after).not.toHaveProperty('ramp');
});

test('a ramp that is replaced on its way is spoken of', () => {
  const ramp = { weight: 0, ramp: { from: 100, seconds: 100 }, startAt: '2026-11-22T11:59:40Z' };
  const way = override('cart-weight-cart-1', { service: 'cart', backends: only('cart-1'), ...ramp });
  const made = plan(weigh(cart1, 50), [way]);
  expect(made.remarks).toContain('The ramp of RoutingOverride shop/cart-weight-cart-1 to 0 ends where it is, at 80.');
  expect(made.tables[0]?.rows[0]?.before.weight).toBe(80);
});

test('a ramp is judged at both its ends', () => {
  const up = { kind: 'weight', weight: 50, ramp: { from: 0, seconds: 60 } } as const;
  const every = { kind: 'service', namespace: 'shop', name: 'cart' } as const;
  expect(refusal({ target: every, effect: up }).code).toBe('would-empty');
  expect(refusal({ target: every, effect: { ...up, weight: 0, ramp: { from: 50, seconds: 60 } } }).code).toBe(
    'would-empty',
  );
});

test('the last backend is not drained, and not weighed to zero, unless it is permitted', () => {
  const other = override('x', { service: 'cart', drain: {}, allowEmpty: true, backends: only('cart-1') });
  const refused = refusal(drain(cart2), [other]);
  expect(refused.message).toMatch(/shop\/cart without a backend/);
  expect(refused).toMatchObject({
    code: 'would-empty',
    plan: { writes: [{ write: { after: { allowEmpty: true } } }] },
  });
  expect(refused.plan?.tables[0]?.active).toEqual({ before: 1, after: 0, floor: 1, of: 2 });
  expect(refusal(weigh(cart2, 0), [other]).code).toBe('would-empty');
  expect(written(drain(cart2, { allowEmpty: true }), [other])).toMatchObject({
    verb: 'create',
    after: { allowEmpty: true },
  });
});

test('the third of four at a floor of 50 % is refused', () => {
  const floor = { ...four, floor: '50%' };
  const held = [1, 2].map((n) => override(`d${n}`, { service: 'cart', drain: {}, backends: only(`cart-${n}`) }));
  const third = drain(`${cartPort}|10.0.0.3:8080`);
  expect(refusal(third, city([floor], held)).message).toMatch(/with 1 of at least 2 backends/);
  expect(plan(third, city([floor], held.slice(1))).writes).toHaveLength(1);
});

test('a drain of a node that would break one floor of many is to be permitted', () => {
  const services = [four, { name: 'single', pods: [{ name: 'one', ip: '10.0.1.1', node: 'node-a' }] }];
  const node = { target: { kind: 'node', name: 'node-a' }, effect: { kind: 'drain' } } as const;
  expect(refusal(node, city(services)).message).toMatch(/shop\/single without a backend/);
  expect(plan({ ...node, allowEmpty: true }, city(services)).tables).toHaveLength(2);
});

test('two wishes of the same second do not make each other give way', () => {
  const sameSecond = { creationTimestamp: '2026-11-22T12:00:00Z' };
  const made = (n: 1 | 2) =>
    override(`cart-drain-cart-${n}`, { service: 'cart', drain: {}, backends: only(`cart-${n}`) }, sameSecond);
  expect(refusal(drain(cart2), [made(1)]).code).toBe('would-empty');
  expect(refusal(drain(cart1), [made(2)]).code).toBe('would-empty');
});

test('what is permitted here but not by an older drain lifts that one, and says so', () => {
  expect(plan(drain(cart2, { allowEmpty: true }), [drain1]).remarks.join(' ')).toMatch(
    /RoutingOverride shop\/cart-drain-cart-1 .*is lifted by this for shop\/cart/,
  );
});

test('every port of the Service counts for the guard', () => {
  const both = city([{ ...cart, ports: ['http', 'admin'] }]);
  const [slice] = both.endpointSlices;
  const endpointSlices = [
    { ...slice, ports: [{ name: 'http', port: 8080 }] },
    {
      ...slice,
      metadata: { ...slice?.metadata, name: 'cart-x2' },
      ports: [{ name: 'admin', port: 8081 }],
      endpoints: slice?.endpoints?.slice(0, 1),
    },
  ] as SteerCity['endpointSlices'];
  expect(refusal(drain(cart1), { ...both, endpointSlices }).code).toBe('would-empty');
});

test('a drain wins over our weight, which stays', () => {
  const made = plan(drain(cart1), [weight1]);
  expect(made.writes[0]?.write.verb).toBe('create');
  expect(made.remarks.join(' ')).toMatch(/shop\/cart-weight-cart-1 .*no longer decides about cart-1/);
});

test.each([['cart-drain-cart-1'], ['made-by-hand']])('a drain that is there already (%s) is not made twice', (name) => {
  const there = override(name, { service: 'cart', drain: {}, backends: only('cart-1') });
  expect(plan(drain(cart1), [there])).toMatchObject({
    writes: [],
    override: `shop/${name}`,
    message: `cart-1 is draining already (RoutingOverride shop/${name}).`,
  });
});

test('another way to drain replaces the object at the version that was read, and begins anew', () => {
  expect(written(drain(cart1, { effect: { kind: 'drain', deadlineSeconds: 60 } }), [drain1])).toMatchObject({
    verb: 'replace',
    object: { metadata: { resourceVersion: '7', uid: 'uid-cart-drain-cart-1' } },
    before: { drain: {}, startAt: '2026-11-22T10:00:00Z' },
    after: { drain: { existing: 'wait', deadlineSeconds: 60 }, startAt: '2026-11-22T12:00:00Z' },
  });
  const renamed = written(drain(cart1, { reason: 'new words' }), [drain1]);
  expect(renamed).toMatchObject({ verb: 'replace', after: { reason: 'new words' } });
  expect(renamed.after).not.toHaveProperty('startAt');
});

test('one whose time is over is replaced and begins anew', () => {
  const over = override('cart-drain-cart-1', { ...(drain1.spec as object), expiresAt: '2026-11-22T11:00:00Z' });
  const made = written(drain(cart1), [over]);
  expect(made).toMatchObject({ verb: 'replace', after: { startAt: '2026-11-22T12:00:00Z' } });
  expect(made.after).not.toHaveProperty('expiresAt');
  expect(refusal(drain(cart1, { expiresAt: '2026-11-22T12:00:00Z' })).code).toBe('invalid-request');
});

test('release deletes what holds the backend, whoever made it, if it names nobody else', () => {
  expect(written(release(cart1), [drain1])).toMatchObject({ verb: 'delete', object: drain1 });
  const byHand = override('mine', { service: 'cart', drain: {}, backends: { addresses: ['10.0.0.1'] } });
  expect(written(release(cart1), [byHand])).toMatchObject({ verb: 'delete', object: byHand });
  expect(plan(release(cart1), [drain1]).message).toBe('cart-1 gets new connections again.');
});

test('of a drain over a weight the drain is released, and the weight is told', () => {
  const made = plan(release(cart1), [weight1, drain1]);
  expect(made.writes[0]?.object).toBe(drain1);
  expect(made.remarks.join(' ')).toMatch(
    /cart-weight-cart-1 \(weight 30, pods cart-1 of Service cart\) decides about cart-1/,
  );
});

test.each([
  [{ podNames: ['cart-1', 'cart-3'] }, /RoutingOverride shop\/wide .*pods cart-1, cart-3/],
  [{ podNames: ['cart-1'], zones: ['zone-1'] }, undefined],
  [{ selector: { matchLabels: { version: 'v1' } } }, /labels version=v1/],
  [{ nodeNames: ['node-a'] }, /on nodes node-a/],
])('release of a part of %j is refused with what else it covers', (backends, message) => {
  const wide = override('wide', { service: 'cart', drain: {}, backends });
  const where = city([four], [wide]);
  if (!message) return expect(written(release(cart1), where).object).toBe(wide);
  const refused = refusal(release(cart1), where);
  expect(refused.code).toBe('conflict');
  expect(refused.message).toMatch(message);
  expect(refused.message).toMatch(/Release or change that override as a whole/);
});

test('a node is released by its own object, not by that of one of its pods', () => {
  const node = clusterOverride('node-node-a-drain', { drain: {}, backends: { nodeNames: ['node-a'] } });
  const wish: Wish = { target: { kind: 'node', name: 'node-a' }, effect: { kind: 'release' } };
  const made = plan(wish, city([four], [drain1, node]));
  expect(made.writes[0]?.object).toBe(node);
  expect(refusal(release(cart2), city([four], [drain1, node])).message).toMatch(
    /ClusterRoutingOverride node-node-a-drain holds cart-2 and more/,
  );
});

test('release of what nobody holds does nothing', () => {
  expect(plan(release(cart2), [drain1])).toMatchObject({ writes: [], message: 'Nothing holds cart-2.' });
});

test('a release that lays bare an override that may break the floor is to be confirmed', () => {
  const zero = override('zero', { service: 'cart', weight: 0, allowEmpty: true });
  const back = override(
    'back',
    { service: 'cart', weight: 50, backends: only('cart-1') },
    { creationTimestamp: '2026-11-22T11:00:00Z' },
  );
  expect(refusal(release(cart1), [zero, back]).code).toBe('would-empty');
});

test('a weight is made, then replaced, then deleted at 100', () => {
  expect(written(weigh(cart1, 30))).toMatchObject({ verb: 'create', after: { weight: 30 } });
  expect(written(weigh(cart1, 60), [weight1])).toMatchObject({ verb: 'replace', after: { weight: 60 } });
  expect(written(weigh(cart1, 100), [weight1])).toMatchObject({ verb: 'delete', object: weight1 });
  expect(plan(weigh(cart1, 100))).toMatchObject({ writes: [], message: 'cart-1 has no weight of its own.' });
});

test('a weight under a drain is taken and says when it counts', () => {
  expect(plan(weigh(cart1, 30), [drain1]).remarks).toContain(
    'It counts once RoutingOverride shop/cart-drain-cart-1 is gone, which drains it now.',
  );
});

test('a weight begun anew wins over that of a group, also at 100', () => {
  const canary = override('canary', { service: 'cart', weight: 10 }, { creationTimestamp: '2026-11-22T11:00:00Z' });
  expect(written(weigh(cart1, 60), [weight1, canary])).toMatchObject({
    verb: 'replace',
    after: { weight: 60, startAt: '2026-11-22T12:00:00Z' },
  });
  expect(written(weigh(cart1, 100), [canary])).toMatchObject({ verb: 'create', after: { weight: 100 } });
  expect(refusal(release(cart1), [canary]).message).toMatch(
    /shop\/canary holds cart-1 and more.*every backend of Service cart/,
  );
});

test('a share of those whose weights are set is refused with whose they are', () => {
  const target = { kind: 'service', namespace: 'shop', name: 'cart', backends: only('cart-1') } as const;
  const refused = refusal({ target, effect: { kind: 'share', share: 10 } }, [weight1]);
  expect(refused).toMatchObject({ code: 'conflict' });
  expect(refused.message).toMatch(/shop\/cart-weight-cart-1 .*sets weights, which go before a share/);
});

test('an override that is there is changed in its effect, and keeps what is not spoken of', () => {
  const canary = override('canary', {
    service: 'cart',
    weight: 10,
    reason: 'canary',
    expiresAt: '2026-11-22T18:00:00Z',
  });
  const target = { kind: 'override', namespace: 'shop', name: 'canary' } as const;
  expect(written({ target, effect: { kind: 'weight', weight: 20 } }, [canary]).after).toEqual({
    service: 'cart',
    weight: 20,
    reason: 'canary',
    expiresAt: '2026-11-22T18:00:00Z',
    startAt: '2026-11-22T12:00:00Z',
  });
  expect(written({ target, effect: { kind: 'release' } }, [canary])).toMatchObject({ verb: 'delete', object: canary });
  expect(refusal({ target, effect: { kind: 'release' } }).code).toBe('not-found');
});

test('an invalid object can be released', () => {
  const broken = override('broken', { service: 'cart', wieght: 1 });
  const target = { kind: 'override', namespace: 'shop', name: 'broken' } as const;
  expect(written({ target, effect: { kind: 'release' } }, [broken])).toMatchObject({ verb: 'delete', object: broken });
});

test('somebody else’s override under our name is not overwritten', () => {
  const taken = override('cart-drain-cart-1', { service: 'cart', weight: 1, backends: { zones: ['z'] } });
  const refused = refusal(drain(cart1), [taken]);
  expect(refused.code).toBe('conflict');
  expect(refused.message).toMatch(/in zones z/);
});

test('what is not there is refused by name', () => {
  const none = refusal(drain('shop/none:http/TCP|10.0.0.1:80'));
  expect([none.code, none.message]).toEqual(['not-found', 'There is no service port shop/none:http/TCP.']);
  expect(refusal(drain(`${cartPort}|10.9.9.9:80`)).message).toMatch(/10.9.9.9:80/);
  expect(refusal(drain('nonsense')).code).toBe('not-found');
  const node: Wish = { target: { kind: 'node', name: 'node-z' }, effect: { kind: 'drain' } };
  expect(refusal(node).message).toBe('Node node-z is behind no Service.');
  const port: Wish = {
    target: { kind: 'service', namespace: 'shop', name: 'cart', ports: ['nope'] },
    effect: { kind: 'drain' },
  };
  expect(refusal(port).message).toBe('Service shop/cart has no port nope.');
  const nobody: Wish = { target: { kind: 'chosen', backends: {} }, effect: { kind: 'drain' } };
  expect(refusal(nobody).code).toBe('invalid-request');
});

test('what no override can say is refused by field', () => {
  const target = { kind: 'service', namespace: 'shop', name: 'cart' } as const;
  const effect = { kind: 'share', share: 10, ramp: { from: 500, seconds: 5 } } as const;
  expect(refusal({ target, effect }).message).toMatch(/spec.ramp.from: a share is at most 100/);
});

test('who decided on an old state is told what changed', () => {
  const seen = plan(drain(cart1)).seen;
  const { sight } = plan(drain(cart1));
  const now = city([cart], [override('x', { service: 'cart', weight: 5, backends: only('cart-2') })]);
  const ask = () => planSteer({ action: 'steer', ...drain(cart1, { seen }) }, now, ACTOR, () => sight);
  expect(ask).toThrow(/RoutingOverride shop\/x was made \(weight 5\), since you looked/);
  expect(planSteer({ action: 'steer', ...drain(cart1, { seen }) }, city([cart]), ACTOR).seen).toBe(seen);
});

test('affinity is spoken of', () => {
  const sticky = city([{ ...cart, affinity: true }]);
  expect(plan(drain(cart1), sticky).remarks.join(' ')).toMatch(/clients that were held go elsewhere/);
  expect(plan(weigh(cart1, 5), sticky)).toMatchObject({ tables: [{ affinity: true }] });
});

test.each([
  [{ kind: 'node', name: 'node-a' }, /^Node node-a gets no new connections/],
  [{ kind: 'pod', namespace: 'shop', name: 'cart-1' }, /^cart-1 gets no new/],
  [
    { kind: 'labels', namespace: 'shop', matchLabels: { version: 'v2' } },
    /^The group of labels version=v2 in namespace shop gets/,
  ],
  [
    { kind: 'service', namespace: 'shop', name: 'cart', backends: { podNames: ['cart-1', 'cart-2'] } },
    /^The group of pods cart-1, cart-2 of Service shop\/cart gets/,
  ],
] satisfies [Steer['target'], RegExp][])('%j is spoken of as one', (target, words) => {
  expect(plan({ target, effect: { kind: 'drain' } }, city([four])).message).toMatch(words);
});

test('names are DNS names of at most 253 characters, and stay apart when cut', () => {
  const named = (who: string) => overrideName('drain', { service: 'cart', backends: { addresses: [who] } });
  expect(named('2001:db8::1')).toBe('cart-drain-2001-db8--1');
  const long = (last: string) =>
    overrideName('weight', { service: 's'.repeat(63), backends: only(`${'p'.repeat(252)}${last}`) });
  expect(long('a')).toHaveLength(253);
  expect(long('a')).not.toBe(long('b'));
  const label = (value: string) =>
    overrideName('share', { backends: { selector: { matchLabels: { 'app.io/V': value } } } });
  expect(label('a_b')).not.toBe(label('a-b'));
  const many = (last: string) => overrideName('drain', { backends: { podNames: ['a', 'b', 'c', last] } });
  expect(many('d')).not.toBe(many('e'));
  for (const name of [long('a'), label('A_b'), many('d')]) expect(name).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
});
