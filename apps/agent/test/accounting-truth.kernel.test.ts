import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { serve } from './lab/traffic.ts';
import { Trips } from './lab/trips.ts';
import { DNS, HTTP, TruthCity } from './lab/truth-city.ts';
import { type Addresses, type Family, OUTSIDE } from './lab/two-nodes.ts';

/**
 * Real connections of known number and size through two real nodes, and three accounts of them: of the programs that made
 * them, of the kernel's own tool, and of the agents. The last must equal the others, edge by edge and node by node.
 */
const city = new TruthCity();
const CART = { 4: '10.96.0.10', 6: 'fd00:96::10' } as const;
const FRONT = { 4: '10.96.0.11', 6: 'fd00:96::11' } as const;
const CLOSED = { 4: '10.96.0.12', 6: 'fd00:96::12' } as const;
const SILENT = { 4: '10.96.0.13', 6: 'fd00:96::13' } as const;
const NOBODY = { 4: '10.96.0.14', 6: 'fd00:96::14' } as const;
const RELAY = { 4: '10.96.0.15', 6: 'fd00:96::15' } as const;
const EXTERNAL = '192.0.2.99';
const ENDS_UNANSWERED_SECONDS = 5;

const trips = new Trips(city);
const go = trips.go.bind(trips);
const agree = () => eventually(() => expect(city.told()).toEqual(city.truth()));
const agreeOnClasses = () => eventually(() => expect(city.toldOpen()).toEqual(city.trueOpen()));

beforeAll(async () => {
  await city.open();
  await city.addPod('node-a', 'web-a', 2);
  await city.addPod('node-b', 'web-b', 2);
  await city.addPod('node-a', 'cart-a', 10, [HTTP, DNS]);
  await city.addPod('node-b', 'cart-b', 10, [HTTP, DNS]);
  await city.addPod('node-b', 'loner', 11, [HTTP]);
  await city.addPod('node-b', 'closed', 12);
  const silent = await city.addPod('node-b', 'silent', 13);
  for (const tool of ['iptables', 'ip6tables'])
    city.net.run(silent.netns, tool, '-A', 'INPUT', '-p', 'tcp', '-j', 'DROP');
  await serve(city.net, OUTSIDE, [9000]);

  const http = { name: 'http', port: 80 };
  city.putService({
    name: 'cart',
    clusterIPs: [CART[4], CART[6]],
    ports: [
      { ...http, nodePort: 30_080 },
      { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_053 },
    ],
    pods: ['cart-a', 'cart-b'],
    spec: { type: 'NodePort', externalIPs: [EXTERNAL] },
  });
  city.putService({
    name: 'front',
    clusterIPs: [FRONT[4], FRONT[6]],
    ports: [{ ...http, nodePort: 30_090 }],
    pods: ['cart-b'],
    spec: { type: 'NodePort', externalTrafficPolicy: 'Local' },
  });
  city.putService({ name: 'closed', clusterIPs: [CLOSED[4], CLOSED[6]], ports: [http], pods: ['closed'] });
  city.putService({ name: 'silent', clusterIPs: [SILENT[4], SILENT[6]], ports: [http], pods: ['silent'] });
  city.putService({ name: 'nobody', clusterIPs: [NOBODY[4], NOBODY[6]], ports: [http], pods: [] });
  city.net.run(OUTSIDE.netns, 'ip', 'route', 'add', EXTERNAL, 'via', '172.18.0.2');
  city.net.set('netfilter/nf_conntrack_tcp_timeout_syn_sent', ENDS_UNANSWERED_SECONDS);

  // Connections that are older than the agents, and of these some that are older than the kernel's counters.
  const { addresses } = city.pod('loner');
  city.net.set('netfilter/nf_conntrack_acct', 0);
  await go('web-a', 4, [addresses[4], HTTP], { count: 3, servicePort: '', group: 'uncounted' });
  city.net.set('netfilter/nf_conntrack_acct', 1);
  await go('web-a', 4, [addresses[4], HTTP], { count: 4, servicePort: '', group: 'older' });
  await go('web-a', 6, [addresses[6], HTTP], { count: 2, servicePort: '', group: 'older6' });
  for (const node of city.net.nodes.keys()) {
    const kernel = city.kernel(node);
    city.book.beginAgain(node, kernel.all(), kernel.live());
    city.startAgent(node);
  }
  await city.ready();
});

afterAll(() => city.close());

