import type { Link, VxlanData } from './kernel-rows.ts';
import type { RowReader } from './row-reader.ts';
import { IFF_UP, IFLA, IFLA_INFO, IFLA_VXLAN } from './rtnetlink.ts';

/** @param reader opened at a link row */
export function decodeLink(reader: RowReader): Link {
  let name = '';
  let mtu = 0;
  let mac = '';
  let info: Pick<Link, 'kind' | 'vxlan'> = { kind: '' };
  const { attributes } = reader;
  while (attributes.next()) {
    if (attributes.type === IFLA.name) name = reader.text();
    else if (attributes.type === IFLA.mtu) mtu = attributes.host32();
    else if (attributes.type === IFLA.address) mac = reader.mac();
    else if (attributes.type === IFLA.info) info = decodeInfo(reader.nested());
  }
  reader.close();
  return { row: 'link', index: reader.host32(4), name, up: (reader.host32(8) & IFF_UP) !== 0, mtu, mac, ...info };
}

function decodeInfo(reader: RowReader): Pick<Link, 'kind' | 'vxlan'> {
  let kind = '';
  let data: RowReader | undefined;
  for (const { attributes } = reader; attributes.next(); ) {
    if (attributes.type === IFLA_INFO.kind) kind = reader.text();
    else if (attributes.type === IFLA_INFO.data) data = reader.nested();
  }
  reader.close();
  return kind === 'vxlan' && data ? { kind, vxlan: decodeVxlan(data) } : { kind };
}

function decodeVxlan(reader: RowReader): VxlanData {
  const vxlan = { id: 0, port: 0, local: '', device: 0, learning: false, strange: false };
  const { attributes } = reader;
  while (attributes.next()) {
    switch (attributes.type) {
      case IFLA_VXLAN.id:
        vxlan.id = attributes.host32();
        break;
      case IFLA_VXLAN.port:
        vxlan.port = attributes.u16();
        break;
      case IFLA_VXLAN.local:
      case IFLA_VXLAN.local6:
        vxlan.local = reader.address();
        break;
      case IFLA_VXLAN.link:
        vxlan.device = attributes.host32();
        break;
      case IFLA_VXLAN.learning:
        vxlan.learning = attributes.u8() !== 0;
        break;
      // These are there only where they are set; the one after them says so itself.
      case IFLA_VXLAN.group:
      case IFLA_VXLAN.group6:
      case IFLA_VXLAN.groupPolicy:
      case IFLA_VXLAN.genericProtocol:
        vxlan.strange = true;
        break;
      case IFLA_VXLAN.collectMetadata:
        vxlan.strange ||= attributes.u8() !== 0;
        break;
    }
  }
  reader.close();
  return vxlan;
}
