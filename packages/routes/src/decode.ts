import { forEachMessage, HOST_LITTLE_ENDIAN, viewOf } from '@kubecity/conntrack';
import type { Family } from '@kubecity/routing';
import { decodeLink } from './decode-link.ts';
import type { Forwarding, KernelRow, LinkAddress, Neighbour, Route } from './kernel-rows.ts';
import { RowError } from './row-error.ts';
import { RowReader } from './row-reader.ts';
import { AF, HEADER, IFA, NDA, NLM_F, NUD_PERMANENT, RTA, RTM, RTM_F_CLONED, RTNH_F_ONLINK } from './rtnetlink.ts';

/**
 * The rows of one received chunk of answers. Copies of routes that the kernel made of what it learnt of one address are no
 * rows of a dump: IPv6's bear our number, and nobody can remove them. End marks, refusals, and rows of families that are neither IPv4 nor IPv6 are
 * left out; `AnswerProgress` of @kubecity/conntrack follows the former.
 * @throws RowError when a row cannot be read: then nothing is known
 */
export function decodeRows(bytes: Uint8Array): KernelRow[] {
  const rows: KernelRow[] = [];
  const view = viewOf(bytes);
  const reader = new RowReader();
  const whole = forEachMessage(view, (type, flags, _sequence, start, end) => {
    if (type === RTM.newRoute && flags & NLM_F.multi && isCopy(view, start, end)) return;
    const open = (header: number, what: string) => reader.open(view, start, end, header, what);
    const row = decodeRow(type, reader, open);
    if (row) rows.push(row);
  });
  if (!whole) throw new RowError('the answer is cut short');
  return rows;
}

function isCopy(view: DataView, start: number, end: number): boolean {
  return end - start >= HEADER.route && (view.getUint32(start + 8, HOST_LITTLE_ENDIAN) & RTM_F_CLONED) !== 0;
}

function decodeRow(
  type: number,
  reader: RowReader,
  open: (header: number, what: string) => void,
): KernelRow | undefined {
  switch (type) {
    case RTM.newLink:
      open(HEADER.link, 'link');
      return decodeLink(reader);
    case RTM.newAddress:
      open(HEADER.address, 'address');
      return decodeAddress(reader);
    case RTM.newRoute:
      open(HEADER.route, 'route');
      return decodeRoute(reader);
    case RTM.newNeighbour:
      open(HEADER.neighbour, 'neighbour');
      return reader.u8(0) === AF.bridge ? decodeForwarding(reader) : decodeNeighbour(reader);
    default:
      return undefined;
  }
}

function familyOf(number: number): Family | undefined {
  return number === AF.inet ? 'IPv4' : number === AF.inet6 ? 'IPv6' : undefined;
}

function decodeAddress(reader: RowReader): LinkAddress | undefined {
  const family = familyOf(reader.u8(0));
  if (!family) return undefined;
  let address = '';
  let local = '';
  for (const { attributes } = reader; attributes.next(); ) {
    // Of a link between two ends the first is the other end's.
    if (attributes.type === IFA.address) address = reader.address();
    else if (attributes.type === IFA.local) local = reader.address();
  }
  reader.close();
  return { row: 'address', family, device: reader.host32(4), address: local || address, bits: reader.u8(1) };
}

const EVERYTHING: Readonly<Record<Family, string>> = { IPv4: '0.0.0.0', IPv6: '::' };

function decodeRoute(reader: RowReader): Route | undefined {
  const family = familyOf(reader.u8(0));
  if (!family) return undefined;
  let destination = EVERYTHING[family];
  let table = reader.u8(4);
  let metric = 0;
  let device = 0;
  let gateway: string | undefined;
  let multipath = false;
  const { attributes } = reader;
  while (attributes.next()) {
    switch (attributes.type) {
      case RTA.destination:
        destination = reader.address();
        break;
      case RTA.table:
        table = attributes.host32();
        break;
      case RTA.priority:
        metric = attributes.host32();
        break;
      case RTA.device:
        device = attributes.host32();
        break;
      case RTA.gateway:
        gateway = reader.address();
        break;
      case RTA.via:
        gateway = reader.via();
        break;
      case RTA.multipath:
        multipath = true;
        break;
    }
  }
  reader.close();
  return {
    row: 'route',
    family,
    range: `${destination}/${reader.u8(1)}`,
    table,
    protocol: reader.u8(5),
    type: reader.u8(7),
    tos: reader.u8(3),
    metric,
    device,
    gateway,
    onlink: (reader.host32(8) & RTNH_F_ONLINK) !== 0,
    multipath,
  };
}

function decodeNeighbour(reader: RowReader): Neighbour | undefined {
  const family = familyOf(reader.u8(0));
  if (!family) return undefined;
  const { address, mac } = ends(reader);
  return { row: 'neighbour', family, device: reader.host32(4), address, mac, permanent: isPermanent(reader) };
}

function decodeForwarding(reader: RowReader): Forwarding {
  const { address, mac } = ends(reader);
  return { row: 'forwarding', device: reader.host32(4), mac, remote: address, permanent: isPermanent(reader) };
}

function ends(reader: RowReader): { readonly address: string; readonly mac: string } {
  let address = '';
  let mac = '';
  for (const { attributes } = reader; attributes.next(); ) {
    if (attributes.type === NDA.destination) address = reader.address();
    else if (attributes.type === NDA.mac) mac = reader.mac();
  }
  reader.close();
  return { address, mac };
}

function isPermanent(reader: RowReader): boolean {
  return (reader.host16(8) & NUD_PERMANENT) !== 0;
}
