import { resources } from '@kubecity/kube';
import { affinitySet } from '@kubecity/ruleset';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Crowd } from './lab/crowd.ts';
import { tool } from './lab/lab.ts';
import { addressOf, eventually, SteeredNode, VIP } from './lab/steered-node.ts';

/** What becomes of open connections, in a real kernel: a real agent drains pod p1 while a crowd talks through it. */
const node = new SteeredNode();
const HTTP = { address: VIP, port: 80 };
const DNS = { protocol: 'udp', address: VIP, port: 53 } as const;
let crowd: Crowd;

beforeAll(async () => {
  await node.open();
  await node.startAgent();
});
afterAll(() => node.close());
afterEach(async () => {
  crowd.close();
  await node.releaseAll();
  tool('conntrack -F');
});

const begin = () => {
  crowd = new Crowd('client');
  return crowd;
};
const of = (pod: string, answers: readonly string[]) => answers.filter((answer) => answer === pod).length;
/** So many dumps of the agent's accounting take this long. */
const dumps = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 200));

it('waits: nothing new comes, and all that is open goes on', async () => {
  const opened = await begin().open('all', { ...HTTP, count: 40 });
  const before = node.entries('p1');
  expect(before).toHaveLength(of('p1', opened));
  await node.wish('wait', 'p1', { drain: {} });
  await node.holds('wait');
  expect(await node.answering()).toEqual(['p2', 'p3']);
  await dumps(5);
  expect(node.entries('p1')).toEqual(before);
  expect(await crowd.ask('all')).toEqual(opened);
  expect(node.acknowledged('wait')).not.toHaveProperty('cut');
});

it('cuts nothing before the kernel holds the drain, then every connection to that backend and no other', async () => {
  const opened = await begin().open('all', { ...HTTP, count: 60 });
  const [first, others] = [node.entries('p1'), [...node.entries('p2'), ...node.entries('p3')]];
  expect(first.length).toBeGreaterThan(5);
  // Half of them talk.
  const chatting = await crowd.open('chat', { ...HTTP, count: 20 });
  await crowd.chat('chat', 100);
  const doomed = of('p1', [...opened, ...chatting]);
  await eventually(() => expect(node.entries('p1')).toHaveLength(doomed));
  const counted = await node.metric('kubecity_agent_drain_cut_connections_total');

  const { letGo } = node.hold();
  await node.wish('cut', 'p1', { drain: { existing: 'cut', cutPerSecond: 20 } });
  await dumps(10);
  expect([node.acknowledged('cut'), node.entries('p1').length]).toEqual([undefined, doomed]);
  letGo();
  await node.holds('cut');
  await eventually(() => expect(node.entries('p1')).toEqual([]));
  await crowd.quiet('chat');
  await eventually(() =>
    expect(node.acknowledged('cut')?.cut).toEqual({ connections: doomed, at: expect.any(Number) }),
  );
  expect((await node.metric('kubecity_agent_drain_cut_connections_total')) - counted).toBe(doomed);
  // Its client meets a reset with its next packet; all others never notice.
  expect(await crowd.ask('all')).toEqual(opened.map((pod) => (pod === 'p1' ? 'ECONNRESET' : pod)));
  expect(await crowd.ask('chat')).toEqual(chatting.map((pod) => (pod === 'p1' ? 'ECONNRESET' : pod)));
  expect([...node.entries('p2'), ...node.entries('p3')]).toEqual(expect.arrayContaining(others));
});

it('cuts those that are idle, and not one that talks', async () => {
  const idle = await begin().open('idle', { ...HTTP, count: 30 });
  const talking = await crowd.open('talking', { ...HTTP, count: 30 });
  await crowd.chat('talking', 100);
  await node.wish('idle', 'p1', { drain: { existing: 'cutIdle' } });
  await node.holds('idle');
  await eventually(() => expect(node.acknowledged('idle')?.cut?.connections).toBe(of('p1', idle)));
  await dumps(10);
  expect(node.entries('p1')).toHaveLength(of('p1', talking));
  expect(node.acknowledged('idle')?.cut?.connections).toBe(of('p1', idle));
  await crowd.quiet('talking');
  expect(await crowd.ask('talking')).toEqual(talking);
});

