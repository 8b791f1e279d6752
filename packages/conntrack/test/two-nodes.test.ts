import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Directory, type DirectoryChange, FlowLedger } from '../src/index.ts';
import { podChange } from './city.ts';
import { type Call, PASSAGES, type Passage, type Side, TWO_NODES } from './two-nodes.ts';

const SIDES: readonly Side[] = ['a', 'b'];

/** The ledger of one node, which has seen an empty table. */
function ledgerOf(side: Side, changes: readonly DirectoryChange[] = TWO_NODES) {
  const directory = new Directory({ node: `node-${side}` });
  expect(directory.apply(changes, 0)).toEqual([]);
  const ledger = new FlowLedger({ directory });
  let at = 1_000_000;
  const dump = (passages: readonly Passage[]) => {
    ledger.begin(at);
    at += 4000;
    for (const { entries } of passages) for (const [node, row] of entries) if (node === side) ledger.add(row);
    ledger.end(true);
  };
  dump([]);
  return { directory, ledger, dump };
}

/** What a node counted: client → service port → pod → [connections, bytes to the backend, bytes to the client]. */
function counted({ ledger }: ReturnType<typeof ledgerOf>): Map<string, number[]> {
  const sums = new Map<string, number[]>();
  for (const { client, servicePort, pod, opened, bytesToBackend, bytesToClient } of ledger.edges.values()) {
    const key = `${client.kind === 'outside' ? client.network : client.name} ${servicePort} ${pod?.uid}`;
    const [sum = 0, toBackend = 0, toClient = 0] = sums.get(key) ?? [];
    sums.set(key, [sum + opened, toBackend + bytesToBackend, toClient + bytesToClient]);
  }
  return sums;
}

/** What node `side` must count of the passages. */
function truth(side: Side, passages: readonly (readonly [Call, Passage])[]): Map<string, number[]> {
  const sums = new Map<string, number[]>();
  for (const [{ port }, { counted }] of passages) {
    if (counted?.on !== side) continue;
    const key = `${counted.client} ${counted.servicePort} ${counted.pod}`;
    const [opened = 0, toBackend = 0, toClient = 0] = sums.get(key) ?? [];
    sums.set(key, [opened + 1, toBackend + 1000 + port, toClient + 2000 + port]);
  }
  return sums;
}

describe.each(Object.entries(PASSAGES))('%s', (_, passage) => {
  test.each([
    ['IPv4, one node', false, 'a', 'a'],
    ['IPv4, two nodes', false, 'a', 'b'],
    ['IPv6, one node', true, 'b', 'b'],
    ['IPv6, two nodes', true, 'b', 'a'],
  ] as const)('%s', (_, six, from, to) => {
    const call = { six, from, to, port: 1 };
    const passed = passage(call);
    for (const side of SIDES) {
      const node = ledgerOf(side);
      // What is new is left alone for a moment: news may come.
      node.dump([passed]);
      node.dump([passed]);
      expect(counted(node)).toEqual(truth(side, [[call, passed]]));
      const entries = passed.entries.filter(([at]) => at === side).length;
      const here = passed.counted?.on === side ? 1 : 0;
      expect(node.ledger.figures).toMatchObject({ elsewhere: entries - here, unexplained: 0 });
    }
  });
});

const calls = fc.array(
  fc.record({
    kind: fc.constantFrom(...Object.keys(PASSAGES)),
    six: fc.boolean(),
    from: fc.constantFrom(...SIDES),
    to: fc.constantFrom(...SIDES),
  }),
  { maxLength: 40 },
);
const passagesOf = (plan: { kind: string; six: boolean; from: Side; to: Side }[]): [Call, Passage][] =>
  plan.map(({ kind, ...rest }, index) => {
    const call = { ...rest, port: index + 1 };
    return [call, (PASSAGES[kind] as (call: Call) => Passage)(call)];
  });

test('any mix of connections counts on one node each', () => {
  fc.assert(
    fc.property(calls, (plan) => {
      const passages = passagesOf(plan);
      for (const side of SIDES) {
        const node = ledgerOf(side);
        for (let n = 0; n < 2; n += 1) node.dump(passages.map(([, passage]) => passage));
        expect(counted(node)).toEqual(truth(side, passages));
      }
    }),
    { numRuns: 200, seed: 4 },
  );
});

const NODES = TWO_NODES.filter(({ kind }) => kind === 'node');
/** Pods that call nobody: while nobody is known of a network, a stranger from there seems to be from outside. */
const NEIGHBOURS = SIDES.map((side, n) =>
  podChange(`neighbour-${side}`, `node-${side}`, [`10.${n + 1}.0.99`, `fd00:${n + 1}::99`]),
);

test('also when news of Services and pods come a moment late, in any order, to each node', () => {
  fc.assert(
    fc.property(calls, fc.shuffledSubarray([...TWO_NODES]), (plan, early) => {
      const passages = passagesOf(plan);
      for (const side of SIDES) {
        const node = ledgerOf(side, [...NODES, ...NEIGHBOURS, ...early]);
        node.dump(passages.map(([, passage]) => passage));
        node.directory.apply(TWO_NODES, 1_004_500);
        for (let n = 0; n < 2; n += 1) node.dump(passages.map(([, passage]) => passage));
        expect(counted(node)).toEqual(truth(side, passages));
      }
    }),
    { numRuns: 200, seed: 5 },
  );
});
