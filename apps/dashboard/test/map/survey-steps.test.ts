import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { City } from '../../src/city/city.ts';
import { type Survey, surveyCity } from '../../src/city/survey.ts';
import { cityOf } from './city-of.ts';

const START = cityOf(5).city;
const pods = [...START.pod.keys()];
const backends = [...START.backend.keys()];
const edges = [...START.edge.keys()];

/** Puts `value(record)` in place of one record, or takes it away; what is not there is put back as it was at the start. */
function changed<K extends 'pod' | 'backend' | 'edge'>(
  city: City,
  kind: K,
  id: string,
  value: (record: never) => unknown,
): City {
  const records = new Map<string, unknown>(city[kind]);
  const before = records.get(id);
  const now = before === undefined ? START[kind].get(id) : value(before as never);
  if (now === undefined) records.delete(id);
  else records.set(id, now);
  return { ...city, [kind]: records };
}

type Step = (city: City) => City;
const gone = () => undefined;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(...pods).map(
    (id): Step =>
      (city) =>
        changed(city, 'pod', id, gone),
  ),
  fc.tuple(fc.constantFrom(...pods), fc.constantFrom('node-a', 'node-b', undefined)).map(
    ([id, node]): Step =>
      (city) =>
        changed(city, 'pod', id, (pod: object) => ({ ...pod, node })),
  ),
  fc.tuple(fc.constantFrom(...pods), fc.constantFrom('cart', 'elsewhere')).map(
    ([id, app]): Step =>
      (city) =>
        changed(city, 'pod', id, (pod: object) => ({ ...pod, labels: { app } })),
  ),
  fc.constantFrom(...backends).map(
    (id): Step =>
      (city) =>
        changed(city, 'backend', id, gone),
  ),
  fc.tuple(fc.constantFrom(...backends), fc.constantFrom(...pods, undefined), fc.boolean()).map(
    ([id, podUid, draining]): Step =>
      (city) =>
        changed(city, 'backend', id, (backend: object) => ({ ...backend, podUid, draining })),
  ),
  fc.constantFrom(...edges).map(
    (id): Step =>
      (city) =>
        changed(city, 'edge', id, gone),
  ),
  fc.tuple(fc.constantFrom(...edges), fc.nat(50)).map(
    ([id, moving]): Step =>
      (city) =>
        changed(city, 'edge', id, (edge: object) => ({ ...edge, moving })),
  ),
);

const SUMS = ['byService', 'byBackend', 'intoPod', 'directIntoPod', 'outOfPod', 'byNode'] as const;

/** Every map as a list, in its order: the layout may depend on it. */
const plain = ({ backends: of, stands, homes, hamlets, ends, sums }: Survey) => ({
  ...{ of: [...of], stands: [...stands], homes: [...homes], hamlets: [...hamlets], ends: [...ends], all: sums.all },
  sums: SUMS.map((kind) => [kind, [...sums[kind]]]),
});

describe('a survey made from the one before', () => {
  it('is the one made of nothing, whatever came, went, moved or drained', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        (moments) => {
          let city = START;
          let survey = surveyCity(city);
          for (const steps of moments) {
            city = steps.reduce((now, change) => change(now), city);
            survey = surveyCity(city, survey);
            expect(plain(survey)).toEqual(plain(surveyCity(city)));
          }
        },
      ),
      { seed: 11, numRuns: 150 },
    );
  });

  it('keeps what is drawn of Services that nothing happened to', () => {
    const before = surveyCity(START);
    const [id = '', backend] = [...START.backend].find(([, { service }]) => service === 'shop/cart') ?? [];
    const now = surveyCity(
      changed(START, 'backend', id, () => ({ ...backend, draining: true })),
      before,
    );
    const kept = [...before.stands].filter(([service, stands]) => now.stands.get(service) === stands);
    expect(kept.map(([service]) => service)).toEqual([...before.stands.keys()].filter((name) => name !== 'shop/cart'));
    expect(before.stands.size).toBeGreaterThan(5);
  });

  it('keeps the very ground while a pod changes what the ground does not show', () => {
    const before = surveyCity(START);
    const [uid = ''] = before.homes.keys();
    const now = surveyCity(
      changed(START, 'pod', uid, (pod: object) => ({ ...pod, ready: false })),
      before,
    );
    expect(now.city.pod.get(uid)?.ready).toBe(false);
    expect(
      [now.stands, now.homes, now.hamlets].map((map, i) => map === [before.stands, before.homes, before.hamlets][i]),
    ).toEqual([true, true, true]);
  });

  it('keeps the very map of ends while only figures change', () => {
    const before = surveyCity(START);
    const now = surveyCity(
      changed(START, 'edge', edges[3] as string, (edge: object) => ({ ...edge, moving: 99 })),
      before,
    );
    expect(now.ends).toBe(before.ends);
    expect(now.sums.all.moving).not.toBe(before.sums.all.moving);
  });
});
