import { cleanRange, type Family, familyOf, rangeHolds } from '@kubecity/routing';
import type { CompileOptions, LocalDetect } from '@kubecity/ruleset';
import type { ProxyConfig } from '../config/agent-config.ts';
import type { OwnNode } from './own-node.ts';

/** What is read from the host once. */
export interface HostFacts {
  /** `nf_conntrack_tcp_be_liberal` is on: packets out of the window are not INVALID. */
  readonly tcpLiberal: boolean;
}

/** No packet of the Internet Protocol is sent there (RFC 1122, RFC 4291). */
const NOWHERE = { IPv4: '0.0.0.0/32', IPv6: '::/128' } as const;

/**
 * Configuration + this node → what the rules of one family depend on.
 * @param inFront another Service proxy routes behind us (mode steer)
 */
export function compileOptions(
  family: Family,
  proxy: ProxyConfig,
  node: OwnNode | undefined,
  host: HostFacts,
  inFront = false,
): CompileOptions {
  const nodeAddresses = addressesOf(family, proxy, node);
  const nodePortAddresses = nodePortRanges(family, proxy, nodeAddresses);
  return {
    family,
    localDetect: localDetect(family, proxy, node),
    masqueradeAll: proxy.masqueradeAll,
    masqueradeMark: proxy.masqueradeMark,
    nodePortAddresses,
    localhostNodePorts: family === 'IPv4' && proxy.localhostNodePorts && holdLoopback(nodePortAddresses),
    nodeAddresses,
    // In front of others only Services with overrides are ours; what is INVALID may be anybody's.
    dropInvalid: !host.tcpLiberal && !inFront,
    inFront,
  };
}

function addressesOf(family: Family, proxy: ProxyConfig, node: OwnNode | undefined): string[] {
  const given = proxy.nodeIPs.filter((address) => familyOf(address) === family);
  const known = given.length > 0 ? given : (node?.addresses ?? []).filter((address) => familyOf(address) === family);
  return known.slice(0, 1);
}

/** Empty = every local address; also where all ranges are of the other family (as kube-proxy does). */
function nodePortRanges(family: Family, { nodePortAddresses }: ProxyConfig, nodeAddresses: string[]): string[] {
  if (nodePortAddresses[0] !== 'primary') return nodePortAddresses.filter((range) => familyOf(range) === family);
  const [primary] = nodeAddresses;
  // Not known yet is not the same as everywhere.
  return [primary === undefined ? NOWHERE[family] : `${primary}/${family === 'IPv4' ? 32 : 128}`];
}

function holdLoopback(ranges: readonly string[]): boolean {
  return (
    ranges.length === 0 ||
    ranges.some((text) => {
      const range = cleanRange(text);
      return range !== undefined && (rangeHolds(range, '127.0.0.1') || range.address.startsWith('127.'));
    })
  );
}

function localDetect(
  family: Family,
  { clusterCIDRs, localDetect }: ProxyConfig,
  node: OwnNode | undefined,
): LocalDetect {
  const { mode, bridgeInterface = '', interfaceNamePrefix = '' } = localDetect;
  switch (mode) {
    case 'none':
      return { kind: 'none' };
    case 'bridgeInterface':
      return { kind: 'bridge', name: bridgeInterface };
    case 'interfaceNamePrefix':
      return { kind: 'interfacePrefix', prefix: interfaceNamePrefix };
    case 'clusterCIDR':
    case 'nodeCIDR': {
      const cidr =
        mode === 'clusterCIDR' ? clusterCIDRs[family] : node?.podCIDRs.find((range) => familyOf(range) === family);
      return cidr === undefined ? { kind: 'none' } : { kind: 'cidr', cidr };
    }
  }
}
