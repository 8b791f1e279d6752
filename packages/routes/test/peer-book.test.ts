import { PeerBook, peersOf } from '@kubecity/routes';
import type { KubeNode } from '@kubecity/routing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { node, numbered } from './nodes.ts';
import { anyNode } from './random-city.ts';

const ordinary = fc.tuple(fc.nat(30), fc.nat(40)).map(([i, at]) => {
  const { spec } = numbered(i + 20);
  return { ...node(`node-${i + 20}`, spec?.podCIDRs ?? [], [`192.168.5.${at + 1}`, `fd00:5::${at + 1}`]) };
});
const own = fc.nat(12).map((i) => ({ ...numbered(i + 1), metadata: { name: 'node-1' } }));
const set = (nodes: fc.Arbitrary<KubeNode>) => nodes.map((value) => ({ value, name: value.metadata.name }));
const gone = fc.nat(40).map((i) => ({ value: undefined, name: i === 0 ? 'node-1' : `node-${i + 19}` }));
/** Of the names that any nodes have. */
const odd = fc.nat(7).map((i) => ({ value: undefined, name: `node-${i + 2}` }));
const changes = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: set(ordinary) },
    { weight: 1, arbitrary: set(anyNode) },
    { weight: 6, arbitrary: gone },
    { weight: 2, arbitrary: odd },
    { weight: 1, arbitrary: set(own) },
  ),
  { maxLength: 60, size: 'max' },
);

it('after any changes says what it would say of the nodes had it just met them', () => {
  let [clashing, without] = [0, 0];
  fc.assert(
    fc.property(changes, (story) => {
      const book = new PeerBook('node-1', 4242);
      const nodes = new Map<string, KubeNode>();
      for (const { name, value } of [{ name: 'node-1', value: numbered(1) }, ...story]) {
        if (value) nodes.set(name, value);
        else nodes.delete(name);
        if (value) book.set(value);
        else book.delete(name);
        const peers = book.peers();
        // Copies: nothing is remembered of them.
        expect(peers).toEqual(peersOf(structuredClone([...nodes.values()]), 'node-1', 4242));
        if (peers.refused.length > 0) clashing += 1;
        else without += 1;
      }
    }),
    { seed: 202, numRuns: 60 },
  );
  expect(Math.min(clashing, without), `${clashing} and ${without}`).toBeGreaterThan(300);
});

it('the peers of nodes that did not change are the same objects', () => {
  const book = new PeerBook('node-1');
  for (const number of [1, 2, 3, 4]) book.set(numbered(number));
  const before = book.peers().peers;
  book.set(node('node-3', ['10.1.33.0/24'], ['192.168.1.3']));
  const after = book.peers().peers;
  expect(after.map((peer) => before.indexOf(peer))).toEqual([0, 1, -1, 4, 5]);
});
