import type { Look } from '@kubecity/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { surveyCity } from '../../src/city/survey.ts';
import { closelyDrawn, LOOK_PAUSE, LookTeller, lookOf } from '../../src/live/looking.ts';
import { EVERYWHERE } from '../../src/map/levels.ts';
import { largeCity } from './large-city.ts';
import { nodesLens, servicesLens } from './lenses.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function teller() {
  const told: Look[] = [];
  return { told, looks: new LookTeller((look) => told.push(look)) };
}
const at = (...services: string[]): Look => ({ services, others: 'slow' });

test('one Service alone, nothing while hidden, else what the map looks at, with the rest slowly', () => {
  const services = ['shop/cart', 'shop/web'];
  expect(lookOf('shop/pay', { services, panel: [] }, true)).toEqual({ services: ['shop/pay'] });
  expect(lookOf(undefined, { services, panel: [] }, true)).toEqual({ services: [], others: 'slow' });
  expect(lookOf(undefined, { services, panel: [] }, false)).toEqual({ services, others: 'slow' });
  expect(lookOf(undefined, { services: 'all', panel: [] }, false)).toEqual({ services: 'all' });
  const both = { services: [...services, 'data/db'], others: 'slow' };
  expect(lookOf(undefined, { services, panel: ['data/db', ...services] }, false)).toEqual(both);
  const many = Array.from({ length: 1001 }, (_, i) => `shop/s${i}`);
  expect(lookOf(undefined, { services: many, panel: [] }, false)).toEqual({ services: 'all' });
});

test('from afar nothing is looked at closely; near, the Services with their houses on the screen', () => {
  const survey = surveyCity(largeCity({ seed: 5, namespaces: 6, services: 30, pods: 120, nodes: 8, edges: 300 }));
  const [services, nodes] = [servicesLens(survey), nodesLens(survey)];
  const from = (level: 'city' | 'district' | 'place', part: number) => {
    const area = { ...services.bounds, width: part * services.bounds.width };
    return closelyDrawn(services.scene({ metric: 'connections', focus: { level, area } }));
  };
  expect(from('city', 1)).toEqual([]);
  expect(from('district', 1)).toEqual([]);
  expect(from('place', 1)).toEqual([...survey.city.service.keys()].sort());
  const half = from('place', 0.5);
  expect(half.length).toBeGreaterThan(0);
  expect(half.length).toBeLessThan(30);
  for (const level of ['city', 'district'] as const) {
    expect(closelyDrawn(nodes.scene({ metric: 'bytes', focus: { ...EVERYWHERE, level } }))).toEqual([]);
  }
  expect(closelyDrawn(nodes.scene({ metric: 'bytes', focus: EVERYWHERE }))).toBe('all');
});

test('a new connection is told only what differs from all', () => {
  const { told, looks } = teller();
  looks.begin({ services: 'all' });
  vi.advanceTimersByTime(5000);
  expect(told).toEqual([]);
  looks.begin(at('shop/cart'));
  expect(told).toEqual([at('shop/cart')]);
  // the hub was started anew: it has forgotten
  looks.begin(at('shop/cart'));
  expect(told).toEqual([at('shop/cart'), at('shop/cart')]);
});

test('of many looks in a row the first and the newest are told, twice a second at most', () => {
  const { told, looks } = teller();
  looks.begin({ services: 'all' });
  for (let i = 0; i < 40; i += 1) {
    looks.want(at(`shop/s${i}`));
    vi.advanceTimersByTime(LOOK_PAUSE / 20);
  }
  vi.advanceTimersByTime(LOOK_PAUSE);
  expect(told[0]).toEqual(at('shop/s0'));
  expect(told.at(-1)).toEqual(at('shop/s39'));
  expect(told).toHaveLength(3);
});

test('a look that was taken back within the pause is not told, and nothing after the end', () => {
  const { told, looks } = teller();
  looks.begin({ services: 'all' });
  looks.want(at('shop/a'));
  looks.want(at('shop/b'));
  looks.want(at('shop/a'));
  vi.advanceTimersByTime(2 * LOOK_PAUSE);
  looks.want(at('shop/c'));
  looks.want(at('shop/d'));
  looks.close();
  vi.advanceTimersByTime(2 * LOOK_PAUSE);
  expect(told).toEqual([at('shop/a'), at('shop/c')]);
});
