import { resources } from '@kubecity/kube';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { hubOfEachTest } from './hub-lab.ts';
import { ack, cart1, cart2 } from './objects.ts';
import { eventually } from './test-hub.ts';

const lab = hubOfEachTest();
const { browser, reports } = lab;

const steer = (id: string, effect: object) => ({ action: 'steer', target: { kind: 'backend', id }, effect });
const drain = (id: string) => steer(id, { kind: 'drain' });

const storedOverride = (name: string) =>
  lab.cluster.client.get<
    KubeRoutingOverride & { status?: { conditions?: { type: string; status: string; reason: string }[] } }
  >(resources.routingOverrides, {
    namespace: 'shop',
    name,
  });

test('drain by button: written, confirmed node by node, told in the status, undone', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  expect(await map.steer({ ...drain(cart1), reason: 'slow disk' })).toMatchObject({
    ok: true,
    override: 'shop/cart-drain-cart-1',
  });
  const stored = await storedOverride('cart-drain-cart-1');
  expect(stored.spec).toMatchObject({ service: 'cart', backends: { podNames: ['cart-1'] }, reason: 'slow disk' });

  const uid = stored.metadata.uid ?? '';
  await eventually(() => map.get('backend', cart1)).toMatchObject({ draining: true, weight: 0, overrideUid: uid });
  await eventually(() => map.get('override', uid)?.nodes.waitingFor).toEqual(['node-a', 'node-b']);
  reports([{ ...ack('cart-drain-cart-1'), uid }]);
  await eventually(() => map.get('override', uid)).toMatchObject({
    nodes: { desired: 2, waitingFor: [] },
    connections: { moving: 1, idle: 2, closing: 3, coverage: 'complete' },
    reason: 'slow disk',
  });
  await expect
    .poll(async () =>
      (await storedOverride('cart-drain-cart-1')).status?.conditions?.map(({ type, reason }) => `${type} ${reason}`),
    )
    .toEqual(['Accepted Accepted', 'Programmed AllNodes', 'Drained ConnectionsOpen']);

  expect(await map.steer(steer(cart1, { kind: 'release' }))).toMatchObject({ ok: true });
  await eventually(() => map.get('override', uid)).toBeUndefined();
  await eventually(() => map.get('backend', cart1)).toMatchObject({ draining: false, weight: 100 });
  const flags = () =>
    [...map.city].filter(([key]) => key.startsWith('action')).map(([, flag]) => (flag as { verb: string }).verb);
  await eventually(flags).toEqual(['drain', 'undrain']);
});

test('kubectl and the button do the same', async () => {
  const map = browser();
  const spec = { service: 'cart', weight: 300, backends: { podNames: ['cart-1'] } };
  const made = await lab.cluster.client.create<KubeRoutingOverride>(resources.routingOverrides, {
    metadata: { namespace: 'shop', name: 'by-hand' },
    spec,
  });
  await eventually(() => map.get('backend', cart1)?.wishedShare).toBe(0.75);
  await eventually(() => map.get('override', made.metadata.uid ?? '')).toMatchObject({
    kind: 'weight',
    weight: 300,
    state: 'applied',
  });
});

test('two drains at once cannot empty a Service', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart2)).toBeDefined();
  const answers = await Promise.all([cart1, cart2].map((backend) => map.steer(drain(backend))));
  expect(answers).toMatchObject([{ ok: true }, { ok: false, code: 'would-empty' }]);
});

test('who may not, or asks for nonsense, is told so; nothing is written', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  lab.allowed = false;
  expect(await map.steer(drain(cart1))).toEqual({
    ok: false,
    code: 'forbidden',
    message: 'You may not create RoutingOverrides in namespace shop (no role permits it).',
  });
  expect(await map.steer(steer(cart1, { kind: 'weight', weight: 5000 }))).toMatchObject({
    code: 'invalid-message',
  });
  expect(await map.steer({ action: 'blow-up' })).toMatchObject({ code: 'invalid-message' });
  expect((await lab.cluster.client.list(resources.routingOverrides)).items).toEqual([]);
});

test('more requests than a hand can make are refused', async () => {
  const map = browser();
  const answers = await Promise.all(Array.from({ length: 30 }, () => map.steer(steer(cart1, { kind: 'release' }))));
  expect(answers.filter((answer) => !answer.ok && answer.code === 'rate-limited').length).toBeGreaterThan(10);
});

test('the API goes away and comes back: the map says so, steering waits', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  await lab.cluster.stop();
  await eventually(() => map.get('cluster', 'cluster')?.apiState).toBe('reconnecting');
  expect(map.get('backend', cart1)).toBeDefined();
  expect(await map.steer(drain(cart1))).toMatchObject({ ok: false, code: 'api-unavailable' });
  await lab.cluster.start();
  await eventually(() => map.get('cluster', 'cluster')?.apiState).toBe('live');
});
