import { AttributeCursor } from './attributes.ts';
import { emptyFlowRow, type FlowRow, IP_PROTOCOL } from './flow-row.ts';
import { forEachMessage, viewOf } from './messages.ts';
import { TupleReader } from './tuple-reader.ts';
import {
  AF_INET,
  AF_INET6,
  CT_NEW,
  CTA,
  CTA_COUNTERS,
  CTA_PROTOCOL_INFO,
  CTA_TCP,
  CTA_TIMESTAMP,
  NFGEN_HEADER,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './wire.ts';

/** What a row cannot do without, as bits: both tuples whole, status and id. */
const HAS_ORIGINAL = 1;
const HAS_REPLY = 2;
const HAS_STATUS = 4;
const HAS_ID = 8;
const HAS_ALL = HAS_ORIGINAL | HAS_REPLY | HAS_STATUS | HAS_ID;

const NS_PER_MS = 1e6;

/**
 * Reads conntrack entries of TCP, UDP and SCTP, both families, from received chunks and hands each to `onRow` as the same,
 * reused row (`copyFlowRow` keeps one).
 *
 * - Entries of other protocols (ICMP …) are counted (`ignored`) and skipped.
 * - Entries that are cut short or lack a tuple, status or id are counted (`malformed`), as is a chunk that ends inside a
 *   message; messages that are no entries are counted (`foreign`). Neither is handed on, neither throws.
 * - Unknown attributes are skipped.
 * - End and errors of the dump are not looked at here: see `AnswerProgress`.
 */
export class FlowDecoder {
  rows = 0;
  ignored = 0;
  malformed = 0;
  foreign = 0;

  readonly #onRow: (row: FlowRow) => void;
  readonly #row = emptyFlowRow();
  readonly #tuples = new TupleReader();
  // One cursor per depth of nesting.
  readonly #top = new AttributeCursor();
  readonly #middle = new AttributeCursor();
  readonly #inner = new AttributeCursor();

  constructor(onRow: (row: FlowRow) => void) {
    this.#onRow = onRow;
  }

  read(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    const whole = forEachMessage(view, (type, _flags, _sequence, start, end) => {
      if (type === CT_NEW) this.#message(view, start, end);
      else if (type !== NLMSG_DONE && type !== NLMSG_ERROR) this.foreign += 1;
    });
    if (!whole) this.malformed += 1;
  }

  #message(view: DataView, start: number, end: number): void {
    if (end - start < NFGEN_HEADER) {
      this.malformed += 1;
      return;
    }
    const family = view.getUint8(start);
    if (family === AF_INET) this.#family(4);
    else if (family === AF_INET6) this.#family(6);
    else {
      this.foreign += 1;
      return;
    }
    if (!this.#entry(view, start + NFGEN_HEADER, end)) this.malformed += 1;
    else if (!isCounted(this.#row.protocol)) this.ignored += 1;
    else {
      this.rows += 1;
      this.#onRow(this.#row);
    }
  }

  /** IPv4 writes the first word of each address only. */
  #family(family: FlowRow['family']): void {
    if (this.#row.family === family) return;
    this.#row.family = family;
    this.#row.words.fill(0);
  }

  #entry(view: DataView, start: number, end: number): boolean {
    const row = this.#row;
    blankOptional(row);
    const top = this.#top;
    let has = 0;
    let counters = 0;
    let sound = true;
    for (top.open(view, start, end); top.next(); ) {
      switch (top.type) {
        case CTA.tupleOriginal:
          sound &&= this.#tuples.read(view, top.start, top.end, row, true);
          has |= HAS_ORIGINAL;
          break;
        case CTA.tupleReply:
          sound &&= this.#tuples.read(view, top.start, top.end, row, false);
          has |= HAS_REPLY;
          break;
        case CTA.status:
          row.status = top.u32();
          has |= HAS_STATUS;
          break;
        case CTA.protocolInfo:
          sound &&= this.#protocolInfo(view);
          break;
        case CTA.timeout:
          row.timeout = top.u32();
          break;
        case CTA.mark:
          row.mark = top.u32();
          break;
        case CTA.zone:
          row.zone = top.u16();
          break;
        case CTA.id:
          row.id = top.u32();
          has |= HAS_ID;
          break;
        case CTA.timestamp:
          sound &&= this.#timestamp(view);
          break;
        case CTA.countersOriginal:
          sound &&= this.#counters(view, true);
          counters |= 1;
          break;
        case CTA.countersReply:
          sound &&= this.#counters(view, false);
          counters |= 2;
          break;
      }
    }
    row.hasCounters = counters === 3;
    return sound && !top.broken && has === HAS_ALL;
  }

  #protocolInfo(view: DataView): boolean {
    const { start, end } = this.#top;
    const middle = this.#middle;
    const inner = this.#inner;
    let sound = true;
    for (middle.open(view, start, end); middle.next(); ) {
      if (middle.type !== CTA_PROTOCOL_INFO.tcp) continue;
      for (inner.open(view, middle.start, middle.end); inner.next(); ) {
        if (inner.type === CTA_TCP.state) this.#row.tcpState = inner.u8();
      }
      sound &&= !inner.broken;
    }
    return sound && !middle.broken;
  }

  #timestamp(view: DataView): boolean {
    const { start, end } = this.#top;
    const middle = this.#middle;
    for (middle.open(view, start, end); middle.next(); ) {
      if (middle.type === CTA_TIMESTAMP.start) this.#row.startedAt = Math.round(middle.u64() / NS_PER_MS);
    }
    return !middle.broken;
  }

  #counters(view: DataView, original: boolean): boolean {
    const { start, end } = this.#top;
    const middle = this.#middle;
    let packets = 0;
    let bytes = 0;
    for (middle.open(view, start, end); middle.next(); ) {
      if (middle.type === CTA_COUNTERS.packets) packets = middle.u64();
      else if (middle.type === CTA_COUNTERS.bytes) bytes = middle.u64();
    }
    const row = this.#row;
    if (original) {
      row.originalPackets = packets;
      row.originalBytes = bytes;
    } else {
      row.replyPackets = packets;
      row.replyBytes = bytes;
    }
    return !middle.broken;
  }
}

const isCounted = (protocol: number): boolean =>
  protocol === IP_PROTOCOL.tcp || protocol === IP_PROTOCOL.udp || protocol === IP_PROTOCOL.sctp;

/** What an entry may leave out must not be left over from the row before; the rest is written by every sound entry. */
function blankOptional(row: FlowRow): void {
  row.zone = 0;
  row.timeout = 0;
  row.mark = 0;
  row.tcpState = 0;
  row.startedAt = 0;
  row.originalPackets = 0;
  row.originalBytes = 0;
  row.replyPackets = 0;
  row.replyBytes = 0;
}
