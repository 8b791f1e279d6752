import type { CityRecord } from '@kubecity/protocol';
import { cleanAddress, cleanRange, familyOf, type KubeNode, type KubePod } from '@kubecity/routing';

type Client = CityRecord<'refusal'>['client'];

/** Clients outside the cluster are told by networks of so many bits, as agents do it for edges. */
const NETWORK_BITS = { IPv4: 24, IPv6: 48 } as const;

/** Whose an address is, as agents see it: a finished pod has none any more, and one in its node's network is the node. */
export class AddressBook {
  /** By address those that claim it, the latest news last. */
  readonly #pods = new Map<string, Map<string, KubePod>>();
  readonly #nodes = new Map<string, string>();

  setPod(pod: KubePod, before: KubePod | undefined): void {
    if (before) this.deletePod(before);
    for (const address of addressesOf(pod)) {
      const claims = this.#pods.get(address) ?? new Map<string, KubePod>();
      claims.set(pod.metadata.uid ?? '', pod);
      this.#pods.set(address, claims);
    }
  }

  deletePod(pod: KubePod): void {
    for (const address of addressesOf(pod)) {
      const claims = this.#pods.get(address);
      claims?.delete(pod.metadata.uid ?? '');
      if (claims?.size === 0) this.#pods.delete(address);
    }
  }

  setNode(node: KubeNode, before: KubeNode | undefined): void {
    if (before) this.deleteNode(before);
    for (const address of addressesOfNode(node)) this.#nodes.set(address, node.metadata.name);
  }

  deleteNode(node: KubeNode): void {
    for (const address of addressesOfNode(node)) {
      if (this.#nodes.get(address) === node.metadata.name) this.#nodes.delete(address);
    }
  }

  /** Of two that claim it the one that is not leaving. */
  podAt(text: string): KubePod | undefined {
    const claims = [...(this.#pods.get(cleanAddress(text)?.text ?? text)?.values() ?? [])];
    return claims.findLast(({ metadata }) => metadata.deletionTimestamp === undefined) ?? claims.at(-1);
  }

  /** Named like the clients of edges. `reporter`: the node that saw it, which is where an outside client came in. */
  clientAt(text: string, reporter: string): Client {
    const pod = this.podAt(text);
    if (pod) {
      const { uid, namespace, name } = pod.metadata;
      return { kind: 'pod', id: `pod:${uid}`, label: `${namespace}/${name}`, node: pod.spec?.nodeName ?? reporter };
    }
    const address = cleanAddress(text)?.text ?? text;
    const node = this.#nodes.get(address);
    if (node !== undefined) return { kind: 'node', id: `node:${node}`, label: node, node };
    const network = cleanRange(`${address}/${NETWORK_BITS[familyOf(address)]}`)?.text ?? address;
    return { kind: 'outside', id: `outside:${network}`, label: network, node: reporter };
  }
}

function addressesOf({ spec, status }: KubePod): string[] {
  if (spec?.hostNetwork || status?.phase === 'Succeeded' || status?.phase === 'Failed') return [];
  const texts = new Set([...(status?.podIPs ?? []).map(({ ip }) => ip), status?.podIP ?? '']);
  return [...texts].flatMap((text) => cleanAddress(text)?.text ?? []);
}

const addressesOfNode = ({ status }: KubeNode): string[] =>
  (status?.addresses ?? []).flatMap(({ type, address }) =>
    type.endsWith('IP') ? (cleanAddress(address)?.text ?? []) : [],
  );