describe('the figures of the agents', () => {
  it('take what is older for a base, and say what has no counters', async () => {
    const { addresses } = city.pod('loner');
    const idle = (family: Family) => {
      const socket = family === 4 ? `${addresses[4]}:${HTTP}` : `[${addresses[6]}]:${HTTP}`;
      return city.hub.book('node-a').classes()[`pod:uid-web-a > direct > ${socket} (uid-loner)`];
    };
    await eventually(() => expect(idle(6)).toEqual({ moving: 0, idle: 2, closing: 0, waiting: 0, uncounted: 0 }));
    // Whether the three without counters move, nobody can say: they count as moving.
    await eventually(() => expect(idle(4)).toEqual({ moving: 3, idle: 4, closing: 0, waiting: 0, uncounted: 3 }));
    expect(city.hub.book('node-a').table).toMatchObject({ withoutCounters: 3 });
    expect(city.told()).toEqual({ 'node-a': {}, 'node-b': {} });

    for (const group of ['older', 'older6'])
      city.book.write(await city.client('web-a').say({ group, up: 500, down: 900, times: 3 }));
    await agree();
    for (const group of ['uncounted', 'older', 'older6']) city.book.write(await city.client('web-a').close(group));
    await agree();
  });

  it('are those of the kernel for every door, client, protocol and family', async () => {
    const cart = city.pod('cart-b').addresses;
    const loner = city.pod('loner').addresses;
    const [nodeA, nodeB] = ['node-a', 'node-b'].map((name) => city.net.nodes.get(name)?.addresses ?? CART);
    const http = { servicePort: 'shop/cart:http/TCP', up: 1000, down: 5000 };
    const dns = { servicePort: 'shop/cart:dns/UDP', protocol: 'udp', up: 60, down: 400 } as const;
    const refused = { servicePort: 'shop/closed:http/TCP', backend: 'closed' };
    const unanswered = { servicePort: 'shop/silent:http/TCP', backend: 'silent', patience: 1500 };
    const atA = { entry: 'node-a' };
    const atB = { entry: 'node-b' };
    await Promise.all([
      go('web-a', 4, [CART[4], 80], { ...http, count: 20, group: 'long' }),
      go('web-a', 4, [CART[4], 80], { ...http, count: 200 }),
      go('web-a', 6, [CART[6], 80], { ...http, count: 100, end: 'reset' }),
      go('web-a', 4, [CART[4], 53], { ...dns, count: 60 }),
      go('web-a', 6, [CART[6], 53], { ...dns, count: 50 }),
      go('web-a', 4, [loner[4], HTTP], { count: 30, servicePort: '' }),
      go('web-a', 6, [loner[6], HTTP], { count: 20, servicePort: '', end: 'reset' }),
      go('web-a', 4, [CLOSED[4], 80], { ...refused, count: 15 }),
      go('web-a', 6, [CLOSED[6], 80], { ...refused, count: 10 }),
      go('web-a', 4, [loner[4], 81], { count: 6, servicePort: '', backend: 'loner' }),
      go('web-a', 4, [SILENT[4], 80], { ...unanswered, count: 5 }),
      go('web-a', 6, [SILENT[6], 80], { ...unanswered, count: 3 }),
      go('web-b', 4, [CART[4], 80], { ...http, count: 150, end: 'reset' }),
      go('web-b', 6, [CART[6], 80], { ...http, count: 120 }),
      go('web-b', 4, [CART[4], 53], { ...dns, count: 40 }),
      // Half of these come back to where they came from.
      go('cart-a', 4, [CART[4], 80], { ...http, count: 60 }),
      go('cart-a', 6, [CART[6], 80], { ...http, count: 40 }),
      go('node-a', 4, [CART[4], 80], { ...http, count: 40 }),
      go('node-a', 6, [CART[6], 80], { ...http, count: 30 }),
      go('node-a', 4, [cart[4], HTTP], { count: 10, servicePort: '' }),
      go('node-b', 4, [CART[4], 80], { ...http, count: 20 }),
      go('node-b', 6, [loner[6], HTTP], { count: 10, servicePort: '' }),
      go('outside', 4, [nodeA?.[4] ?? '', 30_080], { ...http, ...atA, count: 80 }),
      go('outside', 6, [nodeA?.[6] ?? '', 30_080], { ...http, ...atA, count: 50 }),
      go('outside', 4, [nodeB?.[4] ?? '', 30_080], { ...http, ...atB, count: 30, from: OUTSIDE.second }),
      go('outside', 4, [nodeA?.[4] ?? '', 30_053], { ...dns, ...atA, count: 20 }),
      go('outside', 4, [nodeB?.[4] ?? '', 30_090], { ...atB, count: 40, servicePort: 'shop/front:http/TCP' }),
      go('outside', 6, [nodeB?.[6] ?? '', 30_090], { ...atB, count: 20, servicePort: 'shop/front:http/TCP' }),
      go('outside', 4, [EXTERNAL, 80], { ...http, ...atA, count: 25 }),
      go('outside', 4, [cart[4], HTTP], { ...atB, count: 25, servicePort: '' }),
      go('outside', 6, [cart[6], HTTP], { ...atB, count: 10, servicePort: '' }),
      // Nobody's edge: out of the cluster, turned away before it was a connection, dropped at a node without a backend.
      city.client('web-b').open({ from: city.pod('web-b').addresses[4], to: [OUTSIDE.addresses[4], 9000], count: 12 }),
      city.client('web-b').open({ from: city.pod('web-b').addresses[4], to: [NOBODY[4], 80], count: 10 }),
      city
        .client('outside')
        .open({ from: OUTSIDE.addresses[4], to: [nodeA?.[4] ?? '', 30_090], count: 2, patience: 500 }),
    ]);
    city.book.write(await city.client('web-a').say({ group: 'long', up: 20_000, down: 70_000, times: 5 }));
    await agree();

    // Counted once: on all nodes together there are as many as the programs opened.
    const opened = Object.values(city.told()).flatMap((edges) => Object.values(edges).map(({ opened }) => opened));
    expect(opened.reduce((sum, each) => sum + each, 0)).toBe(city.book.opened);
    expect(city.hub.faults()).toEqual([]);
    expect(city.hub.book('node-b').table).toMatchObject({ unexplained: 0, lostDumps: 0, lostEvents: 0 });
  });

  it('tell what is open, closing and waiting as the table of the kernel shows it', async () => {
    const http = { servicePort: 'shop/cart:http/TCP' };
    await go('web-b', 4, [CART[4], 80], { ...http, count: 7, group: 'idle' });
    await go('web-a', 6, [CART[6], 80], { ...http, count: 5, group: 'moving' });
    await go('web-b', 6, [CART[6], 80], { ...http, count: 4, group: 'closing', linger: true });
    await go('outside', 4, ['172.18.0.2', 30_080], { ...http, count: 6, group: 'idle', entry: 'node-a' });
    await city.client('web-a').chat({ group: 'moving', up: 50, down: 50, everyMs: 20 });
    await city.client('web-b').shut('closing');
    // Asked and not waited for: the kernel has seen nothing but the first packet. Its entry must outlive the pauses
    // between the packets that repeat it (1, 2, 4, 8, 16 s), or the next one makes another.
    city.net.set('netfilter/nf_conntrack_tcp_timeout_syn_sent', 20);
    await go('cart-a', 4, [SILENT[4], 80], {
      servicePort: 'shop/silent:http/TCP',
      backend: 'silent',
      count: 3,
      patience: 0,
      group: 'waiting',
    });
    await agreeOnClasses();
    const moving = (node: string) =>
      Object.values(city.hub.book(node).classes()).reduce((sum, classes) => sum + classes.moving, 0);
    await eventually(() => expect([moving('node-a'), moving('node-b')]).toEqual([5, 0]));
    city.book.write(await city.client('web-a').quiet('moving'));
    await eventually(() => expect([moving('node-a'), moving('node-b')]).toEqual([0, 0]));
    await city.client('cart-a').close('waiting', 'reset');
    await agree();
    city.net.set('netfilter/nf_conntrack_tcp_timeout_syn_sent', ENDS_UNANSWERED_SECONDS);
  });

  it('draw no false edge when a pod vanishes and another gets its address', { timeout: 180_000 }, async () => {
    await city.addPod('node-a', 'gone', 20, [HTTP]);
    const relay = { name: 'relay', clusterIPs: [RELAY[4], RELAY[6]] as const, ports: [{ name: 'http', port: 80 }] };
    city.putService({ ...relay, pods: ['gone'] });
    await routed(city.pod('gone'), true);
    const toRelay = { servicePort: 'shop/relay:http/TCP' };
    const toCart = { servicePort: 'shop/cart:http/TCP' };
    await go('web-b', 4, [RELAY[4], 80], { ...toRelay, count: 20 });
    await go('web-b', 6, [RELAY[6], 80], { ...toRelay, count: 10 });
    await go('gone', 4, [CART[4], 80], { ...toCart, count: 10 });
    await go('gone', 4, [CART[4], 80], { ...toCart, count: 3, group: 'without an end' });
    await agree();

    city.putService({ ...relay, pods: [] });
    await city.killPod('gone');
    await city.deletePod('gone');
    await routed(city.pod('gone'), false);
    await city.addPod('node-a', 'heir', 20, [HTTP]);
    city.putService({ ...relay, pods: ['heir'] });
    await routed(city.pod('heir'), true);
    await go('web-b', 4, [RELAY[4], 80], { ...toRelay, count: 15 });
    await go('heir', 4, [CART[4], 80], { ...toCart, count: 12 });
    await go('heir', 6, [CART[6], 80], { ...toCart, count: 4 });
    await agree();
    expect(Object.keys(city.told()['node-b'] ?? {})).toContainEqual(expect.stringContaining('(uid-heir)'));
    await agreeOnClasses();
    expect(city.hub.faults()).toEqual([]);
  });
});

/** Every node sends connections to that pod, or none does; what the agents know of pods came before that. */
async function routed({ addresses }: { addresses: Addresses }, there: boolean): Promise<void> {
  for (const node of city.net.nodes.keys()) {
    for (const [tool, socket] of [
      ['iptables-save', `${addresses[4]}:${HTTP}`],
      ['ip6tables-save', `[${addresses[6]}]:${HTTP}`],
    ] as const) {
      await eventually(() =>
        expect(city.net.run(node, tool, '-t', 'nat').includes(`--to-destination ${socket}`)).toBe(there),
      );
    }
    await city.dumps(node, 3);
  }
}
