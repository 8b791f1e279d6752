import { describe, expect, it } from 'vitest';
import { captionOf } from '../../src/city/caption.ts';
import { factsOf, type Shown } from '../../src/city/facts.ts';
import { filterCity, NO_FILTER } from '../../src/city/filter.ts';
import { surveyCity } from '../../src/city/survey.ts';
import { cityOf } from './city-of.ts';

const NOW = 1_700_000_000_000;
const whole = cityOf(5);
const base: Shown = { survey: whole, filter: NO_FILTER, lens: 'services', now: NOW, heard: NOW - 400 };
const filter = { ...NO_FILTER, namespaces: ['shop'], minRate: 0.5 };
const { city, folded } = filterCity(whole.city, filter);
const filtered: Shown = { ...base, survey: surveyCity(city), folded, filter };

type Rates = { readonly openedPerSecond: number; readonly moving: number; readonly edges: number };
const sum = (all: readonly Rates[], figure: keyof Rates) => all.reduce((total, one) => total + one[figure], 0);

describe('factsOf', () => {
  it.each([base, filtered])('says in its totals what its lists add up to', (shown) => {
    const facts = factsOf(shown);
    for (const figure of ['openedPerSecond', 'moving', 'edges'] as const) {
      const edges = sum(
        facts.edges.map((edge) => edge.figures),
        figure,
      );
      expect(edges).toBeCloseTo(facts.shown.figures[figure]);
      expect(facts.shown.figures[figure]).toBe(shown.survey.sums.all[figure]);
    }
    expect([facts.services.length, facts.pods.length, facts.nodes.length]).toEqual([
      facts.shown.services,
      facts.shown.pods,
      facts.shown.nodes,
    ]);
  });

  it('together with what is folded is everything', () => {
    const facts = factsOf(filtered);
    const all = factsOf(base).shown;
    expect(facts.folded?.figures.edges).toBeGreaterThan(0);
    expect(facts.shown.figures.edges).toBeGreaterThan(0);
    expect(facts.shown.services + (facts.folded?.services ?? 0)).toBe(all.services);
    expect(facts.shown.pods + (facts.folded?.pods ?? 0)).toBe(all.pods);
    for (const figure of ['openedPerSecond', 'moving', 'edges'] as const) {
      expect(facts.shown.figures[figure] + (facts.folded?.figures[figure] ?? 0)).toBeCloseTo(all.figures[figure]);
    }
  });

  it('is of the time that is shown, and survives JSON', () => {
    const moment = { at: NOW - 3_600_000, stepMilliseconds: 60_000, edges: whole.city.edge, folded: 7 };
    const facts = factsOf({ ...base, moment });
    expect(facts.of).toEqual({
      at: new Date(moment.at).toISOString(),
      live: false,
      meanMilliseconds: 60_000,
      edgesNotKept: 7,
    });
    expect(factsOf(base).of.live).toBe(true);
    expect(JSON.parse(JSON.stringify(facts)).edges).toHaveLength(facts.edges.length);
  });

  it('says when it is not all: an agent that is silent', () => {
    const silent = cityOf(5, (toy) => toy.silence('node-d', true));
    expect(factsOf({ ...base, survey: silent }).coverage).toEqual({ complete: false, silentNodes: ['node-d'] });
    expect(factsOf(base).coverage).toEqual({ complete: true, silentNodes: [] });
  });
});

describe('captionOf', () => {
  it('tells cluster, time, filter and what is left out', () => {
    const [title, time, limits] = captionOf(filtered);
    expect(title).toContain('shop-prod');
    expect(time).toContain('2023');
    expect(limits).toContain('namespaces shop, minRate 0.5');
    expect(limits).toContain(`left out: ${folded.services} Services`);
    expect(captionOf(base)).toHaveLength(2);
  });
});
