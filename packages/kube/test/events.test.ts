import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, type EventNews, EventRecorder, type KubeClient, resources } from '../src/index.ts';

interface Event {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly reason: string;
  readonly note: string;
  readonly regarding: object;
  readonly eventTime: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

const START = Date.UTC(2026, 0, 1);
let folder: string;
let server: MiniApiServer;
let client: KubeClient;
let now: number;
let failures: string[];
let recorder: EventRecorder;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubecity-events-'));
  const socketPath = join(folder, 'api.sock');
  server = await startMiniApiServer({ socketPath });
  client = connect({ socketPath });
  await client.create(resources.namespaces, { metadata: { name: 'shop' } });
  now = START;
  failures = [];
  recorder = new EventRecorder({
    client,
    controller: 'kubecity.dev/agent',
    instance: 'node-a',
    failed: ({ message }) => failures.push(message),
    now: () => now,
  });
});

afterEach(async () => {
  await client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const listen = (name = 'cart', note = 'port 30100 is taken'): EventNews => ({
  type: 'Warning',
  reason: 'FailedToStartServiceHealthcheck',
  action: 'Listen',
  regarding: { kind: 'Service', namespace: 'shop', name },
  note,
});

async function written(): Promise<Event[]> {
  await recorder.flush();
  return (await client.list<Event>(resources.events)).items;
}

describe('the event recorder', () => {
  it('writes beside the object, and about the cluster into default', async () => {
    recorder.record(listen());
    recorder.record({
      type: 'Normal',
      reason: 'Starting',
      action: 'StartKubecityAgent',
      regarding: { kind: 'Node', name: 'node-a', uid: 'u' },
      note: 'x'.repeat(2000),
    });
    expect(await written()).toMatchObject([
      {
        metadata: { namespace: 'default', name: expect.stringMatching(/^node-a\./) },
        regarding: { apiVersion: 'v1', kind: 'Node', name: 'node-a', uid: 'u' },
        note: 'x'.repeat(1024),
      },
      {
        metadata: { namespace: 'shop', name: expect.stringMatching(/^cart\./) },
        regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'cart' },
        type: 'Warning',
        reason: 'FailedToStartServiceHealthcheck',
        action: 'Listen',
        reportingController: 'kubecity.dev/agent',
        reportingInstance: 'node-a',
        eventTime: '2026-01-01T00:00:00.000000Z',
        note: 'port 30100 is taken',
      },
    ]);
    expect(failures).toEqual([]);
  });

  it('counts what repeats and tells it once per minute', async () => {
    for (let second = 0; second < 60; second += 10) {
      now = START + second * 1000;
      recorder.record(listen());
    }
    expect((await written()).map(({ series }) => series)).toEqual([undefined]);
    now = START + 60_000;
    recorder.record(listen());
    expect((await written()).map(({ series }) => series)).toEqual([
      { count: 7, lastObservedTime: '2026-01-01T00:01:00.000000Z' },
    ]);
  });

  it('begins anew when the words change, when the event is gone, and after an hour', async () => {
    recorder.record(listen());
    now += 60_000;
    recorder.record(listen('cart', 'port 30200 is taken'));
    expect(await written()).toHaveLength(2);
    for (const { metadata } of await written()) await client.delete(resources.events, metadata);
    now += 60_000;
    recorder.record(listen('cart', 'port 30200 is taken'));
    await recorder.flush();
    expect(await written()).toMatchObject([{ note: 'port 30200 is taken' }]);
    now += 3_600_000;
    recorder.record(listen('cart', 'port 30200 is taken'));
    expect(await written()).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  it('never becomes a flood', async () => {
    for (let n = 0; n < 100; n++) recorder.record(listen(`s${n}`));
    expect(await written()).toHaveLength(25);
    expect(failures).toEqual(['events are left out: more than 1 per second']);
    now += 3000;
    for (let n = 200; n < 300; n++) recorder.record(listen(`s${n}`));
    expect(await written()).toHaveLength(28);
    expect(failures).toHaveLength(1);
  });

  it('tells of an event that was not written and goes on', async () => {
    recorder.record({ ...listen(), regarding: { kind: 'Service', namespace: 'nowhere', name: 'cart' } });
    recorder.record(listen());
    expect(await written()).toHaveLength(1);
    expect(failures).toEqual([expect.stringMatching(/^create events nowhere\/cart\..*not found/)]);
  });
});
