import type { Protocol } from '@kubecity/routing';

/** A service port by the doors at which a connection to it may knock. */
export interface DirectoryServicePort {
  /** `namespace/name:portName/PROTOCOL` */
  readonly key: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** On any address of any node. */
  readonly nodePort?: number;
  /** Cluster, load balancer and external IPs of one family, canonical text. */
  readonly addresses: readonly string[];
}

export interface DirectoryPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string | undefined;
  /** Canonical text, all families; empty while it has none. */
  readonly addresses: readonly string[];
  /** It shares its node's addresses: connections are then the node's. */
  readonly hostNetwork: boolean;
  /** Succeeded or Failed: its address may already be another's. */
  readonly finished: boolean;
}

export interface DirectoryNode {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** News for the directory, as plain data: it may cross a thread. Ids of service ports are `ServicePort.id` (with family). */
export type DirectoryChange =
  | { readonly kind: 'servicePort'; readonly id: string; readonly value: DirectoryServicePort | undefined }
  | { readonly kind: 'pod'; readonly uid: string; readonly value: DirectoryPod | undefined }
  | { readonly kind: 'node'; readonly name: string; readonly value: DirectoryNode | undefined };
