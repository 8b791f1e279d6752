/**
 * Numbers of the ctnetlink wire format, from the kernel's uapi headers `linux/netlink.h`, `linux/netfilter/nfnetlink.h`
 * and `linux/netfilter/nfnetlink_conntrack.h`. Headers are in host order, payloads of attributes in network order.
 */

/** Host byte order, measured: pure code may not ask the operating system. */
export const HOST_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export const NLMSG_HEADER = 16;
/** `nfgenmsg` after the netlink header: family u8, version u8, resource be16. */
export const NFGEN_HEADER = 4;
export const ATTRIBUTE_HEADER = 4;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE_EXCL = 0x600;

/** Subsystem 1 (ctnetlink) in the high byte, the message in the low one. */
export const CT_NEW = 0x100;
export const CT_GET = 0x101;
export const CT_DELETE = 0x102;
export const CT_GET_STATS_CPU = 0x104;
export const CT_GET_STATS = 0x105;

export const AF_INET = 2;
export const AF_INET6 = 10;

/** The upper two bits of an attribute's type are flags (nested, network order). */
export const ATTRIBUTE_TYPE_MASK = 0x3fff;
export const NESTED = 0x8000;

export const CTA = {
  tupleOriginal: 1,
  tupleReply: 2,
  status: 3,
  protocolInfo: 4,
  natSource: 6,
  timeout: 7,
  mark: 8,
  countersOriginal: 9,
  countersReply: 10,
  use: 11,
  id: 12,
  natDestination: 13,
  tupleMaster: 14,
  zone: 18,
  timestamp: 20,
  markMask: 21,
  labels: 22,
  filter: 25,
  statusMask: 26,
} as const;
export const CTA_TUPLE = { ip: 1, protocol: 2, zone: 3 } as const;
export const CTA_IP = { source4: 1, destination4: 2, source6: 3, destination6: 4 } as const;
export const CTA_PROTOCOL = {
  number: 1,
  sourcePort: 2,
  destinationPort: 3,
  icmpId: 4,
  icmpType: 5,
  icmpCode: 6,
  icmpv6Id: 7,
  icmpv6Type: 8,
  icmpv6Code: 9,
} as const;
export const CTA_FILTER = { originalFlags: 1, replyFlags: 2 } as const;
/** Which fields of a tuple a dump is filtered by (`net/netfilter/nf_conntrack_netlink.c`, CTA_FILTER_FLAG). */
export const CTA_FILTER_FLAG = {
  source: 1 << 0,
  destination: 1 << 1,
  protocol: 1 << 3,
  sourcePort: 1 << 4,
  destinationPort: 1 << 5,
} as const;
export const CTA_PROTOCOL_INFO = { tcp: 1, dccp: 2, sctp: 3 } as const;
export const CTA_TCP = {
  state: 1,
  windowScaleOriginal: 2,
  windowScaleReply: 3,
  flagsOriginal: 4,
  flagsReply: 5,
} as const;
export const CTA_SCTP = { state: 1, tagOriginal: 2, tagReply: 3 } as const;
export const CTA_COUNTERS = { packets: 1, bytes: 2 } as const;
export const CTA_TIMESTAMP = { start: 1, stop: 2 } as const;
export const CTA_NAT = { minimum4: 1, maximum4: 2, protocol: 3, minimum6: 4, maximum6: 5 } as const;
export const CTA_NAT_PORT = { minimum: 1, maximum: 2 } as const;
/** Of the table (`CT_GET_STATS`) and of one CPU (`CT_GET_STATS_CPU`). */
export const CTA_STATS_GLOBAL = { entries: 1, max: 2 } as const;
export const CTA_STATS = { insertFailed: 9, drop: 10, earlyDrop: 11 } as const;

export const align4 = (length: number): number => (length + 3) & ~3;
