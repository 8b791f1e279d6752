import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type KubeClient, KubeError, resources, type Watched, watchResource } from '../src/index.ts';
import { type Answer, event, FlakyServer, json, list, refusal, watch } from './flaky-server.ts';

const pod = (name: string, resourceVersion: string, more: { uid?: string; managedFields?: object[] } = {}) => ({
  metadata: { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion, ...more },
});

let server: FlakyServer;
let client: KubeClient;
let stop: AbortController;
let log: string[];
let pauses: number[];

beforeEach(async () => {
  server = new FlakyServer();
  await server.start();
  client = connect({ socketPath: server.socketPath });
  stop = new AbortController();
  log = [];
  pauses = [];
});

afterEach(async () => {
  stop.abort();
  await client.close();
  await server.remove();
});

/** Watches pods and writes down all that is reported. The pauses are recorded, not waited for. */
function start(more: { set?(object: Watched): void; sleep?(): Promise<void>; keepManagers?: boolean } = {}): void {
  watchResource<Watched>(client, {
    resource: resources.pods,
    keepManagers: more.keepManagers,
    set: (object) => {
      log.push(`set ${object.metadata.name}@${object.metadata.resourceVersion}`);
      more.set?.(object);
    },
    delete: ({ metadata }) => log.push(`delete ${metadata.name} ${metadata.uid}`),
    synced: () => log.push('synced'),
    state: (state, error) =>
      log.push(error instanceof KubeError ? `${state} ${error.code}` : `${state} ${error?.message ?? ''}`.trim()),
    signal: stop.signal,
    random: () => 1,
    sleep: async (milliseconds) => {
      pauses.push(milliseconds);
      await more.sleep?.();
    },
  });
}

const reported = (...lines: string[]) => expect.poll(() => log).toEqual(lines);

test('lists, then watches from the version of the list, bookmarks included', async () => {
  server.answer(
    list('5', pod('a', '3', { managedFields: [{ manager: 'kubectl' }] })),
    watch([event('MODIFIED', pod('a', '6')), event('BOOKMARK', { metadata: { resourceVersion: '9' } })], 'end'),
    watch([event('DELETED', pod('a', '10'))]),
  );
  start();
  await reported('set a@3', 'synced', 'live', 'set a@6', 'delete a uid-a');
  expect(
    server.requests.map((line) => new URL(`http://x${line.slice(4)}`).searchParams.get('resourceVersion')),
  ).toEqual([null, '5', '9']);
});

const page = (next: string, ...items: object[]) => json({ metadata: { resourceVersion: '5', continue: next }, items });

test('each page is handled before the next is asked for', async () => {
  const asked: number[] = [];
  server.answer(page('x', pod('a', '3')), page('y', pod('b', '4')), list('5', pod('c', '5')), watch([]));
  start({ set: () => asked.push(server.requests.length) });
  await reported('set a@3', 'set b@4', 'set c@5', 'synced', 'live');
  expect(asked).toEqual([1, 2, 3]);
});

test('pages that expire: what only they had is deleted, what is the same is not repeated', async () => {
  server.answer(
    page('x', pod('a', '3'), pod('b', '4')),
    refusal(410, 'Expired'),
    list('9', pod('b', '4'), pod('c', '8')),
    watch([]),
  );
  start();
  await reported('set a@3', 'set b@4', 'set c@8', 'delete a uid-a', 'synced', 'live');
});

test('a list that breaks between its pages deletes nothing', async () => {
  server.answer(
    list('5', pod('a', '3'), pod('b', '4')),
    refusal(410, 'Gone'),
    page('x', pod('a', '6')),
    refusal(500, 'InternalError'),
    list('9', pod('b', '8')),
    watch([]),
  );
  start();
  await reported(
    'set a@3',
    'set b@4',
    'synced',
    'reconnecting gone',
    'set a@6',
    'reconnecting unknown',
    'set b@8',
    'delete a uid-a',
    'live',
  );
});

