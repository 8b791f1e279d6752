import { resources } from '@kubecity/kube';
import type { AgentAnswer } from '@kubecity/protocol';
import { likelihood, SELDOM } from '@kubecity/routing/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { tool } from './lab/lab.ts';
import { eventually, SteeredNode, VIP } from './lab/steered-node.ts';

/** What a real agent does by the clock, through its own death, and without writing anything. */
const node = new SteeredNode();

beforeAll(async () => {
  await node.open();
  await node.startAgent();
});
afterEach(() => node.releaseAll());
afterAll(() => node.close());

/** All rules with their counters. */
const counted = () => tool('iptables-save -c').replace(/^#.*$/gm, '');
const rules = () => counted().replace(/\[\d+:\d+\] ?/g, '');
/** The last packets of connections that have just ended may be on their way. */
async function whenQuiet(): Promise<string> {
  for (let before = counted(); ; ) {
    await rest(500);
    const now = counted();
    if (now === before) return now;
    before = now;
  }
}
/** The part of new TCP connections that p1 gets by the rules in the kernel. */
function chance(): number {
  const rule = tool('iptables-save -t nat')
    .split('\n')
    .find((line) => line.includes('-p tcp') && line.includes('10.244.1.1:8080'));
  return rule === undefined ? 0 : Number(/--probability ([\d.]+)/.exec(rule)?.[1] ?? 1);
}
const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

it('previews an override without touching the kernel; what is written then is what it showed', async () => {
  await eventually(async () => expect(await node.answering()).toEqual(['p1', 'p2', 'p3']));
  const before = await whenQuiet();
  const spec = { service: 'cart', backends: { podNames: ['p1'] }, share: 10 };
  const change = { kind: 'RoutingOverride', namespace: 'shop', name: 'share', object: { spec } } as const;
  const answer = await node.hub.ask({ kind: 'preview', changes: [change] });
  const { chains } = answer as Extract<AgentAnswer, { kind: 'preview' }>;
  // Counters included: nothing was written, not even the same again.
  expect(counted()).toBe(before);
  expect(chains.map(({ family, table, chain }) => `${family} ${table} ${chain.slice(0, 7)}`)).toEqual([
    'IPv4 nat CITY-S-',
    'IPv4 nat CITY-S-',
  ]);
  for (const { chain, before: was } of chains) expect(chainInKernel(chain)).toEqual(was);

  const was = rules();
  await node.wish('share', 'p1', { share: 10 });
  await node.holds('share');
  const is = rules();
  expect(chance()).toBeCloseTo(0.1, 6);
  for (const { chain, after } of chains) expect(chainInKernel(chain)).toEqual(after);
  // Nothing else differs, line for line.
  const gone = was.split('\n').filter((line) => !is.includes(line));
  const come = is.split('\n').filter((line) => !was.includes(line));
  const lines = (which: 'before' | 'after') =>
    chains.flatMap((each) => each[which].map((rule) => `-A ${each.chain} ${rule}`));
  expect(gone.every((line) => lines('before').includes(line))).toBe(true);
  expect(come.every((line) => lines('after').includes(line))).toBe(true);
  expect([gone.length, come.length].every((length) => length > 0)).toBe(true);

  const back = await node.hub.ask({ kind: 'preview', changes: [{ ...change, object: undefined }] });
  const undone = back as Extract<AgentAnswer, { kind: 'preview' }>;
  expect(undone.chains).toEqual(chains.map((each) => ({ ...each, before: each.after, after: each.before })));
  await node.release('share');
  expect(rules()).toBe(was);
});

function chainInKernel(chain: string): string[] {
  const prefix = `-A ${chain} `;
  return tool(`iptables -t nat -S ${chain}`)
    .split('\n')
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length));
}

