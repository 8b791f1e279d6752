import { resources } from '@kubecity/kube';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = new Cluster();
  await cluster.start();
});
afterEach(() => cluster.stop());

/** The name of the change that a command made, as it tells it. */
const changeIn = (words: string) => /kubecity undo (\S+)/.exec(words)?.[1] ?? '';

test('a pod is drained in all its Services, and undrained', async () => {
  const drained = await cluster.run('drain pod/cart-1 --existing cutIdle --deadline 5m --pace 20 --reason "slow disk"');
  expect(drained).toMatchObject({ code: 0, data: '' });
  expect(await cluster.overrides()).toEqual({
    'pod-cart-1-drain': {
      backends: { podNames: ['cart-1'] },
      drain: { existing: 'cutIdle', sticky: 'expire', deadlineSeconds: 300, cutPerSecond: 20 },
      allowEmpty: false,
      reason: 'slow disk',
    },
  });
  const backends = JSON.parse((await cluster.run('get backends -o json')).data);
  expect(
    backends.map(({ pod, weight, draining, override }: Record<string, unknown>) => [pod, weight, draining, override]),
  ).toEqual([
    ['cart-1', 0, true, 'shop/pod-cart-1-drain'],
    ['cart-2', 100, false, undefined],
    ['cart-3', 100, false, undefined],
    ['cart-4', 100, false, undefined],
  ]);
  const again = await cluster.run('drain pod/cart-1 --existing cutIdle --deadline 5m --pace 20 --reason "slow disk"');
  expect([again.code, again.words]).toEqual([0, expect.stringContaining('already')]);
  expect(changeIn(again.words)).toBe('');
  expect((await cluster.run('undrain pod/cart-1')).code).toBe(0);
  expect(await cluster.overrides()).toEqual({});
});

test('weights and shares of a choice of backends', async () => {
  expect((await cluster.run('weight service/cart 30 --pod cart-1')).code).toBe(0);
  expect((await cluster.run('share service/cart 10% -l version=v2 --ramp 60s --ramp-from 0')).code).toBe(0);
  expect(Object.values(await cluster.overrides())).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ service: 'cart', backends: { podNames: ['cart-1'] }, weight: 30 }),
      expect.objectContaining({ share: 10, ramp: { from: 0, seconds: 60 } }),
    ]),
  );
  const { data } = await cluster.run('get overrides');
  expect(data).toContain('weight 30');
  expect(data).toContain('share 10 %');
});

test('a dry run tells the shares and writes nothing', async () => {
  const { code, data, words } = await cluster.run('drain service/cart --node node-b --dry-run');
  expect(code).toBe(0);
  expect(await cluster.overrides()).toEqual({});
  expect(data).toBe(
    [
      'would make RoutingOverride shop/cart-drain-node-node-b',
      '    service: cart',
      '    backends:',
      '      nodeNames:',
      '        - node-b',
      '    drain:',
      '      existing: wait',
      '',
      'shop/cart:http/TCP  4 → 2 of 4 take new connections, at least 1',
      '  BACKEND   NODE     WEIGHT        SHARE',
      '  cart-1    node-a   100           25 % → 50 %',
      '  cart-2    node-a   100           25 % → 50 %',
      '  cart-3    node-b   100 → drain   25 % → 0 %',
      '  cart-4    node-b   100 → drain   25 % → 0 %',
    ].join('\n'),
  );
  expect(words).toContain('nothing was done');
});

test('an undo takes back a change by its name, the newest of an override, or the newest of a person', async () => {
  const { words } = await cluster.run('weight service/cart 30 --pod cart-1');
  await cluster.run('weight service/cart 60 --pod cart-1');
  expect((await cluster.run('undo')).code).toBe(0);
  expect(Object.values(await cluster.overrides())).toMatchObject([{ weight: 30 }]);
  expect((await cluster.run(`undo ${changeIn(words)}`)).code).toBe(0);
  expect(await cluster.overrides()).toEqual({});

  await cluster.run('drain node/node-b');
  const [name = ''] = Object.keys(await cluster.overrides());
  expect((await cluster.run(`undo cluster-override/${name}`)).code).toBe(0);
  expect(await cluster.overrides()).toEqual({});
  const nothing = await cluster.run('undo');
  expect([nothing.code, nothing.words]).toEqual([1, expect.stringContaining('no change by system:admin')]);
  expect(await cluster.run('undo 20260101T000000000Z-00000000-cli')).toMatchObject({ code: 1 });
});

