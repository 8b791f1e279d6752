import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  EVENT_HOUR,
  EventBook,
  eventRecord,
  type KubeEvent,
  MOST_EVENTS,
  MOST_PER_OBJECT,
} from '../../server/event-book.ts';
import { RecordStore } from '../../server/record-store.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const iso = (at: number) => new Date(at).toISOString();

const event = (uid: string, at: number, name = 'cart-1', more: Partial<KubeEvent> = {}): KubeEvent => ({
  metadata: { name: `${name}.${uid}`, namespace: 'shop', uid },
  involvedObject: { kind: 'Pod', namespace: 'shop', name, uid: `uid-${name}` },
  type: 'Warning',
  reason: 'Unhealthy',
  message: 'Readiness probe failed\n',
  count: 3,
  firstTimestamp: iso(at - 60_000),
  lastTimestamp: iso(at),
  source: { component: 'kubelet' },
  ...more,
});

function book() {
  const store = new RecordStore();
  return { store, events: new EventBook(store) };
}

test('an event of either writer says when, how often, about what and who tells it', () => {
  expect(eventRecord(event('a', NOW))).toEqual({
    at: NOW,
    firstAt: NOW - 60_000,
    warning: true,
    reason: 'Unhealthy',
    note: 'Readiness probe failed',
    count: 3,
    about: { kind: 'Pod', namespace: 'shop', name: 'cart-1', uid: 'uid-cart-1' },
    source: 'kubelet',
  });
  const series = eventRecord({
    metadata: { name: 'node-a.1', namespace: 'default', uid: 'b' },
    involvedObject: { kind: 'Node', name: 'node-a', uid: 'node-a' },
    type: 'Normal',
    reason: 'Listen',
    eventTime: iso(NOW - 5000),
    firstTimestamp: null,
    lastTimestamp: null,
    series: { count: 9, lastObservedTime: iso(NOW) },
    reportingComponent: 'kubecity.dev/agent',
  });
  expect(series).toMatchObject({
    at: NOW,
    firstAt: NOW - 5000,
    count: 9,
    warning: false,
    source: 'kubecity.dev/agent',
  });
  expect(series?.about).toEqual({ kind: 'Node', namespace: undefined, name: 'node-a', uid: undefined });
});

test('events about other things, and those that say no time, are left out', () => {
  expect(eventRecord(event('a', NOW, 'x', { involvedObject: { kind: 'Job', namespace: 'shop', name: 'x' } }))).toBe(
    undefined,
  );
  expect(eventRecord(event('a', NOW, 'x', { firstTimestamp: null, lastTimestamp: 'soon' }))).toBe(undefined);
});

test('an event that is seen again replaces what it said', () => {
  const { store, events } = book();
  events.take(event('a', NOW - 1000), NOW);
  events.take(event('a', NOW, 'cart-1', { count: 4 }), NOW);
  events.refresh(NOW);
  expect([...store.all('event')]).toEqual([['a', expect.objectContaining({ at: NOW, count: 4 })]]);
});

test('after an hour an event is forgotten, and an older one does not come in', () => {
  const { store, events } = book();
  events.take(event('old', NOW - EVENT_HOUR - 1), NOW);
  events.take(event('new', NOW - EVENT_HOUR + 1000), NOW);
  events.refresh(NOW);
  expect([...store.all('event')].map(([id]) => id)).toEqual(['new']);
  events.refresh(NOW + 2000);
  expect([...store.all('event')]).toEqual([]);
});

test('whatever comes in, the newest are kept, of each object and in all', () => {
  const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 140 }), fc.integer({ min: 0, max: EVENT_HOUR })), {
    minLength: 1,
    maxLength: 3500,
    size: 'max',
  });
  fc.assert(
    fc.property(arrivals, (given) => {
      const { store, events } = book();
      for (const [i, [pod, age]] of given.entries()) events.take(event(`e${i}`, NOW - age, `pod-${pod}`), NOW);
      events.refresh(NOW);
      const kept = [...store.all('event')].map(([, record]) => record);
      expect(kept.length).toBeLessThanOrEqual(MOST_EVENTS);
      const ages = (name: string) =>
        given
          .filter(([pod]) => `pod-${pod}` === name)
          .map(([, age]) => age)
          .sort((a, b) => a - b);
      const own = new Map<string, number[]>();
      for (const { about, at } of kept) own.set(about.name, [...(own.get(about.name) ?? []), NOW - at]);
      for (const [name, found] of own) {
        // the newest of this object without a gap
        expect(found.sort((a, b) => a - b)).toEqual(ages(name).slice(0, found.length));
        expect(found.length).toBeLessThanOrEqual(MOST_PER_OBJECT);
      }
    }),
    { seed: 7, numRuns: 30 },
  );
});