it('cuts what is left at the deadline, by itself, and tells an event', async () => {
  const opened = await begin().open('all', { ...HTTP, count: 30 });
  const udp = await crowd.open('udp', { ...DNS, count: 30 });
  const startAt = new Date(Date.now() + 2000).toISOString();
  await node.wish('deadline', 'p1', { startAt, drain: { deadlineSeconds: 5 } });
  await node.holds('deadline');
  expect([node.entries('p1'), node.entries('p1', 'udp')].map((list) => list.length)).toEqual([
    of('p1', opened),
    of('p1', udp),
  ]);
  await eventually(() => expect([...node.entries('p1'), ...node.entries('p1', 'udp')]).toEqual([]));
  const left = of('p1', [...opened, ...udp]);
  await eventually(() => expect(node.acknowledged('deadline')?.cut?.connections).toBe(left));
  await eventually(async () =>
    expect((await node.client.list(resources.events, { namespace: 'shop' })).items).toContainEqual(
      expect.objectContaining({
        reason: 'DrainDeadline',
        note: expect.stringContaining(`the ${left} connections that are left`),
        regarding: expect.objectContaining({ kind: 'RoutingOverride', namespace: 'shop', name: 'deadline' }),
      }),
    ),
  );
});

it('cuts UDP apart: the next datagram of the same client finds another backend, and TCP goes on', async () => {
  const udp = await begin().open('udp', { ...DNS, count: 30 });
  const tcp = await crowd.open('tcp', { ...HTTP, count: 30 });
  expect(of('p1', udp)).toBeGreaterThan(0);
  await node.wish('udp', 'p1', { drain: { udp: 'cut' } });
  await node.holds('udp');
  await eventually(() => expect(node.acknowledged('udp')?.cut?.connections).toBe(of('p1', udp)));
  const answers = await crowd.ask('udp');
  for (const [i, pod] of udp.entries()) {
    if (pod === 'p1') expect(['p2', 'p3']).toContain(answers[i]);
    else expect(answers[i]).toBe(pod);
  }
  expect(node.entries('p1', 'udp')).toEqual([]);
  expect(await crowd.ask('tcp')).toEqual(tcp);
});

it('lets kept clients return, and does not end in a circle what their affinity brings back', async () => {
  node.putService({
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
  });
  const set = (pod: string) =>
    affinitySet({ id: 'shop/cart:http/TCP', family: 'IPv4' }, { address: addressOf(pod), port: 8080 });
  // Sets are there before the rules that fill them.
  await eventually(() => expect(tool('iptables-save -t nat')).toContain(set('p1')));
  const [held = ''] = await begin().open('held', { ...HTTP, count: 1 });
  await crowd.open('more', { ...HTTP, count: 9 });
  await node.wish('keep', held, { drain: { existing: 'cut', sticky: 'keep' } });
  await node.holds('keep');
  await eventually(() => expect(node.acknowledged('keep')?.cut?.connections).toBe(10));
  expect(await crowd.ask('more')).toEqual(Array.from({ length: 9 }, () => held));
  const back = node.entries(held);
  expect(back.length).toBeGreaterThanOrEqual(9);
  await dumps(15);
  expect(node.entries(held)).toEqual(back);
  expect(node.acknowledged('keep')?.cut?.connections).toBe(10);
  expect(await node.answering(10), 'new ones are kept, too').toEqual([held]);
  await node.release('keep');

  await node.wish('expire', held, { drain: { existing: 'cut', sticky: 'expire' } });
  await node.holds('expire');
  expect(await node.answering(10)).not.toContain(held);
  await eventually(() => expect(node.entries(held)).toEqual([]));
  expect(new Set(await crowd.ask('more'))).toEqual(new Set(['ECONNRESET']));
  node.putService({});
});