test('an undo is refused when somebody changed the same since', async () => {
  const { words } = await cluster.run('weight service/cart 30 --pod cart-1');
  await cluster.run('weight service/cart 60 --pod cart-1');
  const refused = await cluster.run(`undo ${changeIn(words)}`);
  expect([refused.code, refused.words]).toEqual([3, expect.stringContaining('was changed (effect) since')]);
  expect(Object.values(await cluster.overrides())).toMatchObject([{ weight: 60 }]);
});

test('the floor: refused, and permitted by typing the name', async () => {
  const refused = await cluster.run('drain service/cart');
  expect([refused.code, refused.words]).toEqual([3, expect.stringContaining('This would leave shop/cart')]);
  expect(refused.data).toContain('4 → 0 of 4');
  expect(await cluster.overrides()).toEqual({});

  const nobody = await cluster.run('drain service/cart --allow-empty');
  expect([nobody.code, nobody.words]).toEqual([2, expect.stringContaining('--confirm cart')]);
  expect((await cluster.run('drain service/cart --allow-empty', { types: 'yes' })).code).toBe(3);
  expect((await cluster.run('drain service/cart --allow-empty --confirm card')).code).toBe(2);
  expect(await cluster.overrides()).toEqual({});

  expect((await cluster.run('drain service/cart --allow-empty', { types: 'cart' })).code).toBe(0);
  expect(Object.values(await cluster.overrides())).toMatchObject([{ allowEmpty: true }]);
  await cluster.run('undo');
  expect((await cluster.run('drain service/cart --allow-empty --confirm cart')).code).toBe(0);
});

test('who may only look is refused', async () => {
  const refused = await cluster.runAs('vic', 'drain pod/cart-1');
  expect([refused.code, refused.words]).toEqual([
    3,
    expect.stringContaining('You may not create RoutingOverrides in namespace shop'),
  ]);
  expect((await cluster.runAs('vic', 'get backends')).code).toBe(0);
  expect(await cluster.overrides()).toEqual({});
  expect((await cluster.runAs('vic', 'whoami')).data).toMatch(/^User +vic\n.*\nMay steer +nowhere$/);
  expect((await cluster.runAs('ann', 'whoami')).data).toMatch(/^User +ann\n.*\nMay steer +everywhere$/);
});

test('rights in one namespace are enough there, and what is not seen is said', async () => {
  const drained = await cluster.runAs('tom', 'drain pod/cart-1');
  expect([drained.code, drained.words]).toEqual([
    0,
    expect.stringContaining('one of the whole cluster may act here unseen'),
  ]);
  expect(drained.words).toContain('floor is not known');
  expect((await cluster.runAs('tom', `undo ${changeIn(drained.words)}`)).code).toBe(0);
  expect(await cluster.overrides()).toEqual({});
  expect((await cluster.runAs('tom', 'drain node/node-a')).code).toBe(3);
});

test('what somebody else changed since one looked is a conflict', async () => {
  const { data } = await cluster.run('drain pod/cart-1 --dry-run -o json');
  const { seen } = JSON.parse(data);
  await cluster.run('drain pod/cart-2');
  const refused = await cluster.run(`drain pod/cart-1 --seen ${seen}`);
  expect([refused.code, refused.words]).toEqual([3, expect.stringContaining('since you looked')]);
  expect(Object.keys(await cluster.overrides())).toEqual(['pod-cart-2-drain']);
});

test('what is not there is a failure, what cannot be said is refused', async () => {
  expect(await cluster.run('drain pod/nobody')).toMatchObject({
    code: 1,
    words: expect.stringContaining('is behind no Service'),
  });
  expect(await cluster.run('drain pod/cart-1 --expires 2020-01-01T00:00:00Z')).toMatchObject({ code: 3 });
  expect(await cluster.run('drain nonsense')).toMatchObject({ code: 2 });
  expect(await cluster.run('drain pod/cart-1 --existing soon')).toMatchObject({ code: 2 });
  expect(await cluster.run('get backends nobody')).toMatchObject({ code: 1 });
  expect(await cluster.overrides()).toEqual({});
});

