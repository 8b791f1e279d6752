import { fileURLToPath } from 'node:url';
import { connect, resources } from '@kubecity/kube';
import type { AgentQuestion, ExplainedEnd, Explanation } from '@kubecity/protocol';
import { familyOf, socketText } from '@kubecity/routing';
import { likelihood, SELDOM } from '@kubecity/routing/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { HTTP, TruthCity } from './lab/truth-city.ts';
import { type Addresses, OUTSIDE, type Place } from './lab/two-nodes.ts';

/**
 * What an agent says would become of a packet, and what the kernel makes of real connections: the same backends, the same
 * rewritten sources, the same refusals, with the chances that were told.
 */
const city = new TruthCity();
const KNOCK = fileURLToPath(new URL('lab/knock.mjs', import.meta.url));
const BALANCER = '192.0.2.50';
const EXTERNAL = '192.0.2.99';
const addressesOf = (n: number): Addresses => ({ 4: `10.96.0.${n}`, 6: `fd00:96::${n}` });

interface Lab {
  readonly name: string;
  readonly addresses: Addresses;
  readonly nodePort?: number;
}
const http = { name: 'http', port: 80 };
const BACKENDS = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'];
const SERVICES: readonly Lab[] = [
  { name: 'plain', addresses: addressesOf(20), nodePort: 30_020 },
  { name: 'weighted', addresses: addressesOf(21), nodePort: 30_021 },
  { name: 'inside', addresses: addressesOf(22) },
  { name: 'outer', addresses: addressesOf(23), nodePort: 30_023 },
  { name: 'sticky', addresses: addressesOf(24), nodePort: 30_024 },
  { name: 'empty', addresses: addressesOf(25), nodePort: 30_025 },
  { name: 'ranged', addresses: addressesOf(26), nodePort: 30_026 },
];

beforeAll(async () => {
  await city.open();
  await city.addPod('node-a', 'web-a', 2);
  await city.addPod('node-b', 'web-b', 2);
  for (const [i, name] of BACKENDS.entries()) {
    await city.addPod(name.startsWith('a') ? 'node-a' : 'node-b', name, 10 + i, [HTTP]);
  }
  const put = (name: string, pods: readonly string[], spec: object = {}) => {
    const { addresses, nodePort } = SERVICES.find((one) => one.name === name) as Lab;
    const ports = [{ ...http, ...(nodePort !== undefined && { nodePort }) }];
    const type = nodePort === undefined ? 'ClusterIP' : 'NodePort';
    city.putService({ name, clusterIPs: [addresses[4], addresses[6]], ports, pods, spec: { type, ...spec } });
  };
  put('plain', BACKENDS, { externalIPs: [EXTERNAL] });
  put('weighted', ['a1', 'a2', 'b1', 'b2']);
  put('inside', ['b1', 'b2'], { internalTrafficPolicy: 'Local' });
  put('outer', ['b1', 'b2', 'b3'], { externalTrafficPolicy: 'Local' });
  put('sticky', BACKENDS, {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
  });
  put('empty', []);
  put('ranged', ['a1', 'b1'], { type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] });
  await city.setBalancer('ranged', BALANCER);
  const client = connect({ socketPath: city.path('api.sock') });
  for (const [pod, weight] of [
    ['a1', 300],
    ['b1', 50],
    ['b2', 200],
  ] as const) {
    await client.create(resources.routingOverrides, {
      apiVersion: 'kubecity.dev/v1alpha1',
      kind: 'RoutingOverride',
      metadata: { namespace: 'shop', name: `weighted-${pod}` },
      spec: { service: 'weighted', backends: { podNames: [pod] }, weight },
    });
  }
  await client.close();
  // Outside knows the first node as its gateway to what is behind the nodes.
  const way = (range: string, via: string, ...family: string[]) =>
    city.net.run(OUTSIDE.netns, 'ip', ...family, 'route', 'add', range, 'via', via);
  way('10.96.0.0/16', '172.18.0.2');
  way('fd00:96::/64', 'fd00:18::2', '-6');
  for (const address of [BALANCER, EXTERNAL]) way(address, '172.18.0.2');
  for (const node of city.net.nodes.keys()) city.startAgent(node);
  await city.ready();
  await eventually(() => {
    for (const [node, { acknowledged }] of city.hub.rules) {
      if (acknowledged.length !== 3) throw new Error(`${node} does not weigh yet`);
    }
  });
});

afterAll(() => city.close());

