import { type KubeClient, KubeError, type WatchEvent } from '@kubecity/kube';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { KubeEvent } from '../../server/event-book.ts';
import { type EventsState, watchEvents } from '../../server/event-watch.ts';

const event = (uid: string, resourceVersion: string): KubeEvent => ({ metadata: { name: uid, uid, resourceVersion } });

/** An API whose answers are given in order; when they are used up the watch is told to stop. */
function api(lists: (KubeEvent[] | KubeError)[], watches: (WatchEvent<KubeEvent>[] | KubeError)[]) {
  const stop = new AbortController();
  const heard: string[] = [];
  const states: EventsState[] = [];
  const pauses: number[] = [];
  const client = {
    async *pages() {
      const items = lists.shift() ?? [];
      if (items instanceof KubeError) throw items;
      yield { items, resourceVersion: '5', first: true };
    },
    watch: async (_resource: unknown, { resourceVersion }: { resourceVersion: string }) => {
      heard.push(`watch from ${resourceVersion}`);
      const events = watches.shift();
      if (events instanceof KubeError) throw events;
      if (!events) stop.abort();
      return (async function* () {
        yield* events ?? [];
      })();
    },
  } as unknown as Pick<KubeClient, 'pages' | 'watch'>;
  const done = watchEvents({
    client,
    take: ({ metadata }) => heard.push(metadata.uid ?? ''),
    tell: (state) => states.push(state),
    log: pino({ level: 'silent' }),
    signal: stop.signal,
    sleep: async (milliseconds) => {
      pauses.push(milliseconds);
      if (lists.length + watches.length === 0 && pauses.length > 8) stop.abort();
    },
  });
  return { heard, states, pauses, done };
}

test('lists, then follows, and goes on where the server ended the watch', async () => {
  const news: WatchEvent<KubeEvent>[] = [
    { type: 'ADDED', object: event('b', '6') },
    { type: 'DELETED', object: event('a', '7') },
    { type: 'BOOKMARK', object: event('', '9') },
  ];
  const { heard, states, done } = api([[event('a', '3')]], [news]);
  await done;
  expect(heard).toEqual(['a', 'watch from 5', 'b', 'watch from 9']);
  expect(states).toEqual([{ state: 'reading' }, { state: 'live' }, { state: 'live' }]);
});

test('a refusal is told with its reason, and tried again after a longer pause than an interruption', async () => {
  const no = new KubeError('forbidden', 'list events', 'no role permits it');
  const away = new KubeError('unreachable', 'list events', 'connection refused');
  const { states, pauses, heard, done } = api([no, away, [event('a', '3')]], []);
  await done;
  expect(states.map(({ state }) => state)).toEqual(['reading', 'unreadable', 'unreadable', 'live']);
  expect(states[1]?.why).toContain('no role permits it');
  expect(pauses[0]).toBeGreaterThan(pauses[1] as number);
  expect(heard).toContain('a');
});

test('a watch from a version that the server has forgotten lists again without a word', async () => {
  const gone = new KubeError('gone', 'watch events', 'too old');
  const { states, heard, done } = api([[event('a', '3')], [event('a', '3'), event('b', '8')]], [gone]);
  await done;
  expect(heard).toEqual(['a', 'watch from 5', 'a', 'b', 'watch from 5']);
  expect(states.map(({ state }) => state)).not.toContain('unreadable');
});
