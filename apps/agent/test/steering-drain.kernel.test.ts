import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { EndedFlows, mostInASecond } from './lab/ended-flows.ts';
import { Knocks } from './lab/knocks.ts';
import { LONG, NODES, patiently, SteeredCity } from './lab/steered-city.ts';

/**
 * Drains to their end: 50 moving and 200 idle TCP connections, 20 UDP flows, 100 connections that close and 10 whose client is
 * gone, over three nodes to one backend; once for each policy, each at a Service of its own.
 */
vi.setConfig(LONG);
const town = new SteeredCity();
const { city, hub } = town;
const CROWD = { moving: 50, idle: 200, udp: 20, closing: 100, dead: 10 };
/** All that is open; of which so many are quiet. */
const OPEN = CROWD.moving + CROWD.idle + CROWD.udp + CROWD.dead;
const QUIET = CROWD.idle + CROWD.dead;
const POLICIES = ['wait', 'cut-idle', 'cut', 'deadline'];
const TRIES = 100_000;
const ended = new Map<string, EndedFlows>();
let knocks: Knocks;

beforeAll(async () => {
  await town.open();
  await town.addBackend('node-c', 'old', 10);
  await town.addBackend('node-b', 'new', 10);
  for (const policy of POLICIES) town.putService(policy, numberOf(policy), ['old']);
  for (const node of NODES) ended.set(node, await EndedFlows.of(city.net, node));
  knocks = new Knocks(city.net, ['old', 'new']);
  await town.start();
});
afterAll(() => town.close());

const numberOf = (policy: string) => 10 + POLICIES.indexOf(policy);
const vipOf = (policy: string) => `10.96.0.${numberOf(policy)}`;
/** The part of each node. */
const split = (count: number) => NODES.map((_, index) => Math.floor((count + index) / NODES.length));
const oldAddress = () => city.pod('old').addresses[4];
const endedOf = (protocol?: 'tcp' | 'udp') => NODES.map((node) => ended.get(node)?.of(oldAddress(), protocol) ?? []);

/** Everybody comes while there is no other backend; then there is one. */
async function gather(policy: string): Promise<void> {
  const http = [vipOf(policy), 80] as const;
  const dns = [vipOf(policy), 53] as const;
  const group = (name: string) => `${policy} ${name}`;
  await Promise.all(
    town.clients.map(async ({ netns, addresses, node }, index) => {
      const client = city.client(netns);
      const from = addresses[4];
      const part = (count: number) => split(count)[index] as number;
      const tcp = { from, to: http };
      await client.open({ ...tcp, count: part(CROWD.moving), group: group('moving') });
      await client.open({ ...tcp, count: part(CROWD.idle), group: group('idle') });
      await client.open({ from, to: dns, protocol: 'udp', count: part(CROWD.udp), group: group('udp') });
      await client.open({ ...tcp, count: part(CROWD.closing), group: group('closing'), linger: true });
      await client.shut(group('closing'));
      for (const name of ['moving', 'udp']) await client.chat({ group: group(name), up: 50, down: 50, everyMs: 100 });
      const ghost = await city.addPod(node, `${policy}-${node}`, 100 + numberOf(policy));
      await city
        .client(ghost.netns)
        .open({ from: ghost.addresses[4], to: http, count: part(CROWD.dead), group: 'dead' });
      await city.killPod(ghost.netns);
    }),
  );
  town.putService(policy, numberOf(policy), ['old', 'new']);
}

/** Each class of the hub's record is what the tables have at that moment. */
async function shows(policy: string, classes: { moving: number; idle: number; closing: number }): Promise<void> {
  const { moving, idle, closing } = classes;
  await patiently(() => {
    expect(hub.override(policy).connections).toEqual({ moving, idle, closing, waiting: 0, coverage: 'complete' });
    expect(town.table(vipOf(policy), 'old')).toEqual({ open: moving + idle, closing, waiting: 0 });
  });
}

/** Ends with the connections that close left alone. */
async function isDrained(policy: string): Promise<void> {
  await patiently(async () => expect((await town.condition(policy, 'Drained')).status).toBe('True'));
  await patiently(() => expect(hub.override(policy).drain?.phase).toBe('drained'));
  await shows(policy, { moving: 0, idle: 0, closing: CROWD.closing });
}

const quiet = async (policy: string, name: string) =>
  (await Promise.all(town.clients.map(({ netns }) => city.client(netns).quiet(`${policy} ${name}`)))).flat();
const close = (policy: string, name: string) =>
  Promise.all(town.clients.map(({ netns }) => city.client(netns).close(`${policy} ${name}`)));

const drain = (policy: string, spec: object) =>
  town.wish(policy, { service: policy, backends: { podNames: ['old'] }, drain: spec });

