import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../lab/lab.ts';
import { NodeRules } from '../lab/node-rules.ts';
import { type Attempt, type IsolationOptions, IsolationTracker, judge, type PolicyPod } from '../src/index.ts';
import { addressesOfPlace, type Event, events, tell } from './random-cluster.ts';

const CLIENT = '10.244.9.1';
const SERVER = '10.244.9.2';
const KNOCK = { from: CLIENT, to: SERVER, protocol: 'TCP', port: 80 } as const;

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());

function rulesOf(node: string, refusal: 'reject' | 'drop', closedRanges: readonly string[] = []): NodeRules {
  return new NodeRules(node, (script, input) => lab.in(node, script, input), { refusal, closedRanges });
}

function server(labels: Record<string, string> = {}): PolicyPod {
  return {
    metadata: { namespace: 'shop', name: 'server', labels },
    spec: { nodeName: 'n1' },
    status: { phase: 'Running', podIP: SERVER },
  };
}

describe('what a pod opens to nodes', () => {
  const OWN = '192.168.1.11';
  const OTHER = '192.168.1.12';
  const tracked = (options: Partial<IsolationOptions>) => {
    const all = { refusal: 'reject', closedRanges: ['10.244.9.2/31'], ...options } as const;
    const rules = new NodeRules('n1', (script, input) => lab.in('n1', script, input), all);
    rules.tracker.setNode({ metadata: { name: 'n1' }, status: { addresses: [{ type: 'InternalIP', address: OWN }] } });
    rules.tracker.setPod(server());
    return rules;
  };
  const closed = (egress: object[]) => ({
    metadata: { namespace: 'shop', name: 'closed' },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress },
  });
  const words = (to: string, port = 80) =>
    Promise.all((['TCP', 'UDP'] as const).map((protocol) => lab.attempt({ from: SERVER, to, port, protocol })));

  it.each([
    ['exempt', ['through', 'through']],
    ['filter', ['refused', 'refused']],
  ] as const)('is asked of its own node where that is not exempt: %s', async (ownNode, inward) => {
    await lab.pod('n1', [SERVER]);
    const rules = tracked({ ownNode });
    try {
      rules.tracker.setPolicy(closed([]));
      rules.write();
      expect(await words(OWN)).toEqual(inward);
      expect(await words(OTHER)).toEqual(['refused', 'refused']);
      // The node itself: kubelet probes.
      expect(await lab.attempt({ from: OWN, to: SERVER, protocol: 'TCP', port: 80 })).toBe('through');
      // Where the lab leads what comes to a node, before table filter sees it.
      rules.tracker.setPolicy(closed([{ ports: [{ port: 7 }, { port: 7, protocol: 'UDP' }] }]));
      rules.write();
      expect(await words(OWN)).toEqual(['through', 'through']);
      expect(await words(OTHER)).toEqual(['refused', 'refused']);
      expect(rules.difference()).toBeUndefined();
    } finally {
      rules.remove();
    }
  });

  it('is never a packet for their tunnels', async () => {
    await lab.pod('n1', [SERVER]);
    const rules = tracked({ encapsulationPort: 4789 });
    try {
      rules.write();
      expect(await words(OTHER, 4789)).toEqual(['through', 'refused']);
      expect(await words(OTHER)).toEqual(['through', 'through']);
      expect(rules.difference()).toBeUndefined();
    } finally {
      rules.remove();
    }
  });
});