test('drops managedFields before anybody sees them', async () => {
  const seen: object[] = [];
  server.answer(
    list('5', pod('a', '3', { managedFields: [{}] })),
    watch([event('ADDED', pod('b', '6', { managedFields: [{}] }))]),
  );
  start({ set: (object) => seen.push(object.metadata) });
  await reported('set a@3', 'synced', 'live', 'set b@6');
  for (const metadata of seen) expect(metadata).not.toHaveProperty('managedFields');
});

test('keeps who wrote an object for those who ask, without the fields', async () => {
  const seen: { managedFields?: unknown }[] = [];
  const entry = { manager: 'kubectl', operation: 'Update', time: '2026-11-22T10:00:00Z', subresource: undefined };
  server.answer(list('5', pod('a', '3', { managedFields: [{ ...entry, fieldsV1: { 'f:spec': {} } }] })), watch([]));
  start({ keepManagers: true, set: ({ metadata }) => seen.push(metadata as (typeof seen)[number]) });
  await reported('set a@3', 'synced', 'live');
  expect(seen[0]?.managedFields).toEqual([entry]);
});

test('an ERROR event 410 lists again: what vanished meanwhile is deleted, what is the same is not repeated', async () => {
  server.answer(
    list('5', pod('a', '3'), pod('b', '4')),
    watch([event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })]),
    list('20', pod('b', '4'), pod('c', '15')),
    watch([]),
  );
  start();
  await reported('set a@3', 'set b@4', 'synced', 'live', 'reconnecting gone', 'set c@15', 'delete a uid-a', 'live');
});

test('a watch refused with 410 lists again', async () => {
  server.answer(list('5'), refusal(410, 'Gone'), list('7', pod('a', '6')), watch([]));
  start();
  await reported('synced', 'reconnecting gone', 'set a@6', 'live');
});

test('another object under the same name: the first is deleted, then the new one set', async () => {
  server.answer(
    list('5', pod('a', '3')),
    refusal(410, 'Gone'),
    list('9', pod('a', '8', { uid: 'uid-second' })),
    watch([]),
  );
  start();
  await reported('set a@3', 'synced', 'reconnecting gone', 'delete a uid-a', 'set a@8', 'live');
});

test('a stream cut inside a line is taken up after the last whole one', async () => {
  const whole = event('ADDED', pod('a', '6'));
  server.answer(
    list('5'),
    watch([whole + event('ADDED', pod('b', '7')).slice(0, 30)], 'cut'),
    watch([event('ADDED', pod('b', '7'))]),
  );
  start();
  await reported('synced', 'live', 'set a@6', 'reconnecting unreachable', 'live', 'set b@7');
  expect(server.requests.at(-1)).toContain('resourceVersion=6');
});

test('an event may come in pieces that split a character', async () => {
  const bytes = Buffer.from(event('ADDED', pod('größe', '6')));
  const middle = bytes.indexOf(0xc3) + 1;
  server.answer(list('5'), watch([bytes.subarray(0, middle), bytes.subarray(middle)]));
  start();
  await reported('synced', 'live', 'set größe@6');
});

test('pauses grow with failures in a row, to half a minute, and begin anew after a success', async () => {
  server.answer(
    ...Array.from({ length: 10 }, () => refusal(500, 'InternalError')),
    list('5'),
    watch([event('ADDED', pod('a', '6'))], 'cut'),
    watch([]),
  );
  start();
  await reported(
    ...Array.from({ length: 10 }, () => 'reconnecting unknown'),
    'synced',
    'live',
    'set a@6',
    'reconnecting unreachable',
    'live',
  );
  expect(pauses).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 200]);
});

