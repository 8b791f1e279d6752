import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeClient, listChanges, resources, writeOverride } from '@kubecity/kube';
import type { AgentAnswer, AuditEntry, SteerAnswer } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ack, cart1, cart2, edgeFrame, rulesReport, webToCart1 } from './objects.ts';
import type { Browser } from './peers.ts';
import { TestCluster } from './test-cluster.ts';
import { askedOften, eventually, TestHub } from './test-hub.ts';

let directory: string;
let cluster: TestCluster;
const hubs: TestHub[] = [];

async function start(client: KubeClient = cluster.client, options: Parameters<typeof TestHub.start>[3] = {}) {
  const hub = await TestHub.start(client, directory, `hub-${hubs.length}`, options);
  hubs.push(hub);
  return hub;
}
async function open(hub: TestHub): Promise<Browser> {
  const map = hub.browser();
  await eventually(() => map.get('backend', cart2)).toBeDefined();
  return map;
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-steering-'));
  cluster = new TestCluster(directory);
  await cluster.start();
});
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
  await cluster.remove();
  rmSync(directory, { recursive: true });
});

const steer = (id: string, effect: object, more: object = {}) => ({
  action: 'steer',
  target: { kind: 'backend', id },
  effect,
  ...more,
});
const drain = (id: string, more: object = {}) => steer(id, { kind: 'drain' }, more);
const release = (id: string) => steer(id, { kind: 'release' });

const stored = async () => (await cluster.client.list<KubeRoutingOverride>(resources.routingOverrides)).items;
const names = async () => (await stored()).map(({ metadata }) => metadata.name);

function done(answer: SteerAnswer): Extract<SteerAnswer, { ok: true }> {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer;
}
async function audit(map: Browser): Promise<readonly AuditEntry[]> {
  const answer = await map.ask({ kind: 'audit', limit: 100 });
  if (answer.kind !== 'audit') throw new Error(JSON.stringify(answer));
  return answer.entries;
}
const taken = () => {};

/** Both agents live, with nothing open, and what they say of the overrides. */
function reports(hub: TestHub, acknowledged: Parameters<typeof rulesReport>[0], epoch = 'e1') {
  return ['node-a', 'node-b'].map((node) => {
    const agent = hub.agent({ node, epoch });
    agent.emit('rules', rulesReport(acknowledged));
    agent.emit('edges', edgeFrame(0, 1000, []), taken);
    return agent;
  });
}

test('a dry run tells shares and what every node would write, and writes nothing', async () => {
  const hub = await start();
  const map = await open(hub);
  const asked: unknown[] = [];
  const chains = [
    { family: 'IPv4' as const, table: 'nat' as const, chain: 'CITY-S-1', before: ['-A CITY-S-1 -j A'], after: [] },
  ];
  hub.agent().on('ask', (question, answer) => {
    asked.push(question);
    answer({ kind: 'preview', at: 1, chains, truncated: false } as AgentAnswer);
  });
  await eventually(() => map.get('node', 'node-a')?.agent.state).toBe('stale');
  const answer = done(await map.steer(drain(cart1, { dryRun: true })));
  expect(answer.change).toBeUndefined();
  expect(answer.preview).toMatchObject({
    writes: [{ verb: 'create', kind: 'RoutingOverride', namespace: 'shop', name: 'cart-drain-cart-1' }],
    tables: [{ active: { before: 2, after: 1, floor: 1, of: 2 } }],
    nodes: [
      { node: 'node-a', chains },
      { node: 'node-b', error: 'no agent of node-b is connected' },
    ],
  });
  expect(asked).toMatchObject([
    {
      kind: 'preview',
      changes: [{ kind: 'RoutingOverride', name: 'cart-drain-cart-1', object: { spec: { service: 'cart' } } }],
    },
  ]);
  expect(await stored()).toEqual([]);
  expect(await audit(map)).toEqual([]);
});

test('who decided on what is not so any more is told what changed', async () => {
  const map = await open(await start());
  const { seen } = done(await map.steer(drain(cart1, { dryRun: true })));
  done(await map.steer(steer(cart2, { kind: 'weight', weight: 5 })));
  const late = await map.steer(drain(cart1, { seen }));
  expect(late).toMatchObject({
    ok: false,
    code: 'conflict',
    message: expect.stringMatching(/shop\/cart-weight-cart-2 was made by local admin \(weight 5\), since you looked/),
  });
  done(await map.steer(drain(cart1, { seen: (late as { seen: string }).seen })));
});

