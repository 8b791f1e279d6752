import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildRoutingTable,
  type KubeRoutingOverride,
  portsOf,
  RoutingTracker,
  type ServicePort,
} from '../src/index.ts';
import { override, service, slice } from './city-fixture.ts';

const DUAL = service('cart', { clusterIPs: ['10.96.0.9', 'fd00:96::9'], ipFamilies: ['IPv4', 'IPv6'] });
const KEY = 'shop/cart:http/TCP';
const NEAR = 1e-6;

/** Backends are numbered; who is in which family is as drawn. Pod k is `pod-k`. */
interface City {
  readonly members: readonly { readonly ready: boolean; readonly families: readonly string[] }[];
  /** Groups of pods, by number, and the percent they shall get; a younger one for each further. */
  readonly groups: readonly { readonly pods: readonly number[]; readonly share: number }[];
  readonly drained: readonly number[];
  readonly weighted: readonly { readonly pod: number; readonly weight: number }[];
}

const pods = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
const member = fc.record({
  ready: fc.constantFrom(true, true, true, false),
  families: fc.constantFrom(['IPv4'], ['IPv4', 'IPv6'], ['IPv4', 'IPv6'], ['IPv6']),
});
const cities: fc.Arbitrary<City> = fc.record({
  members: fc.array(member, { minLength: 2, maxLength: 12 }),
  groups: fc.array(fc.record({ pods, share: fc.integer({ min: 0, max: 100 }) }), { minLength: 1, maxLength: 3 }),
  drained: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
  weighted: fc.array(fc.record({ pod: fc.integer({ min: 1, max: 12 }), weight: fc.integer({ min: 0, max: 1000 }) }), {
    maxLength: 2,
  }),
});

const named = (numbers: readonly number[]) => ({ podNames: numbers.map((number) => `pod-${number}`) });

/** All say allowEmpty: the floor has a test of its own. */
function overridesOf({ groups, drained, weighted }: City): KubeRoutingOverride[] {
  const at = (hour: number) => `2026-11-22T${10 + hour}:00:00Z`;
  return [
    ...groups.map(({ pods, share }, i) => override(`g${i}`, { backends: named(pods), share, allowEmpty: true }, at(i))),
    ...drained.map((pod) => override(`d${pod}`, { backends: named([pod]), drain: {}, allowEmpty: true }, at(0))),
    ...weighted.map(({ pod, weight }, i) =>
      override(`w${i}`, { backends: named([pod]), weight, allowEmpty: true }, at(i)),
    ),
  ];
}

const slicesOf = ({ members }: City) =>
  (['IPv4', 'IPv6'] as const).map((family) => {
    const endpoints = members.flatMap(({ ready, families }, i) =>
      families.includes(family) ? [{ ip: `${family === 'IPv4' ? '10.244.1.' : 'fd00:244::'}${i + 1}`, ready }] : [],
    );
    return slice('cart', endpoints, `cart-${family}`, family);
  });

/** What each group should get of one port, told again in the words of the documentation. */
function wished(city: City, port: ServicePort): { group: number; percent: number; members: string[] }[] {
  const drained = new Set(city.drained.map((pod) => `pod-${pod}`));
  const weighted = new Set(city.weighted.map(({ pod }) => `pod-${pod}`));
  const free = port.backends.filter(
    ({ ready, podName = '' }) => ready && !drained.has(podName) && !weighted.has(podName),
  );
  const taken = new Set<string>();
  const groups: { group: number; percent: number; members: string[] }[] = [];
  let left = 100;
  for (const [group, { pods, share }] of [...city.groups.entries()].reverse()) {
    const mine = free.flatMap(({ podName = '' }) =>
      pods.includes(Number(podName.slice(4))) && !taken.has(podName) ? [podName] : [],
    );
    for (const name of mine) taken.add(name);
    if (mine.length === 0) continue;
    const percent = Math.min(share, left);
    left -= percent;
    groups.push({ group, percent, members: mine });
  }
  return groups;
}

