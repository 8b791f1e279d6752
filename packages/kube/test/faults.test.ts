import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiError, type MiniApiServer, type ResourceRequest, startMiniApiServer } from '@kubecity/mini-apiserver';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type KubeClient, resources, type Watched, watchResource } from '../src/index.ts';

/** Many watchers of a server with the protocol of the real one, while it breaks, forgets and throttles. */
const WATCHERS = 20;
const PODS = 1200;

let folder: string;
let api: MiniApiServer;
let clients: KubeClient[];
let stop: AbortController;
/** What each watcher was told there is. */
let views: Map<string, string>[];
let seen: string[];
/** From which version watches began. */
let watched: number[];
let refuse: ((asked: ResourceRequest) => void) | undefined;
const clock = { slept: [] as number[] };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubecity-kube-faults-'));
  [seen, watched, views, refuse, clock.slept] = [[], [], [], undefined, []];
  stop = new AbortController();
  const socketPath = join(folder, 'api.sock');
  api = await startMiniApiServer({
    socketPath,
    bookmarkEveryMs: 20,
    intercept: (asked) => {
      const { verb, query } = asked;
      if (verb === 'watch') watched.push(Number(query.resourceVersion));
      seen.push(verb === 'list' ? `list ${query.limit}${query.continue === '' ? '' : ' more'}` : verb);
      refuse?.(asked);
    },
  });
  for (let i = 0; i < PODS; i++) put(`p${i}`);
  clients = Array.from({ length: WATCHERS }, () => connect({ socketPath }));
});
afterEach(async () => {
  stop.abort();
  await Promise.all(clients.map((client) => client.close()));
  await api.close();
  rmSync(folder, { recursive: true });
});

const put = (name: string) =>
  api.put({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name, managedFields: [{}] }, spec: {} });

function start(): void {
  views = clients.map((client) => {
    const view = new Map<string, string>();
    watchResource<Watched>(client, {
      resource: resources.pods,
      set: ({ metadata: { name, resourceVersion = '' } }) => view.set(name, resourceVersion),
      delete: ({ metadata: { name } }) => view.delete(name),
      synced: () => {},
      signal: stop.signal,
      // a hundredth of the pauses, so that minutes pass in seconds
      sleep: async (milliseconds) => {
        clock.slept.push(milliseconds);
        await new Promise((resolve) => setTimeout(resolve, milliseconds / 100));
      },
    });
    return view;
  });
}

const eventually = (read: () => unknown) => expect.poll(read, { timeout: 20_000, interval: 20 });
const allSee = (name: string) => eventually(() => views.filter((view) => view.has(name)).length).toBe(WATCHERS);
const count = (what: string) => seen.filter((one) => one === what).length;
const forget = () => {
  seen.length = 0;
};

test('lists come in pages, and an outage costs each watcher one object, not a list', async () => {
  start();
  await eventually(() => views.every(({ size }) => size === PODS)).toBe(true);
  expect([count('list 500'), count('list 500 more')]).toEqual([WATCHERS, 2 * WATCHERS]);
  await eventually(() => count('watch')).toBe(WATCHERS);
  forget();
  refuse = () => {
    throw new ApiError('Timeout', 'the store does not answer');
  };
  api.cut();
  await eventually(() => seen.length).toBeGreaterThan(5 * WATCHERS);
  put('meanwhile');
  refuse = undefined;
  await allSee('meanwhile');
  expect([count('list 500'), count('list 500 more')]).toEqual([0, 0]);
  expect(new Set(clock.slept.map(Math.round)).size).toBeGreaterThan(WATCHERS);
});

test('what was forgotten is listed anew, also between two pages, and nothing is lost', async () => {
  let pages = 0;
  refuse = ({ verb, query }) => {
    if (verb === 'list' && query.continue !== '' && ++pages === 7) {
      put('late');
      api.forget();
    }
  };
  start();
  await eventually(() => views.every((view) => view.size === PODS + 1 && view.has('late'))).toBe(true);
  // those whose pages expired read everything in one answer, which cannot expire
  expect(count('list 0')).toBeGreaterThan(0);
  api.cut();
  put('later');
  api.forget();
  await allSee('later');
});

test('a throttled crowd waits as long as it was told, each a little differently', async () => {
  let refusals = 0;
  refuse = ({ verb }) => {
    if (verb === 'list' && ++refusals <= WATCHERS)
      throw new ApiError('TooManyRequests', 'too many requests', { retryAfterSeconds: 20 });
  };
  start();
  await eventually(() => views.every(({ size }) => size === PODS)).toBe(true);
  const told = clock.slept.slice(0, WATCHERS);
  expect(told.every((pause) => pause >= 20_000 && pause <= 30_000)).toBe(true);
  expect(new Set(told).size).toBeGreaterThan(WATCHERS / 2);
});

test('quiet watches move on with bookmarks: after a break nothing old is asked for', async () => {
  start();
  await eventually(() => count('watch')).toBe(WATCHERS);
  // other kinds move the versions on; what a quiet watch knows of them are bookmarks, as it shows when it begins again
  for (let i = 0; i < 50; i++) api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `n${i}` } });
  const { metadata } = api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'last' } });
  await eventually(async () => {
    watched.length = 0;
    api.cut();
    await eventually(() => watched.length).toBe(WATCHERS);
    return Math.min(...watched) >= Number(metadata.resourceVersion);
  }).toBe(true);
  // whoever had stood still since the list would be told that its version is gone
  api.forget();
  forget();
  api.cut();
  put('after');
  await allSee('after');
  expect([count('list 500'), count('list 0')]).toEqual([0, 0]);
});
