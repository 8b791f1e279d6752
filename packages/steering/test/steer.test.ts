import { expect, test } from 'vitest';
import { overrideName, planSteer } from '../src/index.ts';
import { cart, cart1, cartPort, city, four, override } from './city.ts';
import {
  ACTOR,
  backend,
  drain,
  drain1,
  only,
  plan,
  refusal,
  release,
  type Steer,
  type Wish,
  weigh,
  weight1,
  written,
} from './wishes.ts';

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

test('a share of a whole Service is refused: there is nobody to share with', () => {
  const target = { kind: 'service', namespace: 'shop', name: 'cart' } as const;
  const refused = refusal({ target, effect: { kind: 'share', share: 10 } });
  expect(refused).toMatchObject({ code: 'invalid-request' });
  expect(refused.message).toMatch(/Every backend of Service shop\/cart: together they get all.*Choose one backend/);
});

test('a group that is all there is now is told that its share does not count yet', () => {
  const target = { kind: 'service', namespace: 'shop', name: 'cart', backends: only('cart-1') } as const;
  const one = city([{ name: 'cart', pods: [{ ip: '10.0.0.1', name: 'cart-1' }] }]);
  const effect = { kind: 'share', share: 10 } as const;
  expect(plan({ target, effect }, one).remarks.join(' ')).toMatch(
    /No other backend of shop\/cart takes new connections now: until one does, all of them go there and not 10 %/,
  );
  expect(plan({ target, effect }, city([four])).remarks).toEqual([]);
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
