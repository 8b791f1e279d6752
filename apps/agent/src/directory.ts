import type { EdgeClient } from '@kubecity/protocol';
import { cleanAddress, type KubeNode, type KubePod, type ServicePort } from '@kubecity/routing';

/** IP protocol numbers (IANA) of what a Service may serve. */
const PROTOCOL_NUMBER: Readonly<Record<ServicePort['protocol'], number>> = { TCP: 6, UDP: 17, SCTP: 132 };

const ANY = '*';

/**
 * Who is who among addresses: which service port a connection was opened to, and who opened it. A finished pod's address
 * may already be another's, so only pods that run count; pods on the host's network are the node.
 */
export class Directory {
  #doors = new Map<string, string>();
  #nodePorts = new Map<string, string>();
  readonly #pods = new Map<string, { readonly addresses: readonly string[]; readonly client: EdgeClient }>();
  readonly #byAddress = new Map<string, EdgeClient>();
  readonly #nodes = new Map<string, readonly string[]>();

  setServicePorts(ports: Iterable<ServicePort>): void {
    const doors = new Map<string, string>();
    const nodePorts = new Map<string, string>();
    for (const { protocol, key, port, nodePort, clusterIP, externalIPs, loadBalancerIPs } of ports) {
      const number = PROTOCOL_NUMBER[protocol];
      for (const address of [clusterIP, ...externalIPs, ...loadBalancerIPs])
        doors.set(doorId(number, address, port), key);
      if (nodePort !== undefined) nodePorts.set(doorId(number, ANY, nodePort), key);
    }
    this.#doors = doors;
    this.#nodePorts = nodePorts;
  }

  setPod(pod: KubePod): void {
    this.deletePod(pod);
    const { phase, podIP = '', podIPs = [{ ip: podIP }] } = pod.status ?? {};
    const addresses = podIPs.flatMap(({ ip }) => cleanAddress(ip)?.text ?? []);
    if (addresses.length === 0 || pod.spec?.hostNetwork || phase === 'Succeeded' || phase === 'Failed') return;
    const { uid = '', namespace = '', name } = pod.metadata;
    const client: EdgeClient = { kind: 'pod', uid, namespace, name };
    this.#pods.set(`${namespace}/${name}`, { addresses, client });
    for (const address of addresses) this.#byAddress.set(address, client);
  }

  deletePod(pod: KubePod): void {
    const id = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
    const known = this.#pods.get(id);
    if (!known) return;
    this.#pods.delete(id);
    // The address may have gone to a younger pod meanwhile; that one keeps it.
    for (const address of known.addresses) {
      if (this.#byAddress.get(address) === known.client) this.#byAddress.delete(address);
    }
  }

  setNode(node: KubeNode): void {
    this.deleteNode(node);
    const addresses = (node.status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
      .flatMap(({ address }) => cleanAddress(address)?.text ?? []);
    this.#nodes.set(node.metadata.name, addresses);
    for (const address of addresses) this.#byAddress.set(address, { kind: 'node', name: node.metadata.name });
  }

  deleteNode(node: KubeNode): void {
    for (const address of this.#nodes.get(node.metadata.name) ?? []) this.#byAddress.delete(address);
    this.#nodes.delete(node.metadata.name);
  }

  /**
   * Key of the service port behind the original destination of a translated connection; `protocol` is the IP protocol
   * number. A node port listens on every address of its node, also on some that the API does not name, so it is known by
   * its number alone: whatever else was translated from there, a Service's own address is found first.
   */
  servicePort(protocol: number, address: string, port: number): string | undefined {
    return this.#doors.get(doorId(protocol, address, port)) ?? this.#nodePorts.get(doorId(protocol, ANY, port));
  }

  client(address: string): EdgeClient {
    return this.#byAddress.get(address) ?? { kind: 'outside', address };
  }
}

function doorId(protocol: number, address: string, port: number): string {
  return `${protocol} ${address} ${port}`;
}
