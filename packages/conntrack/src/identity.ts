import { AttributeCursor, MessageWriter } from './attributes.ts';
import { concatenated } from './bytes.ts';
import type { FlowRow } from './flow-row.ts';
import { netfilterMessage } from './header.ts';
import { viewOf } from './messages.ts';
import { originalTuple, writeTuple } from './tuple-writer.ts';
import { AF_INET, AF_INET6, CT_DELETE, CT_GET, CTA, CTA_IP, CTA_TUPLE, NLM_F_ACK, NLM_F_REQUEST } from './wire.ts';

/**
 * The name of an entry in the kernel: the attributes original tuple, zone and id. Exactly this entry, never a later one
 * with the same addresses and ports. An entry whose zone is of the original direction only is found by that zone, too.
 */
export function flowIdentity(row: FlowRow): Uint8Array {
  const attributes = new MessageWriter();
  writeTuple(attributes, CTA.tupleOriginal, row.family, originalTuple(row));
  if (row.zone !== 0) attributes.attribute(CTA.zone, () => attributes.u16(row.zone));
  attributes.attribute(CTA.id, () => attributes.u32(row.id));
  return attributes.written();
}

/**
 * IPCTNL_MSG_CT_DELETE for the entries that `identities` name, one message each, to be sent as one: with sequence numbers
 * from `first` on, for `BatchAnswers`. A tuple that was used again meanwhile has another id, and the kernel answers ENOENT.
 */
export function encodeDeleteBatch(identities: readonly Uint8Array[], first: number): Uint8Array {
  const messages = identities.map((identity, index) => {
    const flags = index === identities.length - 1 ? NLM_F_REQUEST | NLM_F_ACK : NLM_F_REQUEST;
    return netfilterMessage(CT_DELETE, flags, first + index, familyOfIdentity(identity))
      .bytes(identity)
      .finish();
  });
  return concatenated(messages);
}

/**
 * IPCTNL_MSG_CT_GET for one entry. The kernel finds it by tuple and zone and does not look at the id. It answers with the
 * entry, without an end mark, then with the acknowledgement that is asked for here; or with ENOENT.
 */
export function encodeGetRequest(identity: Uint8Array, sequence: number): Uint8Array {
  return netfilterMessage(CT_GET, NLM_F_REQUEST | NLM_F_ACK, sequence, familyOfIdentity(identity))
    .bytes(identity)
    .finish();
}

/** Throws RangeError when the bytes are no identity: they would name another entry, or none. */
function familyOfIdentity(identity: Uint8Array): number {
  const view = viewOf(identity);
  const cursor = new AttributeCursor();
  cursor.open(view, 0, identity.length);
  for (const type of [CTA.tupleOriginal, CTA_TUPLE.ip]) {
    if (!cursor.next() || cursor.type !== type) throw new RangeError('identity of a flow: no original tuple');
    cursor.open(view, cursor.start, cursor.end);
  }
  if (cursor.next() && cursor.type === CTA_IP.source4) return AF_INET;
  if (cursor.type === CTA_IP.source6) return AF_INET6;
  throw new RangeError('identity of a flow: no address');
}
