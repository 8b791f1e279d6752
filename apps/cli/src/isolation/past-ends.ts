import type { PastAttempt, PastEnd } from '@kubecity/isolation';
import type { EdgeName } from '@kubecity/protocol';
import { cleanAddress, familyOf, type KubeService, type Protocol } from '@kubecity/routing';
import { workloadName } from './addition.ts';
import { addressesOfNode } from './ends.ts';
import type { OwnedPod, PolicyCity } from './policy-city.ts';

/** Who had which name on the map, told in the terms of policies; what is not known any more stays open. */
export class PastEnds {
  readonly #city: PolicyCity;
  readonly #pods: ReadonlyMap<string, OwnedPod>;
  readonly #services: ReadonlyMap<string, KubeService>;

  /** @param services as far as they can be seen: of the others clients outside are taken to keep their address */
  constructor(city: PolicyCity, services: readonly KubeService[]) {
    this.#city = city;
    this.#pods = new Map(city.pods.map((pod) => [pod.metadata.uid ?? '', pod]));
    this.#services = new Map(services.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one]));
  }

  attempt(client: EdgeName['client'], backend: Omit<EdgeName, 'client'>): PastAttempt | undefined {
    const place = backendOf(backend.backend);
    if (!place) return undefined;
    const { address, port } = place;
    const protocol = backend.servicePort.slice(backend.servicePort.lastIndexOf('/') + 1) as Protocol | '';
    const from = this.#client(client, backend.service, familyOf(address));
    const to = this.#backend(backend, address);
    return { from, to, port, ...(protocol !== '' && { protocol }) };
  }

  /** The workload of a client that is a pod; a node's or network's name as it is. */
  clientLabel({ kind, id, label }: EdgeName['client']): string {
    const pod = kind === 'pod' ? this.#pods.get(uidOf(id)) : undefined;
    if (pod) return `${pod.metadata.namespace ?? 'default'}/${workloadName(pod)}`;
    return kind === 'node' ? `node ${label}` : label;
  }

  /** The Service's port; past every Service the pod's workload with the port, or the address. */
  backendLabel({ service, servicePort, backend, podUid }: Omit<EdgeName, 'client'>): string {
    if (service !== '') return servicePort;
    const place = backendOf(backend);
    const pod = this.#pods.get(podUid ?? '');
    return pod
      ? `${pod.metadata.namespace ?? 'default'}/${workloadName(pod)} port ${place?.port}`
      : backend.slice(backend.lastIndexOf('|') + 1);
  }

  #client({ kind, id, label, node }: EdgeName['client'], service: string, family: 'IPv4' | 'IPv6'): PastEnd {
    if (kind === 'pod') {
      const [namespace = ''] = label.split('/');
      return this.#pod(uidOf(id), { namespace, node }, family);
    }
    if (kind === 'node') return this.#node(label, family);
    const policy = this.#services.get(service)?.spec?.externalTrafficPolicy;
    // its address was rewritten to that of the node where it came in
    if (service !== '' && policy !== 'Local' && this.#services.has(service) && node !== undefined)
      return this.#node(node, family);
    return { kind: 'range', range: label.includes('/') ? label : SOMEWHERE[family] };
  }

  #backend({ service, podUid }: Omit<EdgeName, 'client'>, address: string): PastEnd {
    if (podUid !== undefined) {
      const [namespace] = service.split('/');
      return this.#pod(podUid, { ...(namespace && { namespace }), address }, familyOf(address));
    }
    // a pod that has it now may not have had it then
    return this.#city.tracker.podsAt(address).length === 0 ? { kind: 'address', address } : { kind: 'gone', address };
  }

  #pod(uid: string, known: { namespace?: string; node?: string; address?: string }, family: 'IPv4' | 'IPv6'): PastEnd {
    const pod = this.#pods.get(uid);
    if (!pod) return { kind: 'gone', ...known };
    const { namespace = 'default', name, labels = {} } = pod.metadata;
    if (pod.spec?.hostNetwork && pod.spec.nodeName !== undefined) return this.#node(pod.spec.nodeName, family);
    const id = `${namespace}/${name}`;
    const addresses = this.#city.tracker.pod(id)?.addresses ?? [];
    const own = addresses.find((address) =>
      known.address === undefined ? familyOf(address) === family : address === known.address,
    );
    const isHolder = own !== undefined && this.#city.tracker.podsAt(own)[0]?.id === id;
    return isHolder
      ? { kind: 'address', address: own }
      : { kind: 'gone', ...known, namespace, node: pod.spec?.nodeName, labels };
  }

  #node(name: string, family: 'IPv4' | 'IPv6'): PastEnd {
    const node = this.#city.nodes.find(({ metadata }) => metadata.name === name);
    const address = node && addressesOfNode(node).find((one) => familyOf(one) === family);
    return address === undefined ? { kind: 'range', range: SOMEWHERE[family] } : { kind: 'address', address };
  }
}

const SOMEWHERE = { IPv4: '0.0.0.0/0', IPv6: '::/0' } as const;

const uidOf = (id: string) => id.slice(id.indexOf(':') + 1);

/** Of `<service port>|address:port`. */
function backendOf(id: string): { readonly address: string; readonly port: number } | undefined {
  const [, text = '', port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(id.slice(id.lastIndexOf('|') + 1)) ?? [];
  const address = cleanAddress(text);
  return address && { address: address.text, port: Number(port) };
}
