import fc from 'fast-check';
import { IsolationTracker, type KubeNamespace, type KubeNetworkPolicy, type PolicyPod } from '../src/index.ts';

/** One thing that may happen in a small cluster. */
export type Event =
  | { readonly kind: 'policies'; readonly object: KubeNetworkPolicy; readonly gone: boolean }
  | { readonly kind: 'namespaces'; readonly object: KubeNamespace; readonly gone: boolean }
  | { readonly kind: 'pods'; readonly object: PolicyPod; readonly gone: boolean };

const NAMESPACES = ['shop', 'pay', 'dev'];
const namespace = fc.constantFrom(...NAMESPACES);
const label = fc.record(
  { app: fc.constantFrom('web', 'db'), tier: fc.constantFrom('1', '2') },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>;

const expression = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'tier', 'team'),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.subarray(['web', 'db', '1', 'red'], { minLength: 1 }),
  }),
  fc.record({ key: fc.constantFrom('app', 'tier', 'team'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const selector = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: label.map((matchLabels) => ({ matchLabels })) },
  { weight: 1, arbitrary: fc.record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }) }) },
);
const namespaceSelector = fc.oneof(
  fc.constant({}),
  fc.constantFrom('red', 'blue').map((team) => ({ matchLabels: { team } })),
  namespace.map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
);
const block = fc.constantFrom(
  { cidr: '10.244.1.0/24' },
  { cidr: '10.244.0.0/16', except: ['10.244.1.4/30', '10.244.1.1/32'] },
  { cidr: '0.0.0.0/0' },
  { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] },
  { cidr: 'fd00:10:244::/48', except: ['fd00:10:244:1::2/127'] },
  { cidr: '::/0' },
  { cidr: '10.244.1.300/24' },
);
const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector }),
  fc.record({ namespaceSelector, podSelector: selector }),
  fc.record({ ipBlock: block }),
);
const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP', undefined);
const port = fc.oneof(
  fc.record({ protocol, port: fc.constantFrom(80, 81, 8080, 9000) }),
  fc.record({ protocol, port: fc.constantFrom(80, 8000), endPort: fc.constantFrom(81, 9000) }),
  fc.record({ protocol, port: fc.constantFrom('http', 'metrics') }),
  fc.record({ protocol }),
);
const rule = (peers: 'from' | 'to') =>
  fc.record(
    { [peers]: fc.array(peer, { maxLength: 3 }), ports: fc.array(port, { maxLength: 3 }) },
    { requiredKeys: [] },
  );
const spec = fc.record(
  {
    podSelector: selector,
    policyTypes: fc.subarray(['Ingress', 'Egress']),
    ingress: fc.array(rule('from'), { maxLength: 2 }),
    egress: fc.array(rule('to'), { maxLength: 2 }),
  },
  { requiredKeys: ['podSelector'] },
);

/** Ten addresses for more pods than that, so that some are passed on. */
const place = fc.integer({ min: 1, max: 10 });
export const addressesOfPlace = (number: number) => [`10.244.1.${number}`, `fd00:10:244:1::${number}`];

const pod = fc.record({
  namespace,
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  labels: label,
  place,
  nodeName: fc.constantFrom('node-a', 'node-a', 'node-b'),
  phase: fc.constantFrom('Running', 'Running', 'Running', 'Running', 'Succeeded'),
  hostNetwork: fc.constantFrom(false, false, false, false, true),
  ports: fc.array(
    fc.record({
      name: fc.constantFrom('http', 'metrics'),
      containerPort: fc.constantFrom(80, 8080, 9000),
      protocol: fc.constantFrom('TCP', 'UDP'),
    }),
    { maxLength: 2 },
  ),
  born: fc.constantFrom('2026-11-01', '2026-11-02'),
});

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ one: pod, gone: seldom() }).map(({ one, gone }): Event => {
      const { namespace: home, name, labels, nodeName, hostNetwork, phase, ports, born } = one;
      const object: PolicyPod = {
        metadata: { namespace: home, name, labels, creationTimestamp: born },
        spec: { nodeName, hostNetwork, containers: [{ ports }] },
        status: { phase, podIPs: addressesOfPlace(one.place).map((ip) => ({ ip })) },
      };
      return { kind: 'pods', object, gone };
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ home: namespace, name: fc.constantFrom('p', 'q', 'r'), spec, gone: seldom() })
      .map(({ home, name, spec: text, gone }): Event => {
        return { kind: 'policies', object: { metadata: { namespace: home, name }, spec: text }, gone };
      }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ name: namespace, team: fc.constantFrom('red', 'blue'), gone: seldom() }).map(
      ({ name, team, gone }): Event => ({
        kind: 'namespaces',
        object: { metadata: { name, labels: { team } } },
        gone,
      }),
    ),
  },
);

function seldom(): fc.Arbitrary<boolean> {
  return fc.integer({ min: 0, max: 4 }).map((number) => number === 0);
}

const BASIS: readonly Event[] = NAMESPACES.map((name, i) => ({
  kind: 'namespaces',
  object: { metadata: { name, labels: { team: i === 0 ? 'red' : 'blue' } } },
  gone: false,
}));

export const events = (maxLength: number): fc.Arbitrary<Event[]> =>
  fc.array(event, { minLength: 1, maxLength, size: 'max' }).map((list) => [...BASIS, ...list]);

/** Tells a tracker what happens, and can tell another one what is there. */
export class Cluster {
  readonly #held = new Map<string, Event>();
  readonly #tracker: IsolationTracker;

  constructor(tracker: IsolationTracker) {
    this.#tracker = tracker;
  }

  apply(happened: Event): void {
    const key = keyOf(happened);
    if (happened.gone) this.#held.delete(key);
    else this.#held.set(key, happened);
    tell(this.#tracker, happened);
  }

  /** Events that bring back what `list` would change, as it is now. */
  undoing(list: readonly Event[]): Event[] {
    return list.map((one) => this.#held.get(keyOf(one)) ?? ({ ...one, gone: true } as Event));
  }

  /** A tracker that hears of everything at once. */
  anew(node: string | undefined): IsolationTracker {
    const tracker = new IsolationTracker(node);
    for (const one of [...this.#held.values()].reverse()) tell(tracker, one);
    return tracker;
  }
}

function keyOf({ kind, object: { metadata } }: Event): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

export function tell(tracker: IsolationTracker, { kind, object, gone }: Event): void {
  if (kind === 'pods') gone ? tracker.deletePod(object) : tracker.setPod(object);
  else if (kind === 'policies') gone ? tracker.deletePolicy(object) : tracker.setPolicy(object);
  else gone ? tracker.deleteNamespace(object) : tracker.setNamespace(object);
}