interface Trip {
  /** Namespace that calls. */
  readonly from: string;
  /** Namespace of the node whose rules it meets first. */
  readonly node: string;
  readonly question: Extract<AgentQuestion, { kind: 'explain' }>;
}

function trip(from: string, destination: string, port: number, entry = 'node-a'): Trip {
  const family = familyOf(destination) === 'IPv4' ? 4 : 6;
  const to = { kind: 'explain', destination, port, protocol: 'TCP' } as const;
  if (from === OUTSIDE.netns) {
    return { from, node: entry, question: { ...to, from: 'outside', source: OUTSIDE.addresses[family] } };
  }
  if (city.net.nodes.has(from)) return { from, node: from, question: { ...to, from: 'node' } };
  const { node, addresses } = city.pod(from);
  return { from, node, question: { ...to, from: 'pod', source: addresses[family] } };
}

async function explained({ node, question }: Trip): Promise<Explanation> {
  const answer = await city.hub.ask(node, question);
  if (answer.kind !== 'explain') throw new Error(`${node}: ${JSON.stringify(answer)}`);
  expect(answer.ends.reduce((sum, { chance }) => sum + chance, answer.rest.chance)).toBeCloseTo(1, 9);
  expect(answer.unknown).toEqual([]);
  return answer;
}

