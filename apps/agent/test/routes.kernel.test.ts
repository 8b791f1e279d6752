import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { RoutedCity } from './lab/routed-city.ts';
import type { PodPlace } from './lab/two-nodes.ts';

/**
 * Whole agents with `routes: direct` on three nodes of one network and a fourth behind a router. Nobody but the agents tells a
 * node the way to another's pods.
 */
// Whole agents start here, several times.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const NEAR = ['node-a', 'node-b', 'node-c'];
const FAR = 'node-d';
const city = new RoutedCity([...NEAR, FAR], [FAR]);
const pods = new Map<string, PodPlace>();
const pod = (name: string) => pods.get(name) as PodPlace;

interface Peer {
  readonly ranges: readonly string[];
  readonly addresses: readonly string[];
}
const peer = (node: string): Peer => ({
  ranges: city.rangesOf(node),
  addresses: Object.values(city.place(node).addresses) as string[],
});

/** What a node keeps when all is well: its guard, and a route to each peer, in both families. */
function wished(from: string, peers: readonly Peer[]): string[] {
  const guards = city.rangesOf(from).map((range) => `unreachable ${range}`);
  const ways = peers.flatMap(({ ranges, addresses }) =>
    ranges.map((range, index) => `${range} via ${addresses[index]} dev eth0`),
  );
  return [...guards, ...ways].sort();
}
const neighboursOf = (from: string) => NEAR.filter((node) => node !== from).map(peer);
const keeps = (from: string, peers = neighboursOf(from)) =>
  eventually(() => expect(city.kept(from)).toEqual(wished(from, peers)), 60_000);

/** Packets from one pod arrive at another again, with the address of the one that sends. */
const flows = (from: string, to: string, family: 4 | 6, port: number) => city.flows(pod(from), pod(to), family, port);

beforeAll(async () => {
  await city.open();
  for (const [index, node] of [...NEAR, FAR].entries()) {
    const name = `pod-${'abcd'[index]}`;
    pods.set(name, city.net.addPod(node, name, 10));
  }
  // An agent makes its node a router.
  city.net.run(
    'node-a',
    'sh',
    '-c',
    'echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding',
  );
  for (const node of NEAR) city.startAgent(node);
  for (const node of NEAR) await keeps(node);
});
afterAll(() => city.close());

describe('three nodes on one network', () => {
  test.each([4, 6] as const)('pods reach each other with their own addresses, IPv%i', async (family) => {
    await flows('pod-a', 'pod-b', family, 7000 + family);
    await flows('pod-b', 'pod-a', family, 7000 + family);
  });

  test('a node behind a router has no route, and it is said why', async () => {
    const counts = { mode: 'direct', state: 'failing', direct: 4, vxlan: 0, none: 2 };
    await eventually(() => expect(city.hub.last('node-a')).toMatchObject(counts));
    expect(city.hub.last('node-a').peers.slice(0, 2)).toEqual(
      city.rangesOf(FAR).map((range) => ({ node: FAR, range, via: 'none', why: expect.stringContaining('gateway') })),
    );
    await eventually(() => {
      expect(city.metric('node-a', 'kubecity_routes_peers', 'direct')).toBe(4);
      expect(city.metric('node-a', 'kubecity_routes_wanted')).toBe(6);
      expect(city.metric('node-a', 'kubecity_routes_present')).toBe(6);
    });
  });

  test('the node passes packets on', () => {
    const read = (key: string) => city.net.run('node-a', 'cat', `/proc/sys/net/${key}`).trim();
    expect([read('ipv4/ip_forward'), read('ipv6/conf/all/forwarding')]).toEqual(['1', '1']);
  });

  test('a packet to a pod of this node that is not there does not leave by the default route', () => {
    for (const address of ['10.244.1.200', 'fd00:10:244:1::200']) {
      expect(() => city.ip('node-a', `route get ${address}`)).toThrow();
    }
    expect(city.ip('node-a', 'route get 10.244.1.10')).toContain('dev pod1-10');
  });
});

describe('what others do', () => {
  test('a route that is deleted is back at once, and told', async () => {
    const before = city.metric('node-a', 'kubecity_routes_repairs_total');
    for (let n = 1; n <= 3; n += 1) {
      city.ip('node-a', 'route del 10.244.2.0/24');
      await keeps('node-a');
    }
    await eventually(() => expect(city.metric('node-a', 'kubecity_routes_repairs_total')).toBe(before + 3));
    await eventually(() => {
      const { repaired } = city.hub.last('node-a');
      expect(repaired?.difference ?? '').toContain('route 10.244.2.0/24 via 172.18.0.3 added');
    });
    await flows('pod-a', 'pod-b', 4, 7010);
  });

  test('a gateway that is changed is changed back', async () => {
    city.ip('node-a', 'route change 10.244.2.0/24 via 172.18.0.4 proto 202');
    await keeps('node-a');
  });

  test('a link that goes down and comes back takes routes with it for no longer than that', async () => {
    city.ip('node-a', 'link set eth0 down');
    await eventually(() => expect(city.hub.last('node-a').direct).toBe(0));
    city.ip('node-a', 'link set eth0 up');
    // What the kernel does not restore, and whoever keeps the node's own network does.
    city.ip('node-a', 'addr add fd00:18::2/64 dev eth0 nodad');
    await keeps('node-a');
    await flows('pod-a', 'pod-b', 4, 7020);
    await flows('pod-b', 'pod-a', 6, 7020);
  });

  test('routes of others stay as they are, and one in our place is told', async () => {
    city.ip('node-a', 'route add 10.77.0.0/16 via 172.18.0.3');
    city.ip('node-a', 'route add 10.244.2.0/24 via 172.18.0.4 metric 9');
    city.ip('node-a', 'route replace 10.244.3.0/24 via 172.18.0.3');
    await eventually(() => {
      const report = city.hub.last('node-a');
      expect(report.peers.find(({ range }) => range === '10.244.3.0/24')).toMatchObject({
        node: 'node-c',
        via: 'none',
      });
    });
    const foreign = city.routes('node-a').filter(({ dst, protocol }) => dst.startsWith('10.') && protocol !== '202');
    expect(foreign.map(({ dst, gateway }) => `${dst} ${gateway}`)).toEqual(
      expect.arrayContaining(['10.77.0.0/16 172.18.0.3', '10.244.2.0/24 172.18.0.4', '10.244.3.0/24 172.18.0.3']),
    );
    for (const range of ['10.77.0.0/16', '10.244.2.0/24 via 172.18.0.4', '10.244.3.0/24']) {
      city.ip('node-a', `route del ${range}`);
    }
    await keeps('node-a');
  });
});

