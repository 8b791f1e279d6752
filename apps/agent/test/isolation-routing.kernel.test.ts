import { resources } from '@kubecity/kube';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { IsolatedCity, vipsOf } from './lab/isolated-city.ts';
import { OUTSIDE, type Place } from './lab/two-nodes.ts';

/** Policies are asked behind DNAT: whatever routing chooses, they judge the chosen backend and the client's own address. */
const city = new IsolatedCity();
// What another hand did is looked for as often as it costs little, which on a busy machine is not often.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const NODES = ['node-a', 'node-b'] as const;
const NODE_PORT = 30_080;
const VIP = [vipsOf(10)[0], 80] as const;

beforeAll(async () => {
  await city.open();
  for (const [node, number] of [
    ['node-a', 1],
    ['node-b', 2],
  ] as const) {
    await city.addPod(node, `db-${number}`, 2, { labels: { app: 'db' } });
    await city.addPod(node, `friend-${number}`, 3, { labels: { app: 'friend' } });
    await city.addPod(node, `other-${number}`, 4, { labels: { app: 'other' } });
  }
  city.putService('db', 10, ['db-1', 'db-2']);
  await city.apply('db', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }] }],
  });
  for (const node of NODES) city.startAgent(node);
  for (const node of NODES) await city.tells(node, 'enforcing', ['db']);
});
afterAll(() => city.close());

async function wish(name: string, spec: object): Promise<void> {
  await city.kube.create(resources.routingOverrides, {
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: 'RoutingOverride',
    metadata: { namespace: 'shop', name },
    spec: { service: 'db', ...spec },
  });
  await eventually(() =>
    expect(
      NODES.map((node) =>
        city.hub
          .of(node)
          .rules.at(-1)
          ?.acknowledged.map((told) => [told.name, told.state]),
      ),
    ).toEqual(NODES.map(() => [[name, 'applied']])),
  );
}

async function release(name: string): Promise<void> {
  await city.kube.delete(resources.routingOverrides, { namespace: 'shop', name });
  await eventually(() => expect(NODES.map((node) => city.hub.of(node).rules.at(-1)?.acknowledged)).toEqual([[], []]));
}

/** Who answers so many calls to the Service, each once. */
async function answers(from: string, count = 30): Promise<string[]> {
  const client = city.client(from);
  const order = { from: client.place.addresses[4], to: VIP, count, end: 'reset' } as const;
  const made = await client.open(order);
  return [...new Set(made.map(({ outcome, server }) => (outcome === 'ok' ? server : 'closed')))].sort();
}

it('weights choose among backends, policies who may come', async () => {
  expect(await answers('friend-1', 60)).toEqual(['db-1', 'db-2']);
  expect(await answers('other-1', 10)).toEqual(['closed']);
  await wish('all-there', { backends: { podNames: ['db-2'] }, share: 100 });
  for (const number of [1, 2]) {
    expect(await answers(`friend-${number}`)).toEqual(['db-2']);
    expect(await answers(`other-${number}`, 4)).toEqual(['closed']);
  }
  await release('all-there');
});

it('what is drained keeps what it has, and nobody comes in by it who may not', async () => {
  const client = city.client('friend-2');
  await wish('only-one', { backends: { podNames: ['db-1'] }, share: 100 });
  await client.open({ from: client.place.addresses[4], to: VIP, count: 4, group: 'kept' });
  await release('only-one');
  await wish('away', { backends: { podNames: ['db-1'] }, drain: {} });
  expect(await answers('friend-2')).toEqual(['db-2']);
  expect(await answers('other-2', 4)).toEqual(['closed']);
  const kept = await client.say({ group: 'kept', up: 100, down: 200, times: 3 });
  expect(kept.map(({ outcome, server }) => [outcome, server])).toEqual(kept.map(() => ['ok', 'db-1']));
  await client.close('kept', 'reset');
  await release('away');
});

it('a client from outside is judged by its own address where policy Local keeps it', async () => {
  city.putService('db', 10, ['db-1', 'db-2'], {
    spec: {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      ports: [{ name: 'tcp', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: NODE_PORT }],
    },
  });
  const doors = NODES.map((node) => [(city.net.nodes.get(node) as Place).addresses[4], NODE_PORT] as const);
  const knocks = async (source: string) => {
    const words: string[] = [];
    for (const door of doors) words.push(await city.knock('outside', door, 'tcp', source));
    return words;
  };
  const first = OUTSIDE.addresses[4];
  expect(await knocks(first)).toEqual(['closed', 'closed']);
  await city.apply('from-outside', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ ipBlock: { cidr: `${first}/32` } }] }],
  });
  await eventually(async () => expect(await knocks(first)).toEqual(['db-1', 'db-2']));
  expect(await knocks(OUTSIDE.second)).toEqual(['closed', 'closed']);
  await city.remove('from-outside');
  await eventually(async () => expect(await knocks(first)).toEqual(['closed', 'closed']));
});