test('where nodes only observe, whoever steers is told before and after', async () => {
  const hub = await start();
  const map = await open(hub);
  const agents = reports(hub, []);
  const [a, b] = agents;
  const preview: AgentAnswer = { kind: 'preview', at: 1, chains: [], truncated: false };
  for (const agent of agents) agent.on('ask', (_, answer) => answer(preview));
  a?.emit('rules', rulesReport([], { mode: 'observe' }));
  await eventually(() => map.get('node', 'node-a')?.agent.mode).toBe('observe');
  expect(done(await map.steer(drain(cart1, { dryRun: true }))).remarks).toEqual([
    'On 1 of 2 nodes nothing is steered: they only observe.',
  ]);
  b?.emit('rules', rulesReport([], { mode: 'observe' }));
  await eventually(() => map.get('node', 'node-b')?.agent.mode).toBe('observe');
  expect(done(await map.steer(drain(cart1))).remarks[0]).toMatch(/^Every node only observes/);
  expect(done(await map.steer(release(cart1))).remarks).toEqual([]);
});

test('the floor is kept unless a person permits what is shown', async () => {
  const map = await open(await start());
  done(await map.steer(drain(cart1)));
  const refused = await map.steer(drain(cart2));
  expect(refused).toMatchObject({
    ok: false,
    code: 'would-empty',
    message: expect.stringMatching(/shop\/cart without a backend .*cart-drain-cart-1 .*is lifted by this/),
    preview: {
      writes: [{ after: { allowEmpty: true } }],
      tables: [{ active: { before: 1, after: 1, floor: 1, of: 2 } }],
    },
  });
  expect(await names()).toEqual(['cart-drain-cart-1']);
  done(await map.steer(drain(cart2, { allowEmpty: true })));
  expect(await names()).toHaveLength(2);
  const [, , made] = (await audit(map)).toReversed();
  expect(made).toMatchObject({ what: 'create', who: 'local admin', name: 'cart-drain-cart-2' });
  expect((await audit(map)).toReversed()[1]).toMatchObject({
    what: 'refused',
    outcome: expect.stringMatching(/^would-empty: /),
  });
});

test('of two operators on two dashboards exactly one wins, every time', async () => {
  const maps = await Promise.all([await start(), await start()].map(open));
  const [a, b] = maps as [Browser, Browser];
  // Two wishes a round at most, and ten at once are each person's limit.
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all([a.steer(drain(cart1)), b.steer(drain(cart2))]);
    const [won, lost] = answers[0].ok ? answers : answers.toReversed();
    expect(won).toMatchObject({ ok: true });
    expect(lost).toMatchObject({ ok: false, code: expect.stringMatching(/^(conflict|would-empty)$/) });
    expect(await names()).toHaveLength(1);
    const winner = answers[0].ok ? a : b;
    done(await winner.steer(release(winner === a ? cart1 : cart2)));
    for (const map of maps) {
      await eventually(() => [...map.city.keys()].filter((key) => key.startsWith('override'))).toEqual([]);
    }
  }
});

test.each([
  [
    'of the same backends',
    { weight: 5, backends: { podNames: ['cart-1'] } },
    /mine \(weight 5\) names the same backends/,
  ],
  [
    'that breaks the floor with it',
    { drain: {}, backends: { podNames: ['cart-2'] } },
    /the floor of shop\/cart would be broken/,
  ],
])('who finds an override %s written in between takes the own one back', async (_what, spec, why) => {
  const create = async (resource: never, object: { metadata?: object }) => {
    if (resource === resources.routingOverrides) {
      await cluster.client.create(resource, {
        metadata: { namespace: 'shop', name: 'mine' },
        spec: { service: 'cart', ...spec },
      });
    }
    return cluster.client.create(resource, object);
  };
  const map = await open(await start({ ...cluster.client, create: create as KubeClient['create'] }));
  const answer = await map.steer(drain(cart1));
  expect(answer).toMatchObject({ ok: false, code: 'conflict', message: expect.stringMatching(why) });
  expect(await names()).toEqual(['mine']);
  await askedOften(async () => (await audit(map)).map(({ what, name }) => `${what} ${name}`).toSorted()).toEqual([
    'create mine',
    `refused ${cart1}`,
  ]);
});

