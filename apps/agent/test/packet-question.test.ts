import { type Attempt, IsolationCompiler, IsolationTracker, judge, renderSets } from '@kubecity/isolation';
import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import { type AgentAnswer, agentAnswer, MOST_ENDS } from '@kubecity/protocol';
import { type KubeService, RoutingTracker } from '@kubecity/routing';
import { affinitySet, Compiler, diff, EMPTY_KERNEL, renderRestore, stateOf } from '@kubecity/ruleset';
import { beforeEach, describe, expect, it } from 'vitest';
import { answerPacket, type PacketQuestion } from '../src/rules/packet-question.ts';
import { OPTIONS, service, slice } from './rule-world.ts';

const sticky: KubeService = service('sticky', '10.96.0.11', {
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
});
const MANY = Array.from({ length: 450 }, (_, i) => `10.244.${2 + (i >> 8)}.${i & 255}`);
let netfilter: FakeNetfilter;
let ipset: FakeIpset;

beforeEach(async () => {
  netfilter = new FakeNetfilter();
  ipset = new FakeIpset();
  const tracker = new RoutingTracker({ name: 'node-a' });
  tracker.setService(service('cart', '10.96.0.10'));
  tracker.setEndpointSlice(slice('cart', '10.244.1.1', '10.244.1.2'));
  tracker.setService(sticky);
  tracker.setEndpointSlice(slice('sticky', '10.244.1.3', '10.244.1.4'));
  tracker.setService(service('empty', '10.96.0.12'));
  tracker.setService(service('wide', '10.96.0.13'));
  tracker.setEndpointSlice(slice('wide', ...MANY));
  const { table, changed } = tracker.take();
  const compiler = new Compiler(OPTIONS);
  compiler.update(table.servicePorts, changed);
  for (const set of compiler.ruleset.sets) await ipset.restore(`create ${set} hash:ip\n`);
  await netfilter.restore(renderRestore(diff(EMPTY_KERNEL, stateOf(compiler.ruleset))));
});

const CART: PacketQuestion = {
  ...{ kind: 'explain', from: 'pod', source: '10.244.1.9' },
  ...{ destination: '10.96.0.10', port: 80, protocol: 'TCP' },
};

async function ask(
  question: Partial<PacketQuestion> = {},
  judge?: Parameters<typeof answerPacket>[1]['judge'],
): Promise<AgentAnswer> {
  const answer = await answerPacket(
    { ...CART, ...question },
    {
      families: new Map([['IPv4', { netfilter }]]),
      ipset,
      host: {
        localAddresses: () => ['192.168.10.11'],
        sourceTowards: async () => '192.168.10.11',
        interfaceOf: async (_, address) => (address.startsWith('10.244.') ? 'veth9' : undefined),
      },
      ...(judge && { judge }),
      now: () => 7,
    },
  );
  // What the hub would make of it.
  return agentAnswer.parse(JSON.parse(JSON.stringify(answer)));
}

async function explained(question: Partial<PacketQuestion> = {}, judge?: Parameters<typeof ask>[1]) {
  const answer = await ask(question, judge);
  if (answer.kind !== 'explain') throw new Error(JSON.stringify(answer));
  return answer;
}

it('answers by the rules in the kernel, not by those that were meant', async () => {
  const before = await explained();
  expect(before).toMatchObject({ at: 7, source: '10.244.1.9', interface: 'veth9', servicePort: 'shop/cart:http/TCP' });
  expect(before.ends.map(({ to, chance }) => [to, chance])).toEqual([
    ['10.244.1.1:8080', 0.5],
    ['10.244.1.2:8080', 0.5],
  ]);
  const [first] = before.ends;
  expect(first?.way.map((place) => before.rules[place]?.chain)).toContain('CITY-SERVICES');
  netfilter.meddle('nat', (chains) => chains.set('CITY-SERVICES', []));
  const after = await explained();
  expect(after.servicePort).toBeUndefined();
  expect(after.ends).toMatchObject([{ kind: 'none', chance: 1 }]);
});

it('takes the address of the node for its programs, and no interface where none is known', async () => {
  const node = await explained({ from: 'node', source: undefined });
  expect(node.source).toBe('192.168.10.11');
  expect(node.ends).toMatchObject([{ rewriting: 'gateway' }, { rewriting: 'gateway' }]);
  expect(await explained({ from: 'outside', source: '203.0.113.7' })).not.toHaveProperty('interface');
});

it('asks the sets of session affinity for this client, and no others', async () => {
  const there = { destination: '10.96.0.11' };
  const anew = await explained(there);
  expect(anew).toMatchObject({
    sets: 2,
    ends: [
      { held: false, chance: 0.5 },
      { held: false, chance: 0.5 },
    ],
  });
  const set = affinitySet({ id: 'shop/sticky:http/TCP', family: 'IPv4' }, { address: '10.244.1.4', port: 8080 });
  await ipset.restore(`add ${set} 10.244.1.9 timeout 600\n`);
  expect((await explained(there)).ends).toMatchObject([{ to: '10.244.1.4:8080', held: true, chance: 1 }]);
  expect((await explained({ ...there, source: '10.244.1.8' })).ends).toHaveLength(2);
  expect((await explained()).sets).toBe(0);
});

