import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { MapReader, type ShownEdge } from './lab/map-reader.ts';
import { RealHub } from './lab/real-hub.ts';
import { NOTHING, sum, type Totals } from './lab/told-edges.ts';
import { Trips } from './lab/trips.ts';
import { DNS, HTTP, TruthCity } from './lab/truth-city.ts';

/** The whole way: kernels of two nodes, agents, hub, browser and `/metrics`, against what programs sent and kernels counted. */
const city = new TruthCity();
const hub = new RealHub(city);
const trips = new Trips(city);
const go = trips.go.bind(trips);
const CART = { 4: '10.96.0.10', 6: 'fd00:96::10' } as const;
const CLOSED = { 4: '10.96.0.12', 6: 'fd00:96::12' } as const;
const http = { servicePort: 'shop/cart:http/TCP', up: 1000, down: 5000 };
const dns = { servicePort: 'shop/cart:dns/UDP', protocol: 'udp', up: 60, down: 400 } as const;
let map: MapReader;

beforeAll(async () => {
  await city.open();
  await city.addPod('node-a', 'web-a', 2);
  await city.addPod('node-b', 'web-b', 2);
  await city.addPod('node-a', 'cart-a', 10, [HTTP, DNS]);
  await city.addPod('node-b', 'cart-b', 10, [HTTP, DNS]);
  await city.addPod('node-b', 'closed', 12);
  const port = { name: 'http', port: 80 };
  const ports = [
    { ...port, nodePort: 30_080 },
    { name: 'dns', port: 53, protocol: 'UDP' as const },
  ];
  const spec = { type: 'NodePort' };
  city.putService({ name: 'cart', clusterIPs: [CART[4], CART[6]], ports, pods: ['cart-a', 'cart-b'], spec });
  city.putService({ name: 'closed', clusterIPs: [CLOSED[4], CLOSED[6]], ports: [port], pods: ['closed'] });
  city.net.set('netfilter/nf_conntrack_acct', 1);
  await hub.start();
  map = new MapReader(hub.url);
  for (const node of city.net.nodes.keys()) city.startAgent(node);
  await city.ready();
});

afterAll(async () => {
  map.close();
  hub.close();
  await city.close();
});

async function traffic(): Promise<void> {
  await Promise.all([
    go('web-a', 4, [CART[4], 80], { ...http, count: 40 }),
    go('web-a', 6, [CART[6], 80], { ...http, count: 30, end: 'reset' }),
    go('web-b', 4, [CART[4], 80], { ...http, count: 50 }),
    go('web-b', 6, [CART[6], 53], { ...dns, count: 20 }),
    go('web-a', 4, [CLOSED[4], 80], { servicePort: 'shop/closed:http/TCP', backend: 'closed', count: 8 }),
    go('web-b', 4, [city.pod('cart-a').addresses[4], HTTP], { servicePort: '', count: 10 }),
    // The same client by two ways: an edge of two nodes.
    go('outside', 4, ['172.18.0.2', 30_080], { ...http, count: 15, entry: 'node-a' }),
    go('outside', 4, ['172.18.0.3', 30_080], { ...http, count: 25, entry: 'node-b' }),
    go('outside', 6, ['fd00:18::2', 30_080], { ...http, count: 10, entry: 'node-a' }),
  ]);
}

/** Known as soon as the kernel has told of the connections that it forgets just now. */
const truth = () => eventually(() => city.truth());