test('a dashboard that dies before the write leaves nothing, one that dies after it all of it', async () => {
  const reached: string[] = [];
  const never = new Promise<never>(() => {});
  const dying = (writes: boolean): KubeClient => ({
    ...cluster.client,
    create: (async (resource: never, object: { metadata: { name: string } }) => {
      if (writes) await cluster.client.create(resource, object);
      reached.push(object.metadata.name);
      return never;
    }) as KubeClient['create'],
  });
  for (const writes of [false, true]) {
    const hub = await start(dying(writes));
    const map = await open(hub);
    map.socket.emit('steer', drain(cart1) as never, () => {});
    await eventually(() => reached.length).toBe(writes ? 2 : 1);
    await hub.close();
    hubs.splice(hubs.indexOf(hub), 1);
    expect(await names()).toEqual(writes ? ['cart-drain-cart-1'] : []);
  }
  // the next one finds who did what, and can take it back
  const map = await open(await start());
  await askedOften(async () => (await audit(map)).length).toBe(1);
  const [entry] = await audit(map);
  expect(entry).toMatchObject({ what: 'create', who: 'local admin', how: 'dashboard', name: 'cart-drain-cart-1' });
  done(await map.steer({ action: 'undo', change: entry?.id }));
  expect(await stored()).toEqual([]);
});

test('an undo goes back to the state before, also that of another dashboard and of what is gone', async () => {
  const [one, other] = [await start(), await start()];
  const map = await open(one);
  const first = done(await map.steer(steer(cart1, { kind: 'weight', weight: 30 })));
  const second = done(await map.steer(steer(cart1, { kind: 'weight', weight: 60 })));
  const gone = done(await map.steer(release(cart1)));
  const elsewhere = await open(other);
  const weight = async () => (await stored()).map(({ spec }) => (spec as { weight?: number }).weight);
  const undo = (change: string | undefined) => elsewhere.steer({ action: 'undo', change });
  expect(await undo(first.change)).toMatchObject({ ok: true, message: expect.stringMatching(/gone already/) });
  expect(await undo(second.change)).toMatchObject({ ok: false, code: 'conflict' });
  const back = done(await undo(gone.change));
  expect(await weight()).toEqual([60]);
  done(await undo(second.change));
  expect(await weight()).toEqual([30]);
  expect(await undo('none')).toMatchObject({ ok: false, code: 'not-found' });
  await askedOften(async () => (await audit(elsewhere)).filter(({ what }) => what === 'undo')).toMatchObject([
    { of: second.change },
    { of: gone.change, id: back.change },
  ]);
  const told = await listChanges(cluster.client, 'shop');
  expect(told.map(({ what }) => what)).toEqual(['undo', 'undo', 'delete', 'replace', 'create']);
});

test('the trail tells the hands of others: kubectl, a terminal, and who deleted', async () => {
  const hub = await start();
  const map = await open(hub);
  const object = (name: string) => ({
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: 'RoutingOverride',
    metadata: { namespace: 'shop', name, annotations: { 'kubecity.dev/by': 'bob' } },
    spec: { service: 'cart', weight: 30, backends: { podNames: ['cart-1'] } },
  });
  await cluster.client.create(resources.routingOverrides, {
    ...object('by-hand'),
    metadata: { namespace: 'shop', name: 'by-hand' },
  });
  const { client } = cluster;
  const made = await writeOverride({ verb: 'create', object: object('by-cli') }, { client, changeId: 'c-1-cli' });
  await askedOften(async () => (await audit(map)).length).toBe(2);
  await client.delete(resources.routingOverrides, { namespace: 'shop', name: 'by-hand' });
  const seen = (await stored())[0] as KubeRoutingOverride;
  await writeOverride({ verb: 'delete', object: seen }, { client, changeId: 'c-2-cli' });
  await client.create(resources.events, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      namespace: 'shop',
      name: 'by-cli.2',
      annotations: {
        'kubecity.dev/change': JSON.stringify({
          ...{ id: 'c-2-cli', at: Date.now(), who: 'bob', how: 'cli', what: 'delete', kind: 'RoutingOverride' },
          ...{ namespace: 'shop', name: 'by-cli', uid: made?.metadata.uid },
        }),
      },
    },
    eventTime: `${new Date().toISOString().slice(0, 19)}.000000Z`,
    reportingController: 'kubecity.dev/steering',
    reportingInstance: 'cli',
    type: 'Normal',
    reason: 'Released',
    action: 'Delete',
    regarding: { apiVersion: 'kubecity.dev/v1alpha1', kind: 'RoutingOverride', namespace: 'shop', name: 'by-cli' },
    note: 'bob deleted it',
  });
  await askedOften(async () => (await audit(map)).length).toBe(4);
  const told = (await audit(map)).map(({ name, what, who, how }) => `${name} ${what} ${who} ${how}`);
  expect(told.toSorted()).toEqual([
    'by-cli create bob cli',
    'by-cli delete bob cli',
    'by-hand create unknown kubectl',
    'by-hand delete unknown kubectl',
  ]);
});

