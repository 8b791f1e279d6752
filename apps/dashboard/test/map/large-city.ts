import type { CityRecord } from '@kubecity/protocol';
import { type City, EMPTY_CITY } from '../../src/city/city.ts';
import { type Edge, edgeKey } from '../../src/city/edges.ts';
import { random } from '../../src/map/geometry.ts';

export interface Size {
  readonly seed: number;
  readonly namespaces: number;
  readonly services: number;
  readonly pods: number;
  readonly nodes: number;
  readonly edges: number;
}

/** A seeded city of any size, as a browser would hold it: some pods back no Service, some have no node, some are steered. */
export function largeCity({ seed, namespaces, services, pods, nodes, edges }: Size): City {
  const draw = random(seed);
  const pick = (n: number) => Math.floor(draw() * n);
  const spaces = Array.from({ length: namespaces }, (_, i) => `team-${i}`);
  const node = new Map(
    Array.from({ length: nodes }, (_, i) => [`node-${i}`, nodeRecord(`node-${i}`, i, draw())] as const),
  );
  const service = new Map<string, CityRecord<'service'>>();
  for (let i = 0; i < services; i += 1) {
    const namespace = spaces[i % namespaces] as string;
    service.set(`${namespace}/svc-${i}`, serviceRecord(namespace, `svc-${i}`));
  }
  const ids = [...service.keys()];
  const pod = new Map<string, CityRecord<'pod'>>();
  const backend = new Map<string, CityRecord<'backend'>>();
  for (let i = 0; i < pods; i += 1) {
    const id = i % 11 === 10 ? undefined : ids[i % Math.max(1, ids.length)];
    const namespace = id?.split('/')[0] ?? (spaces[i % namespaces] as string);
    const at = i % 97 === 96 ? undefined : `node-${pick(nodes)}`;
    const record = podRecord(i, namespace, id?.split('/')[1] ?? 'job', at);
    pod.set(record.uid, record);
    if (id === undefined) continue;
    const sign = draw();
    backend.set(`${id}:main/TCP|${record.ip}:80`, {
      service: id,
      servicePort: `${id}:main/TCP`,
      address: record.ip ?? '',
      port: 80,
      node: at,
      podUid: record.uid,
      podName: record.name,
      usable: sign > 0.02,
      ready: sign > 0.02,
      serving: sign > 0.02,
      terminating: false,
      weight: sign > 0.996 ? 30 : 100,
      draining: sign > 0.99 && sign <= 0.996,
      overrideUid: sign > 0.99 ? 'override' : undefined,
      wishedShare: 0.1,
    });
  }
  const edge = new Map<string, Edge>();
  const [uids, backends] = [[...pod.keys()], [...backend]];
  const byService = Map.groupBy(backends, ([, { service: of }]) => of);
  for (let i = 0; i < edges && backends.length > 0; i += 1) {
    const uid = uids[pick(uids.length)] as string;
    const home = pod.get(uid)?.namespace ?? '';
    const called = byService.get(calledBy(ids, home, namespaces, draw)) ?? backends;
    const one = edgeOf(draw, uid, called[pick(called.length)] as (typeof backends)[0], nodes);
    edge.set(edgeKey(one), one);
  }
  const namespace = new Map(spaces.map((name) => [name, { name }] as const));
  const cluster = new Map([
    ['cluster', { name: 'large', apiState: 'live' as const, events: { state: 'live' as const } }],
  ]);
  return { ...EMPTY_CITY, cluster, namespace, node, service, pod, backend, edge };
}

/** Mostly a neighbour; else, and that is the heart of every city, one of a few that everybody calls. */
function calledBy(ids: readonly string[], namespace: string, namespaces: number, draw: () => number): string {
  const own = Number(namespace.slice('team-'.length));
  const rows = Math.max(1, Math.floor(ids.length / namespaces));
  if (draw() < 0.7) return ids[own + namespaces * Math.floor(draw() * rows)] ?? '';
  return (
    ids[
      (own + ([1, 7, 31][Math.floor(draw() * 3)] as number) + namespaces * Math.floor(draw() ** 3 * rows)) % ids.length
    ] ?? ''
  );
}

const nodeRecord = (name: string, i: number, state: number): CityRecord<'node'> => ({
  name,
  zone: i % 7 === 6 ? undefined : `zone-${'abc'[i % 3]}`,
  ready: true,
  addresses: [`172.20.${i >> 8}.${i & 255}`],
  agent: { state: state > 0.9 ? 'stale' : state < 0.04 ? 'absent' : 'live', lastFrameAt: 1_700_000_000_000 },
});

const serviceRecord = (namespace: string, name: string): CityRecord<'service'> => ({
  namespace,
  name,
  type: 'ClusterIP',
  ports: [{ key: `${namespace}/${name}:main/TCP`, name: 'main', port: 80, protocol: 'TCP' }],
  policy: { internalTraffic: 'Cluster', externalIPs: [], loadBalancers: [], sourceRanges: [] },
  problems: [],
});

const podRecord = (i: number, namespace: string, workload: string, node: string | undefined): CityRecord<'pod'> => ({
  uid: `uid-${i}`,
  namespace,
  name: `${workload}-7d9fc4-${String(i).padStart(5, '0')}`,
  node,
  ip: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
  phase: 'Running',
  ready: true,
  terminating: false,
  labels: { app: workload },
});

function edgeOf(draw: () => number, uid: string, [id, backend]: [string, CityRecord<'backend'>], nodes: number): Edge {
  const kind = draw();
  const direct = draw() < 0.1;
  const client: Edge['client'] =
    kind < 0.08
      ? { kind: 'outside', id: `outside:10.9.${Math.floor(draw() * 9)}.0/24`, label: 'outside' }
      : kind < 0.12
        ? { kind: 'node', id: `node:node-${Math.floor(draw() * nodes)}`, label: 'node' }
        : { kind: 'pod', id: `pod:${kind < 0.15 ? 'gone' : uid}`, label: uid };
  // Halves and quarters: sums are exact in whatever order they are made.
  const figure = (most: number) => Math.floor(draw() * most) / 4;
  const calm = draw() < 0.1;
  return {
    client,
    service: direct ? '' : backend.service,
    servicePort: direct ? '' : backend.servicePort,
    backend: direct ? `|${backend.address}:80` : id,
    podUid: backend.podUid,
    stale: draw() < 0.05,
    moving: calm ? 0 : 2,
    idle: 0,
    closing: 0,
    waiting: draw() < 0.02 ? 3 : 0,
    uncounted: 0,
    opened: 100,
    refused: 0,
    unanswered: 0,
    openedPerSecond: calm ? 0 : Math.ceil(draw() ** 6 * 240) / 4,
    refusedPerSecond: draw() < 0.05 ? figure(8) : 0,
    bytesToBackendPerSecond: figure(40_000),
    bytesToClientPerSecond: figure(400_000),
    packetsPerSecond: figure(100),
  };
}
