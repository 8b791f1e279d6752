import type { CityOp, CityRecord, Judgement, Opinion } from '@kubecity/protocol';

type Pod = CityRecord<'pod'>;
type Gates = NonNullable<Pod['gates']>;

/** Which workloads a policy closes, and how much it lets through and refuses per second. */
interface ToyPolicy {
  readonly id: string;
  readonly apps: readonly string[];
  /** Whom its one rule lets through: workloads, or everybody of a namespace. */
  readonly allows?: readonly string[];
  readonly ingress?: readonly [accepted: number, refused: number];
  readonly egress?: readonly [accepted: number, refused: number];
  readonly problems?: CityRecord<'policy'>['problems'];
}

const POLICIES: readonly ToyPolicy[] = [
  { id: 'payments/default-deny', apps: ['payments', 'fraud'], ingress: [0, 2.4] },
  { id: 'payments/only-checkout', apps: ['payments'], allows: ['checkout'], ingress: [19, 2.4] },
  {
    ...{ id: 'payments/own-namespace', apps: ['fraud'], allows: ['payments/'], ingress: [4, 0] },
    problems: [
      {
        field: 'spec.ingress[1].ports[0].port',
        message: 'must be a number from 1 to 65535 or the name of a port, not "8443/tcp"',
      },
    ],
  },
  { id: 'data/only-shop', apps: ['orders-db', 'sessions'], allows: ['shop/', 'platform/'], ingress: [26, 0.5] },
  { id: 'platform/no-way-out', apps: ['reporter'], allows: ['data/', 'shop/'], egress: [1.2, 0.9] },
];

/** What the toy city's policies are made of. */
export interface ToyStreets {
  readonly nodes: readonly string[];
  readonly pods: ReadonlyMap<string, Pod>;
}

/** Toy city's policies, its pods' gates, and the attempts that are refused there. */
export class ToyIsolation {
  readonly #of: ToyStreets;
  #begunAt: number | undefined;
  #told: ReadonlyMap<string, CityRecord<'refusal'>> = new Map();
  /** Nobody tries while this is false. */
  tries = true;

  constructor(of: ToyStreets) {
    this.#of = of;
  }

  gatesOf(pod: Pod): Gates {
    const own = POLICIES.filter(
      ({ id, apps }) => id.startsWith(`${pod.namespace}/`) && apps.includes(pod.labels.app ?? ''),
    );
    const ids = (direction: 'ingress' | 'egress') => {
      const found = own.filter((policy) => policy[direction]).map(({ id }) => id);
      return found.length > 0 ? { [direction]: found } : {};
    };
    return { ...ids('ingress'), ...ids('egress') };
  }