function expectShares(city: City, port: ServicePort, seen: Map<string, number>): void {
  const usable = port.backends.filter(({ ready }) => ready);
  const total = usable.reduce((sum, { weight }) => sum + weight, 0);
  const groups = wished(city, port);
  const given = groups.reduce((sum, { percent }) => sum + percent, 0);
  const inGroup = new Set(groups.flatMap(({ members }) => members));
  const rest = usable.filter(({ podName = '' }) => !inGroup.has(podName));
  // with no share that takes everything, a backend outside keeps what it has; otherwise it has nothing
  const canTake = rest.some(({ podName, draining }) => {
    const said = city.weighted.findLast(({ pod }) => `pod-${pod}` === podName);
    return !draining && (said?.weight ?? 100) > 0;
  });
  const alone = !canTake || given === 100;
  const saw = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  for (const { percent, members, group } of groups) {
    const weights = usable.filter(({ podName = '' }) => members.includes(podName)).map(({ weight }) => weight);
    expect(new Set(weights).size, 'all of a group alike').toBe(1);
    const part = total === 0 ? 0 : weights.reduce((sum, weight) => sum + weight, 0) / total;
    const expected = alone ? (given === 0 ? 0 : percent / given) : percent / 100;
    expect(Math.abs(part - expected), `group ${group}`).toBeLessThan(NEAR);
    saw(alone ? 'groups alone' : 'others take the rest');
    if (percent < (city.groups[group]?.share ?? 0)) saw('curtailed');
  }
  if (groups.length > 0) saw(`${groups.length} groups ${port.family}`);
  for (const { podName, draining, weight } of usable) {
    if (!city.drained.includes(Number(podName?.slice(4)))) continue;
    expect([draining, weight]).toEqual([true, 0]);
    saw('drained');
  }
}

describe('the share of a group', () => {
  it('is what it wishes, in each family apart, evenly over its usable free members', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(cities, (city) => {
        const table = buildRoutingTable({
          services: [DUAL],
          endpointSlices: slicesOf(city),
          overrides: overridesOf(city),
          pods: [],
        });
        for (const port of portsOf(table, KEY)) expectShares(city, port, seen);
      }),
      { seed: 20261123, numRuns: 2000 },
    );
    const cases = ['groups alone', 'others take the rest', 'curtailed', 'drained', '1 groups IPv6', '3 groups IPv4'];
    for (const what of cases) expect(seen.get(what) ?? 0, what).toBeGreaterThan(50);
  });

  it('holds while pods come and go', () => {
    const seen = new Map<string, number>();
    const steps = fc.array(fc.array(member, { minLength: 2, maxLength: 12 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(cities, steps, (first, later) => {
        const tracker = new RoutingTracker();
        tracker.setService(DUAL);
        for (const one of overridesOf(first)) tracker.setOverride(one);
        for (const members of [first.members, ...later]) {
          const city = { ...first, members };
          for (const one of slicesOf(city)) tracker.setEndpointSlice(one);
          for (const port of portsOf(tracker.take().table, KEY)) expectShares(city, port, seen);
        }
      }),
      { seed: 20261123, numRuns: 200 },
    );
    expect(seen.get('others take the rest') ?? 0).toBeGreaterThan(200);
  });

  const weightsOf = (...overrides: KubeRoutingOverride[]) => {
    const ips = [1, 2, 3, 4].map((octet) => ({ ip: `10.244.1.${octet}` }));
    const endpointSlices = [slice('cart', ips)];
    const table = buildRoutingTable({ services: [service('cart')], endpointSlices, overrides, pods: [] });
    const backends = table.servicePorts.get(KEY)?.backends ?? [];
    const by = backends.map(({ overrideUid }) => overrideUid);
    return { weights: backends.map(({ weight }) => weight), by, table };
  };

  it('is told in weights relative to the rest, which keeps its own', () => {
    const { weights } = weightsOf(override('canary', { backends: named([1]), share: 10 }));
    expect(weights).toEqual([33.3333333, 100, 100, 100]);
  });

  it('of everything leaves the rest nothing, and says who did', () => {
    const { weights, by, table } = weightsOf(override('all', { backends: named([1, 2]), share: 100 }));
    expect(weights).toEqual([100, 100, 0, 0]);
    expect(new Set(by)).toEqual(new Set(['uid-all']));
    expect(table.outcomes).toMatchObject([{ state: 'applied' }]);
  });

  it('that younger ones leave too little says what it gets', () => {
    const older = override('older', { backends: named([1]), share: 70 }, '2026-11-22T10:00:00Z');
    const younger = override('younger', { backends: named([2]), share: 60 }, '2026-11-22T11:00:00Z');
    const { weights, table } = weightsOf(older, younger);
    expect(weights).toEqual([80, 120, 0, 0]);
    expect(table.outcomes.map(({ state, message }) => [state, message])).toEqual([
      ['applied', 'gets 40 % instead of 70 %: younger shares take the rest'],
      ['applied', undefined],
    ]);
  });
});
