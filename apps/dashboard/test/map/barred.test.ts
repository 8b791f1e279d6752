import { describe, expect, it } from 'vitest';
import { factsOf } from '../../src/city/facts.ts';
import { NO_FILTER } from '../../src/city/filter.ts';
import { isBarred } from '../../src/city/gates.ts';
import { endsOfRefusals, refusalsOf, refusalsOn, streetOfRefusal } from '../../src/city/refusals.ts';
import { endOf } from '../../src/map/draw-gates.ts';
import { emphasize } from '../../src/map/emphasis.ts';
import { hitTester } from '../../src/map/hit.ts';
import { groundOf } from '../../src/map/outlines.ts';
import { ALL_OF_IT } from '../../src/map/wanted.ts';
import { cityOf } from './city-of.ts';
import { nodesLens, servicesLens } from './lenses.ts';

const survey = cityOf(11);
const { city } = survey;
const scenes = { services: servicesLens(survey).scene(ALL_OF_IT), nodes: nodesLens(survey).scene(ALL_OF_IT) };
const NOW = 1_700_000_000_000;

const podOf = (app: string) => [...city.pod.values()].find(({ labels }) => labels.app === app)?.uid ?? '';

describe.each(['services', 'nodes'] as const)('streets of refused attempts on the %s lens', (lens) => {
  const scene = scenes[lens];
  const { streets, within, aside } = scene.barring;

  it('are all attempts, each once', () => {
    const drawn = streets.flatMap(({ refusals }) => refusals.map(([id]) => id));
    expect(new Set(drawn).size).toBe(drawn.length);
    const told = [...within.values()].reduce((sum, n) => sum + n, aside);
    expect(drawn.length + told).toBe(city.refusal.size);
  });

  it('end before whom they are refused at, and of who may not leave before the own door', () => {
    for (const { from, to, path, refusals } of streets) {
      const { at } = endOf(path);
      const stays = refusals.every(([, { direction }]) => direction === 'egress');
      const ground = groundOf(scene, stays ? from : to);
      const far = Math.hypot(at.x - (ground?.x ?? 0), at.y - (ground?.y ?? 0));
      expect(far).toBeLessThan(60 + (ground?.width ?? 0) + (ground?.height ?? 0));
    }
  });

  it('are under the pointer where their gates stand, and touched when an end of theirs is selected', () => {
    const test = hitTester(scene);
    for (const { id, path } of streets) expect(test(endOf(path).at, 4)?.kind, id).toBe('barred');
    const chosen = emphasize(scene, survey, { kind: 'pod', id: podOf('orders-db') });
    const touched = streets.filter(({ id }) => chosen?.touched.has(id));
    expect(touched.flatMap(({ policies }) => policies)).toEqual(['data/only-shop']);
  });
});

it('begin on the nodes lens at a building or room, and never at a junction', () => {
  for (const { from } of scenes.nodes.barring.streets) expect(from).toMatch(/^(node|pod|gate|zone):/);
});

it('are found again from the places of either lens, as from the pods themselves', () => {
  for (const id of city.refusal.keys()) {
    const { from, to } = endsOfRefusals(survey).get(id) ?? { from: [], to: [] };
    for (const a of from) for (const b of to) expect(refusalsOn(survey, `${a}⊣${b}`).map(([key]) => key)).toContain(id);
    expect(refusalsOn(survey, streetOfRefusal(survey, id)).map(([key]) => key)).toContain(id);
  }
  expect(refusalsOf(survey, 'service:payments/payments')).toHaveLength(3);
  expect(refusalsOf(survey, 'service:platform/dns')).toEqual([]);
});

it('a Service is barred when all of its pods are closed to who comes, and then only', () => {
  const barred = [...survey.stands].filter(([, stands]) => isBarred(city.pod, stands)).map(([id]) => id);
  expect(barred.sort()).toEqual(['data/orders-db', 'data/sessions', 'payments/fraud', 'payments/payments']);
  const open = new Map([...city.pod].map(([uid, pod]) => [uid, { ...pod, gates: { egress: ['a/b'] } }]));
  expect([...survey.stands.values()].some((stands) => isBarred(open, stands))).toBe(false);
});

it('the export has policies, attempts, and what nodes say', () => {
  const facts = factsOf({ survey, filter: NO_FILTER, lens: 'services', now: NOW, heard: NOW });
  expect(facts.policies.map(({ name }) => name)).toContain('only-checkout');
  expect(facts.refusedAttempts).toHaveLength(city.refusal.size);
  expect(facts.pods.find(({ uid }) => uid === podOf('reporter'))?.closedBy).toEqual({
    egress: ['platform/no-way-out'],
  });
  expect(facts.nodes[3]?.routes?.missing).toMatchObject([{ node: 'node-a', via: 'none' }]);
});