/** Backends of the connections that the node's kernel knows, each with how often and whether the source was rewritten. */
function knock({ from, node, question }: Trip, count: number) {
  const { destination, port } = question;
  city.net.run(node, 'conntrack', '-F');
  const said = city.net.run(from, process.execPath, KNOCK, destination, String(port), String(count), '1200');
  const family = familyOf(destination) === 'IPv4' ? 'ipv4' : 'ipv6';
  const table = city.net.run(node, 'conntrack', '-L', '-f', family, '-p', 'tcp');
  const seen = new Map<string, number>();
  for (const line of table.split('\n')) {
    const [sent, answer] = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)];
    if (!sent || !answer || sent[2] !== destination || sent[4] !== String(port)) continue;
    const moved = answer[1] !== sent[2] || answer[3] !== sent[4];
    const to = moved ? socketText(answer[1] as string, Number(answer[3])) : 'unmoved';
    const key = `${to}${answer[2] === sent[1] ? '' : ' rewritten'}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return { said: JSON.parse(said) as Record<string, number>, seen };
}

/** As `knock` names it. A program of the node has its address already: nobody sees that it was rewritten. */
const keyOf =
  ({ question }: Trip) =>
  ({ to, rewriting }: ExplainedEnd) =>
    `${to}${rewriting === undefined || question.from === 'node' ? '' : ' rewritten'}`;

/** A generator of numbers below `n`, seeded. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

function randomTrip(roll: (n: number) => number): Trip {
  const pick = <T>(list: readonly T[]) => list[roll(list.length)] as T;
  const from = pick(['web-a', 'web-b', 'a1', 'b1', 'node-a', 'node-b', OUTSIDE.netns]);
  const { addresses, nodePort, name } = pick(SERVICES);
  const family = pick([4, 6] as const);
  // The node port is that of the first node on the way: where it is another's, that one's rules decide.
  const entry = from === OUTSIDE.netns ? pick([...city.net.nodes.keys()]) : trip(from, addresses[family], 80).node;
  const node = city.net.nodes.get(entry) as Place;
  const doors = [() => trip(from, addresses[family], 80)];
  if (nodePort !== undefined) doors.push(() => trip(from, node.addresses[family], nodePort, entry));
  if (name === 'ranged') doors.push(() => trip(from, BALANCER, 80));
  if (name === 'plain') doors.push(() => trip(from, EXTERNAL, 80));
  return pick(doors)();
}

/** The least a backend gets is a thirteenth: it is missed once in 10^10 times. */
const ENOUGH = 300;

it('is what becomes of 50 connections from anywhere to any door', async () => {
  const roll = dice(11);
  const kinds = new Map<string, number>();
  for (let i = 0; i < 50; i += 1) {
    const one = randomTrip(roll);
    const what = `${i}: ${one.from} → ${one.question.destination}:${one.question.port} by ${one.node}`;
    const { ends, sets } = await explained(one);
    const [first] = ends as [ExplainedEnd, ...ExplainedEnd[]];
    const arriving = ends.filter(({ kind }) => kind === 'dnat');
    kinds.set(first.kind, (kinds.get(first.kind) ?? 0) + 1);
    if (arriving.length === 0) {
      const { said, seen } = knock(one, 1);
      expect([what, first.kind, said]).toEqual([
        what,
        first.kind,
        first.kind === 'reject' ? { ECONNREFUSED: 1 } : { ETIMEDOUT: 1 },
      ]);
      // A packet of the node to itself is tracked on its way out, and refused on its way in.
      expect([what, [...seen.keys()].filter((to) => to !== 'unmoved')]).toEqual([what, []]);
    } else if (sets > 0) {
      // Chance decides once; from then on the answer is the one backend that the set names.
      const { seen } = knock(one, 1);
      expect(arriving.map(keyOf(one))).toEqual(expect.arrayContaining([...seen.keys()]));
      const held = await explained(one);
      expect([what, held.ends]).toEqual([what, [expect.objectContaining({ held: true, chance: 1 })]]);
      expect([what, [...knock(one, 20).seen.keys()]]).toEqual([what, held.ends.map(keyOf(one))]);
    } else {
      const { said, seen } = knock(one, ENOUGH);
      expect([what, said]).toEqual([what, { open: ENOUGH }]);
      expect([what, [...seen.keys()].sort()]).toEqual([what, arriving.map(keyOf(one)).sort()]);
    }
  }
  // The dice found more than one kind of end.
  expect([...kinds.keys()].sort()).toEqual(['dnat', 'drop', 'reject']);
}, 240_000);

it.each([4, 6] as const)('knows the way in of each client and the address of its own (IPv%i)', async (family) => {
  const { addresses } = SERVICES[0] as Lab;
  const at = async (from: string) => {
    const { source, interface: device } = await explained(trip(from, addresses[family], 80));
    return [source, device];
  };
  expect(await at('web-a')).toEqual([city.pod('web-a').addresses[family], 'pod1-2']);
  expect(await at('b1')).toEqual([city.pod('b1').addresses[family], 'pod2-13']);
  expect(await at(OUTSIDE.netns)).toEqual([OUTSIDE.addresses[family], 'eth0']);
  expect(await at('node-b')).toEqual([city.net.nodes.get('node-b')?.addresses[family], undefined]);
});

it('has the chances that 3,000 connections show', async () => {
  const one = trip('web-a', (SERVICES[1] as Lab).addresses[4], 80);
  const { ends } = await explained(one);
  expect(ends.map(({ chance }) => chance.toFixed(6))).toEqual(
    [300, 200, 100, 50].map((weight) => (weight / 650).toFixed(6)),
  );
  const { said, seen } = knock(one, 3000);
  expect(said).toEqual({ open: 3000 });
  // A client's port that is used again is one entry of the table.
  const total = [...seen.values()].reduce((sum, n) => sum + n, 0);
  expect(total).toBeGreaterThan(2700);
  for (const end of ends) {
    const count = seen.get(keyOf(one)(end)) ?? 0;
    expect(likelihood(count, total, end.chance), `${end.to}: ${count} of ${total}`).toBeGreaterThan(SELDOM);
  }
});

it.each([
  ['web-a', addressesOf(25)[4], 80, 'reject', 'no-endpoints'],
  [OUTSIDE.netns, '172.18.0.3', 30_025, 'reject', 'no-endpoints', 'node-b'],
  ['web-a', addressesOf(22)[4], 80, 'drop', 'not-here'],
  [OUTSIDE.netns, '172.18.0.2', 30_023, 'drop', 'not-here'],
  ['web-a', BALANCER, 80, 'drop', 'source-range'],
] as const)(
  '%s → %s:%i is refused in fact, with the reason',
  async (from, address, port, kind, refusal, entry: string = 'node-a') => {
    const one = trip(from, address, port, entry);
    expect((await explained(one)).ends).toEqual([expect.objectContaining({ kind, refusal, chance: 1 })]);
    expect(knock(one, 1).said).toEqual(kind === 'reject' ? { ECONNREFUSED: 1 } : { ETIMEDOUT: 1 });
  },
);

it('answers by a kernel that another hand changed', async () => {
  const one = trip('web-b', addressesOf(20)[4], 80);
  const chain = 'CITY-ADDRESSES';
  const { rules } = await explained(one);
  expect(rules.map((rule) => rule.chain)).toContain(chain);
  // The agent repairs it soon; until then the answer is what packets meet. Asked until it is asked before that.
  await eventually(async () => {
    city.net.run(one.node, 'iptables', '-t', 'nat', '-I', chain, '1', '-s', one.question.source ?? '', '-j', 'ACCEPT');
    const ends = await city.hub.ask(one.node, one.question);
    expect(ends).toMatchObject({ kind: 'explain', ends: [{ kind: 'none' }] });
  });
});
