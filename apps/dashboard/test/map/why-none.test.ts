import type { CityRecord } from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type City, EMPTY_CITY } from '../../src/city/city.ts';
import type { Edge } from '../../src/city/edges.ts';
import { busiestCaller, whyNone } from '../../src/city/why-none.ts';
import { cityOf } from './city-of.ts';

const { city: toy } = cityOf(1);
const first = <T>(map: ReadonlyMap<string, T>) => [...map.values()][0] as T;
const sample = { node: first(toy.node), pod: first(toy.pod), service: first(toy.service), backend: first(toy.backend) };
const someEdge = first(toy.edge);

const PORT = 'shop/cart:http/TCP';
const ID = `${PORT}|10.0.0.1:80`;

type Backend = CityRecord<'backend'>;
interface Change {
  readonly backend?: Partial<Backend>;
  /** Of the second backend, on node-b in zone b. */
  readonly other?: Partial<Backend>;
  readonly policy?: Partial<CityRecord<'service'>['policy']>;
  readonly service?: Partial<CityRecord<'service'>>;
  readonly override?: Partial<CityRecord<'override'>>;
  /** Clients by node, or `outside`; each calls the second backend. */
  readonly callers?: readonly string[];
  readonly load?: Partial<CityRecord<'load'>>;
  readonly phase?: string;
  readonly silent?: boolean;
  /** Names of callers that policies refuse, the last one first. */
  readonly refused?: readonly string[];
  readonly refusal?: Partial<CityRecord<'refusal'>>;
  /** Policies that close the pod. */
  readonly ingress?: string[];
  readonly edges?: readonly Partial<Edge>[];
}

const QUIET = { openedPerSecond: 0, moving: 0, idle: 0 };

function edge(from: string, to: string, change: Partial<Edge> = {}): Edge {
  const client =
    from === 'outside'
      ? { kind: 'outside' as const, id: 'outside:203.0.113.0/24', label: '203.0.113.0/24' }
      : { kind: 'pod' as const, id: `pod:caller-${from}`, label: `shop/caller-${from}`, node: from };
  return { ...someEdge, client, service: 'shop/cart', servicePort: PORT, backend: to, openedPerSecond: 2, ...change };
}

/** A Service `shop/cart` with the pod `p1` on node-a in zone a, and `p2` on node-b in zone b. */
function cityWith(change: Change = {}): City {
  const { backend, other, policy, service, override, callers = [], load, phase = 'Running', silent } = change;
  const one: Backend = {
    ...sample.backend,
    ...{ service: 'shop/cart', servicePort: PORT, address: '10.0.0.1', port: 80, node: 'node-a', zone: 'a' },
    ...{ podUid: 'p1', podName: 'cart-1', usable: true, ready: true, serving: true, terminating: false },
    ...{ weight: 100, draining: false, overrideUid: undefined, hints: undefined, wishedShare: 0.5 },
  };
  const pod = (uid: string, node: string) => ({ ...sample.pod, uid, namespace: 'shop', name: uid, node, phase });
  const node = (name: string, zone: string) => ({
    ...sample.node,
    ...{ name, zone },
    agent: { ...sample.node.agent, state: silent && name === 'node-b' ? ('stale' as const) : ('live' as const) },
  });
  const edges = [
    ...callers.map((from) => edge(from, `${PORT}|10.0.0.2:80`)),
    ...(change.edges ?? []).map((figures) => edge('node-a', ID, figures)),
  ];
  return {
    ...EMPTY_CITY,
    node: new Map([
      ['node-a', node('node-a', 'a')],
      ['node-b', node('node-b', 'b')],
    ]),
    pod: new Map([
      ['p1', { ...pod('p1', 'node-a'), ...(change.ingress && { gates: { ingress: change.ingress } }) }],
      ['p2', pod('p2', 'node-b')],
      ['loner', pod('loner', 'node-a')],
    ]),
    service: new Map([
      [
        'shop/cart',
        {
          ...sample.service,
          ...{ namespace: 'shop', name: 'cart', type: 'ClusterIP', clusterIP: '10.96.0.1' },
          ...service,
          policy: {
            ...{ internalTraffic: 'Cluster', externalIPs: [], loadBalancers: [], sourceRanges: [] },
            ...policy,
          },
        },
      ],
    ]),
    backend: new Map([
      [ID, { ...one, ...backend }],
      [`${PORT}|10.0.0.2:80`, { ...one, address: '10.0.0.2', node: 'node-b', zone: 'b', podUid: 'p2', ...other }],
    ]),
    override: new Map(
      override
        ? [
            [
              'o1',
              { uid: 'o1', name: 'slow-disk', namespace: 'shop', ...override } as unknown as CityRecord<'override'>,
            ],
          ]
        : [],
    ),
    load: new Map(load ? [[ID, load as CityRecord<'load'>]] : []),
    edge: new Map(edges.map((one, i) => [`e${i}`, one])),
    refusal: new Map(
      (change.refused ?? []).map((label, i) => [
        `r${i}`,
        {
          client: { kind: 'pod', id: `pod:${label}`, label },
          ...{ address: '10.0.0.1', port: 80, protocol: 'TCP', podUid: 'p1', service: 'shop/cart' },
          ...{ direction: 'ingress', policies: ['shop/only-web'], firstAt: 0, lastAt: 100 - i, node: 'node-a' },
          ...change.refusal,
        },
      ]),
    ),
  };
}

