import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { IsolatedCity, PORT } from './lab/isolated-city.ts';

/** Whole agents that enforce NetworkPolicies on two nodes, judged by packets. */
const city = new IsolatedCity();
// What another hand did is looked for as often as it costs little, which on a busy machine is not often.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

beforeAll(async () => {
  await city.open();
  await city.addPod('node-a', 'db', 2, { labels: { app: 'db' } });
  await city.addPod('node-a', 'near', 3, { labels: { app: 'near' } });
  await city.addPod('node-b', 'far', 3, { labels: { app: 'far' } });
  city.putService('db', 10, ['db']);
  for (const node of ['node-a', 'node-b']) city.startAgent(node);
  for (const node of ['node-a', 'node-b']) await city.tells(node, 'enforcing', []);
});
afterAll(() => city.close());

const FROM_NEAR = {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [
    {
      from: [{ podSelector: { matchLabels: { app: 'near' } } }],
      ports: [{ port: 'http' }, { port: PORT, protocol: 'UDP' }],
    },
  ],
};
const FORWARD = ['iptables', 'ip6tables'] as const;
const everyWay = async (from: string) => [await city.knocks(from, 'db'), await city.knocks(from, 10)];
const OPEN = [['db'], ['db']];
const CLOSED = [['closed'], ['closed']];

describe('policies', () => {
  it('close a pod, let in who is named, follow labels, and open it when they go', async () => {
    // Routing may be a moment behind isolation.
    await eventually(async () => expect(await everyWay('near')).toEqual(OPEN));
    await eventually(async () => expect(await everyWay('far')).toEqual(OPEN));

    await city.apply('db', FROM_NEAR);
    const report = await city.tells('node-a', 'enforcing', ['db']);
    expect(report).toMatchObject({ pods: [{ namespace: 'shop', name: 'db', ingress: [0] }], problems: [] });
    expect(report.pods[0]).not.toHaveProperty('egress');
    expect(report.rules).toBeGreaterThan(0);
    expect(report.sets).toBeGreaterThan(0);
    expect(await everyWay('near')).toEqual(OPEN);
    expect(await everyWay('far')).toEqual(CLOSED);
    // The node itself: kubelet probes.
    expect(await city.knock('node-a', [city.pod('db').addresses[4], PORT])).toBe('db');

    city.tellPod('far', { app: 'near' });
    await eventually(async () => expect(await everyWay('far')).toEqual(OPEN));
    city.tellPod('near', { app: 'other' });
    await eventually(async () => expect(await everyWay('near')).toEqual(CLOSED));
    city.tellPod('near', { app: 'near' });
    city.tellPod('far', { app: 'far' });
    await eventually(async () => expect(await everyWay('near')).toEqual(OPEN));

    await city.remove('db');
    await city.tells('node-a', 'enforcing', []);
    expect(await everyWay('far')).toEqual(OPEN);
  });

  it('are asked on the node of the sender too', async () => {
    await city.apply('far-out', { podSelector: { matchLabels: { app: 'far' } }, policyTypes: ['Egress'], egress: [] });
    const { pods } = await city.tells('node-b', 'enforcing', ['far-out']);
    expect(pods).toEqual([{ namespace: 'shop', name: 'far', egress: [0] }]);
    expect(await everyWay('far')).toEqual(CLOSED);
    expect(await city.knocks('near', 'far')).toEqual(['far']);
    await city.remove('far-out');
    await city.tells('node-b', 'enforcing', []);
  });

  it('an address of the node that nobody announced is closed until it is', async () => {
    await city.addPod('node-a', 'unknown', 9, { unknown: true });
    expect(await city.knocks('near', 'unknown')).toEqual(['closed']);
    expect(await city.knocks('unknown', 'far')).toEqual(['closed']);
    city.tellPod('unknown');
    await eventually(async () => expect(await city.knocks('near', 'unknown')).toEqual(['unknown']));
    expect(await city.knocks('unknown', 'far')).toEqual(['far']);
  });
});