describe('the hub', () => {
  it('shows the sum over the nodes, edge by edge', async () => {
    await traffic();
    await go('web-a', 4, [CART[4], 80], { ...http, count: 6, group: 'open' });
    await eventually(() => expect(city.told()).toEqual(city.truth()));
    await eventually(() => expect(map.edges()).toEqual(shownOf(city.truth())));
    expect(Object.keys(map.edges()).filter((name) => name.startsWith('outside:198.51.100.0/24')).length).toBe(2);
  });

  it('tells the same in its metrics', async () => {
    await eventually(async () => expect(await metrics()).toEqual(sumsByPort(city.truth())));
  });

  it('goes on from what it had when an agent begins anew', async () => {
    const before = await truth();
    const { epoch } = city.hub.book('node-a');
    await city.stopAgent('node-a', 'SIGKILL');
    const kernel = city.kernel('node-a');
    city.book.beginAgain('node-a', kernel.all(), kernel.live());
    const base = await truth();
    city.startAgent('node-a');
    await eventually(() => expect(city.hub.book('node-a').epoch).not.toBe(epoch));
    await city.ready(['node-a']);
    await traffic();
    await eventually(() => expect(city.told()).toEqual(city.truth()));
    // What the first agent of that node told stays in.
    const all = Object.fromEntries(
      Object.entries(await truth()).map(([node, edges]) => [node, merged(edges, before[node], base[node])]),
    );
    await eventually(() => expect(map.edges()).toEqual(shownOf(all)));
    await eventually(async () => expect(await metrics()).toEqual(sumsByPort(all)));
    expect(city.hub.faults()).toEqual([]);
  });
});

type EdgeTotals = Record<string, Totals>;

/** a + b − c, edge by edge */
function merged(a: EdgeTotals, b: EdgeTotals = {}, c: EdgeTotals = {}): EdgeTotals {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, add(a[name], b[name], c[name])]));
}

/** a + b − c */
function add(a: Totals = NOTHING, b: Totals = NOTHING, c: Totals = NOTHING): Totals {
  const plus = sum(a, b);
  return Object.fromEntries(
    Object.entries(plus).map(([name, value]) => [name, value - c[name as keyof Totals]]),
  ) as never;
}

/** What a screen shows of it: both nodes together, and what their tables hold open. */
function shownOf(truth: Record<string, EdgeTotals>): Record<string, ShownEdge> {
  const shown: Record<string, ShownEdge> = {};
  const take = (name: string, more: Partial<ShownEdge>) => {
    const zero = { opened: 0, refused: 0, unanswered: 0, open: 0, closing: 0, waiting: 0 };
    shown[name] = sum(shown[name] ?? zero, { ...zero, ...more });
  };
  for (const edges of Object.values(truth)) {
    for (const [name, { opened, refused, unanswered }] of Object.entries(edges))
      take(name, { opened, refused, unanswered });
  }
  for (const edges of Object.values(city.trueOpen()))
    for (const [name, open] of Object.entries(edges)) take(name, open);
  return Object.fromEntries(Object.entries(shown).filter(([, edge]) => Object.values(edge).some((value) => value > 0)));
}

function sumsByPort(truth: Record<string, EdgeTotals>): Record<string, Totals> {
  const sums: Record<string, Totals> = {};
  for (const [name, totals] of Object.values(truth).flatMap((edges) => Object.entries(edges))) {
    const port = name.split(' > ')[1] as string;
    sums[port] = sum(sums[port] ?? NOTHING, totals);
  }
  return sums;
}

/** Totals by service port as Prometheus would scrape them. */
async function metrics(): Promise<Record<string, Totals>> {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const read = (name: string, labels = '') =>
    new Map(
      [
        ...text.matchAll(
          new RegExp(`^kubecity_traffic_${name}_total\\{service_port="([^"]*)"${labels}\\} (\\d+)$`, 'gm'),
        ),
      ].map(([, port = '', value]) => [port, Number(value)]),
    );
  const figures: Record<keyof Totals, Map<string, number>> = {
    opened: read('connections_opened'),
    refused: read('connections_refused'),
    unanswered: read('connections_unanswered'),
    packetsToBackend: read('packets', ',direction="to_backend"'),
    bytesToBackend: read('bytes', ',direction="to_backend"'),
    packetsToClient: read('packets', ',direction="to_client"'),
    bytesToClient: read('bytes', ',direction="to_client"'),
  };
  const of = (port: string) =>
    Object.fromEntries(
      Object.entries(figures).map(([name, values]) => [name, values.get(port) ?? 0]),
    ) as unknown as Totals;
  const ports = [...figures.opened.keys()].map((port): [string, Totals] => [port, of(port)]);
  return Object.fromEntries(ports.filter(([, totals]) => Object.values(totals).some((value) => value > 0)));
}
