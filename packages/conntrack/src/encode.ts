import { sameAddress } from './address.ts';
import type { MessageWriter } from './attributes.ts';
import { ADDRESS, type AddressPlace, type FlowRow, IP_PROTOCOL, STATUS } from './flow-row.ts';
import { netfilterMessage } from './header.ts';
import {
  addressFamily,
  addressWords,
  inverted,
  originalTuple,
  replyTuple,
  writeAddress,
  writeTuple,
} from './tuple-writer.ts';
import {
  CT_NEW,
  CTA,
  CTA_COUNTERS,
  CTA_NAT,
  CTA_NAT_PORT,
  CTA_PROTOCOL_INFO,
  CTA_TCP,
  CTA_TIMESTAMP,
  NLM_F_ACK,
  NLM_F_CREATE_EXCL,
  NLM_F_MULTI,
  NLM_F_REQUEST,
} from './wire.ts';

const NS_PER_MS = 1e6;

/** One entry as the kernel writes it into a dump: the inverse of `FlowDecoder`. */
export function encodeFlow(flow: FlowRow, sequence = 0): Uint8Array {
  const message = netfilterMessage(CT_NEW, NLM_F_MULTI, sequence, addressFamily(flow.family));
  writeTuple(message, CTA.tupleOriginal, flow.family, originalTuple(flow));
  writeTuple(message, CTA.tupleReply, flow.family, replyTuple(flow));
  writeZone(message, flow);
  message.attribute(CTA.status, () => message.u32(flow.status));
  message.attribute(CTA.mark, () => message.u32(flow.mark));
  message.attribute(CTA.id, () => message.u32(flow.id));
  message.attribute(CTA.timeout, () => message.u32(flow.timeout));
  writeTcpState(message, flow);
  if (flow.startedAt !== 0) {
    message.nested(CTA.timestamp, () => {
      message.attribute(CTA_TIMESTAMP.start, () => message.u64(flow.startedAt * NS_PER_MS));
    });
  }
  if (flow.hasCounters) {
    writeCounters(message, CTA.countersOriginal, flow.originalPackets, flow.originalBytes);
    writeCounters(message, CTA.countersReply, flow.replyPackets, flow.replyBytes);
  }
  return message.finish();
}

/** What a request may say about a new entry's status; the kernel sets the rest itself. */
const SETTABLE = STATUS.seenReply | STATUS.assured;

/**
 * IPCTNL_MSG_CT_NEW with an acknowledgement: puts `flow` into the kernel's table, translated where its reply differs from
 * its original direction. The kernel derives the reply tuple from the translation, sets the id, and counts from 0.
 */
export function encodeCreateRequest(flow: FlowRow, sequence: number): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE_EXCL;
  const message = netfilterMessage(CT_NEW, flags, sequence, addressFamily(flow.family));
  const original = originalTuple(flow);
  writeTuple(message, CTA.tupleOriginal, flow.family, original);
  writeTuple(message, CTA.tupleReply, flow.family, inverted(original));
  writeZone(message, flow);
  message.attribute(CTA.status, () => message.u32(STATUS.confirmed | (flow.status & SETTABLE)));
  message.attribute(CTA.timeout, () => message.u32(flow.timeout));
  message.attribute(CTA.mark, () => message.u32(flow.mark));
  writeTcpState(message, flow);
  if (differs(flow, ADDRESS.destination, ADDRESS.replySource) || flow.destinationPort !== flow.replySourcePort) {
    writeTranslation(message, CTA.natDestination, flow, ADDRESS.replySource, flow.replySourcePort);
  }
  if (differs(flow, ADDRESS.source, ADDRESS.replyDestination) || flow.sourcePort !== flow.replyDestinationPort) {
    writeTranslation(message, CTA.natSource, flow, ADDRESS.replyDestination, flow.replyDestinationPort);
  }
  return message.finish();
}

const differs = ({ words }: FlowRow, one: AddressPlace, other: AddressPlace): boolean =>
  !sameAddress(words, one, words, other);

function writeTranslation(
  message: MessageWriter,
  type: number,
  flow: FlowRow,
  place: AddressPlace,
  port: number,
): void {
  const { family } = flow;
  const words = addressWords(flow, place);
  const [minimum, maximum] = family === 4 ? [CTA_NAT.minimum4, CTA_NAT.maximum4] : [CTA_NAT.minimum6, CTA_NAT.maximum6];
  message.nested(type, () => {
    writeAddress(message, minimum, family, words);
    writeAddress(message, maximum, family, words);
    message.nested(CTA_NAT.protocol, () => {
      message.attribute(CTA_NAT_PORT.minimum, () => message.u16(port));
      message.attribute(CTA_NAT_PORT.maximum, () => message.u16(port));
    });
  });
}

function writeZone(message: MessageWriter, { zone }: FlowRow): void {
  if (zone !== 0) message.attribute(CTA.zone, () => message.u16(zone));
}

function writeTcpState(message: MessageWriter, flow: FlowRow): void {
  if (flow.protocol !== IP_PROTOCOL.tcp) return;
  message.nested(CTA.protocolInfo, () => {
    message.nested(CTA_PROTOCOL_INFO.tcp, () => {
      message.attribute(CTA_TCP.state, () => message.u8(flow.tcpState));
    });
  });
}

function writeCounters(message: MessageWriter, type: number, packets: number, bytes: number): void {
  message.nested(type, () => {
    message.attribute(CTA_COUNTERS.packets, () => message.u64(packets));
    message.attribute(CTA_COUNTERS.bytes, () => message.u64(bytes));
  });
}
