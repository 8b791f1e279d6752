import type {
  AuditEntry,
  CityEdgeRow,
  CityOp,
  CityRecord,
  EdgeName,
  SteerAnswer,
  SteerEffect,
  SteerRequest,
} from '@kubecity/protocol';
import { type Edge, edgeOf } from '../../src/city/edges.ts';
import { random } from '../../src/map/geometry.ts';
import { toyEdges } from './toy-edges.ts';
import { nodeSays, ToyIsolation } from './toy-isolation.ts';
import { doorsOf, policyOf, SERVICES } from './toy-services.ts';
import { ToySteering, type ToyWish } from './toy-steering.ts';
import { wishRecord } from './toy-wish.ts';

/** A seeded city for looking at the page: records as the hub would send them, with a model behind the wishes. */
const ZONES: Record<string, string> = {
  'node-a': 'zone-a',
  'node-b': 'zone-a',
  'node-c': 'zone-b',
  'node-d': 'zone-b',
};
const NODES = Object.keys(ZONES);

export interface ToyCity {
  /** Every record, between `reset` and `sync`. */
  snapshot(now: number): CityOp[];
  /** Lets `seconds` pass and tells what changed. */
  advance(now: number): CityOp[];
  /** What the edges do, the ids of their rows left at 0. */
  edges(now: number): [EdgeName, CityEdgeRow][];
  /** By another hand than the browser's. */
  drain(backend: string, now: number): void;
  undrain(backend: string, now: number): void;
  weigh(backend: string, weight: number, now: number): void;
  steer(request: SteerRequest, now: number, by: string): SteerAnswer;
  readonly audit: readonly AuditEntry[];
  addPod(service: string, now: number): void;
  /** With everything it backs. */
  removePod(uid: string): void;
  silence(node: string, on: boolean): void;
  /** Other than usual of a node's agent; nothing: as usual again. */
  tellOfAgent(node: string, news?: Partial<CityRecord<'node'>['agent']>): void;
  /** Whether anybody tries what policies refuse: so it begins. */
  tryForbidden(on: boolean): void;
  /** The API no longer lets events be read, in these words; without words it does. */
  refuseEvents(why?: string): void;
}

