/** Status bits of a conntrack entry (`linux/netfilter/nf_conntrack_common.h`). */
export const STATUS = { seenReply: 0x2, assured: 0x4, confirmed: 0x8, sourceNat: 0x10, destinationNat: 0x20 } as const;

/** TCP states of a conntrack entry (`enum tcp_conntrack`, `linux/netfilter/nf_conntrack_tcp.h`). */
export const TCP_STATE = {
  none: 0,
  synSent: 1,
  synReceived: 2,
  established: 3,
  finWait: 4,
  closeWait: 5,
  lastAck: 6,
  timeWait: 7,
  close: 8,
  /** Both sides sent a SYN. */
  synSent2: 9,
} as const;

/** IP protocol numbers. */
export const IP_PROTOCOL = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * One IPv4 conntrack entry as numbers. The decoder hands the same object for every row: read it, do not keep it.
 * Addresses are u32 in host order (10.0.0.1 = 0x0a000001), ports 0 for protocols without them.
 */
export interface FlowRow {
  protocol: number;
  /** Original direction: who opened it, and the address they meant (before DNAT). */
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  /** Reply direction: who answers (after DNAT, the backend), and to which address (after SNAT). */
  replySource: number;
  replyDestination: number;
  replySourcePort: number;
  replyDestinationPort: number;
  status: number;
  /** Seconds until the entry expires if nothing more comes. */
  timeout: number;
  mark: number;
  /** CTA_ID: stable for the life of the entry, unique only together with the tuple. */
  id: number;
  /** 0 for anything but TCP. */
  tcpState: number;
  /** False when the entry is older than `nf_conntrack_acct=1`: the four numbers below are then 0 and mean nothing. */
  hasCounters: boolean;
  originalPackets: number;
  originalBytes: number;
  replyPackets: number;
  replyBytes: number;
}

export const emptyFlowRow = (): FlowRow => ({
  protocol: 0,
  source: 0,
  destination: 0,
  sourcePort: 0,
  destinationPort: 0,
  replySource: 0,
  replyDestination: 0,
  replySourcePort: 0,
  replyDestinationPort: 0,
  status: 0,
  timeout: 0,
  mark: 0,
  id: 0,
  tcpState: 0,
  hasCounters: false,
  originalPackets: 0,
  originalBytes: 0,
  replyPackets: 0,
  replyBytes: 0,
});