test('a drain is told to its end, and stays ended when the dashboard begins anew', async () => {
  const hub = await start();
  const map = await open(hub);
  const [a, b] = reports(hub, []);
  for (const node of ['node-a', 'node-b']) await eventually(() => map.get('node', node)?.agent.state).toBe('live');
  const { change } = done(await map.steer(drain(cart1)));
  const [object] = await stored();
  const uid = object?.metadata.uid ?? '';
  const mine = { ...ack('cart-drain-cart-1'), uid };
  for (const agent of [a, b]) agent?.emit('rules', rulesReport([{ ...mine, cut: { connections: 3, at: 1 } }]));
  b?.emit('edges', edgeFrame(1, 2000, [[1, 1, 0, 0, 0, 0, 0, 0, 1]], { define: [[1, webToCart1]] }), taken);
  await eventually(() => map.get('override', uid)).toMatchObject({
    change,
    by: 'local admin',
    drain: { phase: 'draining', cut: 6 },
    connections: { moving: 1, coverage: 'complete' },
  });
  b?.emit('edges', edgeFrame(2, 3000, [[1, 1]]), taken);
  a?.emit('edges', edgeFrame(1, 3000, []), taken);
  await eventually(() => map.get('override', uid)?.drain?.phase).toBe('drained');
  const drained = async () => {
    const [one] = await stored();
    const { conditions = [] } = (one?.status ?? {}) as { conditions?: { type: string; status: string }[] };
    return conditions.find(({ type }) => type === 'Drained')?.status;
  };
  await eventually(drained).toBe('True');
  expect((await stored())[0]?.status).toMatchObject({ cut: 6 });
  await askedOften(async () => (await audit(map)).map(({ what, outcome }) => [what, outcome?.slice(0, 27)])).toEqual([
    ['drained', 'no connection is open, by t'],
    ['cut', 'open connections are being '],
    ['create', 'confirmed by 2 of 2 nodes a'],
  ]);
  a?.close();
  await hub.close();
  hubs.splice(hubs.indexOf(hub), 1);

  const again = await start();
  const anew = await open(again);
  await eventually(() => anew.get('override', uid)?.drain).toMatchObject({ phase: 'drained', cut: 6 });
  const before = anew.frames.length;
  await eventually(() => anew.frames.length).toBeGreaterThan(before + 5);
  expect(await drained()).toBe('True');
  reports(again, [mine]);
  await eventually(() => anew.get('override', uid)?.nodes.waitingFor).toEqual([]);
  expect(anew.get('override', uid)?.drain).toMatchObject({ phase: 'drained', cut: 6 });
  expect(await drained()).toBe('True');
});

test('a whole node is one object of the cluster; without its kind the map lives all the same', async () => {
  const hub = await start();
  const map = await open(hub);
  reports(hub, []);
  const wish = { action: 'steer', target: { kind: 'node', name: 'node-a' }, effect: { kind: 'drain' } };
  expect(await map.steer(wish)).toMatchObject({ ok: false, code: 'would-empty' });
  const answer = done(await map.steer({ ...wish, allowEmpty: true }));
  expect(answer.override).toBe('node-node-a-drain');
  const kind = resources.clusterRoutingOverrides;
  const [object] = (await cluster.client.list<KubeRoutingOverride>(kind)).items;
  const uid = object?.metadata.uid ?? '';
  await eventually(() => map.get('override', uid)).toMatchObject({
    cluster: true,
    namespace: '',
    backends: [cart1, cart2],
  });
  await eventually(async () => {
    const { status } = await cluster.client.get<KubeRoutingOverride>(kind, { name: 'node-node-a-drain' });
    return (status as { conditions?: { reason: string }[] } | undefined)?.conditions?.map(({ reason }) => reason);
  }).toEqual(['Accepted', 'WaitingForNodes', 'NotProgrammed']);
  done(await map.steer({ action: 'undo', change: answer.change }));
  expect((await cluster.client.list(kind)).items).toEqual([]);

  await cluster.client.delete(resources.customResourceDefinitions, { name: `${kind.plural}.${kind.group}` });
  const without = await open(await start());
  done(await without.steer(drain(cart1)));
});