it('steps a ramp by the clock, and goes on where the clock says after a restart', async () => {
  const start = Date.now();
  await node.wish('ramp', 'p1', { weight: 0, ramp: { from: 100, seconds: 16 } });
  await node.holds('ramp');
  const seen: { second: number; chance: number }[] = [];
  const line = (second: number) => {
    const weight = Math.max(0, 100 * (1 - second / 16));
    return weight / (weight + 200);
  };
  const watch = async (until: number) => {
    for (; Date.now() - start < until * 1000; await rest(250)) {
      const now = chance();
      seen.push({ second: (Date.now() - start) / 1000, chance: now });
    }
  };
  await watch(7);
  await node.stopAgent('SIGKILL');
  // What it had begun to write ends by itself.
  await whenQuiet();
  const stopped = chance();
  await rest(2500);
  expect(chance()).toBe(stopped);
  await node.startAgent();
  expect(chance()).toBeLessThan(stopped);
  await watch(18);
  await eventually(() => expect(chance()).toBe(0));
  // Never up, in many steps, and never ahead of its line by more than one of them (the clock of objects knows whole seconds).
  const falling = seen.map((each) => each.chance);
  expect(falling).toEqual([...falling].sort((a, b) => b - a));
  expect(new Set(falling).size).toBeGreaterThanOrEqual(5);
  for (const each of seen) expect(each.chance).toBeGreaterThanOrEqual(line(each.second + 2.1) - 1e-6);
});

it('restarts in mid-drain with the same rules: no packet finds the old ones, and weights are never equal', async () => {
  await node.wish('drain', 'p1', { drain: {} });
  await node.wish('heavy', 'p2', { weight: 900 });
  await node.holds('drain');
  await node.holds('heavy');
  const held = rules();
  const weights = new Set<string>();
  let calling = true;
  const tally: Record<string, number> = {};
  const call = async () => {
    while (calling) {
      for (const [answer, count] of Object.entries(await node.lab.call('client', VIP, 80, 200))) {
        const pod = answer.split(' ')[0] ?? '';
        tally[pod] = (tally[pod] ?? 0) + count;
      }
      weights.add(rules());
    }
  };
  const calls = call();
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await node.stopAgent(signal);
    await node.startAgent();
    await node.holds('drain');
    await node.holds('heavy');
  }
  calling = false;
  await calls;
  expect([...weights]).toEqual([held]);
  expect(Object.keys(tally).sort()).toEqual(['p2', 'p3']);
  const { p2 = 0, p3 = 0 } = tally;
  expect(likelihood(p2, p2 + p3, 0.9)).toBeGreaterThan(SELDOM);
  expect(node.hub.reports.map(({ lastSync }) => lastSync.chains)).toEqual(node.hub.reports.map(() => 0));
});

it('knows an override of the whole cluster, and the floor that a namespace or Service asks for', async () => {
  const namespace = (annotations: Record<string, string>) =>
    node.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', annotations } });
  await node.client.create(resources.clusterRoutingOverrides, {
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: 'ClusterRoutingOverride',
    metadata: { name: 'everywhere' },
    spec: { backends: { podNames: ['p1'] }, drain: {} },
  });
  await node.holds('everywhere');
  expect(node.acknowledged('everywhere')?.namespace).toBe('');
  expect(await node.answering()).toEqual(['p2', 'p3']);
  namespace({ 'kubecity.dev/floor': '3' });
  await node.holds('everywhere', 'lifted');
  expect(await node.answering()).toEqual(['p1', 'p2', 'p3']);
  node.putService({}, { 'kubecity.dev/floor': '50%' });
  await node.holds('everywhere');
  node.putService({});
  await node.holds('everywhere', 'lifted');
  namespace({});
  await node.holds('everywhere');
});

it('lets an override expire without dashboard and API server', async () => {
  const before = rules();
  await node.wish('until', 'p1', { drain: {}, expiresAt: new Date(Date.now() + 9000).toISOString() });
  await node.holds('until');
  await node.stopHub();
  await node.stopApi();
  expect(chance()).toBe(0);
  await eventually(() => expect(rules()).toBe(before));
  expect(await node.answering()).toEqual(['p1', 'p2', 'p3']);
  node.startHub();
  await node.startApi();
});
