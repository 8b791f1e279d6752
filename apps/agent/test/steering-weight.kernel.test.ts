import { likelihood, SELDOM } from '@kubecity/routing/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Knocks, type Tally } from './lab/knocks.ts';
import { LONG, patiently, SteeredCity } from './lab/steered-city.ts';

/** What weights, shares and ramps make of new connections, counted where they arrive; and of open ones. */
vi.setConfig(LONG);
const town = new SteeredCity();
const { city, hub } = town;
const PODS = ['p1', 'p2', 'p3', 'p4', 'p5'];
const VIP = '10.96.0.10';
const HTTP = [VIP, 80] as const;
let knocks: Knocks;

beforeAll(async () => {
  await town.open();
  for (const [index, pod] of PODS.entries()) {
    await town.addBackend(index % 2 === 0 ? 'node-b' : 'node-c', pod, 10 + index);
  }
  town.putService('cart', 10, PODS.slice(0, 3));
  knocks = new Knocks(city.net, PODS);
  await town.start();
});
afterAll(() => town.close());
afterEach(() => town.releaseAll());

const of = (pod: string, weight: object) => ({ service: 'cart', backends: { podNames: [pod] }, ...weight });
const sum = (tally: Tally) => Object.values(tally).reduce((all, count) => all + count, 0);

/** The share of these pods is as near to what it should be as chance permits. */
function expectShare(tally: Tally, pods: readonly string[], share: number): void {
  const got = pods.reduce((count, pod) => count + (tally[pod] ?? 0), 0);
  expect(likelihood(got, sum(tally), share)).toBeGreaterThan(SELDOM);
}

it('divides 27,061 new connections of each node by weights 1 : 3 : 6; open ones stay where they are', async () => {
  const [client] = town.clients;
  if (!client) throw new Error('nobody calls');
  const open = await city.client(client.netns).open({
    ...{ from: client.addresses[4], to: HTTP, count: 60, group: 'before' },
  });
  const before = PODS.map((pod) => town.table(VIP, pod).open);
  expect(before.reduce((all, count) => all + count, 0)).toBe(open.length);
  for (const [pod, weight] of Object.entries({ p1: 10, p2: 30, p3: 60 })) await town.wish(pod, of(pod, { weight }));
  for (const pod of ['p1', 'p2', 'p3']) await town.holds(pod);
  const tally = await knocks.tally(town.clients, HTTP, 27_061);
  // None is lost; a point is 5.8 standard deviations of the largest.
  expect(sum(tally)).toBe(3 * 27_061);
  for (const [pod, share] of Object.entries({ p1: 0.1, p2: 0.3, p3: 0.6 })) {
    expect(Math.abs((tally[pod] ?? 0) / sum(tally) - share)).toBeLessThan(0.01);
  }
  const later = await city.client(client.netns).say({ group: 'before', up: 50, down: 50, times: 1 });
  expect(later.map(({ outcome, received }) => [outcome, received])).toEqual(open.map(() => ['ok', 250]));
  expect(PODS.map((pod) => town.table(VIP, pod).open)).toEqual(before);
});

it('keeps a canary at 10 % while pods of it and of the others come and go', async () => {
  await town.wish('canary', {
    service: 'cart',
    backends: { addresses: ['p4', 'p5'].map((pod) => city.pod(pod).addresses[4]) },
    share: 10,
  });
  for (const [pods, unready] of [
    [['p1', 'p2', 'p3', 'p4'], []],
    [PODS, []],
    [PODS, ['p1', 'p2']],
    [PODS, ['p4']],
    [['p1', 'p5'], []],
  ] as const) {
    town.putService('cart', 10, pods, { unready });
    const usable = pods.filter((pod) => !(unready as readonly string[]).includes(pod)).sort();
    // As soon as no node leads anybody elsewhere.
    await patiently(async () => {
      const tally = await knocks.tally(town.clients, HTTP, 200);
      expect(Object.keys(tally).filter((pod) => tally[pod])).toEqual(usable);
    });
    await town.holds('canary');
    const tally = await knocks.tally(town.clients, HTTP, 5000);
    expect(sum(tally)).toBe(15_000);
    expectShare(tally, ['p4', 'p5'], 0.1);
    for (const pod of ['p4', 'p5'].filter((each) => usable.includes(each))) {
      expectShare(tally, [pod], 0.1 / usable.filter((each) => each === 'p4' || each === 'p5').length);
    }
  }
});

it('climbs from 10 to 40 % in 60 s, within 5 points of the line', async () => {
  town.putService('cart', 10, PODS);
  await patiently(async () => expect(Object.values(await knocks.tally(town.clients, HTTP, 200))).not.toContain(0));
  const [from, to, seconds] = [10, 40, 60];
  await town.wish('climb', of('p4', { share: to, ramp: { from, seconds } }));
  await town.holds('climb');
  const { startedAt: start = Number.NaN } = await patiently(() => hub.override('climb'));
  const lineAt = (at: number) => from + (to - from) * Math.min(1, Math.max(0, (at - start) / (seconds * 1000)));
  for (let look = 1; look <= 7; look += 1) {
    await until(start + look * 10_000);
    // In slices, each judged by the line at its own time: what comes late is compared with what holds then.
    let expected = 0;
    let got = 0;
    let all = 0;
    for (let slice = 0; slice < 10; slice += 1) {
      const begin = Date.now();
      const tally = await knocks.tally(town.clients, HTTP, 600);
      expected += sum(tally) * lineAt((begin + Date.now()) / 2);
      got += tally.p4 ?? 0;
      all += sum(tally);
    }
    // By chance alone it is 1.9 points off once in ten million times.
    expect(Math.abs((100 * got) / all - expected / all)).toBeLessThanOrEqual(5);
  }
  await patiently(() => expect(hub.override('climb').ramp?.value).toBe(to));
  expectShare(await knocks.tally(town.clients, HTTP, 5000), ['p4'], to / 100);
});

const until = (at: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));
