import { ipset, iptables } from '@kubecity/netfilter';
import type { KubeEndpointSlice, KubeRoutingOverride, KubeService } from '@kubecity/routing';
import { likelihood, SELDOM } from '@kubecity/routing/testing';
import { affinitySet } from '@kubecity/ruleset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { eventually } from './lab/eventually.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';
import { RuleWorld } from './rule-world.ts';

/** The test's namespace is node-a. Pods 10.244.1.1–3 serve, 10.244.1.9 is a client; 192.0.2.10 is outside the cluster. */
const VIP = '10.96.0.10';
const PODS = ['10.244.1.1', '10.244.1.2', '10.244.1.3'];
const lab = new Lab();
const world = new RuleWorld(iptables(), ipset());
const { tracker, sync } = world;

const ports = [
  { name: 'tcp', port: 80, protocol: 'TCP' },
  { name: 'udp', port: 53, protocol: 'UDP' },
];
const service = (name: string, clusterIP: string, more: object = {}): KubeService => ({
  metadata: { namespace: 'shop', name },
  spec: { clusterIP, ports, ...more },
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
  await world.syncOnce();
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
  it('1:3:6 are the shares of 10,000 new connections', async () => {
    for (const [pod, weight] of [
      ['p1', 10],
      ['p2', 30],
      ['p3', 60],
    ] as const)
      tracker.setOverride(override(pod, { weight }));
    const { wrote } = await world.syncOnce();
    expect(wrote.chains, 'one chain per service port').toBe(2);
    const sums = byPod(await lab.call('client', VIP, 80, 10_000));
    for (const [pod, share] of [
      ['p1', 0.1],
      ['p2', 0.3],
      ['p3', 0.6],
    ] as const) {
      expect(likelihood(sums[pod] ?? 0, 10_000, share), `${pod}: ${JSON.stringify(sums)}`).toBeGreaterThan(SELDOM);
    }
    noOverrides();
    await world.syncOnce();
  });

  it('a drained backend gets no new connection while its open one goes on', async () => {
    const held = await openTo('p2');
    tracker.setOverride(override('p2', { drain: {} }));
    await world.syncOnce();
    expect(tracker.take().table.outcomes).toEqual([expect.objectContaining({ uid: 'o-p2', state: 'applied' })]);
    const sums = byPod(await lab.call('client', VIP, 80, 500));
    expect(sums).toEqual({ p1: expect.any(Number), p3: expect.any(Number) });
    expect((sums.p1 ?? 0) + (sums.p3 ?? 0)).toBe(500);
    expect(await held.ask()).toBe('p2 10.244.1.9');
    held.close();
    noOverrides();
    await world.syncOnce();
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

describe('session affinity', () => {
  const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } };
  const answers = async (count = 20) => Object.keys(byPod(await lab.call('client', VIP, 80, count)));
  const setOf = (pod: string) =>
    affinitySet({ id: 'shop/cart:tcp/TCP', family: 'IPv4' }, { address: `10.244.1.${pod.slice(1)}`, port: 8080 });

  it('brings a client back to its backend, by every door, for its window', async () => {
    tracker.setService(service('cart', VIP, { ...sticky, externalIPs: ['198.51.100.20'] }));
    await world.syncOnce();
    const [first, ...others] = await answers();
    expect(others).toEqual([]);
    expect(Object.keys(byPod(await lab.call('client', '198.51.100.20', 80, 20)))).toEqual([first]);
    expect(tool(`ipset list ${setOf(first ?? '')}`)).toMatch(/10\.244\.1\.9 timeout (600|59\d)/);
    // The window over: chance decides anew, and within 60 windows it finds more than one.
    const seen = new Set<string>();
    for (let i = 0; i < 60; i++) {
      for (const pod of ['p1', 'p2', 'p3']) tool(`ipset flush ${setOf(pod)}`);
      for (const pod of await answers(2)) seen.add(pod);
    }
    expect([...seen].sort()).toEqual(['p1', 'p2', 'p3']);
  });

  it('expires with a drain, and lasts under one that keeps its clients but renews nobody', async () => {
    const [held = ''] = await answers();
    tracker.setOverride(override(held, { drain: { sticky: 'keep' } }));
    await world.syncOnce();
    tool(`ipset add ${setOf(held)} 10.244.1.9 timeout 300 -exist`);
    expect(await answers()).toEqual([held]);
    expect(tool(`ipset list ${setOf(held)}`)).toMatch(/10\.244\.1\.9 timeout (300|29\d)/);
    expect(Object.keys(byPod(await lab.call('p1', VIP, 80, 1)))).not.toContain(held);
    tracker.setOverride(override(held, { drain: {} }));
    await world.syncOnce();
    expect(await answers()).not.toContain(held);
    await setsAreWithout(setOf(held));
    noOverrides();
    tracker.setService(service('cart', VIP));
    await setsAreWithout('CITY-');
  });

  /** The kernel lets go of a set a moment after the rules that asked for it; the next sync takes it away. */
  const setsAreWithout = (name: string) =>
    eventually(async () => {
      await world.syncOnce();
      expect(tool('ipset list -n')).not.toContain(name);
    });
});

describe('the kernel', () => {
  it('holds the very text that was written', async () => {
    expect((await sameWorldAnew().syncOnce()).wrote).toEqual({ chains: 0, rules: 0 });
  });

  it('keeps routing without a rewrite when the agent starts anew', async () => {
    const before = tool('iptables-save -t nat');
    await sameWorldAnew().syncOnce();
    expect(withoutDates(tool('iptables-save -t nat'))).toBe(withoutDates(before));
  });

  it('is repaired after a flush of nat, and what is foreign stays', async () => {
    tool('iptables -t nat -F CITY-SERVICES');
    sync.check();
    expect(await world.syncOnce()).toMatchObject({
      wrote: { chains: 1, rules: 3 },
      drift: expect.stringContaining('CITY-SERVICES'),
    });
    tool('iptables -t nat -D PREROUTING -j CITY-SERVICES');
    sync.check();
    expect(await world.syncOnce()).toMatchObject({
      wrote: { chains: 0, rules: 1 },
      drift: expect.stringContaining('jump'),
    });
    expect(Object.keys(byPod(await lab.call('client', VIP, 80, 60))).sort()).toEqual(['p1', 'p2', 'p3']);
    expect(tool('iptables -t nat -S PREROUTING')).toContain('-A PREROUTING -s 203.0.113.1/32 -j FOREIGN');
  });

  it('rewrites one chain per service port for one endpoint', async () => {
    tracker.setEndpointSlice(slice('cart', PODS.slice(0, 2)));
    expect((await world.syncOnce()).wrote).toEqual({ chains: 2, rules: 4 });
    tracker.setEndpointSlice(slice('cart', PODS));
    await world.syncOnce();
  });

  it('repairs a flush of the whole table and a foreign rule in a chain of ours', async () => {
    tool('iptables -t nat -F');
    sync.check();
    expect(await world.syncOnce()).toMatchObject({ drift: expect.any(String) });
    expect(Object.keys(byPod(await lab.call('client', VIP, 80, 60))).sort()).toEqual(['p1', 'p2', 'p3']);
    tool('iptables -t nat -I CITY-SERVICES 1 -j RETURN');
    sync.check();
    expect(await world.syncOnce()).toMatchObject({ wrote: { chains: 1, rules: 3 }, drift: expect.any(String) });
    expect((await world.syncOnce()).wrote).toEqual({ chains: 0, rules: 0 });
    tool('iptables -t nat -A PREROUTING -s 203.0.113.1 -j FOREIGN');
  });

  it('refuses one service port by its rule, and routes the others', async () => {
    // An address that passed for one in the table's type, as a fault of ours would let it: the kernel is the last judge.
    const { table } = tracker.take();
    const cart = [...table.servicePorts.values()].find((port) => port.name === 'cart');
    if (!cart) throw new Error('there is no cart');
    const id = 'shop/broken:tcp/TCP';
    const broken = { ...cart, id, key: id, name: 'broken', clusterIP: '10.96.0.999' };
    const { isolated } = await sync.sync(new Map([...table.servicePorts, [id, broken]]), new Set([id]));
    expect(isolated).toMatchObject([{ port: { id }, reason: expect.stringContaining('10.96.0.999') }]);
    expect(Object.keys(byPod(await lab.call('client', VIP, 80, 60))).sort()).toEqual(['p1', 'p2', 'p3']);
    expect((await sync.sync(table.servicePorts, new Set([id]))).isolated).toEqual([]);
  });

  it('is clean after removal; foreign rules are still there', async () => {
    expect((await removeRules([iptables()], ipset())).chains).toBeGreaterThan(0);
    expect(tool('iptables-save')).not.toContain('CITY-');
    expect(tool('ipset list -n')).not.toContain('CITY-');
    expect(tool('iptables -t nat -S')).toContain('-N FOREIGN');
  });

  function sameWorldAnew(): RuleWorld {
    const fresh = new RuleWorld(iptables(), ipset());
    fresh.tracker.setService(service('cart', VIP));
    fresh.tracker.setService(service('empty', '10.96.0.11'));
    fresh.tracker.setEndpointSlice(slice('cart', PODS));
    return fresh;
  }
});

/** Counters and dates differ from dump to dump. */
function withoutDates(text: string): string {
  return text.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '');
}
