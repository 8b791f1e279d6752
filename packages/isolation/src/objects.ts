import type { KubePod, ObjectMeta } from '@kubecity/routing';

/** `NetworkPolicy` (networking.k8s.io/v1) as it comes from the API or a file: the spec is foreign until `readPolicy`. */
export interface KubeNetworkPolicy {
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
}

export interface KubeNamespace {
  readonly metadata: ObjectMeta;
}

export interface KubeContainer {
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number; readonly protocol?: string }[];
  /** Of an init container: `Always` makes it a sidecar, which serves as long as the pod runs. */
  readonly restartPolicy?: string;
}

/** A pod with what policies read of it. */
export interface PolicyPod extends KubePod {
  readonly spec?: NonNullable<KubePod['spec']> & {
    readonly containers?: readonly KubeContainer[];
    readonly initContainers?: readonly KubeContainer[];
  };
}
