import { describe, expect, it } from 'vitest';
import { bundle, GONE_GATE, OUTSIDE_GATE, pathId, roadId, type Survey, surveyCity } from '../../src/city/survey.ts';
import { isDirect, open } from '../../src/city/traffic.ts';
import { cityOf } from './city-of.ts';

const survey = cityOf(5);
const rateOf = (edges: Iterable<{ openedPerSecond: number }>) =>
  [...edges].reduce((sum, edge) => sum + edge.openedPerSecond, 0);

describe('surveyCity', () => {
  it('sums every edge once per Service, and once per backend', () => {
    const { city, sums } = survey;
    const direct = [...city.edge.values()].filter(isDirect);
    const total = rateOf(city.edge.values());
    const served = total - rateOf(direct);
    expect(direct.length).toBeGreaterThan(20);
    expect(sums.all.openedPerSecond).toBeCloseTo(total);
    expect(rateOf(sums.byService.values())).toBeCloseTo(served);
    expect(rateOf(sums.byBackend.values())).toBeCloseTo(served);
    expect(rateOf(sums.directIntoPod.values())).toBeCloseTo(rateOf(direct));
    expect(rateOf(sums.intoPod.values())).toBeCloseTo(total);
    expect(open(sums.all)).toBe([...city.edge.values()].reduce((sum, edge) => sum + edge.moving + edge.idle, 0));
  });

  it('counts an edge within one node once for that node', () => {
    const { city, sums } = survey;
    const own = [...city.edge.values()].filter(
      (edge) => edge.client.node === 'node-a' || city.pod.get(edge.podUid ?? '')?.node === 'node-a',
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

describe('an edge that is not what the ground knows', () => {
  it('begins at a gate of its own when its client is gone', () => {
    const gone = [...survey.city.edge].filter(([, edge]) => edge.client.id === 'pod:uid-gone');
    expect(gone.map(([id]) => survey.ends.get(id))).toEqual([
      expect.objectContaining({ origin: GONE_GATE, clientPlace: 'node:node-c', service: 'service:data/orders-db' }),
    ]);
  });

  it('belongs to the pod that answered then, not to the one with its address now', () => {
    const [id, edge] = [...survey.city.edge].find(([, one]) => one.service === 'shop/cart') as [string, never];
    const old = { ...(edge as object), podUid: 'uid-before' } as never;
    const { sums, ends } = surveyCity({ ...survey.city, edge: new Map([[id, old]]) });
    expect([...sums.intoPod.keys()]).toEqual(['uid-before']);
    expect(ends.get(id)?.backendPlace).toBeUndefined();
  });

  it('goes past every junction when it is direct, from home to home', () => {
    const direct = [...survey.city.edge].filter(([, edge]) => isDirect(edge) && edge.client.kind === 'pod');
    const ways = new Set(
      direct.map(([id]) => survey.ends.get(id)).map((ends) => pathId(ends?.origin ?? '', ends?.target ?? '')),
    );
    expect(ways).toEqual(
      new Set(
        ['data/orders-db', 'data/sessions', 'shop/web'].map((to) =>
          pathId('hamlet:platform/reporter', `service:${to}`),
        ),
      ),
    );
  });
});

describe('a survey after another', () => {
  it('keeps the ground while pods and backends are the same, and counts the traffic anew', () => {
    const [id, edge] = [...survey.city.edge][0] as [string, NonNullable<ReturnType<typeof survey.city.edge.get>>];
    const city = { ...survey.city, edge: new Map([...survey.city.edge, [id, { ...edge, moving: edge.moving + 7 }]]) };
    const next = surveyCity(city, survey);
    expect([next.stands, next.homes, next.hamlets]).toEqual([survey.stands, survey.homes, survey.hamlets]);
    expect(next.stands).toBe(survey.stands);
    expect(next.sums.all.moving).toBe(survey.sums.all.moving + 7);
    const told = ({ sums, ...rest }: Survey) => ({ ...rest, sums: { ...sums, sliced: undefined } });
    expect(told(next)).toEqual(told(surveyCity(city)));
  });
});

describe('bundle', () => {
  const flows = bundle(survey, ({ origin, service, target }) =>
    service === undefined ? pathId(origin, target ?? '') : roadId(origin, service),
  );

  it('loses no edge and no connection', () => {
    expect(flows.flatMap((flow) => flow.edges).sort()).toEqual([...survey.city.edge.keys()].sort());
    expect(rateOf(flows.map((flow) => flow.traffic))).toBeCloseTo(survey.sums.all.openedPerSecond);
  });
});
