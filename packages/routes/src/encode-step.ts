import type { MessageWriter } from '@kubecity/conntrack';
import { familyOf } from '@kubecity/routing';
import { type Forwarding, type Link, type LinkAddress, type Neighbour, ROUTE_TYPE, type Route } from './kernel-rows.ts';
import { addressFamily, request, writeAddress, writeMac } from './request.ts';
import {
  AF,
  IFA,
  IFA_F_NODAD,
  IFF_UP,
  IFLA,
  IFLA_INFO,
  IFLA_VXLAN,
  NDA,
  NLM_F,
  NTF_SELF,
  NUD_NOARP,
  NUD_PERMANENT,
  RT_SCOPE,
  RTA,
  RTM,
  RTNH_F_ONLINK,
} from './rtnetlink.ts';
import type { Step } from './step.ts';
import type { WishedTunnel } from './wished.ts';

const ADD = NLM_F.ack | NLM_F.create | NLM_F.exclusive;
const SET = NLM_F.ack | NLM_F.create | NLM_F.replace;

/** The request that does a step; the kernel answers with an acknowledgement of the same sequence number. */
export function encodeStep(step: Step, sequence: number): Uint8Array {
  switch (step.act) {
    case 'createTunnel':
      return createTunnel(request(RTM.newLink, ADD, sequence), step.tunnel);
    case 'changeLink':
      return changeLink(request(RTM.newLink, NLM_F.ack, sequence), step);
    case 'deleteLink':
      return linkHeader(request(RTM.deleteLink, NLM_F.ack, sequence), step.link.index, 0, 0).finish();
    case 'addAddress':
      return address(request(RTM.newAddress, SET, sequence), step.address);
    case 'deleteAddress':
      return address(request(RTM.deleteAddress, NLM_F.ack, sequence), step.address);
    case 'setNeighbour':
      return neighbour(request(RTM.newNeighbour, SET, sequence), step.neighbour);
    case 'deleteNeighbour':
      return neighbour(request(RTM.deleteNeighbour, NLM_F.ack, sequence), step.neighbour);
    case 'setForwarding':
      return forwarding(request(RTM.newNeighbour, SET, sequence), step.forwarding);
    case 'deleteForwarding':
      return forwarding(request(RTM.deleteNeighbour, NLM_F.ack, sequence), step.forwarding);
    case 'addRoute':
      return route(request(RTM.newRoute, ADD, sequence), step.route, RT_SCOPE.universe);
    case 'replaceRoute':
      return route(request(RTM.newRoute, SET, sequence), step.route, RT_SCOPE.universe);
    case 'deleteRoute':
      return route(request(RTM.deleteRoute, NLM_F.ack, sequence), step.route, RT_SCOPE.nowhere);
  }
}

function linkHeader(message: MessageWriter, index: number, flags: number, change: number): MessageWriter {
  const anyType = 0;
  return message.u8(AF.unspecified).u8(0).host16(anyType).host32(index).host32(flags).host32(change);
}

function createTunnel(message: MessageWriter, tunnel: WishedTunnel): Uint8Array {
  const kernelGivesIndex = 0;
  linkHeader(message, kernelGivesIndex, IFF_UP, IFF_UP);
  writeNumber(message, IFLA.mtu, tunnel.mtu);
  writeMac(message, IFLA.address, tunnel.mac);
  writeText(message, IFLA.name, `${tunnel.name}\0`);
  // Without the mark of what is nested, as iproute2: kernels before 5.2 know none.
  message.attribute(IFLA.info, () => {
    writeText(message, IFLA_INFO.kind, 'vxlan');
    message.attribute(IFLA_INFO.data, () => {
      writeNumber(message, IFLA_VXLAN.link, tunnel.device);
      writeNumber(message, IFLA_VXLAN.id, tunnel.id);
      writeAddress(message, tunnel.family === 'IPv4' ? IFLA_VXLAN.local : IFLA_VXLAN.local6, tunnel.local);
      message.attribute(IFLA_VXLAN.learning, () => message.u8(0));
      message.attribute(IFLA_VXLAN.port, () => message.u16(tunnel.port));
    });
  });
  return message.finish();
}

function changeLink(
  message: MessageWriter,
  { link, mtu, mac, up }: { readonly link: Link; readonly mtu?: number; readonly mac?: string; readonly up?: true },
): Uint8Array {
  const flags = up ? IFF_UP : 0;
  linkHeader(message, link.index, flags, flags);
  if (mtu !== undefined) writeNumber(message, IFLA.mtu, mtu);
  if (mac !== undefined) writeMac(message, IFLA.address, mac);
  return message.finish();
}

function address(message: MessageWriter, { family, device, address: text, bits }: LinkAddress): Uint8Array {
  const flags = family === 'IPv6' ? IFA_F_NODAD : 0;
  message.u8(addressFamily(family)).u8(bits).u8(flags).u8(RT_SCOPE.universe).host32(device);
  writeAddress(message, IFA.local, text);
  writeAddress(message, IFA.address, text);
  return message.finish();
}

function neighbour(message: MessageWriter, { family, device, address: text, mac }: Neighbour): Uint8Array {
  neighbourHeader(message, addressFamily(family), device, NUD_PERMANENT, 0);
  writeAddress(message, NDA.destination, text);
  if (mac !== '') writeMac(message, NDA.mac, mac);
  return message.finish();
}

function forwarding(message: MessageWriter, { device, mac, remote }: Forwarding): Uint8Array {
  neighbourHeader(message, AF.bridge, device, NUD_NOARP | NUD_PERMANENT, NTF_SELF);
  writeMac(message, NDA.mac, mac);
  if (remote !== '') writeAddress(message, NDA.destination, remote);
  return message.finish();
}

function neighbourHeader(message: MessageWriter, family: number, device: number, state: number, flags: number): void {
  const anyType = 0;
  message.u8(family).u8(0).u16(0).host32(device).host16(state).u8(flags).u8(anyType);
}

/** Deleting names all that tells it from another hand's: protocol, metric, gateway, link. */
function route(message: MessageWriter, row: Route, scope: number): Uint8Array {
  const { family, range, table, protocol, type, tos, metric, device, gateway, onlink } = row;
  const [network = '', bits] = range.split('/');
  const sourceBits = 0;
  message.u8(addressFamily(family)).u8(Number(bits)).u8(sourceBits).u8(tos);
  message
    .u8(table)
    .u8(protocol)
    .u8(scope)
    .u8(type)
    .host32(onlink ? RTNH_F_ONLINK : 0);
  writeAddress(message, RTA.destination, network);
  // One of the other family, which we never write, is not needed to find the route.
  if (gateway !== undefined && familyOf(gateway) === family) writeAddress(message, RTA.gateway, gateway);
  if (metric !== 0) writeNumber(message, RTA.priority, metric);
  // IPv6 puts a route that refuses on the loopback link by itself.
  if (device !== 0 && type !== ROUTE_TYPE.unreachable) writeNumber(message, RTA.device, device);
  return message.finish();
}

function writeNumber(message: MessageWriter, attribute: number, value: number): void {
  message.attribute(attribute, () => message.host32(value));
}

function writeText(message: MessageWriter, attribute: number, text: string): void {
  message.attribute(attribute, () => message.bytes(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
}
