import { iptables } from '@kubecity/netfilter';
import { type KubeEndpointSlice, type KubeRoutingOverride, type KubeService, RoutingTracker } from '@kubecity/routing';
import { Compiler, DEFAULT_MASQUERADE_MARK } from '@kubecity/ruleset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuleSync, removeRules } from '../src/rule-sync.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';

/** The test's namespace is node-a. Pods 10.244.1.1–3 serve, 10.244.1.9 is a client; 192.0.2.10 is outside the cluster. */
const VIP = '10.96.0.10';
const PODS = ['10.244.1.1', '10.244.1.2', '10.244.1.3'];
const lab = new Lab();
const tracker = new RoutingTracker('node-a');
const sync = newSync(tracker);

function newSync(from: RoutingTracker): RuleSync {
  return new RuleSync(
    from,
    new Compiler({ clusterCidr: '10.244.0.0/16', masqueradeMark: DEFAULT_MASQUERADE_MARK }),
    iptables(),
  );
}

const ports = [
  { name: 'tcp', port: 80, protocol: 'TCP' },
  { name: 'udp', port: 53, protocol: 'UDP' },
];
const service = (name: string, clusterIP: string): KubeService => ({
  metadata: { namespace: 'shop', name },
  spec: { clusterIP, ports },
});
const slice = (name: string, addresses: readonly string[]): KubeEndpointSlice => ({
  metadata: { namespace: 'shop', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [
    { name: 'tcp', port: 8080, protocol: 'TCP' },
    { name: 'udp', port: 8080, protocol: 'UDP' },
  ],
  endpoints: addresses.map((address) => ({
    addresses: [address],
    nodeName: 'node-a',
    targetRef: { kind: 'Pod', name: `p${address.slice(-1)}` },
  })),
});
const override = (pod: string, wish: object): KubeRoutingOverride => ({
  metadata: { namespace: 'shop', name: `o-${pod}`, uid: `o-${pod}`, generation: 1 },
  spec: { service: 'cart', backends: { podNames: [pod] }, ...wish },
});
const noOverrides = () => {
  for (const pod of ['p1', 'p2', 'p3']) tracker.deleteOverride({ metadata: { namespace: 'shop', name: `o-${pod}` } });
};
/** Answers are "<pod> <client address>". */
const byPod = (tally: Record<string, number>) => {
  const sums: Record<string, number> = {};
  for (const [answer, count] of Object.entries(tally)) {
    const pod = answer.split(' ')[0] ?? '';
    sums[pod] = (sums[pod] ?? 0) + count;
  }
  return sums;
};

beforeAll(async () => {
  for (const [i, address] of PODS.entries()) {
    lab.addHost(`p${i + 1}`, address);
    await lab.serve(`p${i + 1}`, 8080);
  }
  lab.addHost('client', '10.244.1.9');
  lab.addHost('outside', '192.0.2.10');
  tool('iptables -t nat -N FOREIGN');
  tool('iptables -t nat -A PREROUTING -s 203.0.113.1 -j FOREIGN');
  tracker.setService(service('cart', VIP));
  tracker.setService(service('empty', '10.96.0.11'));
  tracker.setEndpointSlice(slice('cart', PODS));
  await sync.syncOnce();
});
afterAll(() => lab.close());

describe('packets to a cluster IP', () => {
  it("reach every backend, TCP and UDP, with the client's own address", async () => {
    for (const [port, protocol] of [
      [80, 'tcp'],
      [53, 'udp'],
    ] as const) {
      const tally = await lab.call('client', VIP, port, 200, protocol);
      expect(Object.keys(tally).sort(), protocol).toEqual(['p1 10.244.1.9', 'p2 10.244.1.9', 'p3 10.244.1.9']);
    }
  });

  it('are refused where the Service has no backend', async () => {
    expect(await lab.call('client', '10.96.0.11', 80, 3)).toEqual({ ECONNREFUSED: 3 });
    expect(await lab.call('client', '10.96.0.11', 53, 3, 'udp')).toEqual({ ECONNREFUSED: 3 });
  });

  it('come back to the pod that sent them (hairpin)', async () => {
    const tally = await lab.call('p1', VIP, 80, 60);
    expect(Object.keys(byPod(tally)).sort()).toEqual(['p1', 'p2', 'p3']);
    expect(Object.keys(tally)).toContain('p2 10.244.1.1');
    // The pod sees its call to itself from the node, else the answer would never leave it.
    expect(Object.keys(tally)).toContain(`p1 ${NODE_ADDRESS}`);
  });

  it('from outside the pod range are masqueraded', async () => {
    const tally = await lab.call('outside', VIP, 80, 60);
    expect(Object.keys(tally).sort()).toEqual(['p1', 'p2', 'p3'].map((pod) => `${pod} ${NODE_ADDRESS}`));
  });
});

describe('weights', () => {
  it('1:3:6 are the shares of 3,000 new connections, within 99.9 % bounds', async () => {
    for (const [pod, weight] of [
      ['p1', 10],
      ['p2', 30],
      ['p3', 60],
    ] as const)
      tracker.setOverride(override(pod, { weight }));
    const { wrote } = await sync.syncOnce();
    expect(wrote.chains, 'one chain per service port').toBe(2);
    const sums = byPod(await lab.call('client', VIP, 80, 3000));
    for (const [pod, share] of [
      ['p1', 0.1],
      ['p2', 0.3],
      ['p3', 0.6],
    ] as const) {
      const bound = 3.29 * Math.sqrt((share * (1 - share)) / 3000);
      expect(Math.abs((sums[pod] ?? 0) / 3000 - share), `${pod}: ${JSON.stringify(sums)}`).toBeLessThan(bound);
    }
    noOverrides();
    await sync.syncOnce();
  });

  it('a drained backend gets no new connection while its open one goes on', async () => {
    const held = await openTo('p2');
    tracker.setOverride(override('p2', { drain: {} }));
    const { table } = await sync.syncOnce();
    expect(table.outcomes).toEqual([expect.objectContaining({ uid: 'o-p2', state: 'applied' })]);
    const sums = byPod(await lab.call('client', VIP, 80, 500));
    expect(sums).toEqual({ p1: expect.any(Number), p3: expect.any(Number) });
    expect((sums.p1 ?? 0) + (sums.p3 ?? 0)).toBe(500);
    expect(await held.ask()).toBe('p2 10.244.1.9');
    held.close();
    noOverrides();
    await sync.syncOnce();
    expect(Object.keys(byPod(await lab.call('client', VIP, 80, 100)))).toContain('p2');
  });

  async function openTo(pod: string) {
    for (;;) {
      const connection = await lab.open('client', VIP, 80);
      if ((await connection.ask()).startsWith(`${pod} `)) return connection;
      connection.close();
    }
  }
});

describe('the kernel', () => {
  it('holds the very text that was written', async () => {
    expect((await newSyncOfSameWorld().syncOnce()).wrote).toEqual({ chains: 0, rules: 0 });
  });

  it('keeps routing without a rewrite when the agent starts anew', async () => {
    const before = tool('iptables-save -t nat');
    await newSyncOfSameWorld().syncOnce();
    expect(withoutDates(tool('iptables-save -t nat'))).toBe(withoutDates(before));
  });

  it('is repaired after a flush of nat, and what is foreign stays', async () => {
    tool('iptables -t nat -F CITY-SERVICES');
    sync.check();
    expect(await sync.syncOnce()).toMatchObject({
      wrote: { chains: 1 },
      drift: expect.stringContaining('CITY-SERVICES'),
    });
    tool('iptables -t nat -D PREROUTING -j CITY-SERVICES');
    sync.check();
    expect(await sync.syncOnce()).toMatchObject({
      wrote: { chains: 0, rules: 1 },
      drift: expect.stringContaining('jump'),
    });
    expect(Object.keys(byPod(await lab.call('client', VIP, 80, 60))).sort()).toEqual(['p1', 'p2', 'p3']);
    expect(tool('iptables -t nat -S PREROUTING')).toContain('-A PREROUTING -s 203.0.113.1/32 -j FOREIGN');
  });

  it('rewrites one chain per service port for one endpoint', async () => {
    tracker.setEndpointSlice(slice('cart', PODS.slice(0, 2)));
    expect((await sync.syncOnce()).wrote).toEqual({ chains: 2, rules: 6 });
    tracker.setEndpointSlice(slice('cart', PODS));
    await sync.syncOnce();
  });

  it('is clean after removal; foreign rules are still there', async () => {
    expect(await removeRules(iptables())).toBeGreaterThan(0);
    expect(tool('iptables-save')).not.toContain('CITY-');
    expect(tool('iptables -t nat -S')).toContain('-N FOREIGN');
  });

  function newSyncOfSameWorld(): RuleSync {
    const fresh = new RoutingTracker('node-a');
    fresh.setService(service('cart', VIP));
    fresh.setService(service('empty', '10.96.0.11'));
    fresh.setEndpointSlice(slice('cart', PODS));
    return newSync(fresh);
  }
});

/** Counters and dates differ from dump to dump. */
function withoutDates(text: string): string {
  return text.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '');
}
