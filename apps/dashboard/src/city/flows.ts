import type { FlowDetail } from '@kubecity/protocol';
import type { Edge } from './edges.ts';

/** Does this connection belong to the edge's client? The hub asks by backend; clients are told apart here. */
export function ofClient({ client }: Pick<FlowDetail, 'client'>, edge: Pick<Edge, 'client'>): boolean {
  if (client.kind !== edge.client.kind) return false;
  const own = client.kind === 'pod' ? client.uid : client.kind === 'node' ? client.name : client.network;
  return edge.client.id === `${client.kind}:${own}`;
}

const ORDER = ['moving', 'idle', 'waiting', 'closing', 'over'] as const;

/** Those of the edge's client first, then what moves before what rests, then the oldest. */
export function flowsFirst<F extends FlowDetail>(flows: readonly F[], edge: Pick<Edge, 'client'>): readonly F[] {
  return [...flows].sort(
    (a, b) =>
      Number(ofClient(b, edge)) - Number(ofClient(a, edge)) ||
      ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
      a.since - b.since,
  );
}
