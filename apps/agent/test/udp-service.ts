import type { Backend, RoutingTable, ServicePort } from '@kubecity/routing';

/** An endpoint on port 5353 that is ready. */
export const backend = (address: string, state: Partial<Backend> = {}): Backend => ({
  ...{ address, port: 5353, ready: true, serving: true, terminating: false, usable: true, onCluster: true },
  ...{ onLocal: false, weight: 100, draining: false, keepsSticky: false },
  ...state,
});

/** A UDP service port that listens on port 53 of its cluster IP. */
export const udpPort = (
  name: string,
  clusterIP: string,
  backends: readonly (string | Backend)[],
  part: Partial<ServicePort> = {},
): ServicePort => ({
  ...{ id: `dns/${name}:/UDP`, key: `dns/${name}:/UDP`, family: 'IPv4', namespace: 'dns', name, portName: '' },
  ...{ protocol: 'UDP', clusterIP, port: 53, externalIPs: [], loadBalancerIPs: [], hasEndpoints: true, floor: 1 },
  ...{ internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster' },
  backends: backends.map((each) => (typeof each === 'string' ? backend(each) : each)),
  ...part,
});

export const tableOf = (...ports: readonly ServicePort[]): RoutingTable => ({
  servicePorts: new Map(ports.map((each) => [each.id, each])),
  ...{ outcomes: [], problems: [] },
});
