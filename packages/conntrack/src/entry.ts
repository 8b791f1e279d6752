import {
  address4,
  address6,
  bytes,
  type Codec,
  type Field,
  record,
  type UnknownAttribute,
  u8,
  u16,
  u32,
  u64,
} from './attribute-codec.ts';
import type { FlowRow } from './flow-row.ts';
import { netfilterMessage } from './header.ts';
import { forEachMessage, viewOf } from './messages.ts';
import { addressFamily } from './tuple-writer.ts';
import {
  AF_INET,
  AF_INET6,
  CT_DELETE,
  CT_NEW,
  CTA,
  CTA_COUNTERS,
  CTA_IP,
  CTA_PROTOCOL,
  CTA_PROTOCOL_INFO,
  CTA_SCTP,
  CTA_TCP,
  CTA_TIMESTAMP,
  CTA_TUPLE,
  NFGEN_HEADER,
  NLM_F_MULTI,
} from './wire.ts';

interface WithUnknown {
  /** Attributes that have no name here, as they were. */
  readonly unknown?: readonly UnknownAttribute[];
}

export interface EntryTuple extends WithUnknown {
  /** Canonical text. */
  readonly ip: WithUnknown & { readonly source: string; readonly destination: string };
  readonly protocol: WithUnknown & {
    /** IP protocol number. */
    readonly number: number;
    readonly sourcePort?: number;
    readonly destinationPort?: number;
    readonly icmpId?: number;
    readonly icmpType?: number;
    readonly icmpCode?: number;
    readonly icmpv6Id?: number;
    readonly icmpv6Type?: number;
    readonly icmpv6Code?: number;
  };
  /** Of an entry whose zone is of this direction only. */
  readonly zone?: number;
}

