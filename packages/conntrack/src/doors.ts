import type { Backend, ServicePort } from '@kubecity/routing';
import { type PackedAddress, type PackedEndpoint, packAddress, packEndpoint } from './endpoint.ts';

interface DoorsOfPort {
  readonly addresses: Map<PackedAddress, Set<PackedEndpoint>>;
  nodePort?: Set<PackedEndpoint>;
}

/**
 * The doors of service ports (addresses with a port, and node ports) of one family and protocol, and the endpoints behind
 * each. A door that is added twice leads to the endpoints of both: two Services may claim one address, and an endpoint is
 * right if either says so.
 */
export class Doors {
  readonly #ports = new Map<number, DoorsOfPort>();
  /** How many doors there are. */
  size = 0;

  add(servicePort: ServicePort, backends: readonly Backend[]): void {
    const endpoints = backends.map(({ address, port }) => packEndpoint(address, port));
    for (const address of doorAddresses(servicePort)) this.#open(servicePort.port, packAddress(address), endpoints);
    if (servicePort.nodePort !== undefined) this.#open(servicePort.nodePort, undefined, endpoints);
  }

  /** Endpoints behind an address and port; undefined when no door is there. */
  at(address: PackedAddress, port: number): ReadonlySet<PackedEndpoint> | undefined {
    return this.#ports.get(port)?.addresses.get(address);
  }

  atNodePort(port: number): ReadonlySet<PackedEndpoint> | undefined {
    return this.#ports.get(port)?.nodePort;
  }

  #open(port: number, address: PackedAddress | undefined, endpoints: readonly PackedEndpoint[]): void {
    const doors: DoorsOfPort = this.#ports.get(port) ?? { addresses: new Map() };
    this.#ports.set(port, doors);
    let behind = address === undefined ? doors.nodePort : doors.addresses.get(address);
    if (!behind) {
      behind = new Set();
      if (address === undefined) doors.nodePort = behind;
      else doors.addresses.set(address, behind);
      this.size += 1;
    }
    for (const endpoint of endpoints) behind.add(endpoint);
  }
}

/** The addresses on which a service port listens with its `port`. */
export const doorAddresses = ({ clusterIP, loadBalancerIPs, externalIPs }: ServicePort): readonly string[] => [
  clusterIP,
  ...loadBalancerIPs,
  ...externalIPs,
];

/** Flows to these go on: ready ones, and terminating ones that still serve. */
export const servingBackends = ({ backends }: ServicePort): readonly Backend[] =>
  backends.filter(({ ready, serving }) => ready || serving);
