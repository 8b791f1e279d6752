import type { Backend, ServicePort } from '@kubecity/routing';
import { packAddress, packEndpoint, STATUS, type UdpFlow } from '../src/index.ts';

export const backend = (address: string, port = 5353, state: Partial<Backend> = {}): Backend => ({
  ...{ address, port, ready: true, serving: true, terminating: false, usable: true, onCluster: true, onLocal: false },
  ...{ weight: 100, draining: false, keepsSticky: false },
  ...state,
});

/** A UDP service port with cluster IP 10.96.0.10:53. */
export const servicePort = (part: Partial<ServicePort> = {}): ServicePort => ({
  ...{ id: 'dns/dns:dns/UDP', key: 'dns/dns:dns/UDP', family: 'IPv4', namespace: 'dns', name: 'dns', portName: 'dns' },
  ...{ protocol: 'UDP', clusterIP: '10.96.0.10', port: 53, externalIPs: [], loadBalancerIPs: [] },
  ...{ internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster', hasEndpoints: true, floor: 1, backends: [] },
  ...part,
});

/** A flow to `to` (address, port) that `by` (address, port) answers. */
export const flow = (to: [string, number], by: [string, number], part: Partial<UdpFlow> = {}): UdpFlow => ({
  ...{ protocol: 17, destination: packAddress(to[0]), destinationPort: to[1], answerer: packEndpoint(...by) },
  ...{ status: STATUS.confirmed | STATUS.destinationNat, zone: 0 },
  ...part,
});