test('a server that throttles is left alone as long as it says', async () => {
  const throttled =
    (after: string): Answer =>
    (response) =>
      response
        .writeHead(429, { 'content-type': 'application/json', 'retry-after': after })
        .end(JSON.stringify({ kind: 'Status', reason: 'TooManyRequests', message: 'too many requests', code: 429 }));
  server.answer(
    throttled('7'),
    throttled('9999'),
    throttled('Wed, 21 Oct 2026 07:28:00 GMT'),
    json({ kind: 'Status', reason: 'ServiceUnavailable', details: { retryAfterSeconds: 2 }, code: 503 }, 503),
    list('5'),
    watch([], 'end'),
    watch([]),
  );
  start();
  await reported(...Array.from({ length: 4 }, () => 'reconnecting unreachable'), 'synced', 'live');
  await expect.poll(() => server.requests).toHaveLength(7);
  // with random at its most each is half as long again; afterwards the pause is that of a watch that ended as planned
  expect(pauses).toEqual([10_500, 450_000, 800, 3000, 200]);
});

test('after an outage the watch goes on where it was: one object is asked for, nothing is listed', async () => {
  server.answer(
    list('500', pod('a', '3')),
    watch([], 'cut'),
    refusal(503, 'ServiceUnavailable'),
    refusal(503, 'ServiceUnavailable'),
    json({ metadata: { resourceVersion: '510', continue: 'more' }, items: [pod('a', '3')] }),
    watch([event('ADDED', pod('b', '501'))]),
  );
  start();
  const away = Array.from({ length: 3 }, () => 'reconnecting unreachable');
  await reported('set a@3', 'synced', 'live', ...away, 'live', 'set b@501');
  const asked = server.requests.map((line) => new URL(`http://x${line.slice(4)}`).searchParams);
  expect(asked.map((query) => query.get('limit') ?? `from ${query.get('resourceVersion')}`)).toEqual([
    '500',
    'from 500',
    'from 500',
    '1',
    '1',
    'from 500',
  ]);
});

test('a watch that is refused again and again is made up for by lists', async () => {
  server.answer(
    list('5', pod('a', '3')),
    refusal(403, 'Forbidden'),
    refusal(403, 'Forbidden'),
    list('9', pod('a', '8')),
    refusal(403, 'Forbidden'),
  );
  start();
  await reported(
    'set a@3',
    'synced',
    'reconnecting forbidden',
    'reconnecting forbidden',
    'set a@8',
    'reconnecting forbidden',
  );
});

test('the server goes away and comes back with another history: lists anew', async () => {
  let back: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => {
    back = resolve;
  });
  server.answer(list('500', pod('a', '3')), watch([]));
  // two failures: the broken stream, then the refused connection; the third try waits for the test
  start({ sleep: async () => (pauses.length < 2 ? undefined : gone) });
  await reported('set a@3', 'synced', 'live');
  await server.stop();
  await reported('set a@3', 'synced', 'live', 'reconnecting unreachable', 'reconnecting unreachable');
  await server.start();
  server.answer(list('2', pod('b', '1')), list('2', pod('b', '1')), watch([]));
  back?.();
  await reported(
    'set a@3',
    'synced',
    'live',
    'reconnecting unreachable',
    'reconnecting unreachable',
    'set b@1',
    'delete a uid-a',
    'live',
  );
});

test('a handler that throws is reported and everything else goes on', async () => {
  server.answer(list('5', pod('a', '3')), watch([event('ADDED', pod('bad', '6')), event('ADDED', pod('b', '7'))]));
  start({
    set: ({ metadata }) => {
      if (metadata.name === 'bad') throw new Error('no room');
    },
  });
  await reported('set a@3', 'synced', 'live', 'set bad@6', 'live no room', 'set b@7');
});

test('an abort ends it without another request or report', async () => {
  server.answer(list('5'), watch([]));
  start();
  await reported('synced', 'live');
  stop.abort();
  await client.close();
  expect(log).toEqual(['synced', 'live']);
  expect(server.requests).toHaveLength(2);
});