describe('a change of policy', () => {
  it('refuses new connections and leaves open ones to whoever ends them', async () => {
    await lab.pod('n2', [CLIENT]);
    await lab.pod('n1', [SERVER]);
    const rules = rulesOf('n1', 'drop');
    try {
      rules.tracker.setPod(server());
      rules.write();
      expect(await lab.attempt({ ...KNOCK, keep: 'open' })).toBe('through');
      const policy = { metadata: { namespace: 'shop', name: 'closed' }, spec: { podSelector: {} } };
      rules.tracker.setPolicy(policy);
      rules.write();
      expect(await lab.attempt({ ...KNOCK, patience: 300 })).toBe('silence');
      expect(await lab.say(CLIENT, 'open')).toBe('through');
      rules.tracker.deletePolicy(policy);
      rules.write();
      expect(await lab.attempt(KNOCK)).toBe('through');
      expect(rules.difference()).toBeUndefined();
    } finally {
      rules.remove();
    }
  });

  it('finds a pod closed that nobody knows yet, and opens it when it is known', async () => {
    await lab.pod('n2', [CLIENT]);
    await lab.pod('n1', [SERVER]);
    const rules = rulesOf('n1', 'reject', ['10.244.9.2/31']);
    const back = { ...KNOCK, from: SERVER, to: CLIENT };
    const both = () => Promise.all([lab.attempt(KNOCK), lab.attempt(back)]);
    try {
      rules.write();
      expect(await both()).toEqual(['refused', 'refused']);
      rules.tracker.setPolicy({
        metadata: { namespace: 'shop', name: 'closed' },
        spec: { podSelector: { matchLabels: { app: 'server' } } },
      });
      rules.tracker.setPod(server({ app: 'server' }));
      rules.write();
      expect(await both()).toEqual(['refused', 'through']);
      rules.tracker.setPod(server());
      rules.write();
      expect(await both()).toEqual(['through', 'through']);
    } finally {
      rules.remove();
    }
  });

  it('lets nobody in that was never allowed, however often rules and sets are written', async () => {
    await lab.pod('n2', [CLIENT]);
    await lab.pod('n1', [SERVER]);
    const rules = rulesOf('n1', 'reject');
    const neighbour = (turn: number): PolicyPod => ({
      metadata: { namespace: 'shop', name: 'neighbour', labels: { role: turn % 2 === 0 ? 'guest' : 'none' } },
      spec: { nodeName: 'n2' },
      status: { phase: 'Running', podIP: '10.244.9.3' },
    });
    const policy = (turn: number) => ({
      metadata: { namespace: 'shop', name: `door-${turn % 3}` },
      spec: {
        podSelector: {},
        ingress: [{ from: [{ podSelector: { matchLabels: { role: 'guest' } } }], ports: [{ port: 80 + turn }] }],
      },
    });
    try {
      rules.tracker.setPod(server());
      rules.tracker.setPolicy({ metadata: { namespace: 'shop', name: 'closed' }, spec: { podSelector: {} } });
      rules.write();
      const words = new Map<string, number>();
      for (let turn = 0; turn < 20; turn++) {
        const knocks = Array.from({ length: 10 }, () => lab.attempt(KNOCK));
        rules.tracker.setPod(neighbour(turn));
        rules.tracker.setPolicy(policy(turn));
        if (turn > 2) rules.tracker.deletePolicy(policy(turn - 2));
        rules.write();
        for (const word of await Promise.all(knocks)) words.set(word, (words.get(word) ?? 0) + 1);
      }
      expect([...words]).toEqual([['refused', 200]]);
      expect(rules.difference()).toBeUndefined();
    } finally {
      rules.remove();
    }
  });
});

describe('random policies, pods and labels', () => {
  /** Places are addresses of the lab, each on one node. */
  const nodeOf = (address: string) => lab.nodes[Number(address.split(/[.:]/).at(-1)) % lab.nodes.length] as string;
  const onLab = (event: Event): Event => {
    if (event.kind !== 'pods') return event;
    const { object } = event;
    const ip = object.status?.podIPs?.[0]?.ip ?? '';
    return { ...event, object: { ...object, spec: { ...object.spec, nodeName: nodeOf(ip), hostNetwork: false } } };
  };
  const places = Array.from({ length: 10 }, (_, i) => addressesOfPlace(i + 1));
  const attempts = ([0, 1] as const).flatMap((family) => {
    const ends = [
      ...places.map((addresses) => addresses[family] as string),
      family === 0 ? '203.0.113.9' : '2001:db8::9',
    ];
    // What a pod sends to its own address never leaves it.
    return fc.sample(
      fc
        .record({
          from: fc.constantFrom(...ends),
          to: fc.constantFrom(...ends),
          protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
          port: fc.constantFrom(80, 81, 8080, 9000, 443),
        })
        .filter(({ from, to }) => from !== to),
      { seed: 20261123 + family, numRuns: 60 },
    );
  });
  const rounds = fc.sample(events(25), { seed: 20261123, numRuns: 8 });

  it('are in the kernel what judge says, round after round', async () => {
    for (const addresses of places) await lab.pod(nodeOf(addresses[0] as string), addresses);
    const all = new IsolationTracker();
    const rules = lab.nodes.map((node) => rulesOf(node, 'reject'));
    const seen = { through: 0, refused: 0 };
    try {
      for (const round of rounds) {
        for (const event of round.map(onLab))
          for (const one of [all, ...rules.map(({ tracker }) => tracker)]) tell(one, event);
        for (const node of rules) node.write();
        expect(rules.map((node) => node.difference())).toEqual(lab.nodes.map(() => undefined));
        const verdict = (one: Attempt) => (judge(all, one).allowed ? 'through' : 'refused');
        const words = await Promise.all(attempts.map((one) => lab.attempt(one)));
        const wrong = attempts.map((one, i) => ({ ...one, word: words[i] })).filter((one) => one.word !== verdict(one));
        expect(wrong).toEqual([]);
        for (const one of attempts) seen[verdict(one)]++;
      }
    } finally {
      for (const node of rules) node.remove();
    }
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(100);
  });
});
