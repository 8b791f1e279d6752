import type { EdgeClient } from '@kubecity/protocol';
import { cleanIPv4, type KubeNode, type KubePod, type ServicePort } from '@kubecity/routing';

/** IP protocol numbers (IANA) of what a Service may serve. */
const PROTOCOL_NUMBER: Readonly<Record<ServicePort['protocol'], number>> = { TCP: 6, UDP: 17, SCTP: 132 };

/**
 * Who is who among addresses: which service port a connection was opened to, and who opened it. A finished pod's address
 * may already be another's, so only pods that run count; pods on the host's network are the node.
 */
export class Directory {
  #doors = new Map<string, string>();
  readonly #pods = new Map<string, { readonly address: string; readonly client: EdgeClient }>();
  readonly #byAddress = new Map<string, EdgeClient>();
  readonly #nodes = new Map<string, readonly string[]>();

  setServicePorts(ports: Iterable<ServicePort>): void {
    const doors = new Map<string, string>();
    for (const port of ports) doors.set(doorId(PROTOCOL_NUMBER[port.protocol], port.clusterIP, port.port), port.key);
    this.#doors = doors;
  }

  setPod(pod: KubePod): void {
    this.deletePod(pod);
    const address = cleanIPv4(pod.status?.podIP ?? '');
    const phase = pod.status?.phase;
    if (address === undefined || pod.spec?.hostNetwork || phase === 'Succeeded' || phase === 'Failed') return;
    const { uid = '', namespace = '', name } = pod.metadata;
    const client: EdgeClient = { kind: 'pod', uid, namespace, name };
    this.#pods.set(`${namespace}/${name}`, { address, client });
    this.#byAddress.set(address, client);
  }

  deletePod(pod: KubePod): void {
    const id = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
    const known = this.#pods.get(id);
    if (!known) return;
    this.#pods.delete(id);
    // The address may have gone to a younger pod meanwhile; that one keeps it.
    if (this.#byAddress.get(known.address) === known.client) this.#byAddress.delete(known.address);
  }

  setNode(node: KubeNode): void {
    this.deleteNode(node);
    const addresses = (node.status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
      .flatMap(({ address }) => cleanIPv4(address) ?? []);
    this.#nodes.set(node.metadata.name, addresses);
    for (const address of addresses) this.#byAddress.set(address, { kind: 'node', name: node.metadata.name });
  }

  deleteNode(node: KubeNode): void {
    for (const address of this.#nodes.get(node.metadata.name) ?? []) this.#byAddress.delete(address);
    this.#nodes.delete(node.metadata.name);
  }

  /** Key of the service port behind an original destination; `protocol` is the IP protocol number. */
  servicePort(protocol: number, address: string, port: number): string | undefined {
    return this.#doors.get(doorId(protocol, address, port));
  }

  client(address: string): EdgeClient {
    return this.#byAddress.get(address) ?? { kind: 'outside', address };
  }
}

function doorId(protocol: number, address: string, port: number): string {
  return `${protocol} ${address} ${port}`;
}
