/** Status bits of a conntrack entry (`linux/netfilter/nf_conntrack_common.h`). */
export const STATUS = {
  seenReply: 0x2,
  assured: 0x4,
  confirmed: 0x8,
  sourceNat: 0x10,
  destinationNat: 0x20,
  dying: 0x200,
} as const;

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
 * Where each address stands in `FlowRow.words`. An IPv4 address is one u32 in host order (10.0.0.1 = 0x0a000001) in the first
 * of its four words, the other three are 0; an IPv6 address is four u32 in host order, the most significant first.
 */
export const ADDRESS = { source: 0, destination: 4, replySource: 8, replyDestination: 12 } as const;
export type AddressPlace = (typeof ADDRESS)[keyof typeof ADDRESS];

/** One conntrack entry as numbers. The decoder hands the same object for every row: read it, do not keep it. */
export interface FlowRow {
  family: 4 | 6;
  protocol: number;
  /** Conntrack zone of the original direction; 0 is the default one. */
  zone: number;
  /**
   * Original direction: who opened it, and the address they meant (before DNAT). Reply direction: who answers (after DNAT, the
   * backend), and to which address (after SNAT). See `ADDRESS`.
   */
  readonly words: Uint32Array;
  /** 0 for protocols without ports. */
  sourcePort: number;
  destinationPort: number;
  replySourcePort: number;
  replyDestinationPort: number;
  status: number;
  /** Seconds until the entry expires if nothing more comes. */
  timeout: number;
  mark: number;
  /** CTA_ID: stable for the life of the entry, unique only together with zone and tuple. */
  id: number;
  /** 0 for anything but TCP. */
  tcpState: number;
  /** Unix ms (CTA_TIMESTAMP, needs nf_conntrack_timestamp=1); 0 when the kernel does not tell. */
  startedAt: number;
  /** False when the entry is older than `nf_conntrack_acct=1`: the four numbers below are then 0 and mean nothing. */
  hasCounters: boolean;
  originalPackets: number;
  originalBytes: number;
  replyPackets: number;
  replyBytes: number;
}

export const emptyFlowRow = (): FlowRow => ({
  family: 4,
  protocol: 0,
  zone: 0,
  words: new Uint32Array(16),
  sourcePort: 0,
  destinationPort: 0,
  replySourcePort: 0,
  replyDestinationPort: 0,
  status: 0,
  timeout: 0,
  mark: 0,
  id: 0,
  tcpState: 0,
  startedAt: 0,
  hasCounters: false,
  originalPackets: 0,
  originalBytes: 0,
  replyPackets: 0,
  replyBytes: 0,
});

/** A row of its own, to be kept. */
export const copyFlowRow = (row: FlowRow): FlowRow => ({ ...row, words: row.words.slice() });