export function toyCity(seed: number): ToyCity {
  const draw = random(seed);
  const pods = new Map<string, CityRecord<'pod'>>();
  const backends = new Map<string, CityRecord<'backend'>>();
  const services = new Map<string, CityRecord<'service'>>();
  const ticks: [string, CityRecord<'tick'>][] = [];
  const actions: [string, CityRecord<'action'>][] = [];
  const silentSince = new Map<string, number>();
  const agentNews = new Map<string, Partial<CityRecord<'node'>['agent']>>();
  const gone: CityOp[] = [];
  let cluster: CityRecord<'cluster'> = { name: 'shop-prod', apiState: 'live', events: { state: 'live' } };
  let serial = 0;
  let address = 10;

  const suffix = () =>
    Math.floor(draw() * 36 ** 5)
      .toString(36)
      .padStart(5, 'x');

  function build(namespace: string, workload: string, version = '7d9f'): CityRecord<'pod'> {
    serial += 1;
    const node = NODES[serial % NODES.length] as string;
    address += 1;
    const pod: CityRecord<'pod'> = {
      uid: `uid-${serial}`,
      namespace,
      name: `${workload}-${version}c4-${suffix()}`,
      node,
      ip: `10.244.${NODES.indexOf(node) + 1}.${address}`,
      phase: 'Running',
      ready: true,
      terminating: false,
      labels: { app: workload, version: serial % 3 === 0 ? 'v2' : 'v1' },
    };
    pods.set(pod.uid, pod);
    return pod;
  }

  function addBackend(id: string): void {
    const [namespace = '', name = ''] = id.split('/');
    const service = services.get(id);
    const port = service?.ports[0];
    if (!port) throw new Error(`no such service: ${id}`);
    const pod = build(namespace, name);
    backends.set(`${port.key}|${pod.ip}:${port.port}`, {
      service: id,
      servicePort: port.key,
      address: pod.ip ?? '',
      port: port.port,
      node: pod.node,
      zone: ZONES[pod.node ?? ''],
      podUid: pod.uid,
      podName: pod.name,
      usable: true,
      ready: true,
      serving: true,
      terminating: false,
      weight: 100,
      draining: false,
      wishedShare: 0,
    });
  }

  for (const [i, [id, count, port, protocol]] of SERVICES.entries()) {
    const [namespace = '', name = ''] = id.split('/');
    const key = `${id}:main/${protocol}`;
    services.set(id, {
      namespace,
      name,
      type: doorsOf(id) ? 'LoadBalancer' : 'ClusterIP',
      clusterIP: `10.96.41.${i + 5}`,
      ports: [{ key, name: 'main', port, protocol, targetPort: String(port), nodePort: doorsOf(id)?.nodePort }],
      policy: policyOf(id),
      problems:
        id === 'payments/fraud'
          ? [{ field: 'spec.sessionAffinity', message: 'ClientIP is not built yet; treated as None' }]
          : [],
    });
    for (let n = 0; n < count; n += 1) addBackend(id);
  }
  for (let n = 0; n < 3; n += 1) build('shop', 'loadgen', '5b6d');
  build('platform', 'reporter', '6c9a');

  const isolation = new ToyIsolation({ nodes: NODES, pods });
  const steering = new ToySteering({ nodes: NODES, pods, backends, rates: () => ratesOf(Date.now()) });

  function reweigh(now = Date.now()): void {
    const { weights } = steering.weigh(undefined, now);
    for (const [id, backend] of backends) {
      const { weight = 100, draining = false, uid } = weights.get(id) ?? {};
      Object.assign(backend, { weight: Math.round(weight * 100) / 100, draining, overrideUid: uid });
    }
    for (const [id] of SERVICES) {
      const group = [...backends.values()].filter((backend) => backend.service === id);
      const total = group.reduce((sum, backend) => sum + (backend.usable ? backend.weight : 0), 0);
      for (const backend of group) backend.wishedShare = total > 0 && backend.usable ? backend.weight / total : 0;
    }
  }

  function steer(request: SteerRequest, now: number, by: string): SteerAnswer {
    const known = steering.audit.length;
    const answer = steering.steer(request, now, by);
    reweigh(now);
    for (const { id, what, name, service, at, after } of steering.audit.slice(known)) {
      const spec = (after ?? {}) as { drain?: unknown; weight?: number; share?: number };
      const verb = spec.drain
        ? 'drain'
        : spec.weight !== undefined
          ? 'weight'
          : spec.share !== undefined
            ? 'share'
            : 'undrain';
      const figure = spec.weight ?? spec.share;
      const target = `${service ?? ''} ${name}${figure === undefined ? '' : ` at ${figure}`}`.trim();
      const uid = steering.wishes.find((wish) => wish.name === name)?.uid;
      actions.push([`action-${id}`, { at, verb: what === 'undo' ? 'changed' : verb, target, by, overrideUid: uid }]);
    }
    return answer;
  }

  /** Another hand's wish for one backend. */
  function wish(id: string, effect: SteerEffect, now: number): void {
    const drains = effect.kind === 'drain';
    const reason = drains ? 'INC-123 slow disk' : undefined;
    const request = { action: 'steer', target: { kind: 'backend', id }, effect, reason, allowEmpty: true } as const;
    const answer = steer(request, now, drains ? 'mara@shop.example' : 'kubectl-edit');
    if (!answer.ok) throw new Error(answer.message);
  }

  function ratesOf(now: number): ReadonlyMap<string, number> {
    const rates = new Map<string, number>();
    for (const [{ backend }, row] of edges(now)) rates.set(backend, (rates.get(backend) ?? 0) + (row[10] as number));
    return rates;
  }

  const recordOf = (wish: ToyWish, now: number) => {
    const { weights, lifted } = steering.weigh(undefined, now);
    const held = [...weights].flatMap(([id, { uid }]) => (uid === wish.uid ? [id] : []));
    return wishRecord(wish, { nodes: NODES, silent: silentSince, backends: held, lifted: lifted.has(wish.uid) }, now);
  };

  const edges = (now: number) => toyEdges({ nodes: NODES, pods, backends, silentSince, draw }, now);

  function loads(now: number): CityOp[] {
    const told = edges(now).map(([name, row]): Edge => edgeOf(name, row));
    const sum = (key: (edge: Edge) => string) => {
      const sums = new Map<string, number>();
      for (const edge of told) sums.set(key(edge), (sums.get(key(edge)) ?? 0) + edge.openedPerSecond);
      return sums;
    };
    const [own, all] = [sum((edge) => edge.backend), sum((edge) => edge.servicePort)];
    const steady = (perSecond: number) => ({ s1: perSecond, s10: perSecond, s60: perSecond });
    return [...backends].map(([id, backend]): CityOp => {
      const opened = Math.round((own.get(id) ?? 0) * 60);
      return [
        'set',
        'load',
        id,
        {
          openedPerSecond: steady(own.get(id) ?? 0),
          refusedPerSecond: steady(0),
          bytesPerSecond: steady(0),
          opened,
          openedOfPort: Math.round((all.get(backend.servicePort) ?? 0) * 60),
          windowSeconds: 60,
          moving: 0,
          idle: 0,
          closing: 0,
        },
      ];
    });
  }

  function nodeRecord(name: string, now: number): CityRecord<'node'> {
    const silent = silentSince.get(name);
    return {
      name,
      zone: ZONES[name],
      ready: true,
      addresses: [`172.20.0.${NODES.indexOf(name) + 2}`],
      podCIDR: `10.244.${NODES.indexOf(name) + 1}.0/24`,
      agent: {
        state: silent === undefined ? 'live' : 'stale',
        lastFrameAt: silent ?? now,
        inSync: true,
        servicePorts: 10,
        chains: 24,
        rules: 112,
        lastSyncAt: now - 8000,
        lastSync: { chains: 1, rules: 6, milliseconds: 14 },
        conntrack: tableOf(name, silent ?? now),
        version: '0.1.0',
        ...nodeSays(name, NODES, now),
        ...agentNews.get(name),
      },
    };
  }

  /** node-b is nearly full and missed something. */
  const tableOf = (name: string, at: number): CityRecord<'node'>['agent']['conntrack'] => ({
    entries: name === 'node-b' ? 221_000 : 1840,
    max: 262_144,
    insertFailed: 0,
    dropped: 0,
    earlyDropped: 0,
    withoutCounters: name === 'node-b' ? 12 : 0,
    lostDumps: name === 'node-b' ? 2 : 0,
    lostEvents: 0,
    endedUnseen: name === 'node-b' ? 31 : 0,
    elsewhere: 620,
    unexplained: 0,
    folded: 0,
    dumpMilliseconds: name === 'node-b' ? 880 : 9,
    periodMilliseconds: name === 'node-b' ? 4400 : 1000,
    at: at - 350,
  });

  function tickAt(at: number): CityOp {
    const swell = 1 + 0.35 * Math.sin(at / 90_000) + 0.12 * Math.sin(at / 17_000) + 0.08 * draw();
    const record = { at, openedPerSecond: 270 * swell, bytesPerSecond: 4e6 * swell, refusedPerSecond: 1.2 };
    ticks.push([String(at), record]);
    return ['set', 'tick', String(at), record];
  }

  /** The first pod of `search` is in trouble, the node that is nearly full says so. */
  function events(now: number): CityOp[] {
    const [search] = [...pods.values()].filter((pod) => pod.labels.app === 'search');
    const event = (id: string, age: number, more: Pick<CityRecord<'event'>, 'about' | 'reason' | 'note'>): CityOp => {
      const record = { at: now - age, firstAt: now - 8 * age, warning: true, count: 8, source: 'kubelet', ...more };
      return ['set', 'event', id, record];
    };
    const pod = { kind: 'Pod' as const, namespace: 'shop', name: search?.name ?? '', uid: search?.uid };
    return [
      event('event-1', 41_000, { about: pod, reason: 'Unhealthy', note: 'Readiness probe failed: HTTP 503' }),
      event('event-2', 300_000, {
        about: { kind: 'Node', name: 'node-b' },
        reason: 'ConntrackNearlyFull',
        note: 'The connection table is 84 % full.',
      }),
    ];
  }

  function standing(now: number): CityOp[] {
    return [
      ['set', 'cluster', 'cluster', cluster],
      ...NODES.map((name): CityOp => ['set', 'node', name, nodeRecord(name, now)]),
      ...[...backends].map(([id, backend]): CityOp => ['set', 'backend', id, { ...backend }]),
      ...steering.wishes.map((wish): CityOp => ['set', 'override', wish.uid, recordOf(wish, now)]),
      ...loads(now),
      ...actions.map(([id, action]): CityOp => ['set', 'action', id, action]),
      ...[...pods].map(([id, pod]): CityOp => ['set', 'pod', id, { ...pod, gates: isolation.gatesOf(pod) }]),
      ...isolation.ops(now),
    ];
  }

  reweigh();
  return {
    snapshot: (now) => {
      if (ticks.length === 0) for (let at = now - 50 * 60_000; at < now; at += 5000) tickAt(at);
      const namespaces = new Set([...services.values()].map((service) => service.namespace));
      return [
        ['reset'],
        ['set', 'cluster', 'cluster', cluster],
        ...[...namespaces].map((name): CityOp => ['set', 'namespace', name, { name }]),
        ...[...services].map(([id, service]): CityOp => ['set', 'service', id, service]),
        ...ticks.map(([id, tick]): CityOp => ['set', 'tick', id, tick]),
        ...events(now),
        ...standing(now),
        ['sync'],
      ];
    },
    advance: (now) => {
      const last = ticks.at(-1)?.[1].at ?? 0;
      return [
        ...gone.splice(0),
        ...steering.takeGone(),
        ...(now - last >= 5000 ? [tickAt(now)] : []),
        ...standing(now),
      ];
    },
    edges,
    drain: (backend, now) => wish(backend, { kind: 'drain' }, now),
    undrain: (backend, now) => wish(backend, { kind: 'release' }, now),
    weigh: (backend, weight, now) =>
      wish(backend, weight === 100 ? { kind: 'release' } : { kind: 'weight', weight }, now),
    steer,
    get audit() {
      return steering.audit;
    },
    addPod: (service) => {
      addBackend(service);
      reweigh();
    },
    removePod: (uid) => {
      pods.delete(uid);
      gone.push(['delete', 'pod', uid]);
      for (const [id, { podUid }] of backends) {
        if (podUid !== uid) continue;
        backends.delete(id);
        gone.push(['delete', 'backend', id], ['delete', 'load', id]);
      }
      reweigh();
    },
    refuseEvents: (why) => {
      cluster = { ...cluster, events: why === undefined ? { state: 'live' } : { state: 'unreadable', why } };
    },
    tryForbidden: (on) => {
      isolation.tries = on;
    },
    silence: (node, on) => {
      if (on) silentSince.set(node, Date.now());
      else silentSince.delete(node);
    },
    tellOfAgent: (node, news) => {
      if (news) agentNews.set(node, news);
      else agentNews.delete(node);
    },
  };
}
