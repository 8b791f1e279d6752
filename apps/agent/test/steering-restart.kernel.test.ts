import { resources } from '@kubecity/kube';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { likelihood, SELDOM } from '@kubecity/routing/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Knocks } from './lab/knocks.ts';
import { LONG, NODES, patiently, SteeredCity } from './lab/steered-city.ts';

/** The dashboard and every agent are killed in the middle of a drain, while clients never stop calling. */
vi.setConfig(LONG);
const town = new SteeredCity();
const { city, hub } = town;
const PODS = ['old', 'small', 'large'];
const HTTP = ['10.96.0.10', 80] as const;
let knocks: Knocks;

beforeAll(async () => {
  await town.open();
  await town.addBackend('node-a', 'old', 10);
  await town.addBackend('node-b', 'small', 10);
  await town.addBackend('node-c', 'large', 10);
  town.putService('cart', 10, PODS);
  knocks = new Knocks(city.net, PODS);
  await town.start();
});
afterAll(() => town.close());

const wish = (name: string, pod: string, spec: object) =>
  town.wish(name, { service: 'cart', backends: { podNames: [pod] }, ...spec });

/** What must be as it was. */
const state = () => {
  const { uid, generation, state: its, nodes, connections, backends, drain } = hub.override('drain');
  return { uid, generation, its, nodes, connections, backends, phase: drain?.phase, cut: drain?.cut };
};

async function storedCut(): Promise<unknown> {
  const place = { namespace: 'shop', name: 'drain' };
  const { status } = await town.kube.get<KubeRoutingOverride>(resources.routingOverrides, place);
  return (status as { readonly cut?: number } | undefined)?.cut;
}

it('goes on with the same state, and no packet ever meets equal weights', async () => {
  const [client] = town.clients;
  if (!client) throw new Error('nobody calls');
  const caller = city.client(client.netns);
  for (const group of ['moving', 'quiet']) {
    await caller.open({ from: client.addresses[4], to: HTTP, count: 60, group });
  }
  await caller.chat({ group: 'moving', up: 50, down: 50, everyMs: 100 });
  await wish('small', 'small', { weight: 20 });
  await wish('large', 'large', { weight: 80 });
  await wish('drain', 'old', { drain: { existing: 'cutIdle' } });
  for (const name of ['small', 'large', 'drain']) await town.holds(name);
  // Its middle: the quiet ones are ended, those that move go on.
  const before = await patiently(async () => {
    const now = state();
    expect(now.phase).toBe('draining'); // "cutting" for a while after the last one was ended
    expect(now).toMatchObject({ nodes: { waitingFor: [] }, connections: { idle: 0, closing: 0, waiting: 0 } });
    expect(town.table(HTTP[0], 'old')).toEqual({ open: now.connections.moving, closing: 0, waiting: 0 });
    expect(now.cut).toBeGreaterThan(0);
    expect(await storedCut()).toBe(now.cut);
    return now;
  });
  expect(before.connections.moving).toBeGreaterThan(0);
  const received = knocks.received();
  const rules = NODES.map((node) => town.rules(node));

  const stop = new AbortController();
  const calling = callUntil(stop.signal);
  await Promise.all([hub.kill(), ...NODES.map((node) => city.stopAgent(node, 'SIGKILL'))]);
  // What they said before says nothing of now.
  city.hub.rules.clear();
  await Promise.all([hub.start(), ...NODES.map((node) => town.startAgent(node))]);
  for (const name of ['small', 'large', 'drain']) await town.holds(name);
  await patiently(() => expect(state()).toEqual(before));
  stop.abort();
  const sent = await calling;

  const came = Object.entries(knocks.received()).map(([pod, count]) => [pod, count - (received[pod] ?? 0)] as const);
  const { old, small = 0, large = 0 } = Object.fromEntries(came);
  expect([old, small + large]).toEqual([0, sent]);
  // 1 : 4. A moment of equal weights would have led some to `old`.
  expect(likelihood(small, sent, 0.2)).toBeGreaterThan(SELDOM);
  expect(NODES.map((node) => town.rules(node))).toEqual(rules);
  expect((await caller.quiet('moving')).map(({ outcome }) => outcome)).toEqual(Array(60).fill('ok'));
});

/** All clients, without a pause; resolves with how many first packets they sent. */
async function callUntil(signal: AbortSignal): Promise<number> {
  let sent = 0;
  while (!signal.aborted) {
    await knocks.send(town.clients, HTTP, 200);
    sent += 200 * town.clients.length;
  }
  return sent;
}
