import type { SteerTarget } from '@kubecity/protocol';
import { steerTarget } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import { bulkTarget } from '../../src/city/steer/bulk.ts';
import { commandsOf } from '../../src/city/steer/command.ts';
import {
  choosesNothing,
  chosenOf,
  namedWords,
  relatedTargets,
  toggledIn,
  valuesFor,
} from '../../src/city/steer/scope.ts';
import { namedBackends, namespaceOf, nameToType, targetOf, targetWords } from '../../src/city/steer/target.ts';
import { cityOf } from './city-of.ts';

const { city } = cityOf(5);
const backendsOf = (service: string) => [...city.backend].filter(([, one]) => one.service === service);
const ids = (target: SteerTarget) =>
  namedBackends(city, target)
    .map(({ id }) => id)
    .sort();
const cart: SteerTarget = { kind: 'service', namespace: 'shop', name: 'cart' };

describe('a target', () => {
  it('names the backends that the object would name', () => {
    const all = backendsOf('shop/cart')
      .map(([id]) => id)
      .sort();
    expect(ids(cart)).toEqual(all);
    expect(ids({ ...cart, backends: {} })).toEqual(all);
    expect(ids({ ...cart, ports: ['main'] })).toEqual(all);
    expect(ids({ ...cart, ports: ['other'] })).toEqual([]);
    for (const [id, { node = '', podName = '', zone = '', address }] of backendsOf('shop/cart')) {
      expect(ids({ kind: 'backend', id })).toEqual([id]);
      expect(ids({ ...cart, backends: { podNames: [podName], nodeNames: [node], zones: [zone] } })).toEqual([id]);
      expect(ids({ ...cart, backends: { addresses: [address] } })).toEqual([id]);
      expect(ids({ ...cart, backends: { podNames: [podName], nodeNames: ['elsewhere'] } })).toEqual([]);
      expect(ids({ kind: 'node', name: node })).toContain(id);
      expect(ids({ kind: 'zone', name: zone })).toContain(id);
      expect(ids({ kind: 'pod', namespace: 'shop', name: podName })).toEqual([id]);
      expect(ids({ kind: 'pod', namespace: 'data', name: podName })).toEqual([]);
    }
  });

  it('by labels names exactly the pods that carry them all', () => {
    const matchLabels = { app: 'catalog', version: 'v2' };
    const named = namedBackends(city, { kind: 'labels', namespace: 'shop', matchLabels });
    const wanted = backendsOf('shop/catalog').filter(
      ([, one]) => city.pod.get(one.podUid as string)?.labels.version === 'v2',
    );
    expect(named.map(({ id }) => id).sort()).toEqual(wanted.map(([id]) => id).sort());
    expect(named.length).toBeGreaterThan(0);
    expect(ids({ kind: 'labels', namespace: 'data', matchLabels })).toEqual([]);
    expect(ids({ kind: 'labels', matchLabels })).toEqual(named.map(({ id }) => id).sort());
  });

  it('takes the right of its namespace, or of the whole cluster', () => {
    const [id] = backendsOf('shop/cart')[0] as [string, unknown];
    expect(namespaceOf(city, { kind: 'backend', id })).toBe('shop');
    expect(namespaceOf(city, cart)).toBe('shop');
    expect(namespaceOf(city, { kind: 'node', name: 'node-a' })).toBeUndefined();
    expect(namespaceOf(city, { kind: 'labels', matchLabels: { a: 'b' } })).toBeUndefined();
  });

  it('is told in words, and has a name to type', () => {
    const [id, { podName }] = backendsOf('shop/cart')[0] as ReturnType<typeof backendsOf>[number];
    expect(targetWords(city, { kind: 'backend', id })).toBe(`${podName} in shop/cart`);
    expect(targetWords(city, { ...cart, backends: { matchLabels: { version: 'v2' }, nodeNames: ['a', 'b'] } })).toBe(
      'backends of shop/cart with version=v2, on a or b',
    );
    expect(targetWords(city, { kind: 'chosen', backends: { nodeNames: ['a', 'b', 'c', 'd'] } })).toBe(
      'backends on 4 nodes in all namespaces',
    );
    expect(nameToType(city, { kind: 'backend', id })).toBe('cart');
    expect(nameToType(city, { kind: 'node', name: 'node-a' })).toBe('node-a');
  });

  it('of a selection, where there is one', () => {
    const [pod] = city.pod.values();
    expect(targetOf(city, { kind: 'pod', id: pod?.uid as string })).toEqual({
      kind: 'pod',
      namespace: pod?.namespace,
      name: pod?.name,
    });
    expect(targetOf(city, { kind: 'namespace', id: 'shop' })).toBeUndefined();
    expect(targetOf(city, { kind: 'backend', id: 'gone' })).toBeUndefined();
  });
});