describe('nodes that come and go', () => {
  test('a node that leaves has no route any more, and one that comes has', async () => {
    await city.deleteNode('node-c');
    await keeps('node-a', [peer('node-b')]);
    city.announce('node-c');
    await keeps('node-a');
  });

  test('one under the same name with another range and address', async () => {
    const other = { ranges: ['10.244.9.0/24', 'fd00:10:244:9::/64'], addresses: ['172.18.0.44', 'fd00:18::44'] };
    city.announce('node-c', other as { ranges: [string, string]; addresses: string[] });
    await keeps('node-a', [peer('node-b'), other]);
    city.announce('node-c');
    await keeps('node-a');
  });

  test('one whose range overlaps that of another is refused, and an event names both', async () => {
    city.announce('node-e', {
      ranges: ['10.244.2.128/25', 'fd00:10:244:e::/64'],
      addresses: ['172.18.0.55', 'fd00:18::55'],
    });
    await keeps('node-a', [...neighboursOf('node-a'), { ranges: ['fd00:10:244:e::/64'], addresses: ['fd00:18::55'] }]);
    await eventually(async () => {
      const told = await city.events('RouteRefused');
      // Only the node concerned tells: a cluster has many others.
      expect(told).toEqual([
        expect.stringMatching(
          /from node node-b: .*10\.244\.2\.128\/25 of node node-e.*10\.244\.2\.0\/24 of node node-b/,
        ),
      ]);
    });
    await city.deleteNode('node-e');
    await keeps('node-a');
  });
});

describe('an agent that goes', () => {
  test('and comes back writes nothing, and no packet is lost', async () => {
    const receiver = await city.receiver(pod('pod-b'), 7030);
    const sender = city.sender(pod('pod-a'), pod('pod-b').addresses[4], 2, 7030);
    const witness = await city.witness('node-a');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await city.stopAgent('node-a', signal);
      expect(city.kept('node-a')).toEqual(wished('node-a', neighboursOf('node-a')));
      city.startAgent('node-a');
      await city.tells('node-a', 'failing');
      await eventually(() => expect(city.hub.last('node-a').direct).toBe(4));
    }
    expect(await witness.end()).toEqual([]);
    const sent = await sender.end();
    await eventually(async () => {
      const { last } = await receiver.read();
      if (last !== null) throw new Error('there may be more');
    });
    expect(sent).toBeGreaterThan(500);
    expect(receiver.total()).toEqual({ count: sent, missing: 0 });
  });

  test('and was killed while a peer left: its route is removed at the start', async () => {
    await city.stopAgent('node-a', 'SIGKILL');
    await city.deleteNode('node-c');
    expect(city.kept('node-a')).toEqual(wished('node-a', neighboursOf('node-a')));
    city.startAgent('node-a');
    await keeps('node-a', [peer('node-b')]);
    city.announce('node-c');
    await keeps('node-a');
  });

  test('in mode observe it writes nothing, and says why', async () => {
    await city.stopAgent('node-b', 'SIGTERM');
    city.ip('node-b', 'route flush proto 202');
    city.ip('node-b', '-6 route flush proto 202');
    city.startAgent('node-b', { mode: 'observe' });
    expect((await city.tells('node-b', 'held')).message).toContain('observe');
    expect(city.kept('node-b')).toEqual([]);
    await city.stopAgent('node-b', 'SIGTERM');
  });

  test('for good, as its DaemonSet does, takes its routes along', async () => {
    city.putDaemonSet();
    await city.stopAgent('node-c', 'SIGTERM');
    // One that routes Services leaves nothing behind only where somebody else does it.
    city.command('node-c', 'cleanup');
    city.startAgent('node-c', { mode: 'steer', 'daemon-set': 'kubecity/kubecity-agent' });
    await eventually(() => expect(city.hub.last('node-c').direct).toBe(4));
    await city.deleteDaemonSet();
    await city.stopAgent('node-c', 'SIGTERM');
    expect(city.kept('node-c')).toEqual([]);
    city.startAgent('node-c');
    await keeps('node-c', neighboursOf('node-c'));
  });

  test('switched off it removes what it had written, as the command cleanup does', async () => {
    await city.stopAgent('node-a', 'SIGTERM');
    city.startAgent('node-a', { routes: 'off' });
    await eventually(() => expect(city.kept('node-a')).toEqual([]));
    await city.tells('node-a', 'off');
    await city.stopAgent('node-a', 'SIGTERM');
    await city.stopAgent('node-c', 'SIGTERM');
    expect(city.kept('node-c')).toEqual(wished('node-c', neighboursOf('node-c')));
    city.command('node-c', 'cleanup');
    expect(city.kept('node-c')).toEqual([]);
  });
});
