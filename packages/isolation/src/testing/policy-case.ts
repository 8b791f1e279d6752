import type { Protocol } from '@kubecity/routing';
import type { KubeNetworkPolicy, PolicyPod } from '../objects.ts';
import type { IsolationTracker } from '../tracker.ts';

/** A case of a file like testdata/network-policy.json: a cluster, connections that are tried, and what comes of them. */
export interface PolicyCase {
  readonly id: string;
  readonly title: string;
  readonly nodes?: readonly { readonly name: string; readonly ips: readonly string[] }[];
  readonly namespaces: readonly CaseNamespace[];
  readonly pods: readonly CasePod[];
  readonly policies: readonly KubeNetworkPolicy[];
  readonly probes: readonly Probe[];
  readonly steps?: readonly { readonly apply: readonly Operation[]; readonly probes: readonly Probe[] }[];
}

export interface CaseNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface CasePod {
  readonly ns: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly ips?: readonly string[];
  readonly node?: string;
  readonly phase?: string;
  readonly hostNetwork?: boolean;
  readonly containerPorts?: readonly { readonly port: number; readonly proto: string; readonly name?: string }[];
}

export interface Probe {
  /** `namespace/pod`, or an address. */
  readonly from: string;
  readonly to: string;
  /** Behind DNAT. */
  readonly port: number;
  readonly proto: Protocol;
  readonly expect: 'allow' | 'deny';
  readonly family?: 'IPv4' | 'IPv6';
  /** The Service that the client calls. */
  readonly via?: { readonly service: string; readonly ip: string; readonly port: number };
}

export type Operation =
  | { readonly op: 'setPodLabels'; readonly pod: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly op: 'setPodPhase'; readonly pod: string; readonly phase: string }
  | { readonly op: 'putPod'; readonly pod: CasePod }
  | { readonly op: 'deletePod'; readonly pod: string }
  | { readonly op: 'setNamespaceLabels'; readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly op: 'putNamespace'; readonly namespace: CaseNamespace }
  | { readonly op: 'deleteNamespace'; readonly namespace: string }
  | { readonly op: 'putPolicy'; readonly policy: KubeNetworkPolicy }
  | { readonly op: 'deletePolicy'; readonly namespace: string; readonly name: string };

/** The cluster of one case, told to any number of trackers (one a node). */
export class CaseCluster {
  readonly pods = new Map<string, CasePod>();
  readonly #trackers: readonly IsolationTracker[];

  constructor({ nodes = [], namespaces, pods, policies }: PolicyCase, trackers: readonly IsolationTracker[]) {
    this.#trackers = trackers;
    for (const tracker of trackers) {
      for (const { name, ips } of nodes) {
        tracker.setNode({
          metadata: { name },
          status: { addresses: ips.map((address) => ({ type: 'InternalIP', address })) },
        });
      }
      for (const metadata of namespaces) tracker.setNamespace({ metadata });
      for (const policy of policies) tracker.setPolicy(policy);
    }
    for (const pod of pods) this.#putPod(pod);
  }

  apply(operation: Operation): void {
    switch (operation.op) {
      case 'setPodLabels':
        this.#putPod({ ...this.#pod(operation.pod), labels: operation.labels });
        break;
      case 'setPodPhase':
        this.#putPod({ ...this.#pod(operation.pod), phase: operation.phase });
        break;
      case 'putPod':
        this.#putPod(operation.pod);
        break;
      case 'deletePod': {
        const pod = podObject(this.#pod(operation.pod));
        this.pods.delete(operation.pod);
        this.#tell((tracker) => tracker.deletePod(pod));
        break;
      }
      case 'setNamespaceLabels': {
        const { namespace: name, labels } = operation;
        this.#tell((tracker) => tracker.setNamespace({ metadata: { name, labels } }));
        break;
      }
      case 'putNamespace':
        this.#tell((tracker) => tracker.setNamespace({ metadata: operation.namespace }));
        break;
      case 'deleteNamespace':
        this.#tell((tracker) => tracker.deleteNamespace({ metadata: { name: operation.namespace } }));
        break;
      case 'putPolicy':
        this.#tell((tracker) => tracker.setPolicy(operation.policy));
        break;
      case 'deletePolicy': {
        const { namespace, name } = operation;
        this.#tell((tracker) => tracker.deletePolicy({ metadata: { namespace, name } }));
        break;
      }
    }
  }

  /** The address of one end of a probe. */
  addressOf(end: string, family: Probe['family'] = 'IPv4'): string {
    const pod = this.pods.get(end);
    if (!pod) return end;
    const isWanted = (address: string) => address.includes(':') === (family === 'IPv6');
    const address = addressesOf(pod).find(isWanted);
    if (address === undefined) throw new Error(`pod ${end} has no address of family ${family}`);
    return address;
  }

  #putPod(pod: CasePod): void {
    this.pods.set(`${pod.ns}/${pod.name}`, pod);
    this.#tell((tracker) => tracker.setPod(podObject(pod)));
  }

  #tell(what: (tracker: IsolationTracker) => void): void {
    for (const tracker of this.#trackers) what(tracker);
  }

  #pod(id: string): CasePod {
    const pod = this.pods.get(id);
    if (!pod) throw new Error(`the case names pod ${id}, which is not there`);
    return pod;
  }
}

export function addressesOf({ ip, ips = [ip] }: CasePod): readonly string[] {
  return ips;
}

function podObject(pod: CasePod): PolicyPod {
  const { ns, name, labels, node, phase = 'Running', hostNetwork = false, containerPorts = [] } = pod;
  const ports = containerPorts.map((one) => ({ name: one.name, containerPort: one.port, protocol: one.proto }));
  return {
    metadata: { namespace: ns, name, labels },
    spec: { nodeName: node, hostNetwork, containers: [{ ports }] },
    status: { phase, podIPs: addressesOf(pod).map((ip) => ({ ip })) },
  };
}