describe('the scope of a target', () => {
  it('widens from a backend to its pod, Service, node, zone and label', () => {
    const [id] = backendsOf('shop/cart')[0] as [string, unknown];
    expect(relatedTargets(city, { kind: 'backend', id }).map(({ kind }) => kind)).toEqual([
      'backend',
      'pod',
      'service',
      'node',
      'zone',
      'labels',
    ]);
    expect(relatedTargets(city, cart)).toEqual([cart]);
  });

  it('is chosen by values that are there, and counts what it names', () => {
    expect(valuesFor(city, cart, 'matchLabels')).toEqual(expect.arrayContaining(['app=cart']));
    const [pod = ''] = valuesFor(city, cart, 'podNames');
    const one = toggledIn(cart, 'podNames', pod);
    expect(chosenOf(one, 'podNames')).toEqual([pod]);
    expect(namedWords(city, one)).toBe('names 1 of 3 pods now');
    expect(toggledIn(one, 'podNames', pod)).toEqual(cart);
    // Of one label key one value holds.
    const labelled = toggledIn(toggledIn(cart, 'matchLabels', 'version=v1'), 'matchLabels', 'version=v2');
    expect(chosenOf(labelled, 'matchLabels')).toEqual(['version=v2']);
    const chosen = toggledIn(
      { kind: 'labels', namespace: 'shop', matchLabels: { app: 'cart' } },
      'matchLabels',
      'app=cart',
    );
    expect(choosesNothing(chosen)).toBe(true);
  });
});

describe('rows that are ticked together', () => {
  it('are one target where one object can say it', () => {
    const rows = backendsOf('shop/cart');
    const all = bulkTarget(
      city,
      'backends',
      rows.map(([id]) => id),
    );
    expect(all).toEqual({ target: { ...cart, backends: { podNames: rows.map(([, { podName }]) => podName) } } });
    expect(bulkTarget(city, 'nodes', ['node-a', 'node-b'])).toEqual({
      target: { kind: 'chosen', backends: { nodeNames: ['node-a', 'node-b'] } },
    });
    expect(bulkTarget(city, 'nodes', ['node-a', 'gone'])).toEqual({ target: { kind: 'node', name: 'node-a' } });
    const pods = [...city.pod.values()].filter(({ namespace }) => namespace === 'shop').slice(0, 3);
    const some = bulkTarget(
      city,
      'pods',
      pods.map(({ uid }) => uid),
    );
    expect(some).toEqual({
      target: { kind: 'chosen', namespace: 'shop', backends: { podNames: pods.map(({ name }) => name) } },
    });
    for (const bulk of [all, some]) expect('target' in bulk && steerTarget.safeParse(bulk.target).success).toBe(true);
  });

  it('are refused with the way out where it cannot', () => {
    const two = ['shop/cart', 'shop/web'].map((service) => backendsOf(service)[0]?.[0] as string);
    expect(bulkTarget(city, 'backends', two)).toEqual({
      refused: expect.stringMatching(/^They belong to 2 Services .*under Pods/),
    });
    const apart = ['shop', 'data'].map(
      (name) => [...city.pod.values()].find((pod) => pod.namespace === name)?.uid as string,
    );
    expect(bulkTarget(city, 'pods', apart)).toEqual({ refused: expect.stringMatching(/^They are in 2 namespaces/) });
    expect(bulkTarget(city, 'nodes', ['gone'])).toEqual({ refused: 'What was chosen is gone.' });
  });
});

describe('a typed order', () => {
  const orders = (text: string) => commandsOf(city, text).map(({ words }) => words);

  it.each([
    ['drain node-b', 'Drain node-b, every backend on it…'],
    ['drain zone zone-a', 'Drain zone zone-a, every backend in it…'],
    ['weight 30 for cart', 'Weight 30 for every backend of shop/cart…'],
    ['share 10 % for version=v2 of cart', 'Share 10 % for backends of shop/cart with version=v2…'],
    ['share 10% version=v2 in shop over 5m', 'Share 10 % for pods with version=v2 in shop over 5 min…'],
    ['share 10 for version=v2', 'Share 10 % for pods with version=v2 in all namespaces…'],
  ])('%s', (text, words) => expect(orders(text)).toContain(words));

  it.each(['drain', 'drain nobody-is-called-so', 'weight cart', 'share 10 %', 'drained node-b', ''])(
    'is none: %s',
    (text) => expect(orders(text)).toEqual([]),
  );

  it('fills the sheet', () => {
    const [first] = commandsOf(city, 'weight 30 for shop/cart within 90 s');
    expect(first?.form).toMatchObject({ effect: 'weight', weight: '30', ramp: '90 s', target: cart });
  });
});