it('tells the likeliest of many ends, and sums the rest', async () => {
  const { ends, rest } = await explained({ destination: '10.96.0.13' });
  expect(ends).toHaveLength(MOST_ENDS);
  expect(rest.ends).toBe(MANY.length - MOST_ENDS);
  expect(ends.reduce((sum, { chance }) => sum + chance, rest.chance)).toBeCloseTo(1, 9);
  const least = Math.min(...ends.map(({ chance }) => chance));
  expect(rest.chance / rest.ends).toBeLessThanOrEqual(least + 1e-12);
});

it('says what refuses, which rules of others are not walked, and which nobody can read', async () => {
  const there = { destination: '10.96.0.12' };
  expect((await explained(there)).ends).toMatchObject([{ kind: 'reject', refusal: 'no-endpoints' }]);
  netfilter.meddle('filter', (chains) => {
    chains.get('FORWARD')?.unshift('-i docker0 -j ACCEPT');
    chains.get('CITY-REFUSE')?.unshift('-m limit --limit 1/sec -j RETURN');
  });
  const answer = await explained(there);
  expect(answer.unknown).toMatchObject([{ chain: 'CITY-REFUSE', rule: '-m limit --limit 1/sec -j RETURN' }]);
  expect(answer.ends).toMatchObject([{ kind: 'reject', refusal: 'no-endpoints', chance: 1 }]);
  expect(answer.others).toEqual([{ table: 'filter', chain: 'FORWARD', policy: 'ACCEPT', before: 1, after: 0 }]);
});

describe('under policies', () => {
  const pods = [
    ['cart-1', 'node-a', '10.244.1.1'],
    ['cart-2', 'node-b', '10.244.1.2'],
    ['client', 'node-a', '10.244.1.9'],
  ] as const;
  const policy = (name: string) => ({
    metadata: { namespace: 'shop', name: 'egress' },
    spec: {
      podSelector: { matchLabels: { app: 'client' } },
      egress: [{ to: [{ podSelector: { matchLabels: { app: name } } }], ports: [{ port: 'http' }] }],
    },
  });

  async function enforced(name: string) {
    const tracker = new IsolationTracker('node-a');
    for (const [pod, nodeName, podIP] of pods) {
      tracker.setPod({
        metadata: { namespace: 'shop', name: pod, labels: { app: pod } },
        spec: { nodeName, containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
        status: { phase: 'Running', podIP },
      });
    }
    tracker.setPolicy(policy(name));
    const compiler = new IsolationCompiler({ family: 'IPv4', refusal: 'reject', closedRanges: ['10.244.1.8/29'] });
    const { prepare, widen } = renderSets(compiler.update(tracker.take()).sets);
    await ipset.restore(prepare);
    await netfilter.restore(renderRestore(diff(EMPTY_KERNEL, stateOf(compiler.ruleset))));
    await ipset.restore(widen);
    return (attempt: Attempt) => judge(tracker, attempt);
  }

  it('each end says what they say to it behind DNAT, and the rules agree', async () => {
    const { ends, sets } = await explained({}, await enforced('cart-2'));
    const told = ends.map(({ kind, to, isolation }) => [to, kind, isolation?.egress.verdict]);
    expect(told.sort()).toEqual([
      ['10.244.1.1:8080', 'reject', 'refused'],
      ['10.244.1.2:8080', 'dnat', 'allowed'],
    ]);
    // Policies have sets, too: those are none of session affinity.
    expect(sets).toBe(0);
    const allowed = ends.find(({ kind }) => kind === 'dnat')?.isolation;
    expect(allowed).toMatchObject({
      allowed: true,
      egress: { pod: 'shop/client', by: [{ policy: 'shop/egress', rule: 0 }] },
    });
  });

  it('what meets no Service is judged as it was asked, and what a Service refuses is not', async () => {
    const judging = await enforced('cart-2');
    const direct = await explained({ destination: '10.244.1.1', port: 8080 }, judging);
    expect(direct.ends).toMatchObject([
      { kind: 'reject', isolation: { allowed: false, egress: { verdict: 'refused' } } },
    ]);
    const [empty] = (await explained({ destination: '10.96.0.12', source: '10.244.1.1' }, judging)).ends;
    expect(empty).toMatchObject({ kind: 'reject', refusal: 'no-endpoints' });
    expect(empty).not.toHaveProperty('isolation');
    expect((await explained()).ends.some((end) => 'isolation' in end)).toBe(false);
  });
});

it.each([
  [{ destination: 'cart' }, 'destination: not an address: cart'],
  [{ destination: 'fd00::1' }, 'destination: this node has no rules for IPv6'],
  [{ source: undefined }, 'source: not an address: none'],
  [{ source: 'fd00::1' }, 'source: fd00::1 and 10.96.0.10 are of different families'],
] as const)('refuses what no packet is: %j', async (question, message) => {
  expect(await ask(question)).toEqual({ kind: 'refused', code: 'invalid-request', message });
});