describe('what is enforced', () => {
  const heads = () => FORWARD.map((tool) => city.net.run('node-a', tool, '-S', 'FORWARD').split('\n')[1] ?? '');
  const drift = () => city.metric('node-a', 'kubecity_isolation_drift_total');

  beforeAll(async () => {
    await city.apply('db', FROM_NEAR);
    await city.tells('node-a', 'enforcing', ['db']);
  });
  afterAll(() => city.remove('db'));

  it.each([
    ['the jump is deleted', (tool: string) => [[tool, '-D', 'FORWARD', '-j', 'CITY-ISOLATION']]],
    ['the jump is overtaken by one that accepts', (tool: string) => [[tool, '-I', 'FORWARD', '-j', 'ACCEPT']]],
    ['a chain is emptied', (tool: string) => [[tool, '-F', 'CITY-ISOLATION-TO']]],
    ['all of FORWARD is emptied', (tool: string) => [[tool, '-F', 'FORWARD']]],
  ])('comes back when another hand meddles: %s', async (_what, commands) => {
    const before = city.rules('node-a').map(withoutCounters);
    const told = await drift();
    for (const tool of FORWARD) for (const command of commands(tool)) city.net.run('node-a', ...command);
    await eventually(async () => {
      expect(await everyWay('far')).toEqual(CLOSED);
      expect(heads()).toEqual(['-A FORWARD -j CITY-ISOLATION', '-A FORWARD -j CITY-ISOLATION']);
    });
    await eventually(async () => expect(await drift()).toBeGreaterThan(told));
    await eventually(() => expect(city.rules('node-a').map(withoutCounters).sort()).toEqual(before.sort()));
    expect(await everyWay('near')).toEqual(OPEN);
    for (const tool of FORWARD) {
      city.net.run('node-a', 'sh', '-c', `${tool} -D FORWARD -j ACCEPT 2>/dev/null || true`);
    }
  });

  it('holds its sets, whoever empties them or adds to them', async () => {
    const peer = city.members('node-a').filter((line) => line.includes(` ${city.pod('near').addresses[4]}`));
    // Those of this node whose address is known are another set.
    const known = city.members('node-a').find((line) => line.endsWith(` ${city.pod('unknown').addresses[4]}`));
    const names = peer.map((line) => line.split(' ')[1]);
    const peers = names.find((name) => name !== known?.split(' ')[1]) ?? '';
    // Until somebody knocks before the agent has mended it.
    await eventually(async () => {
      city.net.run('node-a', 'ipset', 'flush', peers);
      expect(await city.knock('near', [city.pod('db').addresses[4], PORT])).toBe('closed');
    });
    await eventually(async () => expect(await everyWay('near')).toEqual(OPEN));
    city.net.run('node-a', 'ipset', 'add', peers, city.pod('far').addresses[4]);
    await eventually(async () => expect(await everyWay('far')).toEqual(CLOSED));
  });

  it('routing that lays its jump anew leaves isolation in front', async () => {
    const lines = (tool: string) => city.net.run('node-a', tool, '-S', 'FORWARD').split('\n').slice(1);
    await eventually(() => {
      for (const tool of FORWARD) expect(lines(tool)[1]).toContain('-j CITY-');
    });
    const before = lines('iptables');
    for (const tool of FORWARD) city.net.run('node-a', tool, '-D', 'FORWARD', '2');
    await eventually(() => expect(FORWARD.map(lines)).toEqual([before, before]));
  });

  it('outlives its agent; a restart rewrites nothing', async () => {
    expect(await everyWay('far')).toEqual(CLOSED);
    await city.stopAgent('node-a', 'SIGKILL');
    expect(await everyWay('far')).toEqual(CLOSED);
    expect(await everyWay('near')).toEqual(OPEN);
    const [rules, sets] = [city.rules('node-a'), city.members('node-a')];
    city.startAgent('node-a');
    await city.tells('node-a', 'enforcing', ['db']);
    // Counters included: nothing was written, not even the same again.
    expect(city.rules('node-a')).toEqual(rules);
    expect(city.members('node-a')).toEqual(sets);
    expect(await everyWay('far')).toEqual(CLOSED);
  });

  it('follows what changed while the agent was away', async () => {
    await city.stopAgent('node-a', 'SIGKILL');
    city.tellPod('far', { app: 'near' });
    expect(await everyWay('far')).toEqual(CLOSED);
    city.startAgent('node-a');
    await eventually(async () => expect(await everyWay('far')).toEqual(OPEN));
    await city.stopAgent('node-a', 'SIGTERM');
    city.tellPod('far', { app: 'far' });
    city.startAgent('node-a');
    await eventually(async () => expect(await everyWay('far')).toEqual(CLOSED));
  });

  it('is taken away where it is switched off, and in mode observe', async () => {
    await city.stopAgent('node-a', 'SIGTERM');
    city.startAgent('node-a', { isolation: 'off' });
    expect(await city.tells('node-a', 'off', [])).toMatchObject({ rules: 0, sets: 0, pods: [] });
    await eventually(() => expect([...city.rules('node-a'), ...city.sets('node-a')]).toEqual([]));
    expect(await everyWay('far')).toEqual(OPEN);
    // Routing is as it was.
    expect(city.net.run('node-a', 'iptables-save')).toContain('CITY-SERVICES');

    await city.stopAgent('node-a', 'SIGTERM');
    city.startAgent('node-a');
    await city.tells('node-a', 'enforcing', ['db']);
    expect(await everyWay('far')).toEqual(CLOSED);

    await city.stopAgent('node-a', 'SIGTERM');
    city.command('node-a', 'cleanup');
    expect([...city.rules('node-a'), ...city.sets('node-a')]).toEqual([]);
    // What an agent of another day may have left.
    for (const command of ['-N CITY-ISOLATION', '-A CITY-ISOLATION -j DROP', '-I FORWARD -j CITY-ISOLATION']) {
      city.net.run('node-a', 'iptables', ...command.split(' '));
    }
    city.net.run('node-a', 'ipset', 'create', 'CITY-I4-LEFT', 'hash:ip');
    city.startAgent('node-a', { mode: 'observe' });
    const { message } = await city.tells('node-a', 'held', []);
    expect(message).toContain('set mode to steer or replace');
    await eventually(() => expect([...city.rules('node-a'), ...city.sets('node-a')]).toEqual([]));
  });
});

