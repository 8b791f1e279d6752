import type { Edge } from './edge.ts';
import { FLOW } from './flow-flags.ts';
import { type FlowRow, IP_PROTOCOL, TCP_STATE } from './flow-row.ts';
import type { FlowTable } from './flow-table.ts';

type Counters = Pick<FlowRow, 'originalPackets' | 'originalBytes' | 'replyPackets' | 'replyBytes'>;
export const NOTHING: Counters = { originalPackets: 0, originalBytes: 0, replyPackets: 0, replyBytes: 0 };

/** What the flow adds from now on begins here. */
export function remember(flows: FlowTable, slot: number, counters: Counters): void {
  flows.originalPackets[slot] = counters.originalPackets;
  flows.originalBytes[slot] = counters.originalBytes;
  flows.replyPackets[slot] = counters.replyPackets;
  flows.replyBytes[slot] = counters.replyBytes;
}

/** Adds to the edge what the flow carried since the last sight; false when that is nothing. */
export function addUp(flows: FlowTable, slot: number, row: FlowRow, edge: Edge): boolean {
  const packetsToBackend = row.originalPackets - (flows.originalPackets[slot] as number);
  const bytesToBackend = row.originalBytes - (flows.originalBytes[slot] as number);
  const packetsToClient = row.replyPackets - (flows.replyPackets[slot] as number);
  const bytesToClient = row.replyBytes - (flows.replyBytes[slot] as number);
  if (packetsToBackend + bytesToBackend + packetsToClient + bytesToClient === 0) return false;
  edge.packetsToBackend += packetsToBackend;
  edge.bytesToBackend += bytesToBackend;
  edge.packetsToClient += packetsToClient;
  edge.bytesToClient += bytesToClient;
  remember(flows, slot, row);
  return true;
}

/** TCP only: many UDP protocols never answer. What was there before us was not opened either. */
export const diedUnanswered = (flows: FlowTable, slot: number): boolean =>
  flows.protocolOf(slot) === IP_PROTOCOL.tcp &&
  flows.tcpState[slot] === TCP_STATE.synSent &&
  !flows.is(slot, FLOW.replied | FLOW.older);
