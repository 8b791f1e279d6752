import type { CityEdgeRow, CityRecord, EdgeName } from '@kubecity/protocol';

/** What the toy city's traffic depends on. */
export interface ToyTraffic {
  readonly nodes: readonly string[];
  readonly pods: ReadonlyMap<string, CityRecord<'pod'>>;
  readonly backends: ReadonlyMap<string, CityRecord<'backend'>>;
  /** By node; edges with an end there are stale. */
  readonly silentSince: ReadonlyMap<string, number>;
  /** The city's own chance, 0..1. */
  readonly draw: () => number;
}

/** Client → Service, new connections per second. */
const TALKS: readonly (readonly [string, string, number])[] = [
  ['outside', 'shop/web', 64],
  ['loadgen', 'shop/web', 38],
  ['loadgen', 'shop/search', 6],
  ['shop/web', 'shop/cart', 21],
  ['shop/web', 'shop/catalog', 33],
  ['shop/web', 'shop/checkout', 18],
  ['shop/web', 'shop/search', 11],
  ['shop/cart', 'shop/checkout', 14],
  ['shop/cart', 'data/sessions', 9],
  ['shop/catalog', 'shop/search', 5],
  ['shop/catalog', 'data/orders-db', 3],
  ['shop/search', 'data/sessions', 2.5],
  ['shop/checkout', 'payments/payments', 19],
  ['shop/checkout', 'data/orders-db', 12],
  ['payments/payments', 'payments/fraud', 4],
  ['payments/payments', 'platform/dns', 8],
  ['data/orders-db', 'platform/dns', 1.2],
  ['node', 'platform/dns', 3],
];

/** What the edges do at that time; the ids of the rows are left at 0. */
export function toyEdges(toy: ToyTraffic, now: number): [EdgeName, CityEdgeRow][] {
  const { backends, silentSince, draw } = toy;
  const rows: [EdgeName, CityEdgeRow][] = [];
  for (const [from, to, base] of TALKS) {
    const clients = clientsOf(toy, from);
    const targets = [...backends].filter(([, backend]) => backend.service === to);
    const swell = swellAt(now, base);
    for (const client of clients) {
      for (const [id, backend] of targets) {
        const opened = (base * swell * backend.wishedShare * (0.85 + 0.3 * draw())) / clients.length;
        const refused = to === 'payments/fraud' ? opened * 0.22 : 0;
        const stale = silentSince.has(client.node ?? '') || silentSince.has(backend.node ?? '');
        const name = { client, service: to, servicePort: backend.servicePort, backend: id, podUid: backend.podUid };
        rows.push([name, rowOf(opened, refused, stale)]);
      }
    }
  }
  return [...rows, ...directEdges(toy, now)];
}

/** The reporter reads every database pod and the shop's doors directly; nodes probe; a client is gone. */
function directEdges({ pods, backends, silentSince }: ToyTraffic, now: number): [EdgeName, CityEdgeRow][] {
  const reporter = [...pods.values()].find((pod) => pod.labels.app === 'reporter') as CityRecord<'pod'>;
  const client = clientOf(reporter);
  const read = [...pods.values()].filter((pod) => ['orders-db', 'sessions', 'web'].includes(pod.labels.app ?? ''));
  const direct = (from: EdgeName['client'], pod: CityRecord<'pod'>, rate: number): [EdgeName, CityEdgeRow] => [
    { client: from, service: '', servicePort: '', backend: `|${pod.ip}:9090`, podUid: pod.uid },
    rowOf(rate, 0, silentSince.has(pod.node ?? '')),
  ];
  const probes = [...pods.values()].map((pod) =>
    direct({ kind: 'node', id: `node:${pod.node}`, label: pod.node ?? '', node: pod.node }, pod, 0.1),
  );
  const [id, backend] = [...backends].find(([, one]) => one.service === 'data/orders-db') as [
    string,
    CityRecord<'backend'>,
  ];
  const gone: EdgeName = {
    client: { kind: 'pod', id: 'pod:uid-gone', label: 'shop/cart-6aa1c4-zzzzz', node: 'node-c' },
    service: 'data/orders-db',
    servicePort: backend.servicePort,
    backend: id,
    podUid: backend.podUid,
  };
  return [
    ...read.map((pod) => direct(client, pod, 0.2 * swellAt(now, 1))),
    ...probes,
    [gone, rowOf(0.4 * swellAt(now, 2), 0, false)],
  ];
}

const swellAt = (now: number, base: number): number =>
  1 + 0.35 * Math.sin(now / 9000 + base) + 0.15 * Math.sin(now / 2300 + 2 * base);

const rowOf = (opened: number, refused: number, stale: boolean): CityEdgeRow => [
  0,
  stale ? 1 : 0,
  Math.round(opened * 1.4),
  Math.round(opened * 3),
  Math.round(opened * 6),
  0,
  0,
  Math.round(opened * 600),
  Math.round(refused * 600),
  0,
  opened,
  refused,
  opened * 900,
  opened * 14_000,
  opened * 14,
];

function clientsOf({ pods, nodes }: ToyTraffic, from: string): EdgeName['client'][] {
  if (from === 'outside') return [{ kind: 'outside', id: 'outside:203.0.113.0/24', label: '203.0.113.0/24' }];
  if (from === 'node') return nodes.map((node) => ({ kind: 'node', id: `node:${node}`, label: node, node }));
  return [...pods.values()]
    .filter((pod) => `${pod.namespace}/${pod.labels.app}` === from || pod.labels.app === from)
    .map(clientOf);
}

const clientOf = (pod: CityRecord<'pod'>): EdgeName['client'] => ({
  kind: 'pod',
  id: `pod:${pod.uid}`,
  label: `${pod.namespace}/${pod.name}`,
  node: pod.node,
});
