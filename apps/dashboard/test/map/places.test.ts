import { describe, expect, it } from 'vitest';
import type { City } from '../../src/city/city.ts';
import { findPlaces, placeIndex } from '../../src/city/places.ts';
import { cityOf } from './city-of.ts';

const { city } = cityOf(5);
const index = placeIndex(city);
const first = (text: string) => findPlaces(index, text, 1)[0]?.found[0]?.place.id;

describe('the index of places', () => {
  it('has every Service, pod, node and namespace once', () => {
    const ids = (['service', 'pod', 'node', 'namespace'] as const).map((kind) =>
      index[kind].places.map(({ id }) => id),
    );
    expect(ids).toEqual([city.service, city.pod, city.node, city.namespace].map((map) => [...map.keys()]));
  });

  it('makes only those anew whose records changed', () => {
    const next = placeIndex({ ...city, pod: new Map(city.pod) }, index);
    expect([next.service, next.node, next.namespace]).toEqual([index.service, index.node, index.namespace]);
    expect(next.service).toBe(index.service);
    expect(next.pod).not.toBe(index.pod);
    expect(placeIndex({ ...city, edge: new Map() }, index)).toEqual(index);
  });
});

describe('findPlaces', () => {
  it.each([
    ['ordres db', 'data/orders-db'],
    ['ctaalog', 'shop/catalog'],
    ['chackout', 'shop/checkout'],
    ['shop serach', 'shop/search'],
    ['paymennts', 'payments/payments'],
  ])('finds %s with a letter that is wrong, or at a wrong place: %s', (text, id) => expect(first(text)).toBe(id));

  it.each(['zzebra', '10.96.41.55', 'wbe'])('finds nothing for %s', (text) => expect(first(text)).toBeUndefined());

  const pod = [...city.pod.values()].find(({ labels }) => labels.app === 'orders-db') as NonNullable<
    ReturnType<typeof city.pod.get>
  >;

  it.each([
    ['cart', 'shop/cart'],
    ['shop/web', 'shop/web'],
    ['web shop', 'shop/web'],
    ['odb', 'data/orders-db'],
    ['10.96.41.5', 'shop/web'],
    ['node-b', 'node-b'],
    ['ndc', 'node-c'],
    ['payments', 'payments/payments'],
    [pod.name, pod.uid],
    [pod.ip as string, pod.uid],
    [`db ${pod.name.slice(-5)}`, pod.uid],
  ])('finds with %s first %s', (text, id) => expect(first(text)).toBe(id));

  it('counts all and shows as many as asked', () => {
    const pods = findPlaces(index, 'shop', 3).find(({ kind }) => kind === 'pod');
    expect(pods?.found).toHaveLength(3);
    expect(pods?.total).toBe([...city.pod.values()].filter(({ namespace }) => namespace === 'shop').length);
    expect(findPlaces(index, 'nobody-is-called-so', 9)).toEqual([]);
  });

  it('marks letters where they were found', () => {
    const [service] = findPlaces(index, 'data ses', 1)[0]?.found ?? [];
    expect(service?.marks).toEqual([
      [0, 1, 2],
      [0, 1, 2, 3],
    ]);
  });
});

/** 10,000 pods: enough that work per key would show. */
function largeCity(): City {
  const [template] = [...city.pod.values()];
  const pods = Array.from({ length: 10_000 }, (_, i) => {
    const name = `workload-${i % 1000}-${(i * 7919).toString(36)}-${(i * 104_729).toString(36)}`;
    return {
      ...template,
      uid: `u${i}`,
      name,
      namespace: `team-${i % 200}`,
      ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    };
  });
  return { ...city, pod: new Map(pods.map((pod) => [pod.uid, pod])) } as City;
}

it('looks at every place once a key, and marks only what it shows', () => {
  const large = placeIndex(largeCity());
  let reads = 0;
  const counted = {
    ...large,
    pod: {
      of: large.pod.of,
      places: large.pod.places.map((place) => ({
        ...place,
        get small() {
          reads += 1;
          return place.small;
        },
      })),
    },
  };
  const total = findPlaces(counted, 'workload', 20).find(({ kind }) => kind === 'pod')?.total;
  expect([total, reads]).toEqual([10_000, 10_020]);
});
