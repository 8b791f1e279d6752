import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { RoutedCity } from './lab/routed-city.ts';
import type { PodPlace } from './lab/two-nodes.ts';

/** Whole agents with `routes: auto` on two nodes of one network and a third behind a router, both families. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const [HERE, NEAR, FAR] = ['node-a', 'node-b', 'node-c'] as const;
const NODES = [HERE, NEAR, FAR];
const FAMILIES = [4, 6] as const;
const city = new RoutedCity(NODES, [FAR]);
const pods = new Map<string, PodPlace>();
const pod = (node: string) => pods.get(node) as PodPlace;
const hasVxlan = kernelHasVxlan();

function kernelHasVxlan(): boolean {
  try {
    execFileSync('ip', 'link add probe type vxlan id 77 dstport 4777'.split(' '), { stdio: 'ignore' });
    execFileSync('ip', 'link del probe'.split(' '));
    return true;
  } catch {
    return false;
  }
}

/** Packets from one node's pod arrive at the other's, with the address of the one that sends. */
async function flow(from: string, to: string, port: number): Promise<void> {
  for (const family of FAMILIES) await city.flows(pod(from), pod(to), family, port + family);
}

const WISHED = [
  'unreachable 10.244.1.0/24',
  'unreachable fd00:10:244:1::/64',
  '10.244.2.0/24 via 172.18.0.3 dev eth0',
  'fd00:10:244:2::/64 via fd00:18::3 dev eth0',
  '10.244.3.0/24 via 10.244.3.0 dev city-vxlan4',
  'fd00:10:244:3::/64 via fd00:10:244:3:: dev city-vxlan6',
].sort();
const keepsAll = () => eventually(() => expect(city.kept(HERE)).toEqual(WISHED));
const neighbours = (device: string) => city.ip(HERE, `neigh show dev ${device} nud permanent`).trim();

beforeAll(async () => {
  await city.open();
  for (const node of NODES) pods.set(node, city.net.addPod(node, `pod-${node.at(-1)}`, 10));
  for (const node of NODES) city.startAgent(node, { routes: 'auto' });
  for (const node of NODES) await eventually(() => expect(city.hub.last(node).peers).toHaveLength(4));
});
afterAll(() => city.close());

