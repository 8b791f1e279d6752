import { isOver } from './flow-class.ts';
import { FLOW } from './flow-flags.ts';
import { type FlowRow, TCP_STATE } from './flow-row.ts';
import type { FlowTable } from './flow-table.ts';

/** How a row relates to the flow of the same identity that was seen before. */
export const SAME = 0;
/** Another reader has set its counters to zero. */
export const ZEROED = 1;
/** Another connection in the same entry, whose counters go on. */
export const REVIVED = 2;
/** Another connection in another entry, whose counters began at zero. */
export const SUCCESSOR = 3;

/**
 * An identity may come again: the kernel reuses memory, and CTA_ID is made of its address and the tuple. What happens when
 * a client uses its port again while the entry of the connection before is still there (`tcp_packet`, case SYN_SENT, in
 * nf_conntrack_proto_tcp.c; seen on 6.18):
 * - after a FIN, or a RST of the client: the entry is deleted and another made, mostly in the same memory
 * - after a RST of the server alone: the SYN passes uncounted, and the SYN/ACK revives the entry, counters and all
 *
 * With CTA_TIMESTAMP one start is told from another. Without it: counters that fell are another entry's, as is life after
 * TIME_WAIT, or after CLOSE when a dump has seen the FIN. Life after CLOSE otherwise is taken for a revived entry: should
 * it be another one, that has already carried more in both directions than its predecessor, it is short of that much, but
 * nothing counts twice. Over before and over now is another connection when its time left has grown while no counter
 * has (a late packet would have been counted). What ended and was overtaken in all counters between two dumps cannot be
 * told from its predecessor.
 */
export function successionOf(flows: FlowTable, slot: number, row: FlowRow): number {
  const before = flows.tcpState[slot] as number;
  const now = row.tcpState;
  const fell =
    row.originalPackets < (flows.originalPackets[slot] as number) ||
    row.originalBytes < (flows.originalBytes[slot] as number) ||
    row.replyPackets < (flows.replyPackets[slot] as number) ||
    row.replyBytes < (flows.replyBytes[slot] as number);
  const lives = isOver(before) && now !== before && now !== TCP_STATE.close;
  const started = flows.started[slot] as number;
  const startedNow = row.startedAt >>> 0;
  if (started !== 0 && startedNow !== 0) {
    if (started !== startedNow) return SUCCESSOR;
    return fell ? ZEROED : lives ? REVIVED : SAME;
  }
  if (fell) return SUCCESSOR;
  if (lives) return before === TCP_STATE.close && !flows.is(slot, FLOW.finishing) ? REVIVED : SUCCESSOR;
  return isOver(before) && row.timeout > (flows.timeout[slot] as number) && isUnchanged(flows, slot, row)
    ? SUCCESSOR
    : SAME;
}

const isUnchanged = (flows: FlowTable, slot: number, row: FlowRow): boolean =>
  row.hasCounters &&
  row.originalPackets === flows.originalPackets[slot] &&
  row.originalBytes === flows.originalBytes[slot] &&
  row.replyPackets === flows.replyPackets[slot] &&
  row.replyBytes === flows.replyBytes[slot];
