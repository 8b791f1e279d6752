import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IsolationTracker, judge, judgePast, type PastEnd, type Pod } from '../src/index.ts';
import { addressesOfPlace, Cluster, events } from './random-cluster.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const PORTS = [80, 8080, 9000];

function pods(tracker: IsolationTracker): { pod: Pod; address: string }[] {
  const addresses = Array.from({ length: 10 }, (_, i) => addressesOfPlace(i + 1)[0] as string);
  return addresses.flatMap((address) => {
    const pod = tracker.podsAt(address)[0];
    return pod ? [{ pod, address }] : [];
  });
}

/** What may still be known of a pod. */
const SIGHTS: readonly ((pod: Pod, address: string) => PastEnd)[] = [
  ({ namespace, node, labels }, address) => ({ kind: 'gone', namespace, node, address, labels }),
  ({ namespace, node }, address) => ({ kind: 'gone', namespace, node, address }),
  ({ namespace, node }) => ({ kind: 'gone', namespace, node }),
  () => ({ kind: 'gone' }),
];

describe('judging what was seen', () => {
  it('asks about the own node as that node does, of pods that are gone too', () => {
    const tracker = new IsolationTracker();
    const address = '192.168.1.11';
    tracker.setNode({ metadata: { name: 'node-a' }, status: { addresses: [{ type: 'InternalIP', address }] } });
    tracker.setNamespace({ metadata: { name: 'shop' } });
    const spec = { podSelector: {}, policyTypes: ['Egress'] };
    tracker.setPolicy({ metadata: { namespace: 'shop', name: 'inward' }, spec });
    const to: PastEnd = { kind: 'address', address };
    const of = (node: string, filters: string) =>
      judgePast(
        tracker,
        { from: { kind: 'gone', namespace: 'shop', node }, to, protocol: 'TCP', port: 10250 },
        (one) => (one === filters ? 'filter' : 'exempt'),
      ).egress.verdict;
    expect([of('node-a', 'node-b'), of('node-a', 'node-a'), of('node-b', 'node-a')]).toEqual([
      'own-node',
      'refused',
      'refused',
    ]);
  });

  it('says the same as judge, or that it is not known, when pods are gone', () => {
    let [known, unknown] = [0, 0];
    fc.assert(
      fc.property(events(40), fc.nat(), fc.nat(), fc.nat(), (list, a, b, which) => {
        const cluster = new Cluster(new IsolationTracker());
        for (const one of list) cluster.apply(one);
        const tracker = cluster.anew(undefined);
        const there = pods(tracker);
        if (there.length < 2) return;
        const from = there[a % there.length] as { pod: Pod; address: string };
        const to = there[b % there.length] as { pod: Pod; address: string };
        if (from === to) return;
        for (const port of PORTS) {
          const truth = PROTOCOLS.map((protocol) =>
            judge(tracker, { from: from.address, to: to.address, protocol, port }),
          );
          for (const isGone of [
            [true, false],
            [false, true],
            [true, true],
          ] as const) {
            const later = cluster.anew(undefined);
            for (const [i, { pod }] of [from, to].entries()) {
              if (isGone[i]) later.deletePod({ metadata: { namespace: pod.namespace, name: pod.name } });
            }
            const sight = SIGHTS[which % SIGHTS.length] as (typeof SIGHTS)[number];
            const [source, destination] = [from, to].map(({ pod, address }, i): PastEnd => {
              return isGone[i] ? sight(pod, address) : { kind: 'address', address };
            }) as [PastEnd, PastEnd];
            // whoever is left has the better claim to its address still
            for (const [i, protocol] of [...PROTOCOLS, undefined].entries()) {
              const { outcome } = judgePast(later, { from: source, to: destination, protocol, port });
              if (outcome === 'unknown') unknown += 1;
              else {
                known += 1;
                const wanted = protocol === undefined ? truth : [truth[i] as (typeof truth)[number]];
                expect(wanted.map(({ allowed }) => allowed)).toEqual(wanted.map(() => outcome === 'allowed'));
              }
            }
          }
        }
      }),
      { seed: 20261123, numRuns: 150 },
    );
    expect([known > 1000, unknown > 100]).toEqual([true, true]);
  });

  it('says of a network outside what holds for each of its addresses', () => {
    const tracker = new IsolationTracker();
    tracker.setPod({ metadata: { namespace: 'shop', name: 'web' }, status: { phase: 'Running', podIP: '10.244.1.1' } });
    const from = (blocks: { cidr: string; except?: string[] }[]) => {
      const ingress = [{ from: blocks.map((ipBlock) => ({ ipBlock })) }];
      tracker.setPolicy({ metadata: { namespace: 'shop', name: 'p' }, spec: { podSelector: {}, ingress } });
      return (range: string) => {
        const to = { kind: 'address', address: '10.244.1.1' } as const;
        return judgePast(tracker, { from: { kind: 'range', range }, to, protocol: 'TCP', port: 80 }).outcome;
      };
    };
    const office = from([{ cidr: '203.0.113.0/25' }]);
    expect(['203.0.113.0/26', '203.0.113.0/24', '198.51.100.0/24', '0.0.0.0/0', '::/0'].map(office)).toEqual([
      'allowed',
      'unknown',
      'refused',
      'unknown',
      'refused',
    ]);
    const mostly = from([{ cidr: '0.0.0.0/0', except: ['203.0.113.128/25'] }]);
    expect(['203.0.113.0/24', '203.0.113.128/26', '203.0.113.0/25'].map(mostly)).toEqual([
      'unknown',
      'refused',
      'allowed',
    ]);
  });

  it('names what decides where something is known', () => {
    const tracker = new IsolationTracker();
    tracker.setNamespace({ metadata: { name: 'shop' } });
    tracker.setPod({
      metadata: { namespace: 'pay', name: 'ledger' },
      status: { phase: 'Running', podIP: '10.244.1.3' },
    });
    tracker.setPolicy({
      metadata: { namespace: 'pay', name: 'closed' },
      spec: {
        podSelector: {},
        ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'a' } } }] }],
      },
    });
    const ask = (from: PastEnd) =>
      judgePast(tracker, { from, to: { kind: 'address', address: '10.244.1.3' }, protocol: 'TCP', port: 80 });
    const refused = ask({ kind: 'gone', namespace: 'shop', labels: { app: 'b' } });
    expect(refused).toMatchObject({
      outcome: 'refused',
      egress: { verdict: 'open' },
      ingress: { pod: 'pay/ledger', verdict: 'refused', policies: ['pay/closed'] },
    });
    expect(ask({ kind: 'gone', namespace: 'shop' }).ingress).toMatchObject({
      verdict: 'unknown',
      policies: ['pay/closed'],
    });
    tracker.setPolicy({
      metadata: { namespace: 'shop', name: 'mute' },
      spec: { podSelector: {}, policyTypes: ['Egress'] },
    });
    expect(ask({ kind: 'gone', namespace: 'shop' })).toMatchObject({
      outcome: 'refused',
      egress: { verdict: 'refused', policies: ['shop/mute'] },
      ingress: { verdict: 'unknown' },
    });
  });
});