describe('a mode that is switched while the agent runs', () => {
  const mode = (value: string) => writeFileSync(city.path('agent.json'), JSON.stringify({ mode: value }));

  it('takes the gates away in observe, and closes them again, on open connections too', async () => {
    await city.stopAgent('node-a', 'SIGTERM');
    // Nobody may leave mode replace while nobody else routes.
    city.command('node-a', 'cleanup');
    // Connections are tracked where any rule asks: somebody else's on a node of a cluster.
    for (const tool of FORWARD) city.net.run('node-a', tool, '-A', 'OUTPUT', '-m', 'conntrack', '--ctstate', 'NEW');
    mode('steer');
    city.startAgent('node-a', { config: city.path('agent.json') });
    await city.apply('live', FROM_NEAR);
    await city.tells('node-a', 'enforcing', ['live']);
    const direct = [city.pod('db').addresses[4], PORT] as const;
    await eventually(async () => expect(await city.knock('far', direct)).toBe('closed'));

    mode('observe');
    await city.tells('node-a', 'held', []);
    await eventually(() => expect([...city.rules('node-a'), ...city.sets('node-a')]).toEqual([]));
    await eventually(() => expect(city.hub.report('node-a')).toMatchObject({ rules: 0, sets: 0, pods: [] }));
    expect(await city.knock('far', direct)).toBe('db');
    const [held] = await city.client('far').open({
      ...{ protocol: 'tcp', from: city.pod('far').addresses[4], to: direct, count: 1, group: 'held' },
    });
    expect(held?.outcome).toBe('ok');
    const ended = () => city.metric('node-a', 'kubecity_isolation_ended_connections_total');
    const before = await ended();

    mode('steer');
    await city.tells('node-a', 'enforcing', ['live']);
    await eventually(async () => expect(await city.knock('far', direct)).toBe('closed'));
    expect(await city.knock('near', direct)).toBe('db');
    // Those of the knocks before may still be known too.
    await eventually(async () => expect(await ended()).toBeGreaterThan(before));
  });
});

const withoutCounters = (line: string) => line.replace(/^\[\d+:\d+\] /, '').replace(/ \[\d+:\d+\]$/, '');
