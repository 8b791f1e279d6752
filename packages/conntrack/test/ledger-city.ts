import type { EdgeClient } from '@kubecity/protocol';
import { expect } from 'vitest';
import { Directory, type Edge, FlowLedger, type FlowRow } from '../src/index.ts';
import { podChange, serviceChange } from './city.ts';

export const CART = 'shop/cart:http/TCP';
export const DNS = 'kube-system/dns:dns/UDP';
export const pod = (uid: string): EdgeClient => ({ kind: 'pod', uid, namespace: 'shop', name: uid });
export const CART_CHANGE = serviceChange(CART, 80, ['10.96.0.10', 'fd00:96::a'], { nodePort: 30080 });

interface DumpOptions {
  complete?: boolean;
  after?: number;
  refused?: FlowRow[];
}

/** A ledger of node-a, where the pod web-1 runs; cart-1 runs on node-b. */
export function city({ maxEdges }: { maxEdges?: number } = {}) {
  const directory = new Directory({ node: 'node-a' });
  let at = 1_000_000;
  const apply = (...changes: Parameters<Directory['apply']>[0] extends Iterable<infer C> ? C[] : never) =>
    directory.apply(changes, at);
  apply(
    CART_CHANGE,
    serviceChange(DNS, 53, ['10.96.0.10']),
    podChange('web-1', 'node-a', ['10.1.0.2', 'fd00:1::2']),
    podChange('cart-1', 'node-b', ['10.2.0.5', 'fd00:2::5']),
  );
  const ledger = new FlowLedger({ directory, maxEdges });
  const dump = (rows: readonly FlowRow[], { complete = true, after = 1000, refused = [] }: DumpOptions = {}) => {
    at += after;
    ledger.begin(at);
    for (const row of refused) ledger.refuse(row);
    for (const row of rows) ledger.add(row);
    ledger.end(complete);
    return [...ledger.edges.values()];
  };
  const one = (rows: readonly FlowRow[], options: DumpOptions = {}): Edge => {
    const edges = dump(rows, options);
    expect(edges).toHaveLength(1);
    return edges[0] as Edge;
  };
  return { ledger, directory, apply, dump, one };
}

/** A ledger that has seen an empty table: whatever comes is new. */
export function settledCity() {
  const it = city();
  it.dump([]);
  return it;
}

export const carried = (packets: number, bytes: number, back: number, bytesBack: number) => ({
  originalPackets: packets,
  originalBytes: bytes,
  replyPackets: back,
  replyBytes: bytesBack,
});
