import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  connect,
  ensureCrd,
  type KubeClient,
  listChanges,
  newChangeId,
  recordChange,
  resources,
  writeOverride,
} from '../src/index.ts';

let directory: string;
let server: MiniApiServer;
let client: KubeClient;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-writer-'));
  const socketPath = join(directory, 'api.sock');
  server = await startMiniApiServer({ socketPath });
  client = connect({ socketPath });
  server.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } } as KubeObject);
  await ensureCrd(client);
});

afterEach(async () => {
  await client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

const wish = (name: string, spec: object = { service: 'cart', weight: 10 }) =>
  ({
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: 'RoutingOverride',
    metadata: { namespace: 'shop', name },
    spec,
  }) as KubeRoutingOverride;
const here = async () =>
  (await client.list<KubeRoutingOverride>(resources.routingOverrides)).items.map(({ metadata, spec }) => [
    metadata.name,
    (spec as { weight?: number }).weight,
  ]);
const write = (object: KubeRoutingOverride, more: object = {}) =>
  writeOverride({ verb: 'create', object }, { client, changeId: 'c1', ...more });
const stored = async (name: string) => (await write(wish(name))) as KubeRoutingOverride;

test('an override is made with the change that made it', async () => {
  expect(await write(wish('a'))).toMatchObject({
    metadata: { name: 'a', generation: 1, annotations: { 'kubecity.dev/change': 'c1' } },
  });
  await expect(write(wish('a'))).rejects.toMatchObject({ code: 'already-exists' });
});

test('a status that was written meanwhile is no reason to refuse, another wish is', async () => {
  const seen = await stored('a');
  const address = { namespace: 'shop', name: 'a' };
  await client.patch(
    resources.routingOverrides,
    { ...address, subresource: 'status' },
    { status: { observedGeneration: 1 } },
    'merge',
  );
  const replaced = await writeOverride(
    { verb: 'replace', object: { ...seen, spec: { service: 'cart', weight: 20 } } },
    { client, changeId: 'c2' },
  );
  expect(replaced?.metadata).toMatchObject({ generation: 2, annotations: { 'kubecity.dev/change': 'c2' } });
  for (const verb of ['replace', 'delete'] as const) {
    const object = { ...seen, spec: { service: 'cart', weight: 30 } };
    await expect(writeOverride({ verb, object }, { client, changeId: 'c3' })).rejects.toMatchObject({
      code: 'conflict',
    });
  }
  expect(await here()).toEqual([['a', 20]]);
  await writeOverride({ verb: 'delete', object: replaced as KubeRoutingOverride }, { client, changeId: 'c4' });
  expect(await here()).toEqual([]);
});

test('what a watch left of the managers is not sent back', async () => {
  const seen = await stored('a');
  const sent: unknown[] = [];
  const heard: KubeClient = {
    ...client,
    replace: ((resource: never, object: never) => {
      sent.push(object);
      return client.replace(resource, object);
    }) as KubeClient['replace'],
  };
  const managedFields = [{ manager: 'kubectl', operation: 'Update' }];
  const object = { ...seen, metadata: { ...seen.metadata, managedFields } };
  await writeOverride({ verb: 'replace', object }, { client: heard, changeId: 'c2' });
  expect(sent).toHaveLength(1);
  expect(sent[0]).not.toHaveProperty('metadata.managedFields');
});

test('another object under the same name is not deleted', async () => {
  const seen = await stored('a');
  await client.delete(resources.routingOverrides, { namespace: 'shop', name: 'a' });
  await stored('a');
  await expect(writeOverride({ verb: 'delete', object: seen }, { client, changeId: 'c' })).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(await here()).toHaveLength(1);
});

test('of many who write at the same moment exactly one wins, whatever the order of their looks', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `racer-${i}`);
  const results = await Promise.allSettled(
    names.map((name) =>
      write(wish(name), {
        overtaken: (then: KubeRoutingOverride[]) => {
          const others = then.filter(({ metadata }) => metadata.name !== name);
          return others.length > 0 ? `${others[0]?.metadata.name} is there` : undefined;
        },
      }),
    ),
  );
  const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(lost).toHaveLength(7);
  for (const reason of lost) {
    expect(reason).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/racer-\d is there\. Nothing was done/),
    });
  }
  expect(await here()).toHaveLength(1);
});

test('who was overtaken with a change puts back what was there', async () => {
  const seen = await stored('a');
  const change = {
    verb: 'replace',
    object: { ...seen, spec: { service: 'cart', weight: 50 } },
    previous: seen,
  } as const;
  await expect(writeOverride(change, { client, changeId: 'c2', overtaken: () => 'x is there' })).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(await here()).toEqual([['a', 10]]);
  const after = await client.get<KubeRoutingOverride>(resources.routingOverrides, { namespace: 'shop', name: 'a' });
  expect(after.metadata.annotations).toEqual(seen.metadata.annotations);
});

test('who may not is told so before anything is written', async () => {
  const viewer = { ...client, selfAccess: async () => ({ allowed: false, reason: 'no role' }) };
  await expect(write(wish('a'), { client: viewer })).rejects.toMatchObject({
    code: 'forbidden',
    message: 'You may not create RoutingOverrides in namespace shop (no role).',
  });
  expect(await here()).toEqual([]);
});

test('a change can be read back from its event; a large one without its specs', async () => {
  const change = {
    at: Date.parse('2026-11-22T12:00:00Z'),
    who: 'ana',
    how: 'cli' as const,
    what: 'create' as const,
    kind: 'RoutingOverride' as const,
    namespace: 'shop',
    name: 'a',
    reason: 'slow disk',
    after: { service: 'cart', weight: 10 },
  };
  const [first, second] = [newChangeId(change.at), newChangeId(change.at + 1)];
  await recordChange(client, { ...change, id: first });
  await recordChange(client, { ...change, id: second, after: { podNames: ['x'.repeat(40_000)] } });
  const { after: _, ...without } = change;
  expect(await listChanges(client, 'shop')).toEqual([
    { ...without, id: second },
    { ...change, id: first },
  ]);
  const { items } = await client.list<{ reason: string; note: string }>(resources.events, { namespace: 'shop' });
  expect(items[0]).toMatchObject({ reason: 'Steered', note: 'ana made it: slow disk' });
});