describe.runIf(hasVxlan)('a node behind a router', () => {
  test('is reached by VXLAN, its neighbours directly, and it is said why', async () => {
    await keepsAll();
    const report = await city.tells(HERE, 'sound');
    expect(report).toMatchObject({ mode: 'auto', direct: 2, vxlan: 2, none: 0 });
    const tunnelled = report.peers.filter(({ via }) => via === 'vxlan');
    expect(tunnelled.map(({ node }) => node)).toEqual([FAR, FAR]);
    expect(tunnelled[0]?.why).toContain('172.18.0.1');
    for (const [device, mtu, local] of [
      ['city-vxlan4', 1450, '172.18.0.2'],
      ['city-vxlan6', 1430, 'fd00:18::2'],
    ] as const) {
      const link = city.ip(HERE, `-d link show ${device}`);
      for (const part of [
        `mtu ${mtu} `,
        'vxlan id 4242 ',
        ` local ${local} dev eth0 `,
        ' dstport 4789 ',
        ' nolearning ',
      ]) {
        expect(link).toContain(part);
      }
    }
  });

  test('pods reach each other through it with their own addresses, both ways', async () => {
    await flow(HERE, FAR, 7100);
    await flow(FAR, HERE, 7110);
  });

  test('a device that is deleted comes back with all that was on it', async () => {
    const before = neighbours('city-vxlan4');
    city.ip(HERE, 'link del city-vxlan4');
    await keepsAll();
    await eventually(() => expect(neighbours('city-vxlan4')).toBe(before));
    await flow(FAR, HERE, 7120);
    await eventually(() => expect(city.hub.last(HERE).repaired?.difference ?? '').toContain('city-vxlan4 created'));
  });

  test('one that goes down and up again, too', async () => {
    const before = neighbours('city-vxlan6');
    city.ip(HERE, 'link set city-vxlan6 down');
    await keepsAll();
    await eventually(() => expect(neighbours('city-vxlan6')).toBe(before));
    await flow(HERE, FAR, 7130);
  });

  test('a neighbour or a forwarding entry that is lost or changed is repaired', async () => {
    const before = neighbours('city-vxlan4');
    const entries = () => city.net.run(HERE, 'bridge', 'fdb', 'show', 'dev', 'city-vxlan4').trim();
    const entry = entries();
    const [mac = ''] = entry.split(' ');
    city.ip(HERE, 'neigh del 10.244.3.0 dev city-vxlan4');
    await eventually(() => expect(neighbours('city-vxlan4')).toBe(before));
    city.ip(HERE, 'neigh replace 10.244.3.0 lladdr 02:00:00:00:00:99 dev city-vxlan4 nud permanent');
    await eventually(() => expect(neighbours('city-vxlan4')).toBe(before));
    city.net.run(HERE, 'bridge', 'fdb', 'del', mac, 'dev', 'city-vxlan4', 'dst', '172.19.0.4');
    await eventually(() => expect(entries()).toBe(entry));
    city.net.run(HERE, 'bridge', 'fdb', 'replace', mac, 'dev', 'city-vxlan4', 'dst', '172.19.0.9');
    await eventually(() => expect(entries()).toBe(entry));
  });

  test('an agent that comes back writes nothing, and no packet is lost', async () => {
    const receiver = await city.receiver(pod(FAR), 7140);
    const sender = city.sender(pod(HERE), pod(FAR).addresses[4], 5, 7140);
    const witness = await city.witness(HERE);
    await city.stopAgent(HERE, 'SIGKILL');
    city.startAgent(HERE, { routes: 'auto' });
    await city.tells(HERE, 'sound');
    expect(await witness.end()).toEqual([]);
    const sent = await sender.end();
    await eventually(async () => expect((await receiver.read()).last).toBeNull());
    expect(receiver.total()).toEqual({ count: sent, missing: 0 });
  });

  test('without VXLAN it is left alone, and the devices go', async () => {
    await city.stopAgent(HERE, 'SIGTERM');
    city.startAgent(HERE, { routes: 'direct' });
    await eventually(() => expect(city.kept(HERE)).toEqual(WISHED.filter((route) => !route.includes('vxlan'))));
    await eventually(() => expect(city.ip(HERE, '-br link')).not.toContain('city-vxlan'));
    expect(await city.tells(HERE, 'failing')).toMatchObject({ direct: 2, vxlan: 0, none: 2 });
  });
});

describe.runIf(hasVxlan)('a kernel that refuses a tunnel', () => {
  test('is told with its reason; whoever is reached directly has a route, and so has the family that is not refused', async () => {
    await city.stopAgent(HERE, 'SIGTERM');
    city.ip(HERE, 'link add theirs type vxlan id 4242 dstport 4789 local 172.18.0.2 dev eth0');
    city.startAgent(HERE, { routes: 'auto' });
    const report = await city.tells(HERE, 'failing');
    expect(report).toMatchObject({ direct: 2, vxlan: 1, none: 1 });
    expect(report.peers[0]).toMatchObject({ node: FAR, range: '10.244.3.0/24', via: 'none' });
    expect(report.peers[0]?.why).toContain('another device has this vxlanId and vxlanPort');
    expect(city.kept(HERE)).toEqual(WISHED.filter((route) => !route.includes('city-vxlan4')));
    expect(city.ip(HERE, '-br link show theirs')).toContain('theirs');
  });
});

describe.runIf(!hasVxlan)('a kernel without VXLAN', () => {
  test('is told as what keeps a node without a route; its neighbours have theirs', async () => {
    const report = await city.tells(HERE, 'failing');
    expect(report).toMatchObject({ direct: 2, vxlan: 0, none: 2 });
    expect(report.peers[0]).toMatchObject({ node: FAR, via: 'none', why: expect.stringContaining('no VXLAN') });
    await flow(HERE, NEAR, 7150);
  });
});
