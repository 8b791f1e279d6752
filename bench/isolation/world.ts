import type { KubeNamespace, KubeNetworkPolicy, PolicyPod } from '@kubecity/isolation';

export interface Size {
  readonly policies: number;
  readonly pods: number;
  /** Of the node that is measured; spread over all namespaces and apps. */
  readonly localPods: number;
}

const NAMESPACES = 50;
/** Every namespace has them all, and every policy selects one: all policies concern pods of the node. */
const APPS = 5;
const VERSIONS = 10;
export const NODE = 'node-0';

export function namespaces(): KubeNamespace[] {
  return Array.from({ length: NAMESPACES }, (_, i) => ({
    metadata: { name: namespaceName(i), labels: { team: `team-${i % 10}` } },
  }));
}

function namespaceName(index: number): string {
  return `space-${index % NAMESPACES}`;
}

/** The first `localPods` are the node's. */
export function pod(
  index: number,
  { localPods }: Pick<Size, 'localPods'>,
  version = Math.floor(index / (NAMESPACES * APPS)) % VERSIONS,
): PolicyPod {
  const local = index < localPods;
  const node = local ? 0 : 1 + Math.floor((index - localPods) / localPods);
  const place = index % localPods;
  return {
    metadata: {
      namespace: namespaceName(index),
      name: `pod-${index}`,
      labels: { app: app(Math.floor(index / NAMESPACES)), version: `v${version}` },
    },
    spec: { nodeName: `node-${node}`, containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { phase: 'Running', podIPs: [{ ip: `10.${100 + (node >> 8)}.${node & 255}.${1 + place}` }] },
  };
}

function app(index: number): string {
  return `app-${index % APPS}`;
}

/**
 * Of the usual kinds: one app of one namespace, who may come and where it may go. Of the peers some are a version of an
 * app (4 pods of 10,000), an app (40) or a namespace (200); one policy in five has a block with an except.
 */
export function policy(index: number, port = 9000): KubeNetworkPolicy {
  const round = Math.floor(index / NAMESPACES);
  const mixed = Math.imul(index + 1, 0x9e3779b1) >>> 4;
  const peer = (turn: number, pods?: Record<string, string>) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespaceName(mixed + turn) } },
    ...(pods && { podSelector: { matchLabels: pods } }),
  });
  const version = peer(1, { app: app(mixed >>> 8), version: `v${(mixed >>> 12) % VERSIONS}` });
  const block =
    index % 5 === 0
      ? { ipBlock: { cidr: `10.${mixed % 100}.0.0/16`, except: [`10.${mixed % 100}.7.0/24`] } }
      : { ipBlock: { cidr: `192.0.${mixed % 250}.0/24` } };
  return {
    metadata: { namespace: namespaceName(index), name: `policy-${index}` },
    spec: {
      podSelector: { matchLabels: { app: app(round) } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [version, peer(2, { app: app(mixed >>> 10) })], ports: [{ port: 'http' }, { port }] },
        { from: [block], ports: [{ port: 443 }] },
      ],
      egress: [
        { to: [index % 10 === 0 ? peer(3) : peer(3, { app: app(mixed >>> 9) })], ports: [{ port: 'http' }] },
        { ports: [{ protocol: 'UDP', port: 53 }, { port: 53 }] },
      ],
    },
  };
}