const CASES: readonly [what: string, change: Change, kind: string, words: RegExp][] = [
  ['gets some', { edges: [{ openedPerSecond: 3 }] }, 'gets', /3 new connections a second from 1 client/],
  ['has some open', { edges: [{ ...QUIET, idle: 2 }] }, 'gets', /has open connections of 1 client, and gets no new/],
  ['not ready', { backend: { usable: false, ready: false } }, 'unready', /not ready: its readiness check/],
  ['not started', { backend: { usable: false, ready: false }, phase: 'Pending' }, 'unready', /it is Pending/],
  ['ends', { backend: { usable: false, ready: false, terminating: true } }, 'terminating', /shutting down/],
  [
    'drained',
    { backend: { draining: true, weight: 0, overrideUid: 'o1' }, override: { by: 'mara', reason: 'INC-1' } },
    'drained',
    /^Drained by override slow-disk of mara \(“INC-1”\)\.$/,
  ],
  ['drained by nobody known', { backend: { draining: true, weight: 0, overrideUid: 'o9' } }, 'drained', /is gone/],
  [
    'without weight',
    { backend: { weight: 0, overrideUid: 'o1' }, override: {} },
    'weightless',
    /^Its weight is 0 by override slow-disk\.$/,
  ],
  // What keeps everybody away goes before what keeps some away.
  [
    'not ready and drained',
    { backend: { usable: false, ready: false, draining: true, weight: 0 }, callers: ['node-b'] },
    'unready',
    /not ready/,
  ],
  ['headless', { service: { clusterIP: 'None' }, callers: ['node-a'] }, 'headless', /choose a pod by its name/],
  [
    'refused by a policy',
    { refused: ['shop/loadgen'], ingress: ['shop/only-web'] },
    'refused',
    /^Network policy shop\/only-web refuses who comes to it: shop\/loadgen tried\.$/,
  ],
  [
    'refused by several policies, while others get some',
    { refused: ['a', 'b', 'b', 'c'], refusal: { policies: ['x/1', 'x/2'] }, callers: ['node-b'] },
    'refused',
    /^Network policies x\/1, x\/2 refuse who comes to it: a and 2 more tried\.$/,
  ],
  [
    'whose clients may not leave',
    { refused: ['a'], refusal: { direction: 'egress' } },
    'refused',
    /who would go there/,
  ],
  ['refused to some', { refused: ['a'], edges: [{ openedPerSecond: 3 }] }, 'gets', /3 new connections/],
  [
    'refused at another Service',
    { refused: ['a'], refusal: { service: 'shop/web' } },
    'unasked',
    /no client connects\.$/,
  ],
  [
    'closed, and nobody tries',
    { ingress: ['shop/only-web'] },
    'unasked',
    /no client connects\. Network policy shop\/only-web closes it to all but those named there\.$/,
  ],
  ['no client', {}, 'unasked', /share of 50 %, but no client connects\.$/],
  ['no client that is seen', { silent: true }, 'unasked', /no client connects\. 1 node tells nothing/],
  [
    'policy Local, clients elsewhere',
    { policy: { internalTraffic: 'Local' }, callers: ['node-b'] },
    'elsewhere',
    /only clients on node-a may use it, and none calls from there/,
  ],
  [
    'policy Local, a client here too',
    {
      policy: { internalTraffic: 'Local' },
      callers: ['node-b', 'node-a'],
      load: { openedOfPort: 400, windowSeconds: 60 },
    },
    'unexplained',
    /got none of 400 new connections in 60 s/,
  ],
  [
    'zones hinted, clients elsewhere',
    {
      backend: { hints: { zones: ['a'] } },
      other: { hints: { zones: ['b'] } },
      callers: ['node-b'],
    },
    'hinted',
    /lead clients in zone a here; those there are call from b/,
  ],
  [
    'nodes hinted before zones',
    {
      backend: { hints: { zones: ['a', 'b'], nodes: ['node-a'] } },
      other: { hints: { zones: ['b'], nodes: ['node-b'] } },
      callers: ['node-b'],
    },
    'hinted',
    /clients in node node-a here; those there are call from node-b/,
  ],
  [
    'not all hinted: no hint counts',
    { backend: { hints: { zones: ['a'] } }, callers: ['node-b'], load: { openedOfPort: 3, windowSeconds: 60 } },
    'chance',
    /share of 50 %, and there were 3 new connections in 60 s/,
  ],
  [
    'the hint leads to a drained one only: no hint counts',
    {
      backend: { hints: { zones: ['a'] } },
      other: { hints: { zones: ['b'] }, weight: 0, draining: true },
      callers: ['node-b'],
      load: { openedOfPort: 1, windowSeconds: 60 },
    },
    'chance',
    /no wonder/,
  ],
  [
    'hinted, but clients outside',
    { backend: { hints: { zones: ['a'] } }, other: { hints: { zones: ['b'] } }, callers: ['outside'] },
    'chance',
    /no new connection was opened lately/,
  ],
  [
    'affinity',
    { policy: { affinitySeconds: 60 }, callers: ['node-a'], load: { openedOfPort: 500, windowSeconds: 60 } },
    'kept',
    /kept at other backends/,
  ],
  ['few', { callers: ['node-a'], load: { openedOfPort: 2, windowSeconds: 60 } }, 'chance', /2 new connections in 60 s/],
  [
    'share that has just changed, and is not on every node yet',
    { callers: ['node-a'], load: { opened: 0, openedOfPort: 0, windowSeconds: 0, sinceChange: true } },
    'chance',
    /share of 50 %, and the share has just changed and is being measured\.$/,
  ],
  [
    'few since its share changed',
    { callers: ['node-a'], load: { openedOfPort: 3, windowSeconds: 2, sinceChange: true } },
    'chance',
    /there were 3 new connections in 2 s since the change: none is no wonder\.$/,
  ],
  [
    'many',
    { callers: ['node-a'], load: { openedOfPort: 900, windowSeconds: 60 } },
    'unexplained',
    /got none of 900 new connections in 60 s\. Ask the rules/,
  ],
];

