import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Api, startApi } from './api-client.ts';

const CORE = '/api/v1/namespaces/default/events';
const NEW = '/apis/events.k8s.io/v1/namespaces/default/events';

const event = (more: object = {}) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'node-a.1' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'kubecity.dev/agent',
  reportingInstance: 'node-a',
  action: 'StartKubecityAgent',
  reason: 'Starting',
  regarding: { kind: 'Node', name: 'node-a' },
  note: 'it begins',
  type: 'Normal',
  ...more,
});

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

describe('events', () => {
  it('of the newer group are those of the core group under other names', async () => {
    const made = await api.call('POST', NEW, event());
    expect([made.code, made.body.note, made.body.regarding]).toEqual([
      201,
      'it begins',
      { kind: 'Node', name: 'node-a' },
    ]);
    const core = await api.call('GET', `${CORE}/node-a.1`);
    expect(core.body).toMatchObject({
      apiVersion: 'v1',
      involvedObject: { kind: 'Node', name: 'node-a' },
      message: 'it begins',
      reportingComponent: 'kubecity.dev/agent',
    });
    expect(Object.keys(core.body)).not.toContain('note');
    const old = { involvedObject: { kind: 'Node', name: 'b' }, message: 'old words', count: 3 };
    await api.call('POST', CORE, { apiVersion: 'v1', kind: 'Event', metadata: { name: 'b.1' }, ...old });
    const list = await api.call('GET', NEW);
    expect(list.body.apiVersion).toBe('events.k8s.io/v1');
    expect(list.body.items.map((one: { note: string }) => one.note).sort()).toEqual(['it begins', 'old words']);
    expect(list.body.items.map((one: { deprecatedCount?: number }) => one.deprecatedCount)).toContain(3);
  });

  it('are changed by patches in either group', async () => {
    await api.call('POST', NEW, event());
    const series = { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' };
    const type = 'application/merge-patch+json';
    const patched = await api.call('PATCH', `${NEW}/node-a.1`, { series, note: 'again' }, type);
    expect(patched).toMatchObject({ code: 200, body: { series, note: 'again', regarding: { name: 'node-a' } } });
    await api.call('PATCH', `${CORE}/node-a.1`, { message: 'once more' }, type);
    expect((await api.call('GET', `${NEW}/node-a.1`)).body.note).toBe('once more');
  });

  it('are watched under the names that were asked for', async () => {
    const watching = api.watch(`${NEW}?watch=1`);
    await api.call('POST', NEW, event());
    expect(await watching.next()).toMatchObject({
      type: 'ADDED',
      object: { apiVersion: 'events.k8s.io/v1', note: 'it begins' },
    });
    await api.call('DELETE', `${CORE}/node-a.1`);
    expect(await watching.next()).toMatchObject({ type: 'DELETED', object: { note: 'it begins' } });
    watching.stop();
  });

  it.each([
    ['eventTime', { eventTime: undefined }],
    ['reportingController', { reportingController: '' }],
    ['reportingInstance', { reportingInstance: 'x'.repeat(129) }],
    ['action', { action: '' }],
    ['reason', { reason: 'x'.repeat(129) }],
    ['note', { note: 'x'.repeat(1025) }],
    ['type', { type: 'Bad' }],
    ['involvedObject.namespace', { regarding: { kind: 'Service', namespace: 'shop', name: 'cart' } }],
  ])('are refused for a wrong %s', async (field, more) => {
    const { code, body } = await api.call('POST', NEW, event(more));
    expect([code, body.details?.causes?.map((cause: { field: string }) => cause.field)]).toEqual([422, [field]]);
  });

  it('are found by discovery in both groups', async () => {
    const { body } = await api.call('GET', '/apis/events.k8s.io/v1');
    expect(body.resources.map(({ name, kind }: { name: string; kind: string }) => [name, kind])).toEqual([
      ['events', 'Event'],
    ]);
  });
});