it('waits: nobody new comes, everybody may finish, and what closes or is over is not waited for', async () => {
  await gather('wait');
  await drain('wait', {});
  // Each node's clients call as soon as that node has confirmed, whatever the others do.
  const before = knocks.received();
  const parts = split(TRIES);
  await Promise.all(
    town.clients.map(async (client, index) => {
      await town.holds('wait', 'applied', [client.node]);
      await knocks.send([client], [vipOf('wait'), 80], parts[index] as number);
    }),
  );
  const after = knocks.received();
  expect([after.old, after.new]).toEqual([before.old, (before.new ?? 0) + TRIES]);
  await shows('wait', { moving: CROWD.moving + CROWD.udp, idle: QUIET, closing: CROWD.closing });
  expect((await town.condition('wait', 'Drained')).reason).toBe('ConnectionsOpen');
  expect((await quiet('wait', 'moving')).map(({ outcome }) => outcome)).toEqual(Array(CROWD.moving).fill('ok'));
  await quiet('wait', 'udp');
  for (const name of ['moving', 'idle', 'udp']) await close('wait', name);
  // All that is left open are those whose clients are gone: no program will ever close them.
  await shows('wait', { moving: 0, idle: CROWD.dead, closing: CROWD.closing });
  await patiently(() => expect(hub.override('wait').drain?.phase).toBe('draining'));
  expect(endedOf().flat()).toEqual([]);
  await town.edit('wait', { drain: { deadlineSeconds: 0 } });
  await isDrained('wait');
  // What was ended is told with the next report, after the tables themselves.
  await patiently(() => {
    expect(endedOf().flat()).toHaveLength(CROWD.dead);
    expect(hub.override('wait').drain?.cut).toBe(CROWD.dead);
  });
});

it('cutIdle: ends what is quiet, the dead too, and lets the others finish', async () => {
  const before = endedOf().flat().length;
  await gather('cut-idle');
  await drain('cut-idle', { existing: 'cutIdle' });
  await shows('cut-idle', { moving: CROWD.moving + CROWD.udp, idle: 0, closing: CROWD.closing });
  await patiently(() => expect(endedOf().flat()).toHaveLength(before + QUIET));
  expect((await quiet('cut-idle', 'moving')).map(({ outcome }) => outcome)).toEqual(Array(CROWD.moving).fill('ok'));
  await quiet('cut-idle', 'udp');
  for (const name of ['moving', 'udp']) await close('cut-idle', name);
  await isDrained('cut-idle');
});

it('cut: ends all that is open, never faster than said, and UDP clients find the other backend', async () => {
  const perSecond = 20;
  const before = endedOf().map((flows) => flows.length);
  await gather('cut');
  await drain('cut', { existing: 'cut', cutPerSecond: perSecond });
  await isDrained('cut');
  const now = await patiently(() => {
    const ended = endedOf().map((flows, index) => flows.slice(before[index]));
    expect(ended.flat()).toHaveLength(OPEN);
    return ended;
  });
  expect(now.map((flows) => flows.length)).toEqual(
    NODES.map((_, index) =>
      [CROWD.moving, CROWD.idle, CROWD.udp, CROWD.dead].reduce((sum, count) => sum + (split(count)[index] ?? 0), 0),
    ),
  );
  for (const flows of now) expect(mostInASecond(flows.map(({ at }) => at))).toBeLessThanOrEqual(perSecond);
  await patiently(() => expect(hub.override('cut').drain?.cut).toBe(OPEN));
  // Whoever waits for an answer that was under way just then is not told, since it has nothing to say.
  for (const { outcome } of await quiet('cut', 'moving')) expect(['ECONNRESET', 'unanswered']).toContain(outcome);
  // Each goes on from its own port; the entry of a TCP connection that was ended is not open at the other one.
  await patiently(() => expect(town.table(vipOf('cut'), 'new')).toEqual({ open: CROWD.udp, closing: 0, waiting: 0 }));
  await quiet('cut', 'udp');
});

it('deadline: waits until it has come, not a moment less, and ends the rest then', async () => {
  const before = endedOf().map((flows) => flows.length);
  await gather('deadline');
  await drain('deadline', { deadlineSeconds: 20, cutPerSecond: 100 });
  await shows('deadline', { moving: CROWD.moving + CROWD.udp, idle: QUIET, closing: CROWD.closing });
  await isDrained('deadline');
  const { drain: shown } = hub.override('deadline');
  const times = await patiently(() => {
    const ended = endedOf().flatMap((flows, index) => flows.slice(before[index]));
    expect(ended).toHaveLength(OPEN);
    return ended.map(({ at }) => at);
  });
  expect(Math.min(...times)).toBeGreaterThanOrEqual(shown?.deadline ?? Number.POSITIVE_INFINITY);
  await quiet('deadline', 'udp');
});
