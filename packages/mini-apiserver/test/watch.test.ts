import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, pod, service, startApi, type Watching } from './api-client.ts';

let api: Api;
let watching: Watching | undefined;
beforeEach(async () => {
  api = await startApi({ history: 8, bookmarkEveryMs: 20 });
});
afterEach(async () => {
  watching?.stop();
  await api.close();
});

const PODS = '/api/v1/namespaces/default/pods';
const MERGE = 'application/merge-patch+json';
const label = (name: string, labels: object) => api.call('PATCH', `${PODS}/${name}`, { metadata: { labels } }, MERGE);

test('starts with what there is, then follows', async () => {
  await api.call('POST', PODS, pod('a'));
  watching = api.watch('/api/v1/pods?watch=true');
  expect(await watching.next()).toMatchObject({ type: 'ADDED', object: { kind: 'Pod', metadata: { name: 'a' } } });
  await api.call('POST', PODS, pod('b'));
  expect(await watching.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } });
  await api.call('DELETE', `${PODS}/b?gracePeriodSeconds=0`);
  expect(await watching.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'b' } } });
});

test('from a resourceVersion it replays exactly what came after', async () => {
  const { body: first } = await api.call('POST', PODS, pod('a'));
  await label('a', { step: '1' });
  await label('a', { step: '2' });
  watching = api.watch(`${PODS}?watch=true&resourceVersion=${first.metadata.resourceVersion}`);
  for (const step of ['1', '2']) {
    expect(await watching.next()).toMatchObject({ type: 'MODIFIED', object: { metadata: { labels: { step } } } });
  }
});

test('objects enter and leave the view of a selector', async () => {
  await api.call('POST', PODS, pod('a', { app: 'x' }));
  const { body: list } = await api.call('GET', PODS);
  watching = api.watch(`${PODS}?watch=1&labelSelector=app%3Dx&resourceVersion=${list.metadata.resourceVersion}`);
  const { body: left } = await label('a', { app: 'y' });
  const deleted = await watching.next();
  expect(deleted).toMatchObject({ type: 'DELETED', object: { metadata: { labels: { app: 'x' } } } });
  expect(deleted?.object.metadata.resourceVersion).toBe(left.metadata.resourceVersion);
  await label('a', { app: 'x' });
  expect(await watching.next()).toMatchObject({ type: 'ADDED' });
});

test('a version that was forgotten ends with 410 Expired inside the stream', async () => {
  const { body: first } = await api.call('POST', PODS, pod('a'));
  for (let step = 0; step < 20; step++) await label('a', { step: String(step) });
  watching = api.watch(`${PODS}?watch=true&resourceVersion=${first.metadata.resourceVersion}`);
  expect(await watching.next()).toMatchObject({
    type: 'ERROR',
    object: { kind: 'Status', code: 410, reason: 'Expired' },
  });
  expect(await watching.next()).toBeUndefined();
});

test('a version of an older server, from before this one’s first, is 410; one from the future is refused', async () => {
  watching = api.watch(`${PODS}?watch=true&resourceVersion=7`);
  expect(await watching.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  const { code, body } = await api.call('GET', `${PODS}?resourceVersion=999999`);
  expect(code).toBe(504);
  expect(body.message).toContain('Too large resource version: 999999');
});

test('bookmarks carry the newest revision, also of other resources', async () => {
  watching = api.watch(`${PODS}?watch=true&allowWatchBookmarks=true`);
  const { body } = await api.call('POST', '/api/v1/namespaces/default/services', service('web'));
  const wanted = Number(body.metadata.resourceVersion);
  let revision = 0;
  // One that was on its way before the Service may be older.
  while (revision < wanted) {
    const bookmark = await watching.next();
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1' } });
    revision = Number(bookmark?.object.metadata.resourceVersion);
  }
});

test('timeoutSeconds ends the stream; sendInitialEvents is refused as by a server without WatchList', async () => {
  watching = api.watch(`${PODS}?watch=true&timeoutSeconds=0`);
  expect(await watching.next()).toBeUndefined();
  const { code, body } = await api.call('GET', `${PODS}?watch=true&sendInitialEvents=true`);
  expect(code).toBe(422);
  expect(body.message).toContain('sendInitialEvents: Forbidden');
});

test('a watch of Tables sends rows', async () => {
  await api.call('POST', PODS, pod('a'));
  watching = api.watch(`${PODS}?watch=true`, 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json');
  const cells = ['a', '0/1', 'Pending', '0', expect.any(String), '<none>', 'n1', '<none>', '<none>'];
  const object = {
    kind: 'Table',
    rows: [{ cells, object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
  };
  expect(await watching.next()).toMatchObject({ type: 'ADDED', object });
});

test('pages of one list show one moment', async () => {
  for (const name of ['a', 'b', 'c']) await api.call('POST', PODS, pod(name));
  const { body: first } = await api.call('GET', `${PODS}?limit=2`);
  expect(first.metadata.remainingItemCount).toBe(1);
  await api.call('POST', PODS, pod('bb'));
  await api.call('DELETE', `${PODS}/c?gracePeriodSeconds=0`);
  const { body: second } = await api.call('GET', `${PODS}?limit=2&continue=${first.metadata.continue}`);
  const names = [...first.items, ...second.items].map((one) => one.metadata.name);
  expect(names).toEqual(['a', 'b', 'c']);
  expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
});

test.each([
  ['labelSelector=app%20in%20(x,y)', ['a', 'b']],
  ['labelSelector=app%20notin%20(x)', ['b', 'c']],
  ['labelSelector=!app', ['c']],
  ['labelSelector=app,app!=x', ['b']],
  ['fieldSelector=metadata.name%3Da', ['a']],
  ['fieldSelector=spec.nodeName%3Dn2', ['b']],
  ['fieldSelector=spec.nodeName!%3Dn2,metadata.name!%3Da', ['c']],
])('selects by %s', async (query, expected) => {
  await api.call('POST', PODS, pod('a', { app: 'x' }));
  await api.call('POST', PODS, pod('b', { app: 'y' }, 'n2'));
  await api.call('POST', PODS, pod('c'));
  const { body } = await api.call('GET', `${PODS}?${query}`);
  expect(body.items.map((one: { metadata: { name: string } }) => one.metadata.name)).toEqual(expected);
});

test('a selector that cannot be honoured is refused', async () => {
  const { code, body } = await api.call('GET', `${PODS}?fieldSelector=spec.colour%3Dred`);
  expect(code).toBe(400);
  expect(body.message).toBe('field label not supported: spec.colour');
  expect((await api.call('GET', `${PODS}?labelSelector=a%20in%20x`)).code).toBe(400);
});
