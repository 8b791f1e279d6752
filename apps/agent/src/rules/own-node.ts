import { cleanAddress, cleanRange, type KubeNode, type NodeIdentity } from '@kubecity/routing';

/** What routing needs of the Node object of this very node. */
export interface OwnNode extends NodeIdentity {
  /** Internal addresses before external ones, canonical. */
  readonly addresses: readonly string[];
  /** Canonical. */
  readonly podCIDRs: readonly string[];
}

const ZONE_LABEL = 'topology.kubernetes.io/zone';

export function ownNodeOf({ metadata, spec, status }: KubeNode): OwnNode {
  const zone = metadata.labels?.[ZONE_LABEL];
  const ofType = (wanted: string) =>
    (status?.addresses ?? [])
      .filter(({ type }) => type === wanted)
      .flatMap(({ address }) => cleanAddress(address)?.text ?? []);
  const ranges = spec?.podCIDRs?.length ? spec.podCIDRs : spec?.podCIDR ? [spec.podCIDR] : [];
  return {
    name: metadata.name,
    ...(zone !== undefined && { zone }),
    addresses: [...ofType('InternalIP'), ...ofType('ExternalIP')],
    podCIDRs: ranges.flatMap((range) => cleanRange(range)?.text ?? []),
  };
}