describe('why a pod gets none', () => {
  it.each(CASES)('%s', (_, change, kind, words) => {
    const [reason, ...more] = whyNone(cityWith(change), 'p1');
    expect(more).toEqual([]);
    expect(reason).toMatchObject({ kind, service: 'shop/cart', servicePort: PORT });
    expect(reason?.words).toMatch(words);
  });

  it('says so of a pod that no Service selects, and of one that is gone', () => {
    expect(whyNone(cityWith(), 'loner')).toEqual([
      { kind: 'unselected', words: 'No Service in shop has it as a backend: no selector fits its labels.' },
    ]);
    expect(whyNone(cityWith(), 'never-was')).toMatchObject([{ kind: 'unselected' }]);
  });

  it('has a reason for each service port of every pod of a city', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (seed) => {
        const { city } = cityOf(seed, (one) => one.silence('node-d', seed % 2 === 0));
        for (const uid of city.pod.keys()) {
          const ports = [...city.backend.values()].filter(({ podUid }) => podUid === uid);
          const reasons = whyNone(city, uid);
          expect(reasons).toHaveLength(Math.max(1, ports.length));
          for (const { words } of reasons) expect(words).toMatch(/^[A-Z].*\.$/);
        }
      }),
      { seed: 3, numRuns: 20 },
    );
  });
});

it('names the pod that calls most', () => {
  const city = cityWith({ callers: ['node-a', 'outside'] });
  expect(busiestCaller(city, 'shop/cart')).toBeUndefined();
  const known = { ...city, pod: new Map([...city.pod, ['caller-node-a', { ...sample.pod, uid: 'caller-node-a' }]]) };
  expect(busiestCaller(known, 'shop/cart')).toBe('caller-node-a');
  expect(busiestCaller(known, 'shop/other')).toBeUndefined();
});