  ops(now: number): CityOp[] {
    this.#begunAt ??= now - 600_000;
    const seconds = (now - this.#begunAt) / 1000;
    const before = this.#told;
    this.#told = this.tries ? this.#attempts(now) : new Map();
    return [
      ...POLICIES.map(({ id, apps, ingress, egress, problems }): CityOp => {
        const [namespace = '', name = ''] = id.split('/');
        const closed = [...this.#of.pods.values()].filter((pod) => apps.includes(pod.labels.app ?? ''));
        const figures = ([accepted, refused]: readonly [number, number]) => ({
          accepted: Math.round(accepted * seconds),
          refused: Math.round(refused * seconds),
          acceptedPerSecond: accepted,
          refusedPerSecond: this.tries ? refused : 0,
        });
        const record = {
          ...{ namespace, name, pods: closed.length },
          ingress: ingress && figures(ingress),
          egress: egress && figures(egress),
          problems,
        };
        return ['set', 'policy', id, record];
      }),
      ...[...before.keys()].filter((id) => !this.#told.has(id)).map((id): CityOp => ['delete', 'refusal', id]),
      ...[...this.#told].map(([id, refusal]): CityOp => ['set', 'refusal', id, refusal]),
    ];
  }

  #attempts(now: number): ReadonlyMap<string, CityRecord<'refusal'>> {
    const of = (app: string) => [...this.#of.pods.values()].filter(({ labels }) => labels.app === app);
    const [loadgen, second] = of('loadgen');
    const [payments, other] = of('payments');
    const [orders] = of('orders-db');
    const [catalog] = of('catalog');
    const [reporter] = of('reporter');
    const [search] = of('search');
    if (!loadgen || !second || !payments || !other || !orders || !catalog || !reporter || !search) return new Map();
    const outside = { kind: 'outside', id: 'outside:203.0.113.0/24', label: '203.0.113.0/24' } as const;
    const [deny, only] = ['payments/default-deny', 'payments/only-checkout'];
    const rows = [
      this.#attempt(clientOf(loadgen), payments, 8443, [deny, only], 'payments/payments', now - 400),
      this.#attempt(clientOf(second), payments, 8443, [deny, only], 'payments/payments', now - 2400),
      this.#attempt(clientOf(catalog), other, 8443, [deny, only], 'payments/payments', now - 31_000),
      this.#attempt({ ...outside, node: orders.node }, orders, 5432, ['data/only-shop'], 'data/orders-db', now - 7000),
      {
        ...this.#attempt(clientOf(reporter), undefined, 443, ['platform/no-way-out'], undefined, now - 900),
        ...{ address: '198.51.100.20', direction: 'egress' as const, node: reporter.node ?? '' },
      },
      { ...this.#attempt(clientOf(search), undefined, 80, [], undefined, now - 12_000), address: '10.244.2.250' },
    ];
    return new Map(
      rows.map((row) => [`${row.client.id}|${row.address}|${row.protocol}|${row.port}|${row.direction}`, row]),
    );
  }

  #attempt(
    client: CityRecord<'refusal'>['client'],
    pod: Pod | undefined,
    port: number,
    policies: readonly string[],
    service: string | undefined,
    lastAt: number,
  ): CityRecord<'refusal'> {
    return {
      client,
      address: pod?.ip ?? '',
      port,
      protocol: 'TCP',
      podUid: pod?.uid,
      service,
      direction: 'ingress',
      policies: [...policies],
      firstAt: lastAt - 48_000,
      lastAt,
      node: pod?.node ?? (this.#of.nodes[1] as string),
    };
  }
}

const clientOf = (pod: Pod): CityRecord<'refusal'>['client'] => ({
  kind: 'pod',
  id: `pod:${pod.uid}`,
  label: `${pod.namespace}/${pod.name}`,
  node: pod.node,
});

/** What the policies say to a packet from one pod to another; `undefined` is somebody who is no pod. */
export function judged(from: Pod | undefined, to: Pod | undefined): Judgement {
  const [egress, ingress] = [opinion(from, to, 'egress'), opinion(to, from, 'ingress')];
  return { allowed: ![egress, ingress].some(({ verdict }) => verdict === 'refused'), egress, ingress };
}

function opinion(pod: Pod | undefined, other: Pod | undefined, direction: 'ingress' | 'egress'): Opinion {
  const name = pod && `${pod.namespace}/${pod.name}`;
  const policies = pod?.gates?.[direction];
  if (!policies) return { pod: name, verdict: 'open', policies: [], by: [] };
  const isAllowed = (allowed: string) =>
    allowed.endsWith('/') ? `${other?.namespace}/` === allowed : other?.labels.app === allowed;
  const by = POLICIES.filter(({ id, allows = [] }) => policies.includes(id) && allows.some(isAllowed));
  return {
    ...{ pod: name, policies, verdict: by.length > 0 ? 'allowed' : 'refused' },
    by: by.map(({ id }) => ({ policy: id, rule: 0 })),
  };
}

/** What the agent of a node says of policies and routes: one cannot reach another node's pods. */
export function nodeSays(node: string, nodes: readonly string[], now: number): Partial<CityRecord<'node'>['agent']> {
  const others = nodes.length - 1;
  const lost = node === 'node-d';
  const why = 'node-a is not on the same link, and the kernel has no VXLAN';
  return {
    isolation: { state: 'enforcing', at: now - 4000, policies: POLICIES.length, rules: 31 },
    routes: {
      mode: 'auto',
      state: lost ? 'failing' : 'sound',
      at: now - 9000,
      direct: lost ? others - 1 : others,
      vxlan: 0,
      none: lost ? 1 : 0,
      missing: lost ? [{ node: 'node-a', range: '10.244.1.0/24', via: 'none', why }] : [],
      ...(node === 'node-b' && { repaired: { at: now - 720_000, difference: 'route to 10.244.3.0/24 was gone' } }),
    },
  };
}
