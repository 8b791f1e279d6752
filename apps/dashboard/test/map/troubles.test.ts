import { describe, expect, it } from 'vitest';
import { surveyCity } from '../../src/city/survey.ts';
import { tourOf } from '../../src/city/tour.ts';
import { troublesOf } from '../../src/city/troubles.ts';
import { cityOf } from './city-of.ts';

const NOW = 1_700_000_000_000;
const words = (survey: ReturnType<typeof cityOf>) => troublesOf(survey, NOW).map((trouble) => trouble.words);

describe('troublesOf', () => {
  it('names who refuses, with how much', () => {
    const survey = cityOf(5);
    const [worst] = troublesOf(survey, NOW);
    expect(worst?.words).toMatch(/^payments\/fraud refuses .*\/s, 2\d %$/);
    expect(worst?.selection).toEqual({ kind: 'service', id: 'payments/fraud' });
  });

  it('puts a Service that nobody answers for before everything, and an operator’s drain after it', () => {
    const survey = cityOf(5, (toy) => toy.silence('node-d', true));
    const backend = new Map(
      [...survey.city.backend].map(([id, one]) => [
        id,
        one.service === 'shop/cart' ? { ...one, weight: 0, draining: true } : one,
      ]),
    );
    const all = words(surveyCity({ ...survey.city, backend }));
    expect(all[0]).toBe('shop/cart: no backend takes new connections');
    expect(all.at(-1)).toBe('shop/cart: 3 backends draining');
    expect(all.filter((one) => one.startsWith('node-d is silent'))).toHaveLength(1);
  });

  it('names the one backend that refuses while the others of its Service do not', () => {
    const survey = cityOf(5);
    const [refuser] = [...(survey.backends.get('payments/fraud') ?? [])];
    const edge = new Map(
      [...survey.city.edge].map(([id, one]) => [
        id,
        one.backend === refuser?.id
          ? { ...one, openedPerSecond: 4, refusedPerSecond: 1 }
          : { ...one, refusedPerSecond: 0 },
      ]),
    );
    const [worst] = words(surveyCity({ ...survey.city, edge }));
    expect(worst).toMatch(/^payments\/fraud refuses .*\/s, .* %: fraud\S* alone, 25 % of what it gets$/);
  });

  it('tells of a Service without backends, which leaves no trace of whom it refuses; not of one that is a name only', () => {
    const survey = cityOf(5);
    const backend = new Map([...survey.city.backend].filter(([, { service }]) => service !== 'shop/cart'));
    const edge = new Map([...survey.city.edge].filter(([, one]) => one.service !== 'shop/cart'));
    const empty = 'shop/cart has no backends: it refuses whoever asks';
    expect(words(surveyCity({ ...survey.city, backend, edge }))).toContain(empty);
    const cart = survey.city.service.get('shop/cart');
    if (!cart) throw new Error('the toy city has no cart');
    const service = new Map([...survey.city.service, ['shop/cart', { ...cart, clusterIP: 'None' }]]);
    expect(words(surveyCity({ ...survey.city, service, backend, edge }))).not.toContain(empty);
  });

  it('has nothing to say of a city where all is well', () => {
    const survey = cityOf(5);
    const edge = new Map([...survey.city.edge].map(([id, one]) => [id, { ...one, refusedPerSecond: 0 }]));
    const node = new Map(
      [...survey.city.node].map(([id, one]) => [id, { ...one, agent: { ...one.agent, conntrack: undefined } }]),
    );
    const service = new Map([...survey.city.service].map(([id, one]) => [id, { ...one, problems: [] }]));
    const well = { ...survey.city, edge, node, service };
    const policy = new Map([...survey.city.policy].map(([id, one]) => [id, { ...one, problems: [] }]));
    expect(words(surveyCity({ ...well, policy }))).toEqual([]);
    expect(words(surveyCity(well))).toEqual(['policy payments/own-namespace: 1 problem in its object']);
  });
});

describe('tourOf', () => {
  const survey = cityOf(5);
  it('goes to the busiest first, each once', () => {
    const namespaces = tourOf(survey, 'services').map(({ id }) => id);
    expect(namespaces[0]).toBe('shop');
    expect([...namespaces].sort()).toEqual(['data', 'payments', 'platform', 'shop']);
    const nodes = tourOf(survey, 'nodes').map(({ id }) => survey.sums.byNode.get(id)?.openedPerSecond ?? 0);
    expect(nodes).toEqual([...nodes].sort((a, b) => b - a));
    expect(nodes).toHaveLength(4);
  });

  it('stays where the whole is all there is', () => {
    const service = new Map([...survey.city.service].filter(([id]) => id.startsWith('shop/')));
    expect(tourOf({ ...survey, city: { ...survey.city, service } }, 'services')).toEqual([]);
  });
});
