import type { DirectoryChange, DirectoryNode, DirectoryPod, DirectoryServicePort } from '@kubecity/conntrack';
import { cleanAddress, type KubeNode, type KubePod, type RoutingTable, type ServicePort } from '@kubecity/routing';

/** What the directory of accounting must know, by the words that it is changed with. */
interface Known {
  readonly servicePort: Map<string, DirectoryServicePort>;
  readonly pod: Map<string, DirectoryPod>;
  readonly node: Map<string, DirectoryNode>;
}

/**
 * Turns what the API says into news for the directory of accounting, which lives in another process. News of one turn of
 * the event loop go together, only the last of each object; `all` is what a directory that begins must hear.
 */
export class DirectoryNews {
  readonly #tell: (changes: readonly DirectoryChange[]) => void;
  readonly #known: Known = { servicePort: new Map(), pod: new Map(), node: new Map() };
  #news = new Map<string, DirectoryChange>();

  constructor(tell: (changes: readonly DirectoryChange[]) => void) {
    this.#tell = tell;
  }

  all(): DirectoryChange[] {
    const { servicePort, pod, node } = this.#known;
    return [
      ...Array.from(servicePort, ([id, value]) => ({ kind: 'servicePort', id, value }) as const),
      ...Array.from(pod, ([uid, value]) => ({ kind: 'pod', uid, value }) as const),
      ...Array.from(node, ([name, value]) => ({ kind: 'node', name, value }) as const),
    ];
  }

  /** The rules that the kernel has now, and the ids of those that changed. */
  setServicePorts({ servicePorts }: RoutingTable, changed: Iterable<string>): void {
    for (const id of changed) {
      const port = servicePorts.get(id);
      const value = port && directoryServicePort(port);
      this.#put(this.#known.servicePort, id, value, { kind: 'servicePort', id, value });
    }
  }

  setPod(pod: KubePod): void {
    const uid = uidOf(pod);
    const value = directoryPod(pod, uid);
    this.#put(this.#known.pod, uid, value, { kind: 'pod', uid, value });
  }

  deletePod(pod: Pick<KubePod, 'metadata'>): void {
    const uid = uidOf(pod);
    this.#put(this.#known.pod, uid, undefined, { kind: 'pod', uid, value: undefined });
  }

  setNode({ metadata: { name }, status }: KubeNode): void {
    const addresses = (status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
      .flatMap(({ address }) => cleanAddress(address)?.text ?? []);
    const value = { name, addresses };
    this.#put(this.#known.node, name, value, { kind: 'node', name, value });
  }

  deleteNode({ metadata: { name } }: Pick<KubeNode, 'metadata'>): void {
    this.#put(this.#known.node, name, undefined, { kind: 'node', name, value: undefined });
  }

  #put<T>(known: Map<string, T>, id: string, value: T | undefined, change: DirectoryChange): void {
    const before = known.get(id);
    // Most changes of pods and nodes are of things that nobody asks for here.
    if (JSON.stringify(before) === JSON.stringify(value)) return;
    if (value === undefined) known.delete(id);
    else known.set(id, value);
    if (this.#news.size === 0) setImmediate(() => this.#flush());
    const key = `${change.kind} ${id}`;
    // Last come, last told: an address may pass from one pod to another in one turn.
    this.#news.delete(key);
    this.#news.set(key, change);
  }

  #flush(): void {
    const changes = [...this.#news.values()];
    this.#news = new Map();
    this.#tell(changes);
  }
}

/** The API gives one to each; what has none is known by its name. */
const uidOf = ({ metadata: { uid, namespace = '', name } }: Pick<KubePod, 'metadata'>): string =>
  uid ?? `${namespace}/${name}`;

function directoryPod({ metadata, spec, status }: KubePod, uid: string): DirectoryPod {
  const { namespace = '', name } = metadata;
  const { phase, podIP = '', podIPs = [{ ip: podIP }] } = status ?? {};
  return {
    uid,
    namespace,
    name,
    node: spec?.nodeName,
    addresses: podIPs.flatMap(({ ip }) => cleanAddress(ip)?.text ?? []),
    hostNetwork: spec?.hostNetwork ?? false,
    finished: phase === 'Succeeded' || phase === 'Failed',
  };
}

function directoryServicePort(servicePort: ServicePort): DirectoryServicePort {
  const { key, protocol, port, nodePort, clusterIP, externalIPs, loadBalancerIPs } = servicePort;
  return {
    key,
    protocol,
    port,
    ...(nodePort !== undefined && { nodePort }),
    addresses: [clusterIP, ...externalIPs, ...loadBalancerIPs],
  };
}
