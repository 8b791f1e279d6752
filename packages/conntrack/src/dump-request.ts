import { sameAddress } from './address.ts';
import { ADDRESS, type AddressPlace, type FlowRow, IP_PROTOCOL } from './flow-row.ts';
import { netfilterMessage } from './header.ts';
import { addressFamily, type TupleFields, writeTuple } from './tuple-writer.ts';
import { CT_GET, CTA, CTA_FILTER, CTA_FILTER_FLAG, NLM_F_DUMP, NLM_F_REQUEST } from './wire.ts';

/** Bits that must be as they are in `value`, where `mask` is set. */
export interface BitFilter {
  readonly value: number;
  readonly mask: number;
}

/** Which entries a dump is about: all given fields must match, an empty filter is everything. */
export interface DumpFilter {
  readonly family?: FlowRow['family'];
  readonly status?: BitFilter;
  readonly mark?: BitFilter;
  /** As `FlowRow.zone`. */
  readonly zone?: number;
  readonly tuple?: { readonly original?: TupleFields; readonly reply?: TupleFields };
}

export interface DumpRequest extends DumpFilter {
  readonly sequence: number;
}

/**
 * IPCTNL_MSG_CT_GET as a dump. The kernel is asked for no more of the filter than kernels are right about, and old ones
 * ignore parts of it (status before 5.15, tuple before 5.8, zone before 6.8) without saying so: every row has to be looked
 * at again with `flowMatches`. A kernel that refuses a filter is asked again without, see `openConntrack`.
 */
export function encodeDumpRequest({ sequence, ...filter }: DumpRequest): Uint8Array {
  const { family, status, mark, zone, tuple } = kernelPart(filter);
  const message = netfilterMessage(CT_GET, NLM_F_REQUEST | NLM_F_DUMP, sequence, family ? addressFamily(family) : 0);
  if (status) {
    message.attribute(CTA.status, () => message.u32((status.value & status.mask) >>> 0));
    message.attribute(CTA.statusMask, () => message.u32(status.mask));
  }
  // The mask without a value is EINVAL.
  if (mark) {
    message.attribute(CTA.mark, () => message.u32((mark.value & mark.mask) >>> 0));
    message.attribute(CTA.markMask, () => message.u32(mark.mask));
  }
  if (zone !== undefined) message.attribute(CTA.zone, () => message.u16(zone));
  if (family && tuple) {
    const { original = {}, reply = {} } = tuple;
    if (tuple.original) writeTuple(message, CTA.tupleOriginal, family, original);
    if (tuple.reply) writeTuple(message, CTA.tupleReply, family, reply);
    message.nested(CTA.filter, () => {
      // The only payload of ctnetlink in host order.
      message.attribute(CTA_FILTER.originalFlags, () => message.host32(filterFlags(original)));
      message.attribute(CTA_FILTER.replyFlags, () => message.host32(filterFlags(reply)));
    });
  }
  return message.finish();
}

/**
 * The part of a filter that every kernel either applies rightly or ignores. Left out is what loses rows (measured on 6.18,
 * `net/netfilter/nf_conntrack_netlink.c`): IPv6 addresses, compared the wrong way round; zone 0, which leaves out entries
 * with a zone in the reply direction only. So is what is refused or not looked at: a tuple without a family, ports without
 * a protocol that is TCP or UDP.
 */
function kernelPart({ family, status, mark, zone, tuple }: DumpFilter): DumpFilter {
  const original = family && kernelTuple(family, tuple?.original);
  const reply = family && kernelTuple(family, tuple?.reply);
  return {
    family,
    status,
    mark,
    ...(zone === 0 ? {} : { zone }),
    ...(original || reply ? { tuple: { original, reply } } : {}),
  };
}

function kernelTuple(family: FlowRow['family'], tuple: TupleFields = {}): TupleFields | undefined {
  const { protocol, source, destination, sourcePort, destinationPort } = tuple;
  const hasPorts = protocol === IP_PROTOCOL.tcp || protocol === IP_PROTOCOL.udp;
  const part = {
    protocol,
    ...(family === 4 ? { source, destination } : {}),
    ...(hasPorts ? { sourcePort, destinationPort } : {}),
  };
  return filterFlags(part) === 0 ? undefined : part;
}

function filterFlags(tuple: TupleFields): number {
  let flags = 0;
  for (const field of Object.keys(CTA_FILTER_FLAG) as (keyof TupleFields)[]) {
    if (tuple[field] !== undefined) flags |= CTA_FILTER_FLAG[field];
  }
  return flags;
}

/** Whether a row is what the filter asks for. */
export function flowMatches(row: FlowRow, { family, status, mark, zone, tuple }: DumpFilter): boolean {
  return (
    (family === undefined || row.family === family) &&
    (zone === undefined || row.zone === zone) &&
    bitsMatch(row.status, status) &&
    bitsMatch(row.mark, mark) &&
    originalMatches(row, tuple?.original) &&
    replyMatches(row, tuple?.reply)
  );
}

const bitsMatch = (bits: number, filter: BitFilter | undefined): boolean =>
  filter === undefined || ((bits ^ filter.value) & filter.mask) === 0;

const originalMatches = (row: FlowRow, tuple: TupleFields | undefined): boolean =>
  tuple === undefined ||
  (isOrAny(row.protocol, tuple.protocol) &&
    isOrAny(row.sourcePort, tuple.sourcePort) &&
    isOrAny(row.destinationPort, tuple.destinationPort) &&
    addressMatches(row, ADDRESS.source, tuple.source) &&
    addressMatches(row, ADDRESS.destination, tuple.destination));

const replyMatches = (row: FlowRow, tuple: TupleFields | undefined): boolean =>
  tuple === undefined ||
  (isOrAny(row.protocol, tuple.protocol) &&
    isOrAny(row.replySourcePort, tuple.sourcePort) &&
    isOrAny(row.replyDestinationPort, tuple.destinationPort) &&
    addressMatches(row, ADDRESS.replySource, tuple.source) &&
    addressMatches(row, ADDRESS.replyDestination, tuple.destination));

const isOrAny = (value: number, wanted: number | undefined): boolean => wanted === undefined || value === wanted;

const addressMatches = ({ words }: FlowRow, place: AddressPlace, wanted: Uint32Array | undefined): boolean =>
  wanted === undefined || sameAddress(words, place, wanted, 0);