test('data goes one way and words the other, in every format', async () => {
  const json = await cluster.run('drain pod/cart-1 -o json');
  expect(JSON.parse(json.data)).toMatchObject({ ok: true, override: 'shop/pod-cart-1-drain' });
  const name = await cluster.run('drain node/node-b -o name');
  expect(name.data).toBe('cluster-override/node-node-b-drain');
  expect((await cluster.run('get overrides -o name')).data.split('\n').sort()).toEqual([
    'cluster-override/node-node-b-drain',
    'override/pod-cart-1-drain',
  ]);
  expect((await cluster.run('get services -o yaml')).data).toContain('name: cart');
});

/** As a dashboard would, which tells how far the nodes are. */
async function tellStatus(name: string, drained: boolean, acknowledged: number, accepted = true): Promise<void> {
  const address = { namespace: 'shop', name };
  const object = await cluster.client.get<KubeRoutingOverride>(resources.routingOverrides, address);
  const condition = (type: string, holds: boolean, message: string) => ({
    type,
    status: holds ? 'True' : 'False',
    reason: 'Told',
    message,
    lastTransitionTime: '2026-11-22T12:00:00Z',
  });
  const status = {
    observedGeneration: object.metadata.generation,
    conditions: [
      condition('Accepted', accepted, accepted ? '' : 'shop/cart would be without backends'),
      condition('Programmed', acknowledged === 2, `in ${acknowledged} kernels`),
      condition('Drained', drained, drained ? 'no connection is open' : '7 connections open'),
    ],
    nodes: { desired: 2, acknowledged, waitingFor: acknowledged === 2 ? [] : ['node-b'] },
    connections: { moving: drained ? 0 : 4, idle: drained ? 0 : 3, closing: 1, waiting: 0, coverage: 'complete' },
    cut: 0,
  };
  await cluster.client.replace(resources.routingOverrides, { ...object, status } as KubeRoutingOverride, 'status');
}

test('--wait ends when every node has it and nothing is open, and tells the way there', async () => {
  const heard: string[] = [];
  const told = Promise.withResolvers<void>();
  const hears = (line: string) => {
    heard.push(line);
    if (line.includes('1 of 2 nodes')) void tellStatus('pod-cart-1-drain', false, 2).then(told.resolve);
    if (line.startsWith('2 of 2 nodes; 7 open')) void told.promise.then(() => tellStatus('pod-cart-1-drain', true, 2));
    if (line.startsWith('To take it back')) void tellStatus('pod-cart-1-drain', false, 1);
  };
  const { code } = await cluster.run('drain pod/cart-1 --wait 2m', { hears });
  expect(code).toBe(0);
  expect(heard.slice(-4)).toEqual([
    '1 of 2 nodes, waiting for node-b; 7 open',
    '2 of 2 nodes; 7 open',
    '2 of 2 nodes; 0 open',
    'Done: no connection is open.',
  ]);
});

test('--wait says when nobody tells, and ends in time', async () => {
  const { code, words } = await cluster.run('drain pod/cart-1 --wait 1s');
  expect([code, words]).toEqual([4, expect.stringContaining('no dashboard runs')]);
  expect(Object.keys(await cluster.overrides())).toEqual(['pod-cart-1-drain']);
});

test('--wait ends when the nodes do not carry it out', async () => {
  const hears = (line: string) => {
    if (line.startsWith('To take it back')) void tellStatus('pod-cart-1-drain', false, 0, false);
  };
  const { code, words } = await cluster.run('drain pod/cart-1 --wait 2m', { hears });
  expect([code, words]).toEqual([3, expect.stringContaining('is not carried out. Told: shop/cart would be without')]);
});

test('--wait ends when the override is deleted', async () => {
  const hears = (line: string) => {
    if (line.startsWith('1 of 2 nodes'))
      void cluster.client.delete(resources.routingOverrides, { namespace: 'shop', name: 'pod-cart-1-drain' });
    if (line.startsWith('To take it back')) void tellStatus('pod-cart-1-drain', false, 1);
  };
  const { code, words } = await cluster.run('drain pod/cart-1 --wait 2m', { hears });
  expect([code, words]).toEqual([1, expect.stringContaining('was deleted meanwhile')]);
});
