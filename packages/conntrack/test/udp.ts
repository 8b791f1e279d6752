import type { Backend, Family, ServicePort } from '@kubecity/routing';
import { netfilterMessage, packAddress, packEndpoint, STATUS, type UdpFlow } from '../src/index.ts';
import { AF_INET, AF_INET6, CT_NEW, CTA, CTA_IP, CTA_PROTOCOL, CTA_TUPLE, NLM_F_MULTI } from '../src/wire.ts';

export const backend = (address: string, port = 5353, state: Partial<Backend> = {}): Backend => ({
  ...{ address, port, ready: true, serving: true, terminating: false, usable: true, onCluster: true, onLocal: false },
  ...{ weight: 100, draining: false, keepsSticky: false },
  ...state,
});

/** A UDP service port with cluster IP 10.96.0.10:53. */
export const servicePort = (part: Partial<ServicePort> = {}): ServicePort => ({
  ...{ id: 'dns/dns:dns/UDP', key: 'dns/dns:dns/UDP', family: 'IPv4', namespace: 'dns', name: 'dns', portName: 'dns' },
  ...{ protocol: 'UDP', clusterIP: '10.96.0.10', port: 53, externalIPs: [], loadBalancerIPs: [] },
  ...{ internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster', hasEndpoints: true, backends: [] },
  ...part,
});

/** A flow to `to` (address, port) that `by` (address, port) answers. */
export const flow = (to: [string, number], by: [string, number], part: Partial<UdpFlow> = {}): UdpFlow => ({
  ...{ protocol: 17, destination: packAddress(to[0]), destinationPort: to[1], answerer: packEndpoint(...by) },
  ...{ status: STATUS.confirmed | STATUS.destinationNat, zone: 0 },
  ...part,
});

export interface WireEntry {
  readonly family: Family;
  readonly protocol: number;
  /** Packed addresses. */
  readonly source: string;
  readonly destination: string;
  readonly replySource: string;
  readonly ports: readonly [source: number, destination: number, replySource: number];
  readonly status: number;
  readonly zone: number;
  readonly id: number;
}

/** One entry as the kernel writes it into a dump. */
export function encodeUdpEntry(entry: WireEntry, without: readonly number[] = []): Uint8Array {
  const message = netfilterMessage(CT_NEW, NLM_F_MULTI, 0, entry.family === 'IPv4' ? AF_INET : AF_INET6);
  const [sourceType, destinationType] =
    entry.family === 'IPv4' ? [CTA_IP.source4, CTA_IP.destination4] : [CTA_IP.source6, CTA_IP.destination6];
  const address = (type: number, packed: string) =>
    message.attribute(type, () => {
      for (let unit = 0; unit < packed.length; unit += 1) message.u16(packed.charCodeAt(unit));
    });
  const tuple = (type: number, source: string, destination: string, sourcePort: number, destinationPort: number) =>
    message.nested(type, () => {
      message.nested(CTA_TUPLE.ip, () => {
        address(sourceType, source);
        address(destinationType, destination);
      });
      message.nested(CTA_TUPLE.protocol, () => {
        message.attribute(CTA_PROTOCOL.number, () => message.u8(entry.protocol));
        message.attribute(CTA_PROTOCOL.sourcePort, () => message.u16(sourcePort));
        message.attribute(CTA_PROTOCOL.destinationPort, () => message.u16(destinationPort));
      });
    });
  const { source, destination, replySource, ports } = entry;
  const writers: [number, () => void][] = [
    [CTA.tupleOriginal, () => tuple(CTA.tupleOriginal, source, destination, ports[0], ports[1])],
    [CTA.tupleReply, () => tuple(CTA.tupleReply, replySource, source, ports[2], ports[0])],
    [CTA.zone, () => entry.zone !== 0 && message.attribute(CTA.zone, () => message.u16(entry.zone))],
    [CTA.status, () => message.attribute(CTA.status, () => message.u32(entry.status))],
    [CTA.timeout, () => message.attribute(CTA.timeout, () => message.u32(30))],
    [CTA.id, () => message.attribute(CTA.id, () => message.u32(entry.id))],
  ];
  for (const [type, write] of writers) if (!without.includes(type)) write();
  return message.finish();
}
