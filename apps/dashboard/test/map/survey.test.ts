import { describe, expect, it } from 'vitest';
import { bundle, laneOf, OUTSIDE_GATE, roadId } from '../../src/city/survey.ts';
import { open } from '../../src/city/traffic.ts';
import { cityOf } from './city-of.ts';

const survey = cityOf(5);
const rateOf = (edges: Iterable<{ openedPerSecond: number }>) =>
  [...edges].reduce((sum, edge) => sum + edge.openedPerSecond, 0);

describe('surveyCity', () => {
  it('sums every edge once per Service, and once per backend', () => {
    const { city, sums } = survey;
    const total = rateOf(city.edge.values());
    expect(sums.all.openedPerSecond).toBeCloseTo(total);
    expect(rateOf(sums.byService.values())).toBeCloseTo(total);
    expect(rateOf(sums.byBackend.values())).toBeCloseTo(total);
    expect(open(sums.all)).toBe([...city.edge.values()].reduce((sum, edge) => sum + edge.moving + edge.idle, 0));
  });

  it('counts an edge within one node once for that node', () => {
    const { city, sums } = survey;
    const own = [...city.edge.values()].filter(
      (edge) => edge.client.node === 'node-a' || city.backend.get(edge.backend)?.node === 'node-a',
    );
    expect(sums.byNode.get('node-a')?.openedPerSecond).toBeCloseTo(rateOf(own));
  });

  it('gives every pod one home: a Service or a hamlet', () => {
    const inHamlets = [...survey.hamlets.values()].flatMap((hamlet) => hamlet.pods.map((pod) => pod.uid));
    expect([...survey.homes.keys(), ...inHamlets].sort()).toEqual([...survey.city.pod.keys()].sort());
    expect([...survey.hamlets.keys()].sort()).toEqual(['hamlet:platform/reporter', 'hamlet:shop/loadgen']);
  });

  it('begins an edge at the Service its client backs, at its hamlet, or at a gate', () => {
    const origins = (service: string) => {
      const own = [...survey.city.edge].filter(([, edge]) => edge.service === service);
      return new Set(own.map(([id]) => survey.ends.get(id)?.origin));
    };
    expect(origins('shop/web')).toEqual(new Set([OUTSIDE_GATE, 'hamlet:shop/loadgen']));
    expect(origins('platform/dns')).toEqual(
      new Set(['service:payments/payments', 'service:data/orders-db', 'gate:nodes']),
    );
  });

  it('keeps a drained backend at its Service, with its sign', () => {
    const drained = cityOf(5, (toy) => {
      const id = toy.snapshot(0).find((op) => op[0] === 'set' && op[1] === 'backend' && op[2].startsWith('shop/cart:'));
      toy.drain(id?.[2] as string, 0);
    });
    const signs = drained.stands.get('shop/cart')?.map((stand) => [stand.sign, stand.wishedShare]);
    expect(signs).toContainEqual(['draining', 0]);
    expect(signs?.filter(([sign]) => sign === 'plain')).toHaveLength(2);
  });
});

describe('bundle', () => {
  const flows = bundle(survey, (ends) => [ends.origin, ends.service]);

  it('loses no edge and no connection', () => {
    expect(flows.flatMap((flow) => flow.edges).sort()).toEqual([...survey.city.edge.keys()].sort());
    expect(rateOf(flows.map((flow) => flow.traffic))).toBeCloseTo(survey.sums.all.openedPerSecond);
  });

  it('agrees with laneOf about which edges run on a road', () => {
    for (const flow of flows) {
      const found = [...survey.ends].filter(([, ends]) => laneOf(ends, flow.from, flow.to) !== undefined);
      expect(found.map(([id]) => id).sort(), roadId(flow.from, flow.to)).toEqual([...flow.edges].sort());
    }
  });
});
