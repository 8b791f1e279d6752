import type { MessageWriter } from './attributes.ts';
import { type FlowRow, IP_PROTOCOL, STATUS } from './flow-row.ts';
import { netfilterMessage } from './header.ts';
import {
  AF_INET,
  CT_GET,
  CT_NEW,
  CTA,
  CTA_COUNTERS,
  CTA_IP,
  CTA_NAT,
  CTA_NAT_PORT,
  CTA_PROTOCOL,
  CTA_PROTOCOL_INFO,
  CTA_TCP,
  CTA_TUPLE,
  NLM_F_ACK,
  NLM_F_CREATE_EXCL,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLM_F_REQUEST,
} from './wire.ts';

export interface DumpRequest {
  readonly sequence: number;
  /**
   * Ask the kernel for translated (DST_NAT) entries only. Kernels before 5.15 ignore the wish and send everything, and
   * no reply says which happened: look at every row's status again.
   */
  readonly destinationNatOnly?: boolean;
}

/** IPCTNL_MSG_CT_GET as a dump of the IPv4 table. */
export function encodeDumpRequest({ sequence, destinationNatOnly = false }: DumpRequest): Uint8Array {
  const message = netfilterMessage(CT_GET, NLM_F_REQUEST | NLM_F_DUMP, sequence, AF_INET);
  if (destinationNatOnly) {
    message.attribute(CTA.status, () => message.u32(STATUS.destinationNat));
    message.attribute(CTA.statusMask, () => message.u32(STATUS.destinationNat));
  }
  return message.finish();
}

/** One entry as the kernel writes it into a dump: the inverse of `FlowDecoder`. */
export function encodeFlow(flow: FlowRow, sequence = 0): Uint8Array {
  const message = netfilterMessage(CT_NEW, NLM_F_MULTI, sequence, AF_INET);
  writeTuples(message, flow);
  message.attribute(CTA.status, () => message.u32(flow.status));
  message.attribute(CTA.mark, () => message.u32(flow.mark));
  message.attribute(CTA.id, () => message.u32(flow.id));
  message.attribute(CTA.timeout, () => message.u32(flow.timeout));
  writeTcpState(message, flow);
  if (flow.hasCounters) {
    writeCounters(message, CTA.countersOriginal, flow.originalPackets, flow.originalBytes);
    writeCounters(message, CTA.countersReply, flow.replyPackets, flow.replyBytes);
  }
  return message.finish();
}

/**
 * IPCTNL_MSG_CT_NEW with an acknowledgement: puts `flow` into the kernel's table, translated to its reply source. The
 * kernel derives the reply tuple from the translation, and sets status and id itself.
 */
export function encodeCreateRequest(flow: FlowRow, sequence: number): Uint8Array {
  const message = netfilterMessage(CT_NEW, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE_EXCL, sequence, AF_INET);
  writeTuples(message, {
    ...flow,
    replySource: flow.destination,
    replyDestination: flow.source,
    replySourcePort: flow.destinationPort,
    replyDestinationPort: flow.sourcePort,
  });
  message.attribute(CTA.timeout, () => message.u32(flow.timeout));
  message.attribute(CTA.mark, () => message.u32(flow.mark));
  writeTcpState(message, flow);
  message.nested(CTA.natDestination, () => {
    message.attribute(CTA_NAT.minimum4, () => message.u32(flow.replySource));
    message.attribute(CTA_NAT.maximum4, () => message.u32(flow.replySource));
    message.nested(CTA_NAT.protocol, () => {
      message.attribute(CTA_NAT_PORT.minimum, () => message.u16(flow.replySourcePort));
      message.attribute(CTA_NAT_PORT.maximum, () => message.u16(flow.replySourcePort));
    });
  });
  return message.finish();
}

function writeTuples(message: MessageWriter, flow: FlowRow): void {
  const tuple = (type: number, source: number, destination: number, sourcePort: number, destinationPort: number) =>
    message.nested(type, () => {
      message.nested(CTA_TUPLE.ip, () => {
        message.attribute(CTA_IP.source4, () => message.u32(source));
        message.attribute(CTA_IP.destination4, () => message.u32(destination));
      });
      message.nested(CTA_TUPLE.protocol, () => {
        message.attribute(CTA_PROTOCOL.number, () => message.u8(flow.protocol));
        message.attribute(CTA_PROTOCOL.sourcePort, () => message.u16(sourcePort));
        message.attribute(CTA_PROTOCOL.destinationPort, () => message.u16(destinationPort));
      });
    });
  tuple(CTA.tupleOriginal, flow.source, flow.destination, flow.sourcePort, flow.destinationPort);
  tuple(CTA.tupleReply, flow.replySource, flow.replyDestination, flow.replySourcePort, flow.replyDestinationPort);
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
