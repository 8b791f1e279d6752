import type { Edge } from './edge.ts';
import { IP_PROTOCOL, TCP_STATE } from './flow-row.ts';

/** What a connection does, as `FlowDetail` says it. A flow that is missed by dumps is in no class, as if it were over. */
export const FLOW_CLASSES = ['over', 'moving', 'idle', 'closing', 'waiting'] as const;
export type OpenClass = Exclude<(typeof FLOW_CLASSES)[number], 'over'>;

export const OVER = 0;
export const MOVING = 1;
export const IDLE = 2;
export const CLOSING = 3;
export const WAITING = 4;
/** Beside one of the four above: the kernel keeps no counters for it. */
export const WITHOUT_COUNTERS = 8;

/** @param moved whether bytes moved, or nobody can say that they did not */
export function classOf(protocol: number, tcpState: number, moved: boolean): number {
  if (protocol === IP_PROTOCOL.tcp) {
    if (isOver(tcpState)) return OVER;
    if (tcpState >= TCP_STATE.finWait && tcpState <= TCP_STATE.lastAck) return CLOSING;
    if (tcpState !== TCP_STATE.established) return WAITING;
  }
  return moved ? MOVING : IDLE;
}

/** TCP: both sides are through, and only the kernel's memory of it is left. */
export const isOver = (tcpState: number): boolean => tcpState === TCP_STATE.timeWait || tcpState === TCP_STATE.close;

/**
 * Whether the figures seen last were the final ones of a flow that is gone now. They were when the connection was over
 * already, and when its entry just ran down: had a packet come after the last sight, the entry would have lived on. So it
 * is lost when more of its timeout was left than has passed since (the kernel tells whole seconds, rounded down).
 *
 * @param timeout seconds left to the entry at the last sight
 * @param passed milliseconds from the last sight to the first dump without it
 */
export const sawEnd = (protocol: number, tcpState: number, timeout: number, passed: number): boolean =>
  (protocol === IP_PROTOCOL.tcp && isOver(tcpState)) || timeout * 1000 <= passed + 1000;

/** Moves one flow of the edge from class to class; each may have `WITHOUT_COUNTERS` beside it. */
export function reclass(edge: Edge, from: number, to: number): void {
  count(edge, from, -1);
  count(edge, to, 1);
}

function count(edge: Edge, flowClass: number, by: number): void {
  const what = flowClass & ~WITHOUT_COUNTERS;
  if (what === OVER) return;
  if (what === MOVING) edge.moving += by;
  else if (what === IDLE) edge.idle += by;
  else if (what === CLOSING) edge.closing += by;
  else edge.waiting += by;
  if (flowClass & WITHOUT_COUNTERS) edge.uncounted += by;
}
