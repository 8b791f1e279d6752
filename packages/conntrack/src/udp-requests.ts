import type { Family } from '@kubecity/routing';
import { concatenated } from './bytes.ts';
import { IP_PROTOCOL } from './flow-row.ts';
import { netfilterMessage } from './header.ts';
import {
  AF_INET,
  AF_INET6,
  CT_DELETE,
  CT_GET,
  CTA,
  CTA_FILTER,
  CTA_FILTER_FLAG,
  CTA_PROTOCOL,
  CTA_TUPLE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from './wire.ts';

/**
 * IPCTNL_MSG_CT_GET as a dump of the UDP entries of one family. Kernels before 5.8 ignore the filter and send every
 * protocol, and no reply says which happened: look at every row again.
 */
export function encodeUdpDumpRequest({ sequence, family }: { sequence: number; family: Family }): Uint8Array {
  const message = netfilterMessage(CT_GET, NLM_F_REQUEST | NLM_F_DUMP, sequence, addressFamily(family));
  message.nested(CTA.tupleOriginal, () => {
    message.nested(CTA_TUPLE.protocol, () => {
      message.attribute(CTA_PROTOCOL.number, () => message.u8(IP_PROTOCOL.udp));
    });
  });
  message.nested(CTA.filter, () => {
    // The only payload of ctnetlink in host order.
    message.attribute(CTA_FILTER.originalFlags, () => message.host32(CTA_FILTER_FLAG.protocol));
    message.attribute(CTA_FILTER.replyFlags, () => message.host32(0));
  });
  return message.finish();
}

/**
 * IPCTNL_MSG_CT_DELETE for the entries that `identities` name (see `UdpEntry`), one message each, to be sent as one: with
 * sequence numbers from `first` on, for `BatchAnswers`. A tuple that was used again meanwhile has another id, and the
 * kernel answers ENOENT.
 */
export function encodeDeleteBatch(identities: readonly Uint8Array[], family: Family, first: number): Uint8Array {
  const messages = identities.map((identity, index) => {
    const flags = index === identities.length - 1 ? NLM_F_REQUEST | NLM_F_ACK : NLM_F_REQUEST;
    return netfilterMessage(CT_DELETE, flags, first + index, addressFamily(family))
      .bytes(identity)
      .finish();
  });
  return concatenated(messages);
}

const addressFamily = (family: Family): number => (family === 'IPv4' ? AF_INET : AF_INET6);
