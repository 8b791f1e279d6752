import type { CityRecord } from '@kubecity/protocol';
import { expect, it } from 'vitest';
import { observing } from '../../src/city/modes.ts';

type Agent = CityRecord<'node'>['agent'];
const node = (name: string, agent: Partial<Agent>): CityRecord<'node'> => ({
  name,
  ready: true,
  addresses: [],
  agent: { state: 'live', ...agent },
});

it('tells where nothing is steered, and nothing when everybody steers', () => {
  const steers = node('node-1', { mode: 'steer' });
  const untold = node('node-2', {});
  const observers = [10, 3, 4, 5, 6, 7].map((n) => node(`node-${n}`, { mode: 'observe' }));
  expect(observing([steers, untold])).toBeUndefined();
  expect(observing(observers)?.words).toBe('Observing');
  expect(observing([...observers, node('node-9', { state: 'absent' })])?.words).toBe('Observing');
  const some = observing([steers, ...observers]);
  expect(some?.words).toBe('6 of 7 nodes observe');
  expect(some?.meaning).toContain('on node-3, node-4, node-5, node-6, node-7 and 1 more.');
});
