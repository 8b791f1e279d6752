import { bitsOf, type Family, familyOf } from '@kubecity/routing';
import { addressFamily, request, writeAddress } from './request.ts';
import { AF, IFLA, NDA, NLM_F, RTA, RTEXT_FILTER_SKIP_STATS, RTM } from './rtnetlink.ts';

/** What a dump tells. Of neighbours and forwarding only those of one link: a node has many others. */
export type Dump =
  | { readonly rows: 'links' | 'addresses' }
  | { readonly rows: 'routes'; readonly family: Family }
  | { readonly rows: 'neighbours'; readonly family: Family; readonly device: number }
  | { readonly rows: 'forwarding'; readonly device: number };

/** Answered by rows and an end mark. */
export function encodeDump(dump: Dump, sequence: number): Uint8Array {
  const begin = (type: number) => request(type, NLM_F.dump, sequence);
  switch (dump.rows) {
    case 'links': {
      const message = linkHeader(begin(RTM.getLink), AF.unspecified, 0);
      message.attribute(IFLA.extensions, () => message.host32(RTEXT_FILTER_SKIP_STATS));
      return message.finish();
    }
    case 'addresses':
      return begin(RTM.getAddress).u8(AF.unspecified).u8(0).u8(0).u8(0).host32(0).finish();
    case 'routes':
      return begin(RTM.getRoute).u8(addressFamily(dump.family)).u8(0).u16(0).u32(0).host32(0).finish();
    case 'neighbours': {
      const message = begin(RTM.getNeighbour).u8(addressFamily(dump.family)).u8(0).u16(0).host32(0).u32(0);
      message.attribute(NDA.device, () => message.host32(dump.device));
      return message.finish();
    }
    // With the header of a link instead of a neighbour's the kernel tells of this link alone (`rtnl_fdb_dump`).
    case 'forwarding':
      return linkHeader(begin(RTM.getNeighbour), AF.bridge, dump.device).finish();
  }
}

/**
 * Asks for the way to an address, as `ip route get` does. Answered by one route row without an end mark, or by a refusal:
 * see `wayOf` and `wayOfRefusal`.
 * @param address canonical
 */
export function encodeLookup(address: string, sequence: number): Uint8Array {
  const message = request(RTM.getRoute, 0, sequence);
  const anything = 0;
  message
    .u8(addressFamily(familyOf(address)))
    .u8(bitsOf(address).length)
    .u16(0)
    .u32(0)
    .host32(anything);
  writeAddress(message, RTA.destination, address);
  return message.finish();
}

function linkHeader(message: ReturnType<typeof request>, family: number, index: number): ReturnType<typeof request> {
  return message.u8(family).u8(0).host16(0).host32(index).host32(0).host32(0);
}