export interface EntryCounters extends WithUnknown {
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface EntryProtocolInfo extends WithUnknown {
  readonly tcp?: WithUnknown & {
    /** See `TCP_STATE`. */
    readonly state?: number;
    readonly windowScaleOriginal?: number;
    readonly windowScaleReply?: number;
    /** Two bytes each: flags and their mask (`struct nf_ct_tcp_flags`). */
    readonly flagsOriginal?: Uint8Array;
    readonly flagsReply?: Uint8Array;
  };
  readonly sctp?: WithUnknown & {
    /** `enum sctp_conntrack`: 4 is established. */
    readonly state?: number;
    readonly tagOriginal?: number;
    readonly tagReply?: number;
  };
}

/** Everything that the kernel tells of one conntrack entry, of any protocol. For one entry at a time: see `FlowDecoder`. */
export interface ConntrackEntry extends WithUnknown {
  readonly family: FlowRow['family'];
  readonly original: EntryTuple;
  readonly reply: EntryTuple;
  /** The connection that this one was expected by. */
  readonly master?: EntryTuple;
  /** See `STATUS`. */
  readonly status?: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly mark?: number;
  readonly use?: number;
  readonly id?: number;
  readonly zone?: number;
  /** Bit set of connlabels, 16 bytes. */
  readonly labels?: Uint8Array;
  readonly originalCounters?: EntryCounters;
  readonly replyCounters?: EntryCounters;
  /** Unix time in nanoseconds. */
  readonly timestamp?: WithUnknown & { readonly start?: bigint; readonly stop?: bigint };
  readonly protocolInfo?: EntryProtocolInfo;
}

const field = (type: number, name: string, codec: Codec): Field => ({ type, name, codec });

const TUPLE = record(
  field(
    CTA_TUPLE.ip,
    'ip',
    record(
      field(CTA_IP.source4, 'source', address4),
      field(CTA_IP.destination4, 'destination', address4),
      field(CTA_IP.source6, 'source', address6),
      field(CTA_IP.destination6, 'destination', address6),
    ),
  ),
  field(
    CTA_TUPLE.protocol,
    'protocol',
    record(
      field(CTA_PROTOCOL.number, 'number', u8),
      field(CTA_PROTOCOL.sourcePort, 'sourcePort', u16),
      field(CTA_PROTOCOL.destinationPort, 'destinationPort', u16),
      field(CTA_PROTOCOL.icmpId, 'icmpId', u16),
      field(CTA_PROTOCOL.icmpType, 'icmpType', u8),
      field(CTA_PROTOCOL.icmpCode, 'icmpCode', u8),
      field(CTA_PROTOCOL.icmpv6Id, 'icmpv6Id', u16),
      field(CTA_PROTOCOL.icmpv6Type, 'icmpv6Type', u8),
      field(CTA_PROTOCOL.icmpv6Code, 'icmpv6Code', u8),
    ),
  ),
  field(CTA_TUPLE.zone, 'zone', u16),
);

const COUNTERS = record(field(CTA_COUNTERS.packets, 'packets', u64), field(CTA_COUNTERS.bytes, 'bytes', u64));

const PROTOCOL_INFO = record(
  field(
    CTA_PROTOCOL_INFO.tcp,
    'tcp',
    record(
      field(CTA_TCP.state, 'state', u8),
      field(CTA_TCP.windowScaleOriginal, 'windowScaleOriginal', u8),
      field(CTA_TCP.windowScaleReply, 'windowScaleReply', u8),
      field(CTA_TCP.flagsOriginal, 'flagsOriginal', bytes),
      field(CTA_TCP.flagsReply, 'flagsReply', bytes),
    ),
  ),
  field(
    CTA_PROTOCOL_INFO.sctp,
    'sctp',
    record(
      field(CTA_SCTP.state, 'state', u8),
      field(CTA_SCTP.tagOriginal, 'tagOriginal', u32),
      field(CTA_SCTP.tagReply, 'tagReply', u32),
    ),
  ),
);

const ENTRY = record(
  field(CTA.tupleOriginal, 'original', TUPLE),
  field(CTA.tupleReply, 'reply', TUPLE),
  field(CTA.tupleMaster, 'master', TUPLE),
  field(CTA.status, 'status', u32),
  field(CTA.timeout, 'timeout', u32),
  field(CTA.mark, 'mark', u32),
  field(CTA.use, 'use', u32),
  field(CTA.id, 'id', u32),
  field(CTA.zone, 'zone', u16),
  field(CTA.labels, 'labels', bytes),
  field(CTA.countersOriginal, 'originalCounters', COUNTERS),
  field(CTA.countersReply, 'replyCounters', COUNTERS),
  field(
    CTA.timestamp,
    'timestamp',
    record(field(CTA_TIMESTAMP.start, 'start', u64), field(CTA_TIMESTAMP.stop, 'stop', u64)),
  ),
  field(CTA.protocolInfo, 'protocolInfo', PROTOCOL_INFO),
);

const WHERE = 'conntrack entry';

/** One netlink message that tells of an entry, or of its end. Throws RangeError, naming the field, when it is no such thing. */
export function decodeEntry(message: Uint8Array): ConntrackEntry {
  const view = viewOf(message);
  const entries: ConntrackEntry[] = [];
  const whole = forEachMessage(view, (type, _flags, _sequence, start, end) => {
    if (type !== CT_NEW && type !== CT_DELETE) throw new RangeError(`${WHERE}: message of type ${type}`);
    entries.push(readEntry(view, start, end));
  });
  const [entry] = entries;
  if (!whole || entries.length !== 1 || !entry) throw new RangeError(`${WHERE}: not one whole message`);
  return entry;
}

function readEntry(view: DataView, start: number, end: number): ConntrackEntry {
  if (end - start < NFGEN_HEADER) throw new RangeError(`${WHERE}: header cut short`);
  const family = view.getUint8(start);
  if (family !== AF_INET && family !== AF_INET6) throw new RangeError(`${WHERE}: address family ${family}`);
  const values = ENTRY.read(view, start + NFGEN_HEADER, end, WHERE) as Omit<ConntrackEntry, 'family'>;
  for (const direction of ['original', 'reply'] as const) expectTuple(values[direction], `${WHERE}.${direction}`);
  return { family: family === AF_INET ? 4 : 6, ...values };
}

/** What the type promises of a tuple. */
function expectTuple(tuple: Partial<EntryTuple> | undefined, where: string): void {
  const missing = !tuple?.ip?.source || !tuple.ip.destination || tuple.protocol?.number === undefined;
  if (missing) throw new RangeError(`${where}: address or protocol is missing`);
}

/** The entry as a message of a dump: attributes in the order of the properties, unknown ones last. Throws RangeError. */
export function encodeEntry({ family, ...attributes }: ConntrackEntry, sequence = 0): Uint8Array {
  const message = netfilterMessage(CT_NEW, NLM_F_MULTI, sequence, addressFamily(family));
  ENTRY.write(message, attributes, WHERE);
  return message.finish();
}
